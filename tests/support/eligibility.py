"""An eligibility service under test: published programmes, applications that arrive, the keys they need."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any
from uuid import uuid4

from sqlalchemy.orm import Session

from services.eligibility.rules import load_document
from shared.events import Envelope, NewEvent
from shared.privacy import KeyRing, seal
from tests.support.facts import fact
from tests.support.service import COMMUNE, MANAGER, Bench, bench, foreign_events

ROOT = Path(__file__).resolve().parents[2]
PROGRAMME = "tuyen-quang-2026"
FACTS: dict[str, Any] = {
    "poverty_status": "poor",
    "ethnicity": "09",
    "ethnic_minority": True,
    "has_smartphone": False,
    "members_count": 5,
    "certificate_year": 2026,
    "priority_group": None,
    "already_received": False,
}


@cache
def _file(name: str) -> dict[str, Any]:
    return load_document(ROOT / "programmes" / f"{name}.yaml")


def document(name: str = PROGRAMME, **changes: Any) -> dict[str, Any]:
    """A programme's document with some fields changed."""
    return {**_file(name), **changes}


class Keys:
    """A key source like the real one: known households' keys go into the service's own table."""

    def __init__(self, wrapping_key: bytes, erased: Iterable[str] = ()) -> None:
        self.ring = KeyRing(wrapping_key)
        self.erased = set(erased)

    def __call__(self, session: Session, household_ids: Iterable[str]) -> Mapping[str, bytes]:
        wanted = set(household_ids)
        known = self.ring.load(session, wanted)
        fresh = {one: key_of(one) for one in wanted - known.keys() - self.erased}
        self.ring.store(session, fresh)
        return {**known, **fresh}


def key_of(household_id: str) -> bytes:
    """The key that the tests give a household."""
    return hashlib.sha256(household_id.encode()).digest()


def person(name: str) -> str:
    """A keyed hash that stands for somebody."""
    return hashlib.sha256(name.encode()).hexdigest()


def application(
    *,
    application_id: str | None = None,
    household_id: str | None = None,
    programme_id: str = PROGRAMME,
    commune: str = COMMUNE,
    village: str = "Nậm Ty",
    persons: Sequence[str] | None = None,
    namesakes: Sequence[str] = (),
    certificate: str | None = None,
    entered_by: str = "officer",
    **facts: Any,
) -> dict[str, Any]:
    """What application.submitted.v1 says of an eligible household, with `facts` changed. Persons, namesakes
    and certificate are keyed hashes."""
    application_id, household_id = application_id or str(uuid4()), household_id or str(uuid4())
    return {
        "application_id": application_id,
        "household_id": household_id,
        "programme_id": programme_id,
        "commune": commune,
        "village": village,
        "channel": "form",
        "entered_by": entered_by,
        "persons": [person(application_id)] if persons is None else list(persons),
        "namesakes": list(namesakes),
        "certificate": certificate,
        "sealed": seal(key_of(household_id), {**FACTS, **facts}, f"facts/{application_id}"),
    }


def heard(type_: str, *data: Mapping[str, Any]) -> list[Envelope]:
    """Events of applications, as the log would bring them."""
    events = [NewEvent(type_, one["application_id"], dict(one), "officer") for one in data]
    return foreign_events("applications", events)


def disbursed(name: str, one: Mapping[str, Any], **data: Any) -> list[Envelope]:
    """An event of disbursement about a case, such as `voucher.redeemed`, as the log would bring it."""
    return foreign_events("disbursement", [fact(name, one["application_id"], **about(one, **data))])


def about(one: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """The data of a later event about the same application."""
    return {name: one[name] for name in ("application_id", "household_id", "programme_id")} | more


def eligibility_bench(*programmes: str, **changes: Any) -> Bench:
    """A fresh service with published programmes, PROGRAMME by default."""
    made = bench("eligibility", **changes)
    for name in programmes or (PROGRAMME,):
        publish(made, document(name))
    return made


def publish(made: Bench, body: dict[str, Any]) -> None:
    answer = made.call("POST", "/programmes", MANAGER, json={"document": body}, key=True)
    assert answer.status_code == 201, answer.text


def submit(made: Bench, *data: Mapping[str, Any], keys: Any = None) -> None:
    """Let the service take in submitted applications."""
    take_in(made, heard("application.submitted.v1", *data), keys)


def take_in(made: Bench, events: Sequence[Envelope], keys: Any = None) -> None:
    made.take_in(events, keys or Keys(made.settings.wrapping_key))


def submitted(made: Bench, number: int, **options: Any) -> list[dict[str, Any]]:
    """`number` eligible applications, taken in."""
    data = [application(**options) for _ in range(number)]
    submit(made, *data)
    return data


def case(made: Bench, application_id: str) -> Any:
    """The case file; None when there is none."""
    rows = made.sql("SELECT * FROM case_file WHERE application_id = :id", id=application_id)
    return rows[0] if rows else None


def reasons(made: Bench, application_id: str) -> list[str]:
    """The codes that are sealed in a case file."""
    from services.eligibility.cases import opened

    row = made.sql("SELECT * FROM case_file WHERE application_id = :id", id=application_id)[0]
    found: list[str] = opened(row, key_of(str(row.household_id)))["reasons"]
    return found
