"""Officials' own households: whoever handles applications is known by a keyed hash, and a person looks."""

from typing import Any, ClassVar

import pytest

from services.applications import looking_back, officials
from services.applications.entering import Secrets
from shared.auth import Actor, Role
from shared.jobs import JobContext
from shared.privacy import unseal
from tests.support.applications import applications_bench, enter, form, publish
from tests.support.service import (
    APPROVER,
    AUDITOR,
    MANAGER,
    OFFICER,
    OTHER_COMMUNE,
    SERVICE,
    Bench,
    actor,
    problem,
)

OWN = "002180009999"


@pytest.fixture
def bench() -> Bench:
    return applications_bench()


def register(bench: Bench, who: Actor = MANAGER, **body: str) -> Any:
    wanted = {"subject": "chi-lan", "citizen_id": OWN, **body}
    return bench.call("POST", "/officials", who, json=wanted, key=True)


def conflict(bench: Bench) -> bool:
    """What the newest application says among its sealed facts; the official is named where there is one."""
    event = bench.events()[-1]
    with bench.database.transaction() as session:
        keys = Secrets.of(bench.settings).ring.load(session, [event.data["household_id"]])
    facts = unseal(keys[event.data["household_id"]], event.data["sealed"], f"facts/{event.key}")
    assert facts["officials"] == (["chi-lan"] if facts["conflict_of_interest"] else [])
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


class TestLookingBack:
    """Who is registered after the own household applied."""

    BORN: ClassVar = {"citizen_id": OWN, "birth_date": None, "birth_year": 1980}

    @pytest.fixture(autouse=True)
    def at_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(looking_back, "WAIT_S", 0)

    def look_back(self, bench: Bench) -> None:
        context = JobContext(bench.settings, bench.database)
        while looking_back.look_back(context):
            pass

    def told(self, bench: Bench, made: dict[str, Any]) -> list[tuple[str, str]]:
        return [
            (event.type.split(".")[1], event.data.get("reason", ""))
            for event in bench.events()
            if event.key == made["application_id"]
        ]

    def test_what_is_under_way_is_told_anew_once_and_nothing_else(self, bench: Bench) -> None:
        as_head, other = enter(bench, head=self.BORN), enter(bench)
        member = {"name": "Lan", "relation": "spouse", "birth_year": 1980, "citizen_id": OWN}
        national = publish(bench, "national")
        as_member = enter(bench, members=[member], members_count=2, programme_id=national)
        again = [("submitted", ""), ("corrected", "OFFICIAL_REGISTERED")]
        register(bench)
        self.look_back(bench)
        assert self.told(bench, as_head) == self.told(bench, as_member) == again
        assert self.told(bench, other) == [("submitted", "")]
        assert conflict(bench)
        assert bench.events()[-1].actor == "service:applications"
        listed: Any = bench.call("GET", "/officials", AUDITOR).json
        assert listed["items"][0]["looked_back_at"] is not None
        register(bench)
        self.look_back(bench)
        assert self.told(bench, as_head) == again, "it says so already"

    def test_the_content_stays_and_the_revision_says_why(self, bench: Bench) -> None:
        made = enter(bench, head=self.BORN)
        register(bench)
        self.look_back(bench)
        path = f"/applications/{made['application_id']}/versions"
        first, second = (bench.call("GET", f"{path}?purpose=REVIEW", OFFICER).json or {})["items"]
        assert first["content"] == second["content"]
        assert (second["reason"], second["entered_by"]) == ("OFFICIAL_REGISTERED", "service:applications")

    def test_a_draft_and_a_withdrawn_application_are_left_alone(self, bench: Bench) -> None:
        draft = enter(bench, submit=False, head=self.BORN)
        register(bench)
        self.look_back(bench)
        assert self.told(bench, draft) == []
        path = f"/applications/{draft['application_id']}"
        bench.call("POST", f"{path}:submit", OFFICER, json={}, key=True)
        bench.call("POST", f"{path}:withdraw", OFFICER, json={"reason": "MOVED"}, key=True)
        register(bench)
        self.look_back(bench)
        assert [kind for kind, _ in self.told(bench, draft)] == ["submitted", "withdrawn"]

    def test_one_that_does_not_open_is_in_nobodys_way(self, bench: Bench) -> None:
        broken = enter(bench, head=self.BORN)
        fine = enter(bench, programme_id=publish(bench, "national"), head=self.BORN)
        bench.sql(
            "UPDATE application SET sealed = substring(sealed FROM 2) WHERE id = :id",
            id=broken["application_id"],
        )
        register(bench)
        self.look_back(bench)
        assert [len(self.told(bench, one)) for one in (broken, fine)] == [1, 2]

    def test_it_waits_until_every_process_knows_of_the_official(
        self, bench: Bench, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(looking_back, "WAIT_S", 60)
        made = enter(bench, head=self.BORN)
        register(bench)
        self.look_back(bench)
        assert self.told(bench, made) == [("submitted", "")]
        bench.sql("UPDATE official SET registered_at = now() - interval '61 seconds'")
        self.look_back(bench)
        assert self.told(bench, made)[-1] == ("corrected", "OFFICIAL_REGISTERED")

    def test_another_provinces_households_are_found_as_well(self, bench: Bench) -> None:
        there = actor(Role.OFFICER, commune=OTHER_COMMUNE)
        made = enter(bench, there, commune=OTHER_COMMUNE, head=self.BORN)
        register(bench)
        self.look_back(bench)
        assert len(self.told(bench, made)) == 2


def test_only_managers_register(bench: Bench) -> None:
    for who in (OFFICER, APPROVER, AUDITOR, SERVICE):
        assert register(bench, who).status_code == 403
    assert bench.call("GET", "/officials", OFFICER).status_code == 403


def test_another_process_hears_of_it_within_half_a_minute(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    with bench.database.transaction() as session:
        assert officials.known(session) == {}
    hashed = Secrets.of(bench.settings).hasher.citizen_id(OWN)
    bench.sql("INSERT INTO official (subject, person, registered_by) VALUES ('x', :p, 'y')", p=hashed)
    with bench.database.transaction() as session:
        assert officials.known(session) == {}
        now = officials.time.monotonic()
        monkeypatch.setattr(officials.time, "monotonic", lambda: now + officials.FRESH_S + 1)
        assert officials.known(session) == {hashed: "x"}
