"""`reconcile` says nothing of sound cases, and names each that is overdue, stuck, or does not add up."""

from datetime import timedelta
from functools import partial

import pytest

from services.eligibility.reconcile import CHECKS, reconcile
from tests.support import reconciling
from tests.support.approval_lists import draft
from tests.support.case_changes import approve, approved, cancel, correct, redeem, revoke
from tests.support.clock import today
from tests.support.eligibility import about, eligibility_bench, heard, person, submitted, take_in
from tests.support.service import AUDITOR, MANAGER, OFFICER, SERVICE, Bench, problem

SOLD = "SELECT application_id FROM case_file WHERE voucher = 'redeemed'"


broken = partial(reconciling.broken, reconcile)
corrupted = partial(reconciling.corrupted, reconcile)


@pytest.fixture(scope="module")
def sound() -> Bench:
    """Cases that went every way."""
    bench = eligibility_bench()
    submitted(bench, 2)
    submitted(bench, 1, has_smartphone=True)
    submitted(bench, 1, conflict_of_interest=True)
    for end in ("WITHDRAWN", "REVOKED", None):
        one = approved(bench)
        if end == "WITHDRAWN":
            take_in(bench, heard("application.withdrawn.v1", about(one, reason="MOVED")))
        elif end:
            revoke(bench, one)
        if end:
            cancel(bench, one, end)
    correct(bench, approved(bench), has_smartphone=True)
    sold = approved(bench)
    redeem(bench, sold)
    correct(bench, sold, has_smartphone=True)
    (gone,) = submitted(bench, 1)
    take_in(bench, heard("application.withdrawn.v1", about(gone, reason="MOVED")))
    again = approved(bench, persons=[person("Mẩy")])
    revoke(bench, again)
    correct(bench, again, members_count=2)
    cancel(bench, again)
    assert approve(bench, again).status_code in (200, 403)
    draft(bench)
    return bench


def test_sound_cases_tie(sound: Bench) -> None:
    assert broken(sound) == {}
    statuses = {row[0] for row in sound.sql("SELECT DISTINCT status FROM case_file")}
    assert statuses >= {"eligible", "ineligible", "referred", "approved", "revoked"}


def test_an_overdue_referral_is_named_with_its_owner(sound: Bench) -> None:
    late = today() - timedelta(days=1)
    found = corrupted(
        sound, f"UPDATE case_file SET due_on = '{late}', taken_by = 'tinh' WHERE status = 'referred'"
    )
    (row,) = found.pop("referrals-in-time")
    assert (row["due_on"], row["owner"], row["province"]) == (late, "tinh", "08")
    assert found == {}
    on_time = f"UPDATE case_file SET due_on = '{today()}' WHERE status = 'referred'"
    assert corrupted(sound, on_time) == {}


@pytest.mark.parametrize(
    ("statement", "check", "rows"),
    [
        ("UPDATE case_file SET assessed_year = 2020 WHERE status = 'eligible'", "evidence-of-this-year", 2),
        (
            "UPDATE event_log SET recorded_at = now() - interval '3 days' WHERE type LIKE '%%revoked%%'",
            "revoked-vouchers-end",
            1,
        ),
        (
            f"DELETE FROM place_claim WHERE kind = 'household' AND application_id IN ({SOLD})",
            "live-cases-hold-their-place",
            1,
        ),
        (
            "UPDATE case_file SET withdrawn = true WHERE status = 'referred'",
            "places-belong-to-live-cases",
            1,
        ),
        ("UPDATE approval_count SET used = used + 1", "quotas-count-approvals", 1),
        ("UPDATE case_file SET counted_in = NULL WHERE voucher = 'redeemed'", "quotas-count-approvals", 1),
        ("UPDATE position_counter SET last = 1 WHERE last > 1", "positions-are-counted", None),
        (
            "UPDATE list_entry SET state = 'left' WHERE state = 'listed'",
            "lists-name-who-waits",
            1,
        ),
        ("UPDATE approval_list SET status = 'closed' WHERE status = 'draft'", "lists-name-who-waits", None),
    ],
)
def test_what_does_not_add_up_is_named(sound: Bench, statement: str, check: str, rows: int | None) -> None:
    found = corrupted(sound, statement)
    assert list(found) == [check]
    assert rows is None or len(found[check]) == rows


def test_the_auditor_reads_what_ties_and_nobody_else(sound: Bench) -> None:
    answer = sound.call("GET", "/reconcile", AUDITOR)
    assert answer.json["ties"] is True
    assert {check["name"] for check in answer.json["checks"]} == {check.name for check in CHECKS}
    for who in (OFFICER, MANAGER, SERVICE):
        assert problem(sound.call("GET", "/reconcile", who))["code"] == "ROLE_MISSING"
