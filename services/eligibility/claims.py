"""Places in programmes: one person, one certificate, one household, one application, whoever's batch or
process comes first, in the whole country.

The guard is the key of `place_claim`: scope, kind, hash. Every programme is a scope. Two programmes that
exclude each other share one more, in which the applications of both need their places; so the one insert
decides between programmes as well, and a third one that excludes only one of them is not in their way.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from services.eligibility.domain import Claim, Scopes, Subject, pair_scope, settle
from services.eligibility.models import PlaceClaim, table_of
from shared.db import insert_rows
from shared.inbox import Transient

ATTEMPTS = 10

_PLACES = (
    "unnest(CAST(:scopes AS text[]), CAST(:kinds AS text[]), CAST(:hashes AS text[]))"
    " AS wanted (scope, kind, hash)"
)
_HOLDERS = text(
    f"""
    SELECT scope, kind, hash, application_id::text AS application_id FROM place_claim
    JOIN {_PLACES} USING (scope, kind, hash)
    """  # noqa: S608 - a constant
)
_UNDO = text(
    f"""
    DELETE FROM place_claim USING {_PLACES}
    WHERE (place_claim.scope, place_claim.kind, place_claim.hash) = (wanted.scope, wanted.kind, wanted.hash)
    """  # noqa: S608 - a constant
)
_RELEASE = text("DELETE FROM place_claim WHERE application_id = ANY(CAST(:ids AS uuid[]))")
_KEEP = text(
    f"""
    DELETE FROM place_claim WHERE application_id = ANY(CAST(:ids AS uuid[]))
    AND (scope, kind, hash) NOT IN (SELECT scope, kind, hash FROM {_PLACES})
    """  # noqa: S608 - a constant
)
_HOLD_PROGRAMMES = text(
    "SELECT 1 FROM programme WHERE id = ANY(CAST(:ids AS text[])) ORDER BY id, version FOR KEY SHARE"
)
_NAMED = """
    SELECT programme_id, excludes FROM exclusion
    WHERE (programme_id = ANY(CAST(:ids AS text[])) OR excludes = ANY(CAST(:ids AS text[])))
"""
_NAMED_PAIRS = text(_NAMED)
_PAIRS = text(
    f"""
    {_NAMED} AND EXISTS (SELECT 1 FROM programme WHERE id = exclusion.programme_id)
             AND EXISTS (SELECT 1 FROM programme WHERE id = exclusion.excludes)
    """  # noqa: S608 - a constant
)
_LOCK_PROGRAMMES = text(
    "SELECT 1 FROM programme WHERE id = ANY(CAST(:ids AS text[])) ORDER BY id, version FOR UPDATE"
)
_SAY = text(
    """
    INSERT INTO exclusion (programme_id, excludes)
    SELECT :id, unnest(CAST(:others AS text[])) ON CONFLICT DO NOTHING
    """
)
_UNSAY = text(
    """
    DELETE FROM exclusion WHERE programme_id = :id AND excludes <> ALL (CAST(:others AS text[]))
    RETURNING excludes
    """
)
_IS_OPEN = text("SELECT EXISTS (SELECT 1 FROM place_claim WHERE scope = :scope)")
_OPEN_SCOPE = text(
    """
    INSERT INTO place_claim (scope, kind, hash, application_id)
    SELECT :scope, kind, hash, application_id FROM place_claim
    WHERE scope = ANY(CAST(:programmes AS text[])) ORDER BY kind, hash, scope, application_id
    ON CONFLICT DO NOTHING
    """
)
_CLOSE_SCOPE = text("DELETE FROM place_claim WHERE scope = :scope")


def claim(session: Session, subjects: Sequence[Subject]) -> dict[str, tuple[str, ...]]:
    """Take the places that the applications need; returns for each of them, by its id, the kinds of places
    that somebody else holds: none for those that got all of theirs.

    One insert when nobody else holds any. Otherwise what was taken is given back and shared out anew with
    the holders known, because an application that loses one of its places must keep none of the others.
    """
    scopes = _scopes(session, {one.programme_id for one in subjects})
    held: dict[Claim, str] = {}
    for _ in range(ATTEMPTS):
        wanted, lost = settle(subjects, held, scopes)
        taken = _insert(session, wanted)
        if len(taken) == len(wanted):
            return lost
        session.execute(_UNDO, _columns(taken))
        held = _holders(session, [place for one in subjects for place in one.claims(scopes)])
    raise Transient("the same persons are being claimed elsewhere")


def release(session: Session, application_ids: Iterable[str]) -> None:
    """Give back every place these applications hold."""
    ids = sorted(application_ids)
    if ids:
        session.execute(_RELEASE, {"ids": ids})


def keep_only(session: Session, subjects: Sequence[Subject]) -> None:
    """Give back the places these applications hold and no longer need."""
    if subjects:
        scopes = _scopes(session, {one.programme_id for one in subjects})
        places = [place for one in subjects for place in one.claims(scopes)]
        session.execute(_KEEP, {"ids": [one.application_id for one in subjects], **_columns(places)})


def exclude(session: Session, programme_id: str, others: Sequence[str]) -> None:
    """From now on the programme excludes these others, and no more of those that it excluded before.

    Called with a newly published version, in its transaction. It waits for the batches that are being
    assessed in the programmes concerned, and copies the places that their applications hold into the scope
    that the two share; one that is not published yet shares none until it is. Who holds places in both
    already keeps them: what was decided stands.
    """
    wanted = sorted(others)
    named = session.execute(_NAMED_PAIRS, {"ids": [programme_id]}).all()
    concerned = {programme_id, *wanted, *(name for pair in named for name in pair)}
    session.execute(_LOCK_PROGRAMMES, {"ids": sorted(concerned)})
    gone = session.scalars(_UNSAY, {"id": programme_id, "others": wanted}).all()
    session.execute(_SAY, {"id": programme_id, "others": wanted})
    partners = _partners(session, {programme_id})[programme_id]
    for other in sorted(set(gone) - partners):
        session.execute(_CLOSE_SCOPE, {"scope": pair_scope(programme_id, other)})
    for other in sorted(partners):
        scope = pair_scope(programme_id, other)
        if not session.scalar(_IS_OPEN, {"scope": scope}):
            session.execute(_OPEN_SCOPE, {"scope": scope, "programmes": [programme_id, other]})


def _scopes(session: Session, programme_ids: set[str]) -> Scopes:
    """Each programme's scopes. What a programme excludes does not change until the transaction has ended."""
    session.execute(_HOLD_PROGRAMMES, {"ids": sorted(programme_ids)})
    partners = _partners(session, programme_ids)
    return {one: (one, *sorted(pair_scope(one, other) for other in partners[one])) for one in programme_ids}


def _partners(session: Session, programme_ids: set[str]) -> Mapping[str, set[str]]:
    """The published programmes that exclude each of these or are excluded by it."""
    partners: dict[str, set[str]] = {one: set() for one in programme_ids}
    for one, other in session.execute(_PAIRS, {"ids": sorted(programme_ids)}):
        for name, partner in ((one, other), (other, one)):
            if name in partners:
                partners[name].add(partner)
    return partners


def _insert(session: Session, wanted: Mapping[Claim, str]) -> list[Claim]:
    """In the order of the key, so that two processes never wait for each other in a circle."""
    rows = [
        {"scope": scope, "kind": kind, "hash": hash_, "application_id": application_id}
        for (scope, kind, hash_), application_id in sorted(wanted.items())
    ]
    suffix = "ON CONFLICT DO NOTHING RETURNING scope, kind, hash"
    return [
        (row[0], row[1], row[2]) for row in insert_rows(session, table_of(PlaceClaim), rows, suffix=suffix)
    ]


def _holders(session: Session, places: Sequence[Claim]) -> dict[Claim, str]:
    rows = session.execute(_HOLDERS, _columns(sorted(set(places))))
    return {(row.scope, row.kind, row.hash): row.application_id for row in rows}


def _columns(places: Sequence[Claim]) -> dict[str, list[Any]]:
    return {
        "scopes": [place[0] for place in places],
        "kinds": [place[1] for place in places],
        "hashes": [place[2] for place in places],
    }
