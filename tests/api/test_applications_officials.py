"""Officials' own households: whoever handles applications is known by a keyed hash, and a person looks."""

from typing import Any

import pytest

from services.applications import officials
from services.applications.entering import Secrets
from shared.auth import Actor
from shared.privacy import unseal
from tests.support.applications import applications_bench, enter, form
from tests.support.service import APPROVER, AUDITOR, MANAGER, OFFICER, SERVICE, Bench, problem

OWN = "002180009999"


@pytest.fixture
def bench() -> Bench:
    return applications_bench()


def register(bench: Bench, who: Actor = MANAGER, **body: str) -> Any:
    wanted = {"subject": "chi-lan", "citizen_id": OWN, **body}
    return bench.call("POST", "/officials", who, json=wanted, key=True)


def conflict(bench: Bench) -> bool:
    """What the newest application says among its sealed facts."""
    event = bench.events()[-1]
    with bench.database.transaction() as session:
        keys = Secrets.of(bench.settings).ring.load(session, [event.data["household_id"]])
    facts = unseal(keys[event.data["household_id"]], event.data["sealed"], f"facts/{event.key}")
    return bool(facts["conflict_of_interest"])


def test_an_officials_household_says_so_and_every_other_does_not(bench: Bench) -> None:
    assert register(bench).status_code == 201
    enter(bench)
    assert not conflict(bench)
    enter(bench, head={"citizen_id": OWN, "birth_date": None, "birth_year": 1980})
    assert conflict(bench)


def test_as_a_member_too_and_after_a_correction(bench: Bench) -> None:
    assert register(bench).status_code == 201
    made = enter(bench)
    assert not conflict(bench)
    member = {"name": "Lan", "relation": "spouse", "birth_year": 1980, "citizen_id": OWN}
    body = {**form(members=[member], members_count=2), "expected_revision": 1, "reason": "MISTYPED"}
    path = f"/applications/{made['application_id']}:correct"
    assert bench.call("POST", path, OFFICER, json=body, key=True).status_code == 200
    assert conflict(bench)


def test_a_draft_says_it_when_it_is_submitted(bench: Bench) -> None:
    born = {"citizen_id": OWN, "birth_date": None, "birth_year": 1980}
    made = enter(bench, submit=False, head=born)
    assert register(bench).status_code == 201
    path = f"/applications/{made['application_id']}:submit"
    assert bench.call("POST", path, OFFICER, json={}, key=True).status_code == 200
    assert conflict(bench)


def test_who_left_is_an_official_no_more(bench: Bench) -> None:
    register(bench)
    assert bench.call("POST", "/officials/chi-lan:remove", MANAGER, key=True).status_code == 200
    enter(bench, head={"citizen_id": OWN, "birth_date": None, "birth_year": 1980})
    assert not conflict(bench)
    answer = bench.call("POST", "/officials/chi-lan:remove", MANAGER, key=True)
    assert (answer.status_code, problem(answer)["code"]) == (404, "NOT_FOUND")


def test_the_number_stands_nowhere(bench: Bench) -> None:
    register(bench)
    listed: Any = bench.call("GET", "/officials", AUDITOR).json
    assert [(one["subject"], one["registered_by"]) for one in listed["items"]] == [("chi-lan", "manager")]
    told = [event for event in bench.events() if event.type.startswith("official.")]
    assert [(event.type, event.data) for event in told] == [
        ("official.registered.v1", {"subject": "chi-lan"})
    ]
    for table in ("official", "event_log", "idempotency"):
        assert OWN not in str(bench.sql(f"SELECT t::text FROM {table} t"))


@pytest.mark.parametrize(
    ("body", "code"),
    [({"citizen_id": "99920850012"}, "OFFICIAL_ID_INVALID"), ({"subject": "anh-nam"}, "OFFICIAL_ID_TAKEN")],
)
def test_what_cannot_be_registered(bench: Bench, body: dict[str, str], code: str) -> None:
    register(bench)
    answer = register(bench, **body)
    assert (answer.status_code, problem(answer)["code"]) == (409, code)


def test_a_number_may_be_corrected(bench: Bench) -> None:
    register(bench)
    assert register(bench, citizen_id="002180008888").status_code == 201
    assert bench.sql("SELECT count(*) FROM official")[0][0] == 1


def test_only_managers_register(bench: Bench) -> None:
    for who in (OFFICER, APPROVER, AUDITOR, SERVICE):
        assert register(bench, who).status_code == 403
    assert bench.call("GET", "/officials", OFFICER).status_code == 403


def test_another_process_hears_of_it_within_half_a_minute(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    with bench.database.transaction() as session:
        assert officials.known(session) == frozenset()
    hashed = Secrets.of(bench.settings).hasher.citizen_id(OWN)
    bench.sql("INSERT INTO official (subject, person, registered_by) VALUES ('x', :p, 'y')", p=hashed)
    with bench.database.transaction() as session:
        assert officials.known(session) == frozenset()
        now = officials.time.monotonic()
        monkeypatch.setattr(officials.time, "monotonic", lambda: now + officials.FRESH_S + 1)
        assert officials.known(session) == {hashed}
