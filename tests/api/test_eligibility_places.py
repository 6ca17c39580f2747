"""One person, one certificate, one household, one application: in a programme, and in those it excludes."""

import threading
from typing import Any

import pytest

from services.eligibility import claims
from tests.races.conftest import all_at_once
from tests.support.eligibility import (
    PROGRAMME,
    about,
    application,
    case,
    document,
    eligibility_bench,
    heard,
    person,
    publish,
    reasons,
    submit,
    submitted,
    take_in,
)
from tests.support.service import COMMUNE, OTHER_COMMUNE, Bench

MẨY, PÀ = person("Mẩy"), person("Pà")
PAPER = person("12/GCN-HN.HCN")
ELSEWHERE = "00691"


@pytest.fixture
def bench() -> Bench:
    return eligibility_bench()


def one_of(bench: Bench, **options: Any) -> tuple[str, list[str]]:
    """The status and the reasons of a new application."""
    (one,) = submitted(bench, 1, **options)
    return case(bench, one["application_id"]).status, reasons(bench, one["application_id"])


class TestInOneProgramme:
    def test_any_member_counts_anywhere_in_the_country(self, bench: Bench) -> None:
        submitted(bench, 1, persons=[person("head"), MẨY])
        assert one_of(bench, persons=[PÀ, MẨY], commune=ELSEWHERE) == ("ineligible", ["DUPLICATE_PERSON"])
        assert one_of(bench, persons=[PÀ], commune=ELSEWHERE)[0] == "eligible"

    def test_a_certificate_serves_one_application(self, bench: Bench) -> None:
        submitted(bench, 1, certificate=PAPER)
        assert one_of(bench, certificate=PAPER) == ("ineligible", ["DUPLICATE_CERTIFICATE"])
        assert one_of(bench, certificate=person("13/GCN-HN.HCN"))[0] == "eligible"
        assert one_of(bench, certificate=None)[0] == "eligible"

    def test_a_household_has_one_application(self, bench: Bench) -> None:
        (first,) = submitted(bench, 1)
        assert one_of(bench, household_id=first["household_id"]) == ("ineligible", ["DUPLICATE_HOUSEHOLD"])

    def test_all_that_is_taken_is_told(self, bench: Bench) -> None:
        (first,) = submitted(bench, 1, persons=[MẨY], certificate=PAPER)
        status, told = one_of(
            bench, persons=[MẨY], certificate=PAPER, household_id=first["household_id"], commune=ELSEWHERE
        )
        assert (status, told) == (
            "ineligible",
            ["DUPLICATE_PERSON", "DUPLICATE_CERTIFICATE", "DUPLICATE_HOUSEHOLD"],
        )

    def test_in_one_batch_the_first_wins(self, bench: Bench) -> None:
        first, second, third = (application(certificate=PAPER) for _ in range(3))
        submit(bench, first, second, third)
        statuses = [case(bench, one["application_id"]).status for one in (first, second, third)]
        assert statuses == ["eligible", "ineligible", "ineligible"]


class TestExclusivePrograms:
    @pytest.fixture
    def bench(self) -> Bench:
        """Tuyên Quang's programme excludes the national one; another one stands beside both."""
        made = eligibility_bench("national")
        publish(made, document(exclusive_with=["national"]))
        publish(made, document("national", id="third", exclusive_with=["national"]))
        return made

    @pytest.mark.parametrize(("first", "second"), [(PROGRAMME, "national"), ("national", PROGRAMME)])
    def test_exclude_each_other_from_either_side(self, bench: Bench, first: str, second: str) -> None:
        submitted(bench, 1, programme_id=first, persons=[MẨY], certificate=PAPER)
        assert one_of(bench, programme_id=second, persons=[MẨY]) == ("ineligible", ["DUPLICATE_PERSON"])
        told = one_of(bench, programme_id=second, certificate=PAPER, commune=ELSEWHERE)
        assert told == ("ineligible", ["DUPLICATE_CERTIFICATE"])

    def test_a_third_one_is_not_in_the_way(self, bench: Bench) -> None:
        submitted(bench, 1, programme_id=PROGRAMME, persons=[MẨY])
        assert one_of(bench, programme_id="third", persons=[MẨY])[0] == "eligible"
        assert one_of(bench, programme_id="national", persons=[MẨY])[0] == "ineligible"

    def test_in_one_batch_the_first_wins(self, bench: Bench) -> None:
        here = application(persons=[MẨY])
        there = application(persons=[MẨY], programme_id="national", commune=OTHER_COMMUNE)
        submit(bench, here, there)
        assert [case(bench, one["application_id"]).status for one in (here, there)] == [
            "eligible",
            "ineligible",
        ]

    def test_a_withdrawal_frees_the_place_in_both(self, bench: Bench) -> None:
        (one,) = submitted(bench, 1, persons=[MẨY])
        take_in(bench, heard("application.withdrawn.v1", about(one, reason="MOVED")))
        assert one_of(bench, programme_id="national", persons=[MẨY])[0] == "eligible"
        assert one_of(bench, persons=[MẨY])[0] == "ineligible"

    def test_a_new_version_may_exclude_more_and_who_came_before_counts(self, bench: Bench) -> None:
        submitted(bench, 1, programme_id="third", persons=[MẨY])
        publish(bench, document(version=2, exclusive_with=["national", "third"]))
        assert one_of(bench, persons=[MẨY]) == ("ineligible", ["DUPLICATE_PERSON"])

    def test_a_new_version_may_exclude_less(self, bench: Bench) -> None:
        submitted(bench, 1, programme_id="national", persons=[MẨY])
        publish(bench, document(version=2, exclusive_with=[]))
        assert one_of(bench, persons=[MẨY])[0] == "eligible"
        assert one_of(bench, programme_id="third", persons=[MẨY])[0] == "ineligible"

    def test_what_stood_in_both_before_stays(self, bench: Bench) -> None:
        for programme in (PROGRAMME, "third"):
            submitted(bench, 1, programme_id=programme, persons=[MẨY])
        publish(bench, document(version=2, exclusive_with=["third"]))
        statuses = bench.sql("SELECT status FROM case_file")
        assert statuses == [("eligible",), ("eligible",)]

    def test_one_that_is_not_published_yet_may_be_named(self, bench: Bench) -> None:
        publish(bench, document(version=2, exclusive_with=["later"]))
        submitted(bench, 1, persons=[MẨY])
        assert bench.sql("SELECT DISTINCT scope FROM place_claim") == [(PROGRAMME,)]
        publish(bench, document("national", id="later"))
        assert one_of(bench, programme_id="later", persons=[MẨY])[0] == "ineligible"
        assert one_of(bench, programme_id="later", persons=[PÀ])[0] == "eligible"
        publish(bench, document("national", id="later", version=2))
        assert one_of(bench, persons=[PÀ])[0] == "ineligible"


def test_excluding_waits_for_the_batch_that_is_being_assessed(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else its places would be missing in the scope that the two programmes share from then on."""
    publish(bench, document(version=2, exclusive_with=[]))
    publish(bench, document("national"))
    reading, published = threading.Event(), threading.Event()
    insert = claims._insert

    def slow_insert(*arguments: Any) -> Any:
        reading.set()
        assert not published.wait(0.5), "the publication did not wait"
        return insert(*arguments)

    monkeypatch.setattr(claims, "_insert", slow_insert)

    def exclude() -> None:
        assert reading.wait(10)
        publish(bench, document(version=3, exclusive_with=["national"]))
        published.set()

    all_at_once([lambda: submit(bench, application(persons=[MẨY])), exclude])
    monkeypatch.setattr(claims, "_insert", insert)
    assert one_of(bench, programme_id="national", persons=[MẨY], commune=COMMUNE)[0] == "ineligible"
