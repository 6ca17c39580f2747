"""Applications arrive: assessed, assessed anew, withdrawn, appealed, erased. Batches, redelivery, poison."""

from collections import Counter
from typing import Any

import pytest

from shared.folds.eligibility import fold_eligibility, show_eligibility
from shared.inbox import Transient
from shared.privacy import Unreadable, unseal
from tests.support.approval_lists import PROVINCIAL
from tests.support.eligibility import (
    PROGRAMME,
    Keys,
    about,
    application,
    case,
    document,
    eligibility_bench,
    heard,
    key_of,
    person,
    publish,
    reasons,
    submit,
    submitted,
    take_in,
)
from tests.support.service import APPROVER, AUDITOR, COMMUNE, Bench, problem

DECISION = {"decision_number": "12/QĐ-UBND", "decision_date": "2026-11-20"}


@pytest.fixture
def bench() -> Bench:
    return eligibility_bench()


def tally(bench: Bench) -> dict[str, int]:
    return {row.reason: row.count for row in bench.sql("SELECT * FROM reason_tally WHERE count > 0")}


def funnel(bench: Bench) -> dict[str, Any]:
    answer = bench.call("GET", f"/funnel?programme_id={PROGRAMME}", AUDITOR)
    found: dict[str, Any] = answer.json or {}
    return found


def approve(bench: Bench, one: dict[str, Any]) -> None:
    answer = bench.call("POST", f"/cases/{one['application_id']}:approve", APPROVER, json=DECISION, key=True)
    assert answer.status_code == 200, answer.text


def reject(bench: Bench, one: dict[str, Any]) -> None:
    body = {**DECISION, "reason": "Không có mặt tại địa phương."}
    answer = bench.call("POST", f"/cases/{one['application_id']}:reject", APPROVER, json=body, key=True)
    assert answer.status_code == 200, answer.text


def test_an_application_becomes_a_case_with_one_event_that_gives_nothing_away(bench: Bench) -> None:
    one = application(has_smartphone=True)
    submit(bench, one)
    row = case(bench, one["application_id"])
    assert (row.status, row.outcome, row.province, row.entered_by) == (
        "ineligible",
        "ineligible",
        "08",
        "officer",
    )
    published, event = bench.events()
    assert (event.type, event.key, event.version) == ("eligibility.assessed.v1", one["application_id"], 1)
    assert event.data["digest"] == published.data["digest"] == row.digest
    told = str({name: value for name, value in event.data.items() if name != "sealed"})
    for given_away in ("OWNS_SMARTPHONE", "poor", "ethnic"):
        assert given_away not in told
    sealed = unseal(key_of(one["household_id"]), event.data["sealed"], f"assessment/{one['application_id']}")
    assert sealed["reasons"] == ["OWNS_SMARTPHONE"]
    assert sealed["looked_at"]["has_smartphone"] is True
    assert set(sealed) == {"reasons", "rows", "looked_at", "beside"}


def test_a_batch_costs_a_handful_of_statements_and_keeps_order(bench: Bench) -> None:
    data = [application(has_smartphone=number % 5 == 0) for number in range(100)]
    submit(bench, *data)
    assert funnel(bench) == {
        "programme_id": PROGRAMME,
        "assessed": 100,
        "eligible": 80,
        "ineligible": 20,
        "referred": 0,
        "approved": 0,
        "rejected": 0,
        "reasons": {"OWNS_SMARTPHONE": 20},
    }
    events = [event for event in bench.events() if event.type == "eligibility.assessed.v1"]
    assert [event.key for event in events] == [one["application_id"] for one in data]


def test_an_event_that_comes_again_changes_nothing(bench: Bench) -> None:
    events = heard("application.submitted.v1", application(), application())
    for batch in (events, events, events[:1] + events[:1]):
        take_in(bench, batch)
    assert funnel(bench)["assessed"] == 2
    assert Counter(event.type for event in bench.events())["eligibility.assessed.v1"] == 2


def test_an_unknown_programme_is_waited_for(bench: Bench) -> None:
    events = heard("application.submitted.v1", application(programme_id="national"))
    with pytest.raises(Transient, match="national"):
        take_in(bench, events)
    assert bench.sql("SELECT count(*) FROM inbox")[0][0] == 0
    publish(bench, document("national"))
    take_in(bench, events)
    assert funnel(bench)["assessed"] == 0
    assert bench.sql("SELECT status FROM case_file")[0][0] == "eligible"


def test_the_newest_version_of_a_programme_decides(bench: Bench) -> None:
    first, second = application(), application()
    submit(bench, first)
    publish(bench, document(version=2, priority_order=["near_poor", "poor"]))
    submit(bench, second)
    rows = [case(bench, one["application_id"]) for one in (first, second)]
    assert [(row.programme_version, row.priority) for row in rows] == [(1, 2), (2, 1)]
    assert rows[0].digest != rows[1].digest


def test_an_erased_household_is_not_assessed_and_not_spoken_of(bench: Bench) -> None:
    gone, here = application(), application()
    submit(bench, gone, here, keys=Keys(bench.settings.wrapping_key, [gone["household_id"]]))
    assert case(bench, gone["application_id"]) is None
    assert case(bench, here["application_id"]).status == "eligible"
    assert [event.key for event in bench.events()][1:] == [here["application_id"]]


def test_facts_under_another_key_or_place_are_poison_that_costs_only_itself(bench: Bench) -> None:
    good, moved, foreign = application(), application(), application()
    moved["sealed"] = good["sealed"]
    foreign["commune"] = "99999"
    submit(bench, good, moved, foreign)
    assert case(bench, good["application_id"]).status == "eligible"
    letters = bench.sql("SELECT key, error FROM dead_letter ORDER BY id")
    assert [row.key for row in letters] == [moved["application_id"], foreign["application_id"]]
    assert Unreadable.__name__ in letters[0].error


def test_a_dead_letter_quotes_no_fact(bench: Bench) -> None:
    submit(bench, application(ethnicity="H'Mông đỏ"))
    (letter,) = bench.sql("SELECT error FROM dead_letter")
    assert "ethnicity" in letter.error
    assert "Mông" not in letter.error


class TestPersons:
    def test_a_person_has_one_application_in_a_programme_the_first(self, bench: Bench) -> None:
        first, second, third = (application(persons=[person("Mẩy")]) for _ in range(3))
        submit(bench, first, second)
        submit(bench, third)
        statuses = [case(bench, one["application_id"]).status for one in (first, second, third)]
        assert statuses == ["eligible", "ineligible", "ineligible"]
        assert reasons(bench, third["application_id"]) == ["DUPLICATE_PERSON"]
        event = bench.events()[-1]
        assert first["application_id"] not in event.raw.decode()
        assert first["household_id"] not in event.raw.decode()
        assert tally(bench) == {"DUPLICATE_PERSON": 2}

    def test_who_loses_one_person_frees_the_other(self, bench: Bench) -> None:
        first = application(persons=[person("Mẩy")])
        both = application(persons=[person("Mẩy"), person("Pà")])
        last = application(persons=[person("Pà")])
        submit(bench, first)
        submit(bench, both, last)
        assert case(bench, both["application_id"]).status == "ineligible"
        assert case(bench, last["application_id"]).status == "eligible"

    def test_another_programme_is_another_matter(self, bench: Bench) -> None:
        publish(bench, document("national", id="another"))
        here = application(persons=[person("Mẩy")])
        there = application(persons=[person("Mẩy")], programme_id="another")
        submit(bench, here, there)
        assert case(bench, there["application_id"]).status == "eligible"

    def test_whoever_is_refused_anyway_holds_no_place(self, bench: Bench) -> None:
        refused = application(persons=[person("Mẩy")], has_smartphone=True)
        later = application(persons=[person("Mẩy")])
        submit(bench, refused)
        submit(bench, later)
        assert reasons(bench, refused["application_id"]) == ["OWNS_SMARTPHONE"]
        assert case(bench, later["application_id"]).status == "eligible"


class TestWithdrawal:
    def test_frees_the_persons_place_and_nobody_decides_the_case(self, bench: Bench) -> None:
        first, second = (application(persons=[person("Mẩy")]) for _ in range(2))
        submit(bench, first)
        take_in(bench, heard("application.withdrawn.v1", about(first, reason="MOVED")))
        assert case(bench, first["application_id"]).withdrawn
        path = f"/cases/{first['application_id']}:approve"
        answer = bench.call("POST", path, APPROVER, json=DECISION, key=True)
        assert (answer.status_code, (answer.json or {})["code"]) == (409, "CASE_NOT_OPEN")
        submit(bench, second)
        assert case(bench, second["application_id"]).status == "eligible"

    def test_of_an_approved_case_keeps_the_place_because_the_voucher_may_be_used(self, bench: Bench) -> None:
        (one,) = submitted(bench, 1)
        approve(bench, one)
        take_in(bench, heard("application.withdrawn.v1", about(one, reason="MOVED")))
        row = case(bench, one["application_id"])
        assert (row.status, row.withdrawn) == ("approved", True)
        assert bench.sql("SELECT kind FROM place_claim ORDER BY kind") == [("household",), ("person",)]


class TestCorrection:
    def correct(self, bench: Bench, one: dict[str, Any], **facts: Any) -> dict[str, Any]:
        wanted = {name: one[name] for name in ("application_id", "household_id")}
        corrected = {**application(**wanted, **facts), "revision": 2, "reason": "MISTYPED"}
        take_in(bench, heard("application.corrected.v1", corrected))
        return corrected

    def test_is_assessed_anew_and_counted_anew(self, bench: Bench) -> None:
        one = application(has_smartphone=True)
        submit(bench, one)
        self.correct(bench, one, entered_by="other")
        row = case(bench, one["application_id"])
        assert (row.status, row.entered_by, row.correctors) == ("eligible", "officer", ["other"])
        assert reasons(bench, one["application_id"]) == ["MEETS_ALL_CONDITIONS"]
        assert tally(bench) == {}
        assert [event.version for event in bench.events()][1:] == [1, 2]

    def test_may_lose_the_place(self, bench: Bench) -> None:
        one = application(persons=[person("Mẩy")])
        submit(bench, one)
        self.correct(bench, one, persons=[person("Mẩy")], has_smartphone=True)
        assert bench.sql("SELECT count(*) FROM place_claim")[0][0] == 0
        later = application(persons=[person("Mẩy")])
        submit(bench, later)
        assert case(bench, later["application_id"]).status == "eligible"

    def test_of_the_persons_frees_those_that_are_gone(self, bench: Bench) -> None:
        one = application(persons=[person("Mẩy")])
        submit(bench, one)
        self.correct(bench, one, persons=[person("Pà")])
        assert bench.sql("SELECT hash FROM place_claim WHERE kind = 'person'") == [(person("Pà"),)]

    def test_who_corrected_a_case_does_not_approve_it(self, bench: Bench) -> None:
        (one,) = submitted(bench, 1)
        self.correct(bench, one, entered_by=APPROVER.subject)
        path = f"/cases/{one['application_id']}:approve"
        answer = bench.call("POST", path, APPROVER, json=DECISION, key=True)
        assert (answer.status_code, (answer.json or {})["code"]) == (403, "MAKER_IS_CHECKER")

    def test_of_an_unknown_case_is_passed_over(self, bench: Bench) -> None:
        self.correct(bench, application())
        assert bench.sql("SELECT count(*) FROM dead_letter")[0][0] == 0


class TestAppeal:
    def appeal(self, bench: Bench, one: dict[str, Any]) -> None:
        take_in(bench, heard("application.appealed.v1", about(one, sealed="x")))

    def test_refers_a_refused_case_to_a_person_who_sees_why_it_was_refused(self, bench: Bench) -> None:
        one = application(has_smartphone=True)
        submit(bench, one)
        self.appeal(bench, one)
        row = case(bench, one["application_id"])
        assert (row.status, row.outcome) == ("referred", "referred")
        assert reasons(bench, one["application_id"]) == ["APPEAL_FILED", "OWNS_SMARTPHONE"]
        assert tally(bench) == {"APPEAL_FILED": 1, "OWNS_SMARTPHONE": 1}
        assert bench.events()[-1].data["outcome"] == "referred"

    def test_reopens_a_rejected_case_without_its_decision(self, bench: Bench) -> None:
        (one,) = submitted(bench, 1)
        reject(bench, one)
        self.appeal(bench, one)
        row = case(bench, one["application_id"])
        assert (row.status, row.decision_number, row.rejected_by, row.rejection) == (
            "referred",
            None,
            None,
            None,
        )

    def test_of_a_duplicate_reaches_a_person_who_cannot_give_a_taken_place_away(self, bench: Bench) -> None:
        first, second = (application(persons=[person("Mẩy")]) for _ in range(2))
        submit(bench, first, second)
        self.appeal(bench, second)
        assert case(bench, second["application_id"]).status == "referred"
        assert reasons(bench, second["application_id"]) == ["APPEAL_FILED", "DUPLICATE_PERSON"]
        held = "SELECT DISTINCT application_id::text FROM place_claim"
        assert bench.sql(held) == [(first["application_id"],)]
        path, reason = f"/referrals/{second['application_id']}:uphold", {"reason": "Hồ sơ kia ghi nhầm số."}
        answer = bench.call("POST", path, PROVINCIAL, json=reason, key=True)
        assert (answer.status_code, problem(answer)["code"]) == (409, "PLACE_TAKEN")
        take_in(bench, heard("application.withdrawn.v1", about(first, reason="MOVED")))
        assert bench.call("POST", path, PROVINCIAL, json=reason, key=True).status_code == 200
        assert case(bench, second["application_id"]).status == "eligible"
        assert bench.sql(held) == [(second["application_id"],)]

    def test_of_a_rejection_is_never_approved_by_who_rejected_it(self, bench: Bench) -> None:
        (one,) = submitted(bench, 1)
        path = f"/cases/{one['application_id']}"
        body = {**DECISION, "reason": "Không có mặt."}
        assert bench.call("POST", f"{path}:reject", APPROVER, json=body, key=True).status_code == 200
        self.appeal(bench, one)
        uphold = f"/referrals/{one['application_id']}:uphold"
        assert bench.call("POST", uphold, PROVINCIAL, json={"reason": "Có."}, key=True).status_code == 200
        answer = bench.call("POST", f"{path}:approve", APPROVER, json=DECISION, key=True)
        assert problem(answer)["code"] == "MAKER_IS_CHECKER"

    def test_of_an_open_or_approved_case_changes_nothing(self, bench: Bench) -> None:
        (one,) = submitted(bench, 1)
        self.appeal(bench, one)
        assert case(bench, one["application_id"]).status == "eligible"


class TestErasure:
    def test_leaves_nothing_but_events_that_nobody_can_open(self, bench: Bench) -> None:
        publish(bench, document("national"))
        one = application(has_smartphone=True)
        other = application(household_id=one["household_id"], programme_id="national")
        stays = application()
        submit(bench, one, other, stays)
        take_in(
            bench,
            heard("application.erased.v1", {name: one[name] for name in ("application_id", "household_id")}),
        )
        assert bench.sql("SELECT application_id::text FROM case_file") == [(stays["application_id"],)]
        assert bench.sql("SELECT household_id::text FROM household_key") == [(stays["household_id"],)]
        assert bench.sql("SELECT DISTINCT application_id::text FROM place_claim") == [
            (stays["application_id"],)
        ]
        assert tally(bench) == {}
        assert bench.call("GET", f"/cases/{one['application_id']}", AUDITOR).status_code == 404

    def test_of_the_households_other_application_comes_as_well(self, bench: Bench) -> None:
        one = application()
        other = application(household_id=one["household_id"])
        submit(bench, one, other)
        names = ("application_id", "household_id")
        erased = [{name: each[name] for name in names} for each in (one, other, application())]
        take_in(bench, heard("application.erased.v1", *erased))
        take_in(bench, heard("application.withdrawn.v1", about(other, reason="MOVED")))
        assert bench.sql("SELECT count(*) FROM case_file")[0][0] == 0
        assert bench.sql("SELECT count(*) FROM dead_letter")[0][0] == 0


def test_the_fold_of_all_events_equals_the_live_state(bench: Bench) -> None:
    """Every way a case can go, folded from the events of both services, against GET /live-state."""
    refused, appealing = application(has_smartphone=True), application(has_smartphone=True)
    leaving, corrected, gone = application(), application(), application()
    chosen, denied = application(), application()
    everybody = [refused, appealing, leaving, corrected, gone, chosen, denied]
    heard_events = heard("application.submitted.v1", *everybody)
    take_in(bench, heard_events)
    approve(bench, chosen)
    reject(bench, denied)
    names = ("application_id", "household_id")
    later = [
        *heard("application.appealed.v1", about(appealing, sealed="x")),
        *heard("application.withdrawn.v1", about(leaving, reason="MOVED")),
        *heard(
            "application.corrected.v1",
            {
                **application(**{name: corrected[name] for name in names}, members_count=2),
                "revision": 2,
                "reason": "MISTYPED",
            },
        ),
        *heard("application.erased.v1", {name: gone[name] for name in names}),
    ]
    take_in(bench, later)
    state: dict[str, Any] = {}
    for event in [*heard_events, *bench.events(), *later]:
        fold_eligibility(state, {"type": event.type, "data": event.data})
    shown = {key: show_eligibility(key, row) for key, row in state.items()}
    live, cursor = {}, ""
    while cursor is not None:
        page: Any = bench.call("GET", f"/live-state?limit=2{cursor}", AUDITOR).json
        live.update({item["key"]: item["state"] for item in page["items"]})
        cursor = f"&cursor={page['next_cursor']}" if page["next_cursor"] else None  # type: ignore[assignment]
    assert live == {key: shape for key, shape in shown.items() if shape is not None}
    assert len(live) == len(everybody)
    assert live[chosen["application_id"]]["commune"] == COMMUNE
