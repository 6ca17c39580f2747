"""The timeline: every service's events of a case in order, with the reasons in the programme's words."""

import base64
from typing import Any
from uuid import uuid4

import orjson
import pytest

from services.applications.case_events import FACTS
from services.applications.handlers import HANDLERS
from shared.auth import Role
from shared.events import CATALOGUE, NewEvent
from shared.inbox.handlers import Ignored
from shared.privacy import seal
from tests.api.test_applications_handlers import approved, case, issued, redeemed, rejected, reversed_
from tests.support.applications import PROGRAMME, applications_bench, enter, heard
from tests.support.facts import fact
from tests.support.service import AUDITOR, MANAGER, OFFICER, SERVICE, Bench, actor, problem

OWN_PHONE = {"vi": "Hộ đã có điện thoại thông minh.", "en": "The household already has a smartphone."}
APPROVER = actor(Role.APPROVER)


@pytest.fixture
def bench() -> Bench:
    made = applications_bench()
    publish_reasons(made, {"OWNS_SMARTPHONE": OWN_PHONE}, version=2)
    return made


def publish_reasons(bench: Bench, reasons: dict[str, Any], version: int) -> None:
    document = {"id": PROGRAMME, "name_vi": "Chương trình", "name_en": "Programme", "reasons": reasons}
    data = {"programme_id": PROGRAMME, "version": version, "digest": "0" * 64}
    event = NewEvent(
        "programme.published.v1",
        uuid4().hex,
        {**data, "document": orjson.dumps(document).decode()},
        "manager",
    )
    bench.take_in(heard("eligibility", event))


def key_of(bench: Bench, entered: dict[str, Any]) -> bytes:
    body = {"household_ids": [entered["household_id"]], "purpose": "ASSESSMENT"}
    (key,) = bench.call("POST", "/keys:release", SERVICE, json=body).json["keys"].values()
    return base64.b64decode(key)


def sealed_for(bench: Bench, entered: dict[str, Any], place: str, content: dict[str, Any]) -> str:
    return seal(key_of(bench, entered), content, f"{place}/{entered['application_id']}")


def found(bench: Bench, entered: dict[str, Any], outcome: str, *reasons: str) -> NewEvent:
    content = {"reasons": reasons, "rows": ["r1"], "looked_at": {"has_smartphone": True}}
    sealed = sealed_for(bench, entered, "assessment", content)
    rules = {"programme_version": 2, "digest": "0" * 64, "outcome": outcome, "sealed": sealed}
    return NewEvent(
        "eligibility.assessed.v1",
        entered["application_id"],
        case(entered, commune="01075", **rules),
        "service",
    )


def timeline(bench: Bench, entered: dict[str, Any], who: Any = OFFICER) -> list[dict[str, Any]]:
    answer = bench.call("GET", f"/applications/{entered['application_id']}/timeline", who)
    assert answer.status_code == 200, answer.text
    assert answer.json["household_id"] == entered["household_id"]
    items: list[dict[str, Any]] = answer.json["items"]
    return items


def kinds(items: list[dict[str, Any]]) -> list[str]:
    return [item["type"].removesuffix(".v1") for item in items]


def test_a_case_is_told_from_the_form_to_the_phone(bench: Bench) -> None:
    entered = enter(bench)
    bench.take_in(heard("eligibility", found(bench, entered, "eligible", "MEETS_ALL_CONDITIONS")))
    bench.take_in(heard("eligibility", approved(entered)))
    bench.take_in(heard("disbursement", issued(entered), redeemed(entered), reversed_(entered)))
    items = timeline(bench, entered)
    assert kinds(items) == [
        "application.submitted",
        "eligibility.assessed",
        "eligibility.approved",
        "voucher.issued",
        "voucher.redeemed",
        "voucher.reversed",
    ]
    submitted, assessed, decided, voucher, sale, back = items
    assert submitted["facts"] == {"channel": "form", "entered_by": OFFICER.subject, "village": "Nậm Ty"}
    assert (submitted["actor"], decided["actor"]) == (OFFICER.subject, "chair")
    assert assessed["facts"] == {"outcome": "eligible", "programme_version": 2}
    assert decided["facts"]["decision_number"] == "1"
    assert (voucher["facts"]["amount"], sale["facts"]["shop_id"], back["facts"]["reason"]) == (
        500_000,
        "shop-1",
        "RETURNED",
    )
    assert [item["at"] for item in items] == sorted(item["at"] for item in items)


def test_reasons_are_told_in_the_programmes_words(bench: Bench) -> None:
    entered = enter(bench)
    bench.take_in(
        heard(
            "eligibility",
            found(bench, entered, "ineligible", "OWNS_SMARTPHONE", "DUPLICATE_PERSON", "NEW_CODE"),
        )
    )
    programmes, services, unknown = timeline(bench, entered)[1]["reasons"]
    assert programmes == {"code": "OWNS_SMARTPHONE", **OWN_PHONE}
    assert services["code"] == "DUPLICATE_PERSON"
    assert "DUPLICATE_PERSON" not in {services["vi"], services["en"]}, "the service's own sentence"
    assert unknown == {"code": "NEW_CODE", "vi": "NEW_CODE", "en": "NEW_CODE"}


def test_a_newer_version_keeps_the_words_of_the_older_ones(bench: Bench) -> None:
    entered = enter(bench)
    publish_reasons(bench, {"NOT_POOR": {"vi": "Không nghèo.", "en": "Not poor."}}, version=3)
    bench.take_in(heard("eligibility", found(bench, entered, "ineligible", "OWNS_SMARTPHONE", "NOT_POOR")))
    told = [reason["en"] for reason in timeline(bench, entered)[1]["reasons"]]
    assert told == [OWN_PHONE["en"], "Not poor."]


def test_what_a_person_wrote_to_refuse_or_to_appeal_is_told(bench: Bench) -> None:
    entered = enter(bench)
    refused = rejected(entered)
    refused.data["sealed"] = sealed_for(bench, entered, "rejection", {"reason": "Hộ đã chuyển đi."})
    bench.take_in(heard("eligibility", refused))
    path = f"/applications/{entered['application_id']}:appeal"
    appeal = bench.call("POST", path, OFFICER, json={"grounds": "Chúng tôi vẫn ở đây."}, key=True)
    assert appeal.status_code == 200, appeal.text
    assert [item["words"] for item in timeline(bench, entered)] == [
        None,
        "Hộ đã chuyển đi.",
        "Chúng tôi vẫn ở đây.",
    ]


def test_what_a_person_said_of_a_referred_case_is_told(bench: Bench) -> None:
    entered = enter(bench)
    sealed = sealed_for(bench, entered, "referral", {"reason": "Đã đi xem tận nơi."})
    upheld = case(entered, upheld_by="duyet-tinh", sealed=sealed)
    sealed = sealed_for(bench, entered, "objection", {"ground": "MOVED_AWAY", "words": "Họ đã đi Lào Cai."})
    objected = case(entered, list_id=str(uuid4()), sealed=sealed)
    key = entered["application_id"]
    bench.take_in(
        heard(
            "eligibility",
            NewEvent("eligibility.objected.v1", key, objected, "officer"),
            NewEvent("eligibility.referral_upheld.v1", key, upheld, "duyet-tinh"),
        )
    )
    _, first, second = timeline(bench, entered)
    assert ([one["code"] for one in first["reasons"]], first["words"]) == (
        ["MOVED_AWAY"],
        "Họ đã đi Lào Cai.",
    )
    assert (second["reasons"], second["words"]) == ([], "Đã đi xem tận nơi.")


def test_a_correction_is_told_with_its_code(bench: Bench) -> None:
    from tests.support.applications import form

    entered = enter(bench)
    body = {**form(village="Bản B"), "expected_revision": 1, "reason": "HOUSEHOLD_ASKED"}
    path = f"/applications/{entered['application_id']}:correct"
    assert bench.call("POST", path, OFFICER, json=body, key=True).status_code == 200
    facts = timeline(bench, entered)[1]["facts"]
    assert (facts["revision"], facts["reason"], facts["village"]) == (2, "HOUSEHOLD_ASKED", "Bản B")


def test_a_part_that_does_not_open_is_left_out(bench: Bench) -> None:
    entered = enter(bench)
    bench.take_in(heard("eligibility", rejected(entered)))  # its sealed part is no sealed text
    assert timeline(bench, entered)[1]["reasons"] == []


def test_reading_a_timeline_is_recorded(bench: Bench) -> None:
    entered = enter(bench)
    path = f"/applications/{entered['application_id']}/timeline?purpose=COMPLAINT"
    for who in (OFFICER, APPROVER, MANAGER, AUDITOR):
        assert bench.call("GET", path, who).status_code == 200
        trace = bench.events()[-1]
        assert (trace.key, trace.actor) == (entered["application_id"], who.subject)
        assert (trace.data["what"], trace.data["purpose"]) == ("household", "COMPLAINT")
        assert trace.data["households"] == [entered["household_id"]]


def test_nothing_is_kept_of_an_erased_case_whatever_comes_later(bench: Bench) -> None:
    entered, other = enter(bench), enter(bench, head={"citizen_id": "002185000002"})
    bench.take_in(heard("eligibility", found(bench, entered, "eligible"), found(bench, other, "eligible")))
    erase = f"/households/{entered['household_id']}:erase"
    assert bench.call("POST", erase, MANAGER, json={"ground": "PERSON_ASKED"}, key=True).status_code == 200
    bench.take_in(heard("disbursement", issued(entered), issued(other)))
    bench.take_in(heard("disbursement", locked(entered), locked(other)))
    rows = bench.sql("SELECT DISTINCT application_id::text FROM case_event")
    assert rows == [(other["application_id"],)]
    assert kinds(timeline(bench, other))[2:] == ["voucher.issued", "voucher.locked"]
    path = f"/applications/{entered['application_id']}/timeline"
    assert problem(bench.call("GET", path, OFFICER))["code"] == "NOT_FOUND"
    assert bench.sql("SELECT count(*) FROM dead_letter")[0][0] == 0


def locked(entered: dict[str, Any]) -> NewEvent:
    data = case(entered, voucher_id=str(uuid4()), shop_id="shop-1")
    return NewEvent("voucher.locked.v1", entered["application_id"], data, "shop")


def test_a_batch_is_kept_with_one_statement(bench: Bench) -> None:
    from sqlalchemy import event

    entered = [enter(bench, head={"citizen_id": f"00218500000{n}"}) for n in range(5)]
    events = heard("eligibility", *(found(bench, one, "eligible") for one in entered))
    statements: list[str] = []
    event.listen(bench.database.engine, "before_cursor_execute", lambda *all_: statements.append(all_[2]))
    bench.take_in(events)
    assert sum("case_event" in one for one in statements) == 1
    assert bench.sql("SELECT count(*) FROM case_event")[0][0] == 5


@pytest.mark.parametrize("name", sorted(name for name in HANDLERS if not isinstance(HANDLERS[name], Ignored)))
def test_facts_name_no_hash_and_nothing_sealed(name: str) -> None:
    """Held for every type that is taken in, also for those that will be added."""
    data = fact(name.removesuffix(".v1")).data
    told = {field: value for field, value in data.items() if field in FACTS}
    assert not {"sealed", "persons", "imeis", "namesakes", "certificate"} & told.keys()
    assert all(not isinstance(value, list) for value in told.values())


def test_every_event_of_a_case_is_told() -> None:
    """Whatever the other services say of a case under its own key is in its timeline."""
    streams = {"eligibility", "disbursement"}
    of_cases = {
        name
        for name, kind in CATALOGUE.items()
        if kind.stream in streams and "application_id" in kind.schema.fields
    }
    assert len(of_cases) >= 19
    assert {name for name in of_cases if isinstance(HANDLERS[name], Ignored)} == set()
