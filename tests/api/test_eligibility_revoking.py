"""Approvals taken back by hand, and what vouchers say: when a place is free again, and when never."""

from collections.abc import Iterator
from typing import Any

import pytest
import time_machine

from shared.auth import Role
from tests.support.approval_lists import MONDAY, PROVINCIAL, code
from tests.support.case_changes import approve, approved, cancel, correct, is_free, redeem, revoke
from tests.support.eligibility import (
    about,
    application,
    case,
    disbursed,
    eligibility_bench,
    heard,
    person,
    take_in,
)
from tests.support.service import APPROVER, MANAGER, OFFICER, Bench, actor


@pytest.fixture
def clock() -> Iterator[Any]:
    with time_machine.travel(MONDAY, tick=True) as traveller:
        yield traveller


@pytest.fixture
def bench(clock: Any) -> Bench:
    return eligibility_bench()


class TestRevoking:
    def test_takes_back_an_approval_with_a_code(self, bench: Bench) -> None:
        one = approved(bench)
        assert revoke(bench, one).json == {"application_id": one["application_id"], "status": "revoked"}
        event = bench.events()[-1]
        assert event.data == {**about(one), "reason": "MOVED_AWAY", "revoked_by": "provincial"}
        shown: Any = bench.call("GET", f"/cases/{one['application_id']}", OFFICER).json
        assert (shown["revoked_by"], shown["revoked_reason"]) == ("provincial", "MOVED_AWAY")
        assert code(revoke(bench, one)) == (409, "CASE_NOT_OPEN")

    def test_is_for_the_province_and_never_for_the_maker(self, bench: Bench) -> None:
        one = approved(bench, entered_by=PROVINCIAL.subject)
        assert code(revoke(bench, one, APPROVER)) == (403, "PROVINCE_DECIDES")
        assert code(revoke(bench, one)) == (403, "MAKER_IS_CHECKER")
        assert revoke(bench, one, OFFICER).status_code == 403
        elsewhere = actor(Role.MANAGER, commune=None, province="14")
        assert code(revoke(bench, one, elsewhere)) == (404, "NOT_FOUND")
        assert revoke(bench, one, MANAGER, "why").status_code == 422
        assert revoke(bench, one, MANAGER).status_code == 200

    def test_leaves_alone_who_has_the_phone(self, bench: Bench) -> None:
        one = approved(bench)
        redeem(bench, one)
        assert code(revoke(bench, one)) == (409, "PHONE_HANDED_OUT")
        assert case(bench, one["application_id"]).status == "approved"


class TestVouchers:
    def withdraw(self, bench: Bench, one: dict[str, Any]) -> None:
        take_in(bench, heard("application.withdrawn.v1", about(one, reason="MOVED")))

    @pytest.mark.parametrize("cancelled_first", [False, True], ids=["told last", "told first"])
    def test_a_withdrawn_approval_frees_its_places_when_the_voucher_ended(
        self, bench: Bench, cancelled_first: bool
    ) -> None:
        one = approved(bench, persons=[person("Mẩy")])
        steps = [self.withdraw, lambda made, case_: cancel(made, case_, "WITHDRAWN")]
        first, last = reversed(steps) if cancelled_first else steps
        first(bench, one)
        assert not is_free(bench, "Mẩy")
        last(bench, one)
        assert is_free(bench, "Mẩy")
        assert bench.sql("SELECT used FROM approval_count")[0][0] == 0
        assert case(bench, one["application_id"]).status == "approved"

    def test_a_phone_that_was_handed_out_keeps_them_for_good(self, bench: Bench) -> None:
        one = approved(bench, persons=[person("Mẩy")])
        redeem(bench, one)
        self.withdraw(bench, one)
        cancel(bench, one, "WITHDRAWN")
        assert not is_free(bench, "Mẩy")

    def test_an_expired_voucher_keeps_the_place_of_who_is_still_in(self, bench: Bench) -> None:
        one = approved(bench, persons=[person("Mẩy")])
        take_in(bench, disbursed("voucher.expired", one))
        assert not is_free(bench, "Mẩy")
        self.withdraw(bench, one)
        assert is_free(bench, "Mẩy")

    @pytest.mark.parametrize("by_hand", [True, False], ids=["by hand", "by a correction"])
    def test_what_is_revoked_after_its_voucher_expired_frees_its_places_at_once(
        self, bench: Bench, by_hand: bool
    ) -> None:
        one = approved(bench, persons=[person("Mẩy")])
        take_in(bench, disbursed("voucher.expired", one))
        if by_hand:
            assert revoke(bench, one).status_code == 200
        else:
            correct(bench, one, has_smartphone=True)
        assert case(bench, one["application_id"]).status == "revoked"
        assert is_free(bench, "Mẩy")
        assert bench.sql("SELECT used FROM approval_count")[0][0] == 0

    def test_a_phone_that_came_back_is_as_if_it_had_never_left(self, bench: Bench) -> None:
        one = approved(bench)
        redeem(bench, one)
        take_in(bench, disbursed("voucher.reversed", one))
        assert case(bench, one["application_id"]).voucher is None
        assert revoke(bench, one).status_code == 200

    def test_the_end_of_an_older_voucher_says_nothing_of_a_newer_approval(self, bench: Bench) -> None:
        one = approved(bench, persons=[person("Mẩy")])
        revoke(bench, one)
        correct(bench, one, members_count=4)
        cancel(bench, one)
        assert approve(bench, one).status_code == 200
        cancel(bench, one)
        assert case(bench, one["application_id"]).voucher is None
        self.withdraw(bench, one)
        assert not is_free(bench, "Mẩy"), "the newer voucher may be used"

    def test_what_is_said_of_an_unknown_case_is_passed_over(self, bench: Bench) -> None:
        stranger = application()
        redeem(bench, stranger)
        cancel(bench, stranger)
        assert bench.sql("SELECT count(*) FROM dead_letter")[0][0] == 0
