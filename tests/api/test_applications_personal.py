"""Personal data: a subject's whole file, requests in time, erasure without a rest, retention."""

import re
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import orjson
import pytest
import time_machine

from services.applications import erasing, retention
from services.applications.entering import Secrets
from shared.auth import Role
from shared.events import NewEvent
from shared.jobs import JobContext
from shared.observability import metrics
from shared.settings import KeepingSettings
from tests.api.test_applications_handlers import assessed, rejected
from tests.api.test_applications_timeline import found, key_of
from tests.support.applications import PROGRAMME, applications_bench, enter, form, heard, publish
from tests.support.service import (
    AUDITOR,
    MANAGER,
    OFFICER,
    OTHER_COMMUNE,
    SERVICE,
    SHOP,
    Bench,
    actor,
    delivered,
    problem,
)

OTHER_OFFICER = actor(Role.OFFICER, subject="other", commune=OTHER_COMMUNE)
OTHER_MANAGER = actor(Role.MANAGER, subject="other-manager", commune=None, province="14")
FIRST_AUDITOR = actor(Role.AUDITOR, subject="first-auditor", commune=None)
MONDAY = date(2026, 3, 2)
NOON = datetime(2026, 3, 2, 5, tzinfo=UTC)
"""In Viet Nam."""
CHILD = {"name": "Vàng Seo Tủa", "relation": "child", "birth_year": 2010, "sex": "male"}


@pytest.fixture
def bench() -> Bench:
    return applications_bench()


def another(bench: Bench, number: int, **changes: Any) -> dict[str, Any]:
    """Household `number` of one Bàn Văn Phú each."""
    return enter(bench, head={"name": "Bàn Văn Phú", "citizen_id": f"00218500{number:04}"}, **changes)


def export(bench: Bench, entered: dict[str, Any], who: Any = OFFICER) -> dict[str, Any]:
    answer = bench.call("GET", f"/households/{entered['household_id']}:export", who)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json
    return body


def correct(bench: Bench, entered: dict[str, Any], **changes: Any) -> None:
    body = {**form(**changes), "expected_revision": 1, "reason": "HOUSEHOLD_ASKED"}
    path = f"/applications/{entered['application_id']}:correct"
    answer = bench.call("POST", path, OFFICER, json=body, key=True)
    assert answer.status_code == 200, answer.text


def erase(bench: Bench, entered: dict[str, Any], who: Any = MANAGER) -> int:
    path = f"/households/{entered['household_id']}:erase"
    return bench.call("POST", path, who, json={"ground": "PERSON_ASKED"}, key=True).status_code


# A subject's whole file


def test_the_file_holds_everything_of_one_household_and_nothing_of_another(bench: Bench) -> None:
    entered = enter(bench, members=[CHILD], members_count=None)
    publish(bench, "national")
    second = enter(bench, programme_id="national", village="Bản B")
    enter(bench, head={"name": "Bàn Văn Phú", "citizen_id": "002185000002"})
    correct(bench, entered, village="Bản C", members=[CHILD], members_count=None)
    bench.take_in(heard("eligibility", found(bench, entered, "ineligible", "OWNS_SMARTPHONE")))
    ask(bench, entered, "access")
    file = export(bench, entered)
    assert file["head"]["name"] == "Lừu Thị Mẩy"
    assert file["village"] == "Bản C"
    first, other = file["applications"]
    assert [first["application_id"], other["application_id"]] == [
        entered["application_id"],
        second["application_id"],
    ]
    assert [one["content"]["village"] for one in first["revisions"]] == ["Nậm Ty", "Bản C"]
    assert first["revisions"][1]["content"]["members"][0]["name"] == "Vàng Seo Tủa"
    assert [one["type"] for one in first["timeline"]] == [
        "application.submitted.v1",
        "application.corrected.v1",
        "eligibility.assessed.v1",
    ]
    assert first["timeline"][2]["reasons"][0]["code"] == "OWNS_SMARTPHONE"
    assert other["programme_vi"] == "Chương trình"
    assert [one["kind"] for one in file["requests"]] == ["access"]
    assert "Bàn Văn Phú" not in orjson.dumps(file).decode()


def test_whoever_read_the_household_stands_in_its_file(bench: Bench) -> None:
    """Every route that shows personal data, by everybody who may: no reading is missing, none is made up."""
    entered = enter(bench)
    application, household = entered["application_id"], entered["household_id"]
    key_of(bench, entered)
    for who in (OFFICER, MANAGER, AUDITOR, FIRST_AUDITOR):
        for path in (
            "/applications",
            "/applications?commune=01075",
            "/applications?q=mẩy",
            "/applications?q=002185001234",
            "/applications.xlsx",
            f"/applications/{application}",
            f"/applications/{application}/timeline",
            f"/applications/{application}/versions",
        ):
            assert bench.call("GET", path, who).status_code == 200, path
    check = {**form(), "programme_id": PROGRAMME}
    assert bench.call("POST", "/applications:check", OFFICER, json=check).json["duplicates"]
    ask(bench, entered, "access")
    for who in (OFFICER, MANAGER, AUDITOR):
        assert len(bench.call("GET", "/requests", who).json["items"]) == 1
    export(bench, entered)
    file = export(bench, entered, MANAGER)
    recorded = [
        event
        for event in bench.events()
        if event.type == "access.recorded.v1" and household in event.data["households"]
    ]
    assert len(recorded) == 1 + 4 * 8 + 1 + 3 + 2
    told = [(one["actor"], one["what"], one["purpose"]) for one in file["accesses"]]
    want = [(event.actor, event.data["what"], event.data["purpose"]) for event in recorded[:-1]]
    assert sorted(told) == sorted(want)


def test_the_reading_of_a_file_is_recorded(bench: Bench) -> None:
    entered = enter(bench)
    export(bench, entered)
    trace = bench.events()[-1]
    assert (trace.key, trace.data["what"], trace.data["purpose"]) == (
        entered["household_id"],
        "export",
        "SUBJECT_ASKED",
    )


def test_no_stranger_gets_a_file(bench: Bench) -> None:
    entered = enter(bench)
    before = len(bench.events())
    for who in (OTHER_OFFICER, OTHER_MANAGER):
        answers = [
            bench.call("GET", f"/households/{one}:export", who) for one in (entered["household_id"], uuid4())
        ]
        assert [{**problem(answer), "instance": None} for answer in answers] == [
            {**problem(answers[1]), "instance": None}
        ] * 2
    for who in (AUDITOR, SHOP, SERVICE):
        path = f"/households/{entered['household_id']}:export"
        assert problem(bench.call("GET", path, who))["code"] == "ROLE_MISSING"
    assert len(bench.events()) == before


# Requests


def ask(
    bench: Bench, entered: dict[str, Any], kind: str, received_on: date | None = None, who: Any = OFFICER
) -> dict[str, Any]:
    body = {"kind": kind, "received_on": (received_on or date(2026, 1, 5)).isoformat()}
    path = f"/households/{entered['household_id']}/requests"
    answer = bench.call("POST", path, who, json=body, key=True)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json
    return made


def settle(bench: Bench, asked: dict[str, Any], verb: str, who: Any = OFFICER, **body: Any) -> Any:
    path = f"/requests/{asked['request_id']}:{verb}"
    return bench.call("POST", path, who, json=body or None, key=True)


@time_machine.travel(NOON, tick=True)
def test_deadlines_count_working_days(bench: Bench) -> None:
    entered = enter(bench)
    for received_on, answer_due, done_due, extended in (
        (MONDAY, "2026-03-04", "2026-03-16", "2026-03-30"),
        (date(2026, 2, 13), "2026-02-24", "2026-03-06", "2026-03-20"),  # over Tết
    ):
        asked = ask(bench, entered, "correction", received_on)
        assert (asked["answer_due"], asked["done_due"], asked["extended"]) == (answer_due, done_due, False)
        longer = settle(bench, asked, "extend", reason="MANY_RECORDS").json
        assert (longer["done_due"], longer["extended"]) == (extended, True)
        assert (longer["answer_due"], longer["extension_reason"]) == (answer_due, "MANY_RECORDS")


@time_machine.travel(NOON, tick=True)
def test_a_request_is_answered_and_closed_once(bench: Bench) -> None:
    asked = ask(bench, enter(bench), "access", MONDAY)
    answered = settle(bench, asked, "answer").json
    assert (answered["answered_on"], answered["answered_by"]) == ("2026-03-02", OFFICER.subject)
    assert problem(settle(bench, asked, "answer"))["code"] == "REQUEST_ANSWERED"
    assert settle(bench, asked, "extend", reason="MANY_RECORDS").status_code == 200
    assert problem(settle(bench, asked, "extend", reason="MANY_RECORDS"))["code"] == "REQUEST_EXTENDED"
    closed = settle(bench, asked, "close", MANAGER, outcome="granted").json
    assert (closed["closed_by"], closed["outcome"]) == (MANAGER.subject, "granted")
    assert closed["answered_by"] == OFFICER.subject
    for verb, body in (("answer", {}), ("extend", {"reason": "AGAIN"}), ("close", {"outcome": "refused"})):
        assert problem(settle(bench, asked, verb, **body))["code"] == "REQUEST_CLOSED"
    told = [event for event in bench.events() if event.type.startswith("request.")]
    assert [event.type.split(".")[1] for event in told] == ["received", "answered", "extended", "closed"]
    assert {event.stream for event in told} == {f"request/{asked['request_id']}"}


@time_machine.travel(NOON, tick=True)
def test_closing_answers_what_nobody_has_answered(bench: Bench) -> None:
    asked = ask(bench, enter(bench), "objection", MONDAY)
    closed = settle(bench, asked, "close", outcome="refused").json
    assert (closed["answered_on"], closed["answered_by"]) == ("2026-03-02", OFFICER.subject)


def test_many_at_once_answer_once(bench: Bench) -> None:
    from concurrent.futures import ThreadPoolExecutor

    from tests.support.service import token

    asked = ask(bench, enter(bench), "access")
    headers = {"Authorization": f"Bearer {token(OFFICER)}"}

    def send(number: int) -> int:
        key = {"Idempotency-Key": f"key-{number}"}
        path = f"/requests/{asked['request_id']}:answer"
        return bench.app.test_client().post(path, headers={**headers, **key}).status_code

    with ThreadPoolExecutor(6) as pool:
        assert sorted(pool.map(send, range(6))) == [200] + [409] * 5
    assert sum(event.type == "request.answered.v1" for event in bench.events()) == 1


def test_what_is_overdue_is_listed_and_counted(bench: Bench) -> None:
    with time_machine.travel(NOON, tick=True):
        entered = enter(bench)
        late, answered, soon, done = (ask(bench, entered, "access", MONDAY) for _ in range(4))
        settle(bench, answered, "answer")
        settle(bench, done, "close", outcome="granted")
        assert overdue(bench) == []
        assert watched(bench) == (0, 0)
    with time_machine.travel(NOON + timedelta(days=3), tick=True):
        settle(bench, soon, "answer")
        assert overdue(bench) == [late["request_id"]]
        assert watched(bench) == (1, 0)
    with time_machine.travel(NOON + timedelta(days=15), tick=True):
        assert set(overdue(bench)) == {one["request_id"] for one in (late, answered, soon)}
        assert watched(bench) == (1, 3)
        for who in (OTHER_OFFICER, OTHER_MANAGER):
            assert overdue(bench, who) == []
        assert len(overdue(bench, MANAGER)) == len(overdue(bench, AUDITOR)) == 3


def overdue(bench: Bench, who: Any = OFFICER) -> list[str]:
    items = bench.call("GET", "/requests?overdue=true", who).json["items"]
    return [item["request_id"] for item in items]


def watched(bench: Bench) -> tuple[float, float]:
    """The gauge of those that wait for an answer, and of those that wait for their end."""
    assert retention.watch_requests(JobContext(bench.settings, bench.database)) is False
    kinds = ("data_request_answer", "data_request")
    answers, ends = (metrics.OVERDUE.labels("applications", kind)._value.get() for kind in kinds)
    return answers, ends


@time_machine.travel(NOON, tick=True)
def test_open_requests_come_first_due_first_and_in_pages(bench: Bench) -> None:
    entered = enter(bench)
    days = [MONDAY - timedelta(days=n) for n in (1, 9, 5, 3)]
    made = [ask(bench, entered, "access", day) for day in days]
    settle(bench, made[0], "close", outcome="granted")
    seen: list[str] = []
    cursor = ""
    while cursor is not None:
        path = f"/requests?limit=2{'&cursor=' + cursor if cursor else ''}"
        page = bench.call("GET", path, OFFICER).json
        seen += [item["received_on"] for item in page["items"]]
        cursor = page["next_cursor"]
    assert seen == sorted(day.isoformat() for day in days[1:])
    assert len(bench.call("GET", "/requests?closed=true", OFFICER).json["items"]) == 4
    assert problem(bench.call("GET", "/requests?cursor=x", OFFICER))["code"] == "CURSOR_INVALID"


@time_machine.travel(NOON, tick=True)
def test_what_cannot_be_a_request_is_refused(bench: Bench) -> None:
    entered = enter(bench)
    path = f"/households/{entered['household_id']}/requests"
    for body, code in (
        ({"kind": "access", "received_on": "2026-03-03"}, "DATE_IN_FUTURE"),
        ({"kind": "gossip", "received_on": "2026-03-02"}, "INVALID_FIELDS"),
        ({"kind": "access"}, "INVALID_FIELDS"),
    ):
        answer = bench.call("POST", path, OFFICER, json=body, key=True)
        assert (answer.status_code, problem(answer)["code"]) == (422, code)
    assert ask(bench, entered, "access", MONDAY)["received_on"] == "2026-03-02"


def test_a_strangers_request_is_not_there(bench: Bench) -> None:
    entered = enter(bench)
    asked = ask(bench, entered, "access")
    body = {"kind": "access", "received_on": "2026-01-05"}
    for who in (OTHER_OFFICER, OTHER_MANAGER):
        for household in (entered["household_id"], uuid4()):
            answer = bench.call("POST", f"/households/{household}/requests", who, json=body, key=True)
            assert (answer.status_code, problem(answer)["code"]) == (404, "NOT_FOUND")
        for one in (asked, {"request_id": str(uuid4())}):
            for verb, said in (
                ("answer", {}),
                ("extend", {"reason": "LATE"}),
                ("close", {"outcome": "granted"}),
            ):
                answer = settle(bench, one, verb, who, **said)
                assert (answer.status_code, problem(answer)["code"]) == (404, "NOT_FOUND")
        assert bench.call("GET", "/requests?closed=true", who).json["items"] == []
    assert export(bench, entered)["requests"][0]["answered_on"] is None


# Erasure

SECRETS = ("Lừu", "Mẩy", "may", "Vàng", "Tủa", "002185001234", "1985-04-17", "12/GCN")


def test_after_erasure_nothing_of_the_household_is_left_in_any_table(bench: Bench) -> None:
    entered = enter(bench, members=[CHILD], members_count=None, notes="Mẩy")
    correct(bench, entered, village="Bản B", members=[CHILD], members_count=None)
    bench.take_in(heard("eligibility", found(bench, entered, "ineligible", "OWNS_SMARTPHONE")))
    path = f"/applications/{entered['application_id']}:appeal"
    assert bench.call("POST", path, OFFICER, json={"grounds": "Mẩy"}, key=True).status_code == 200
    asked = ask(bench, entered, "erasure")
    key = key_of(bench, entered)
    (person,) = {row[0] for row in bench.sql("SELECT person_hash FROM application_person")}
    words = bench.sql("SELECT words FROM application")[0][0]
    assert kept(bench, key)
    assert str(words[0]) in content(bench, "application"), "the search below would find it"
    assert erase(bench, entered) == 200
    tables = [row[0] for row in bench.sql("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")]
    left = {table: content(bench, table) for table in tables}
    gone = {
        "household",
        "application",
        "application_version",
        "case_event",
        "application_person",
        "household_key",
    }
    assert {table for table in gone if left[table]} == set()
    for table, text in left.items():
        for secret in SECRETS:
            assert not re.search(rf"\b{re.escape(secret)}\b", text), (table, secret)
        if table != "event_log":  # whose hashes nobody can open or look up any more
            assert person not in text, table
            assert not any(str(word) in text for word in words), table
    assert not kept(bench, key)
    (answers,) = bench.sql(
        "SELECT count(*) FROM idempotency WHERE encode(body, 'escape') LIKE :id",
        id="%" + entered["application_id"] + "%",
    )[0]
    assert answers == 0, "answers that repeat what was typed are blank"
    assert left["data_request"].count(entered["household_id"]) == 1
    assert settle(bench, asked, "close", MANAGER, outcome="granted").status_code == 200


def content(bench: Bench, table: str) -> str:
    """A table's rows as text, bytes that are text read as such."""
    columns = bench.sql(
        "SELECT column_name, data_type FROM information_schema.columns"
        " WHERE table_schema = 'public' AND table_name = :table",
        table=table,
    )
    shown = [f"encode({name}, 'escape')" if kind == "bytea" else f'"{name}"::text' for name, kind in columns]
    rows = bench.sql(f"SELECT concat_ws(' ', {', '.join(shown)}) FROM \"{table}\"")
    escaped = "\n".join(row[0] for row in rows)
    return re.sub(r"(\\\d{3})+", lambda run: decoded(run.group()), escaped)


def decoded(run: str) -> str:
    return bytes(int(octal, 8) for octal in run.split("\\")[1:]).decode("utf-8", "replace")


def kept(bench: Bench, key: bytes) -> bool:
    """Whether a household's key is in the ring."""
    with bench.database.transaction() as session:
        ids = [row[0] for row in bench.sql("SELECT household_id::text FROM household_key")]
        return key in Secrets.of(bench.settings).ring.load(session, ids).values()


def test_after_erasure_every_route_says_that_nobody_is_there(bench: Bench) -> None:
    entered = enter(bench)
    other = another(bench, 2, certificate={"number": "99/GCN-HN.HCN", "year": 2026})
    assert erase(bench, entered) == 200
    application, household = entered["application_id"], entered["household_id"]
    for who in (OFFICER, MANAGER):
        for path in (
            f"/applications/{application}",
            f"/applications/{application}/timeline",
            f"/applications/{application}/versions",
            f"/households/{household}:export",
        ):
            assert problem(bench.call("GET", path, who))["code"] == "NOT_FOUND", path
        for q in ("lừu", "mẩy", "002185001234", application):
            assert bench.call("GET", f"/applications?q={q}", who).json["items"] == []
    items = bench.call("GET", "/applications", OFFICER).json["items"]
    assert [item["application_id"] for item in items] == [other["application_id"]]
    check = bench.call("POST", "/applications:check", OFFICER, json=form())
    assert check.json["duplicates"] == []
    assert erase(bench, entered) == 404


def test_erasing_forgets_the_lists_that_named_the_household(bench: Bench) -> None:
    entered = enter(bench)
    for commune in ("01075", OTHER_COMMUNE):
        bench.sql(
            "INSERT INTO list_import (id, digest, commune, province, programme_id, filename, state, file,"
            " report, imported_by, finished_at) VALUES (gen_random_uuid(), :commune, :commune, '08', 'p',"
            " 'f', 'imported', 'x', 'y', 'officer', now())",
            commune=commune,
        )
    assert erase(bench, entered) == 200
    kept = bench.sql("SELECT commune, file IS NOT NULL, report IS NOT NULL FROM list_import ORDER BY commune")
    assert kept == [("01075", False, False), (OTHER_COMMUNE, True, True)]


def test_an_erasure_and_an_event_that_meet_leave_nothing(bench: Bench) -> None:
    """The handler has the row when the erasure comes, and the other way round: either way nothing stays."""
    from concurrent.futures import ThreadPoolExecutor

    households = [enter(bench, head={"citizen_id": f"0021850{n:05}"}) for n in range(12)]
    events = heard("eligibility", *(assessed(one) for one in households))
    with ThreadPoolExecutor(2) as pool:
        taken = pool.submit(bench.take_in, events)
        erased = pool.submit(lambda: [erase(bench, one) for one in households])
        taken.result(60)
        assert erased.result(60) == [200] * 12
    assert bench.sql("SELECT count(*) FROM case_event")[0][0] == 0
    assert bench.sql("SELECT count(*) FROM dead_letter")[0][0] == 0


# Retention

LONG_AGO = "now() - interval '100 days'"


def retained(bench: Bench) -> None:
    """Run the job until there is no more."""
    context = JobContext(bench.settings, bench.database)
    for _ in range(20):
        if not retention.retain(context):
            return
    raise AssertionError("the job never ends")


def age(bench: Bench, *entered: dict[str, Any], moment: str = LONG_AGO) -> None:
    for one in entered:
        bench.sql(f"UPDATE application SET created_at = {moment} WHERE id = :id", id=one["application_id"])


def left(bench: Bench) -> set[str]:
    return {row[0] for row in bench.sql("SELECT id::text FROM application")}


def test_old_drafts_go_with_their_households(bench: Bench) -> None:
    old, new, sent = another(bench, 1, submit=False), another(bench, 2, submit=False), another(bench, 3)
    age(bench, old, sent)
    retained(bench)
    assert left(bench) == {new["application_id"], sent["application_id"]}
    assert bench.sql("SELECT count(*) FROM household")[0][0] == 2
    assert bench.sql("SELECT count(*) FROM household_key")[0][0] == 2
    assert bench.sql("SELECT household_id::text, ground, erased_by FROM erasure") == [
        (old["household_id"], "RETENTION_OVER", "service:applications")
    ]
    (event,) = [event for event in bench.events() if event.type == "application.erased.v1"]
    assert (event.key, event.actor) == (old["application_id"], "service:applications")


def test_an_old_draft_of_a_household_that_applies_goes_alone(bench: Bench) -> None:
    publish(bench, "national")
    sent = another(bench, 1)
    draft = another(bench, 1, programme_id="national", submit=False)
    assert draft["household_id"] == sent["household_id"]
    age(bench, draft)
    retained(bench)
    assert left(bench) == {sent["application_id"]}
    assert [event.type for event in bench.events() if "erased" in event.type] == []
    assert bench.sql("SELECT count(*) FROM application_person")[0][0] == 1


def test_many_drafts_go_in_batches(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "BATCH", 3)
    drafts = [another(bench, number, submit=False) for number in range(7)]
    age(bench, *drafts)
    context = JobContext(bench.settings, bench.database)
    assert [retention.retain(context) for _ in range(3)] == [True, True, False]
    assert left(bench) == set()


def came_to_nothing(bench: Bench) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Households the programme gave nothing to, and others that must stay."""
    entered = [another(bench, number) for number in range(6)]
    withdrawn, ineligible, refused, eligible, asking, twice = entered
    path = f"/applications/{withdrawn['application_id']}:withdraw"
    assert bench.call("POST", path, OFFICER, json={"reason": "MOVED"}, key=True).status_code == 200
    publish(bench, "national")
    another(bench, 5, programme_id="national")
    said = [assessed(one, "ineligible") for one in (ineligible, asking, twice)]
    bench.take_in(heard("eligibility", *said, assessed(eligible), rejected(refused)))
    ask(bench, asking, "objection")
    return [withdrawn, ineligible, refused], [eligible, asking, twice]


def close_programme(bench: Bench, moment: str) -> None:
    data = {"programme_id": PROGRAMME, "reason": "Hết kinh phí"}
    bench.take_in(heard("eligibility", NewEvent("programme.closed.v1", uuid4().hex, data, "manager")))
    bench.sql(f"UPDATE programme SET closed_at = {moment} WHERE id = :id", id=PROGRAMME)


def test_who_got_nothing_goes_months_after_the_programme_closed() -> None:
    bench = applications_bench(keeping=KeepingSettings(closed_months=6))
    over, kept = came_to_nothing(bench)
    everybody = left(bench)
    retained(bench)
    assert left(bench) == everybody, "the programme runs"
    close_programme(bench, "now() - interval '5 months'")
    retained(bench)
    assert left(bench) == everybody, "it closed too short a time ago"
    close_programme(bench, "now() - interval '7 months'")
    retained(bench)
    assert everybody - left(bench) == {one["application_id"] for one in over}
    assert {one["application_id"] for one in kept} < left(bench)
    grounds = bench.sql("SELECT DISTINCT ground FROM erasure")
    assert grounds == [("RETENTION_OVER",)]


def test_who_got_nothing_stays_unless_the_setting_says_so(bench: Bench) -> None:
    assert bench.settings.keeping.closed_months == 0
    came_to_nothing(bench)
    close_programme(bench, "now() - interval '50 years'")
    everybody = left(bench)
    retained(bench)
    assert left(bench) == everybody


def test_a_draft_submitted_meanwhile_is_not_erased(bench: Bench) -> None:
    """What the job found is looked at again under the household's lock."""
    draft = another(bench, 1, submit=False)
    age(bench, draft)
    path = f"/applications/{draft['application_id']}:submit"
    assert bench.call("POST", path, OFFICER, key=True).status_code == 200
    limits = {"days": 90, "months": 0}
    with bench.database.transaction() as session:
        secrets = Secrets.of(bench.settings)
        assert retention._erase_if_over(session, secrets, draft["household_id"], limits) == 0
    assert left(bench) == {draft["application_id"]}
    with bench.database.transaction() as session:  # the control: without the second look it would be gone
        assert erasing.erase_household(session, secrets, draft["household_id"], "X", retention.SERVICE)
    assert left(bench) == set()


def test_a_case_goes_on_for_others_while_one_is_erased(bench: Bench) -> None:
    """Events of an erased draft are the first of their streams: nobody stumbles over them."""
    old = another(bench, 1, submit=False)
    age(bench, old)
    retained(bench)
    (event,) = [event for event in bench.events() if event.type == "application.erased.v1"]
    assert (event.version, delivered(event).key) == (1, old["application_id"])
    assert bench.call("GET", "/live-state", AUDITOR).json["items"] == []
