"""Who in the commune may be the same household: shown while a form is filled in, and refuses nobody."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from services.applications import domain
from services.applications.entering import Secrets, unseal_part
from shared.privacy import IdentityHasher
from shared.reference import identifiers

MOST_SHOWN = 20

_FIND = text(
    """
    WITH name AS MATERIALIZED (
        SELECT CAST(words AS bigint[]) AS words FROM unnest(CAST(:names AS text[])) AS one (words)
    ), found AS (
        SELECT application_id AS id, 'number' AS matched FROM application_person
        WHERE commune = :commune AND person_hash = ANY(CAST(:persons AS text[]))
        UNION
        SELECT id, CASE certificate_hash WHEN :certificate THEN 'certificate' ELSE 'name' END
        FROM application
        WHERE commune = :commune AND (
            certificate_hash = :certificate
            OR EXISTS (SELECT FROM name WHERE application.words @> name.words)
        )
    ), matched AS (
        SELECT id, array_agg(matched) AS matched FROM found GROUP BY id
    )
    SELECT application.id::text AS application_id, household_id::text AS household_id, programme_id,
           application.village, status, matched, application.sealed, household.sealed AS sealed_head
    FROM matched JOIN application USING (id) JOIN household ON household.id = household_id
    WHERE application.id IS DISTINCT FROM CAST(:itself AS uuid)
    ORDER BY 'number' = ANY(matched) DESC, application.created_at DESC LIMIT 200
    """
)

# Names are looked for among the commune's own applications, some thousands: the index of all words would
# bring every namesake of the country.

Name = tuple[str, int]
"""A folded name and a birth year."""


@dataclass(frozen=True, slots=True)
class Sought:
    """Whom to look for, as far as a form says yet: hashes of numbers, names, the hash of the certificate."""

    persons: tuple[str, ...]
    names: frozenset[Name]
    certificate: str | None


@dataclass(frozen=True, slots=True)
class Duplicate:
    """`match` is exact by a number, else near; `matched_on`: number, name_and_birth_year, certificate."""

    application_id: str
    household_id: str
    programme_id: str
    head_name: str
    village: str
    status: str
    match: str
    matched_on: tuple[str, ...]


def sought_in(values: Mapping[str, Any], commune: str, hasher: IdentityHasher) -> Sought:
    """What the valid fields of a form tell, complete or not."""
    people = [one for one in (values.get("head"), *(values.get("members") or ())) if isinstance(one, dict)]
    numbers = [
        checked.value
        for one in people
        for checked in (
            identifiers.citizen_id(one.get("citizen_id") or ""),
            identifiers.cmnd(one.get("cmnd") or ""),
        )
        if checked.value is not None
    ]
    names = frozenset(name for name in map(_name, people) if name is not None)
    return Sought(
        tuple(hasher.citizen_id(number) for number in numbers),
        names,
        _certificate(values.get("certificate"), commune, hasher),
    )


def find_duplicates(
    session: Session, secrets: Secrets, sought: Sought, commune: str, itself: UUID | None
) -> list[Duplicate]:
    """Applications of this commune (of any programme) that may be the same household's, the surest first.

    `itself`: the id of the application that is being filled in, which is no duplicate of itself.
    """
    wanted = [sorted({secrets.hasher.word(word) for word in name.split()}) for name, _ in sought.names]
    rows = session.execute(
        _FIND,
        {
            "commune": commune,
            "persons": list(sought.persons),
            "certificate": sought.certificate,
            "names": ["{" + ",".join(map(str, words)) + "}" for words in wanted],
            "itself": itself,
        },
    ).all()
    keys = secrets.ring.load(session, {row.household_id for row in rows})
    opened = (_duplicate(row, keys[row.household_id], sought) for row in rows if row.household_id in keys)
    return [one for one in opened if one is not None][:MOST_SHOWN]


def _duplicate(row: Any, key: bytes, sought: Sought) -> Duplicate | None:
    """None where only words agree, or the birth year differs."""
    head = unseal_part(key, row.sealed_head, f"household/{row.household_id}")
    details = unseal_part(key, row.sealed, f"application/{row.application_id}")
    matched = [kind for kind in ("number", "certificate") if kind in row.matched]
    if not sought.names.isdisjoint(filter(None, map(_name, [head, *details["members"]]))):
        matched.append("name_and_birth_year")
    if not matched:
        return None
    return Duplicate(
        application_id=row.application_id,
        household_id=row.household_id,
        programme_id=row.programme_id,
        head_name=head["name"],
        village=row.village,
        status=row.status,
        match="exact" if "number" in matched else "near",
        matched_on=tuple(matched),
    )


def _name(person: Mapping[str, Any]) -> Name | None:
    """A person's name as it is compared; None while the name or the year is not known."""
    words = domain.search_words(person.get("name") or "")
    born = person.get("birth_date")
    year = born.year if isinstance(born, date) else person.get("birth_year")
    return (" ".join(words), year) if words and year else None


def _certificate(paper: Any, commune: str, hasher: IdentityHasher) -> str | None:
    if not isinstance(paper, dict) or not paper.get("number"):
        return None
    issuer = domain.locate(paper.get("commune") or commune)
    if not isinstance(issuer, domain.Located):
        return None
    return hasher.certificate(paper["number"], issuer.place.commune, paper.get("year"))


def households_of(found: Sequence[Duplicate]) -> list[str]:
    """Whose personal data were shown."""
    return sorted({one.household_id for one in found})
