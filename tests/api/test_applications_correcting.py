"""Applications corrected and withdrawn: every version kept, no correction lost, places given back."""

import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import orjson
import pytest

from services.applications import correcting
from services.applications.entering import Secrets
from shared.auth import Actor, Role
from shared.events import NewEvent
from shared.folds import fold_applications, show_application
from shared.privacy import IdentityHasher, unseal
from tests.races.conftest import all_at_once
from tests.support.applications import PROGRAMME, applications_bench, enter, form, heard, publish
from tests.support.facts import fact
from tests.support.service import APPROVER, AUDITOR, OFFICER, OTHER_COMMUNE, Bench, actor, problem, token

COLLEAGUE = actor(Role.OFFICER, subject="colleague")
OTHER_OFFICER = actor(Role.OFFICER, subject="other", commune=OTHER_COMMUNE)
NOWHERE = "01938b2c-5a10-7c3e-9f00-000000000001"
SPOUSE = {"name": "Giàng A Sở", "relation": "spouse", "citizen_id": "002086001234"}


@pytest.fixture
def bench() -> Bench:
    return applications_bench()


def whole(revision: int = 1, **changes: Any) -> dict[str, Any]:
    """A correction: the whole form, the revision that it changes, and why."""
    return {**form(**changes), "expected_revision": revision, "reason": "MISTYPED"}


def correct(bench: Bench, entered: dict[str, Any], as_: Actor = COLLEAGUE, **changes: Any) -> Any:
    path = f"/applications/{entered['application_id']}:correct"
    return bench.call("POST", path, as_, json=whole(**changes), key=True)


def withdraw(bench: Bench, entered: dict[str, Any]) -> None:
    path = f"/applications/{entered['application_id']}:withdraw"
    assert bench.call("POST", path, OFFICER, json={"reason": "MOVED"}, key=True).status_code == 200


def versions(bench: Bench, entered: dict[str, Any], as_: Actor = OFFICER) -> list[dict[str, Any]]:
    answer = bench.call("GET", f"/applications/{entered['application_id']}/versions", as_)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json["items"]
    return items


def places(bench: Bench, entered: dict[str, Any]) -> int:
    return int(
        bench.sql(
            "SELECT count(*) FROM application_person WHERE application_id = :id", id=entered["application_id"]
        )[0][0]
    )


def said(name: str, entered: dict[str, Any], **data: Any) -> NewEvent:
    """What another service says of an application."""
    ids = {"household_id": entered["household_id"], "programme_id": PROGRAMME}
    return fact(name, entered["application_id"], **ids, **data)


# Corrections


def test_a_correction_replaces_the_content_and_says_so_in_one_event(bench: Bench) -> None:
    entered = enter(bench)
    answer = correct(bench, entered, village="Nậm Dịch", members=[SPOUSE], members_count=2)
    assert answer.status_code == 200, answer.text
    assert (answer.json["revision"], answer.json["status"], answer.json["warnings"]) == (2, "submitted", [])
    event = bench.events()[-1]
    assert (event.type, event.data["revision"], event.data["reason"]) == (
        "application.corrected.v1",
        2,
        "MISTYPED",
    )
    assert (event.data["entered_by"], event.data["village"]) == (COLLEAGUE.subject, "Nậm Dịch")
    hasher = IdentityHasher(bench.settings.identity_key)
    assert event.data["persons"] == [hasher.citizen_id("002185001234"), hasher.citizen_id("002086001234")]
    with bench.database.transaction() as session:
        key = Secrets.of(bench.settings).ring.load(session, [entered["household_id"]])
    facts = unseal(key[entered["household_id"]], event.data["sealed"], f"facts/{entered['application_id']}")
    assert facts["members_count"] == 2
    read = bench.call("GET", f"/applications/{entered['application_id']}", OFFICER).json
    assert (read["village"], read["members"][0]["name"], read["revision"]) == ("Nậm Dịch", "Giàng A Sở", 2)
    assert bench.sql("SELECT village FROM household") == [("Nậm Dịch",)]


def test_every_version_is_kept_with_who_when_why_and_content(bench: Bench) -> None:
    entered = enter(bench)
    correct(bench, entered, head={"name": "Lừu Thị Mây"}, legal_basis="consent", consent_evidence="Giấy 3")
    path = f"/applications/{entered['application_id']}:correct"
    body = {**whole(2, poverty_status="near_poor"), "reason": "NEW_PAPER", "note": "Giấy mới của xã"}
    assert bench.call("POST", path, OFFICER, json=body, key=True).status_code == 200
    first, second, third = versions(bench, entered)
    assert [(one["revision"], one["entered_by"], one["reason"]) for one in (first, second, third)] == [
        (1, OFFICER.subject, None),
        (2, COLLEAGUE.subject, "MISTYPED"),
        (3, OFFICER.subject, "NEW_PAPER"),
    ]
    assert [one["content"]["head"]["name"] for one in (first, second, third)] == [
        "Lừu Thị Mẩy",
        "Lừu Thị Mây",
        "Lừu Thị Mẩy",
    ]
    assert [one["content"]["legal_basis"] for one in (first, second)] == ["public_task", "consent"]
    assert (third["content"]["poverty_status"], third["note"], first["note"]) == (
        "near_poor",
        "Giấy mới của xã",
        "",
    )
    assert first["entered_at"] < second["entered_at"] < third["entered_at"]
    trace = bench.events()[-1]
    assert (trace.type, trace.data["what"]) == ("access.recorded.v1", "household")
    assert trace.data["households"] == [entered["household_id"]]


def test_what_is_kept_is_sealed_and_goes_with_the_household(bench: Bench) -> None:
    entered = enter(bench)
    correct(bench, entered, head={"name": "Lừu Thị Mây"})
    correct(bench, entered, head={"name": "Lừu Thị Mỵ"})
    for table in ("application", "application_version", "household", "event_log", "idempotency", "outbox"):
        dump = str(bench.sql(f"SELECT t::text FROM {table} t"))
        for personal in ("Lừu", "002185001234"):
            assert personal not in dump, table
            assert personal.encode().hex() not in dump, table
    manager = actor(Role.MANAGER, commune=None, province="08")
    path = f"/households/{entered['household_id']}:erase"
    assert bench.call("POST", path, manager, json={"ground": "PERSON_ASKED"}, key=True).status_code == 200
    assert bench.sql("SELECT count(*) FROM application_version") == [(0,)]


def test_a_corrected_person_gives_the_old_place_back_and_takes_the_new_one(bench: Bench) -> None:
    entered = enter(bench)
    assert correct(bench, entered, head={"citizen_id": "002185009999"}).status_code == 200
    assert places(bench, entered) == 1
    enter(bench, head={"name": "Thào Thị Chu"})
    again = form(head={"citizen_id": "002185009999", "name": "Tên Khác"})
    refused = problem(bench.call("POST", "/applications", OFFICER, json=again, key=True))
    assert refused["code"] == "ALREADY_APPLIED"
    assert refused["facts"]["application_id"] == entered["application_id"]


def test_a_correction_to_a_person_who_applied_is_refused_whole(bench: Bench) -> None:
    entered, other = enter(bench), enter(bench, head={"citizen_id": "002185005555"})
    refused = correct(bench, entered, head={"citizen_id": "002185005555"}, village="Nậm Dịch")
    assert (refused.status_code, problem(refused)["code"]) == (409, "ALREADY_APPLIED")
    assert problem(refused)["facts"]["application_id"] == other["application_id"]
    assert (places(bench, entered), places(bench, other)) == (1, 1)
    assert len(versions(bench, entered)) == 1
    assert bench.sql("SELECT DISTINCT village, revision FROM application") == [("Nậm Ty", 1)]


def test_a_head_with_another_household_is_entered_anew_instead(bench: Bench) -> None:
    publish(bench, "national")
    enter(bench, programme_id="national", head={"citizen_id": "002185005555"})
    entered = enter(bench)
    refused = correct(bench, entered, head={"citizen_id": "002185005555"})
    assert (refused.status_code, problem(refused)["code"]) == (409, "HEAD_HAS_HOUSEHOLD")
    assert places(bench, entered) == 1
    withdraw(bench, entered)
    enter(bench, head={"citizen_id": "002185005555"})


def test_a_correction_on_a_stale_revision_shows_both_versions_and_leaves_a_trace(bench: Bench) -> None:
    entered = enter(bench)
    assert correct(bench, entered, village="Nậm Dịch").status_code == 200
    stale = correct(bench, entered, as_=OFFICER, village="Tả Sử Choóng")
    refused = problem(stale)
    assert (stale.status_code, refused["code"]) == (409, "REVISION_CONFLICT")
    facts = refused["facts"]
    assert (facts["stored_revision"], facts["expected_revision"]) == (2, 1)
    assert (facts["stored"]["village"], facts["sent"]["village"]) == ("Nậm Dịch", "Tả Sử Choóng")
    assert facts["stored"]["head"]["citizen_id"] == "002185001234"
    trace = bench.events()[-1]
    assert (trace.data["purpose"], trace.data["households"]) == (
        "REVISION_CONFLICT",
        [entered["household_id"]],
    )
    assert "Lừu" not in str(bench.sql("SELECT convert_from(body, 'UTF8') FROM idempotency WHERE body <> ''"))
    sent_again = {**facts["stored"], "expected_revision": 2, "reason": "MISTYPED"}
    del sent_again["doubts"]
    path = f"/applications/{entered['application_id']}:correct"
    assert bench.call("POST", path, OFFICER, json=sent_again, key=True).status_code == 200


@pytest.mark.parametrize("state", ["draft", "withdrawn", "redeemed"])
def test_what_is_not_under_way_is_not_corrected(bench: Bench, state: str) -> None:
    entered = enter(bench, submit=state != "draft")
    if state == "withdrawn":
        withdraw(bench, entered)
    if state == "redeemed":
        bench.take_in(heard("disbursement", said("voucher.redeemed", entered)))
    before = len(bench.events())
    refused = correct(bench, entered)
    assert (refused.status_code, problem(refused)["code"]) == (409, "NOT_CORRECTABLE")
    assert len(bench.events()) == before
    assert bench.sql("SELECT count(*) FROM application_version") == [(0,)]


def test_an_application_never_moves(bench: Bench) -> None:
    publish(bench, "national")
    entered = enter(bench)
    for changes, code in (
        ({"programme_id": "national"}, "PROGRAMME_FIXED"),
        ({"commune": OTHER_COMMUNE}, "COMMUNE_FIXED"),
    ):
        assert problem(correct(bench, entered, **changes))["code"] == code
    assert correct(bench, entered, commune="01087").status_code == 200


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"expected_revision": 0}, "expected_revision"),
        ({"expected_revision": "1"}, "expected_revision"),
        ({"reason": "because"}, "reason"),
        ({"reason": None}, "reason"),
        ({"note": "x" * 501}, "note"),
        ({"submit": True}, "submit"),
        ({"village": ""}, "village"),
    ],
)
def test_a_correction_is_checked_like_the_form(bench: Bench, change: dict, field: str) -> None:
    path = f"/applications/{enter(bench)['application_id']}:correct"
    answer = bench.call("POST", path, OFFICER, json={**whole(), **change}, key=True)
    refused = problem(answer)
    assert (answer.status_code, refused["code"]) == (422, "INVALID_FIELDS")
    assert field in refused["errors"]["json"]
    (told,) = refused["facts"]["problems"]
    assert told["field"] == field
    assert told["message_vi"] != told["message_en"]


def test_corrections_and_an_appeal_replay_to_the_live_state(bench: Bench) -> None:
    entered = [enter(bench, head={"citizen_id": f"00218500000{n}"}) for n in range(4)]
    outcomes = [said("eligibility.assessed", one, outcome="ineligible") for one in entered[:3]]
    others = heard("eligibility", *outcomes, said("eligibility.rejected", entered[1]))
    bench.take_in(others)
    for number, one in enumerate(entered[:3]):
        assert correct(bench, one, head={"citizen_id": f"00218500000{number}"}).status_code == 200
    for one in entered[:2]:
        path = f"/applications/{one['application_id']}:appeal"
        assert bench.call("POST", path, OFFICER, json={"grounds": "Có giấy mới"}, key=True).status_code == 200
    withdraw(bench, entered[3])
    state: dict[str, Any] = {}
    for event in [*bench.events(), *others]:
        if not event.type.startswith("access."):
            fold_applications(state, orjson.loads(event.raw))
    live = bench.call("GET", "/live-state", AUDITOR).json["items"]
    shown = {key: show_application(key, row) for key, row in state.items()}
    assert {item["key"]: item["state"] for item in live} == shown
    assert sorted(item["state"]["revision"] for item in live) == [1, 2, 2, 2]


# Withdrawal


def test_a_mistaken_withdrawal_is_entered_anew(bench: Bench) -> None:
    entered = enter(bench, members=[SPOUSE], members_count=2)
    withdraw(bench, entered)
    assert places(bench, entered) == 0
    again = enter(bench, members=[SPOUSE], members_count=2)
    assert again["household_id"] == entered["household_id"]
    assert again["application_id"] != entered["application_id"]


# Whose it is


ROUTES: list[tuple[str, str, Callable[[], Any]]] = [
    ("PUT", "", lambda: form()),
    ("DELETE", "", lambda: None),
    ("POST", ":submit", lambda: None),
    ("POST", ":correct", whole),
    ("POST", ":withdraw", lambda: {"reason": "MOVED"}),
    ("POST", ":appeal", lambda: {"grounds": "Có giấy mới"}),
    ("GET", "/versions", lambda: None),
]


@pytest.mark.parametrize(
    ("method", "action", "body"), ROUTES, ids=[f"{method}{action}" for method, action, _ in ROUTES]
)
@pytest.mark.parametrize("submit", [True, False], ids=["submitted", "draft"])
def test_another_commune_cannot_tell_what_is_not_there_from_what_is_not_theirs(
    bench: Bench, method: str, action: str, body: Callable[[], Any], submit: bool
) -> None:
    entered = enter(bench, submit=submit)
    before = bench.sql("SELECT revision, application_state, village FROM application"), len(bench.events())
    told = []
    for application_id in (entered["application_id"], NOWHERE):
        answer = bench.call(
            method, f"/applications/{application_id}{action}", OTHER_OFFICER, json=body(), key=True
        )
        told.append({**problem(answer), "instance": None})
    assert told[0] == told[1]
    assert told[0]["status"] == 404
    after = bench.sql("SELECT revision, application_state, village FROM application"), len(bench.events())
    assert after == before


def test_only_officers_correct_and_readers_read_versions(bench: Bench) -> None:
    entered = enter(bench)
    for reader in (APPROVER, AUDITOR):
        assert problem(correct(bench, entered, as_=reader))["code"] == "ROLE_MISSING"
        assert len(versions(bench, entered, as_=reader)) == 1


# Races


def two_corrections(bench: Bench, entered: dict[str, Any], count: int = 6) -> list[int]:
    """Officers correct the same revision at once, each to another village; the statuses of the answers."""

    def send(number: int) -> int:
        headers = {
            "Authorization": f"Bearer {token(actor(Role.OFFICER, subject=f'officer-{number}'))}",
            "Idempotency-Key": f"key-{number}",
        }
        body = whole(village=f"Thôn {number}")
        path = f"/applications/{entered['application_id']}:correct"
        return bench.app.test_client().post(path, json=body, headers=headers).status_code

    return sorted(all_at_once([partial(send, number) for number in range(count)]))


def test_of_many_corrections_of_one_revision_exactly_one_wins(bench: Bench) -> None:
    entered = enter(bench)
    assert two_corrections(bench, entered) == [200] + [409] * 5
    assert bench.sql("SELECT revision FROM application") == [(2,)]
    assert [event.type for event in bench.events()].count("application.corrected.v1") == 1
    assert len(versions(bench, entered)) == 2


def test_control_without_the_guards_two_corrections_win(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sqlalchemy import text

    entered = enter(bench)
    looked = threading.Barrier(4)
    read = correcting.read_stored

    def look_together(*arguments: Any) -> Any:
        found = read(*arguments)
        looked.wait(timeout=30)
        return found

    monkeypatch.setattr(correcting, "read_stored", look_together)
    unguarded = str(correcting._CORRECT).replace("AND revision = :expected", "")
    monkeypatch.setattr(correcting, "_CORRECT", text(unguarded))
    monkeypatch.setattr(correcting, "_KEEP", text("SELECT CAST(:expected AS integer) WHERE :id <> ''"))
    assert two_corrections(bench, entered, 4).count(200) > 1


def test_corrections_to_one_person_at_once_give_it_to_one(bench: Bench) -> None:
    entered = [enter(bench, head={"citizen_id": f"00218500000{n}"}) for n in range(4)]

    def send(number: int) -> int:
        headers = {"Authorization": f"Bearer {token(OFFICER)}", "Idempotency-Key": f"key-{number}"}
        body = whole(head={"citizen_id": "002185009999"})
        path = f"/applications/{entered[number]['application_id']}:correct"
        return bench.app.test_client().post(path, json=body, headers=headers).status_code

    assert sorted(all_at_once([partial(send, number) for number in range(4)])) == [200, 409, 409, 409]
    assert bench.sql("SELECT count(*), count(DISTINCT application_id) FROM application_person") == [(4, 4)]
