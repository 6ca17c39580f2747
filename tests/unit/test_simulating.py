"""Draft rules beside recorded ones: a class of households has the verdict of each; small groups hide."""

import io
from collections import Counter
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.eligibility.domain import Register, Subject, conclude, find
from services.eligibility.rules import RuleSet, load_programme
from services.eligibility.simulating.charts import page, svg
from services.eligibility.simulating.judging import Comparison, Verdict
from services.eligibility.simulating.report import SMALL_GROUPS, Report, Tally, report
from services.eligibility.simulating.tables import headline, tables, workbook

ROOT = Path(__file__).parents[2]
FACTS: dict[str, Any] = {
    "poverty_status": "poor",
    "ethnicity": "09",
    "has_smartphone": False,
    "members_count": 4,
    "certificate_year": 2026,
    "priority_group": None,
    "identity": "citizen_id",
    "conflict_of_interest": False,
    "doubts": [],
}


NOTHING_LOST = Register()


@cache
def rules(name: str) -> RuleSet:
    return RuleSet(load_programme(ROOT / "programmes" / f"{name}.yaml"))


def recorded(
    programme: str, values: dict[str, Any], register: Register = NOTHING_LOST, day: date = date(2026, 5, 4)
) -> dict[str, Any]:
    """What a case file holds sealed of a household that applied to `programme`."""
    subject = Subject("", "", programme, "", "08", (), day, day.year)
    return conclude(find(rules(programme), subject, values), rules(programme).programme, register).sealable()


values = st.fixed_dictionaries(
    {
        "poverty_status": st.sampled_from(["poor", "near_poor", "none"]),
        "ethnicity": st.sampled_from(["01", "09", "54"]),
        "has_smartphone": st.booleans(),
        "members_count": st.integers(0, 3),
        "certificate_year": st.sampled_from([None, 2025, 2026]),
        "income_per_person": st.sampled_from([0, 1, 2_199_999, 2_200_000, 2_200_001, 2_800_000, 2_800_001]),
        "deprivations": st.integers(0, 3),
        "urban": st.booleans(),
        "already_received": st.booleans(),
        "identity": st.sampled_from(["citizen_id", "cmnd"]),
        "conflict_of_interest": st.booleans(),
        "doubts": st.just([]),
    }
)
registers = st.builds(Register, st.sampled_from([(), ("person",)]), st.booleans())
days = st.sampled_from([date(2025, 12, 31), date(2026, 1, 1), date(2026, 12, 31), date(2027, 1, 1)])


class TestVerdicts:
    @settings(max_examples=300, deadline=None)
    @given(
        cases=st.lists(
            st.tuples(values, registers, days, st.sampled_from(["08", "75"])), min_size=2, max_size=8
        ),
        draft=st.sampled_from(["dong-nai", "national", "vinh-long"]),
    )
    def test_of_a_class_are_those_of_each_of_its_households(self, cases: list[Any], draft: str) -> None:
        shared = Comparison(rules("tuyen-quang-2026"), rules(draft))
        for facts, register, day, province in cases:
            content = recorded("tuyen-quang-2026", facts, register, day)
            alone = Comparison(rules("tuyen-quang-2026"), rules(draft))
            assert shared.verdict(province, content) == alone.verdict(province, content)

    def test_the_same_rules_change_nothing(self) -> None:
        for changes in ({}, {"has_smartphone": True}, {"conflict_of_interest": True}, {"members_count": 0}):
            content = recorded("tuyen-quang-2026", {**FACTS, **changes})
            found = Comparison(rules("tuyen-quang-2026"), rules("tuyen-quang-2026")).verdict("08", content)
            assert (found.before, found.reasons_before) == (found.after, found.reasons_after)

    def test_doubts_and_lost_places_count_under_the_draft_too(self) -> None:
        comparison = Comparison(rules("tuyen-quang-2026"), rules("national"))
        lost = recorded("tuyen-quang-2026", {**FACTS, "ethnicity": "01"}, Register(("person",)))
        assert comparison.verdict("08", lost)[1:5] == (
            "ineligible",
            "ineligible",
            ("MAJORITY_ETHNICITY",),
            ("DUPLICATE_PERSON",),
        )
        doubtful = recorded("tuyen-quang-2026", {**FACTS, "conflict_of_interest": True})
        assert comparison.verdict("08", doubtful)[1:3] == ("referred", "referred")


def verdict(ethnicity: str = "09", before: str = "eligible", after: str = "eligible") -> Verdict:
    return Verdict(
        ethnicity,
        before,
        after,
        (before.upper(),),
        (after.upper(),),
        500_000 if before == "eligible" else 0,
        600_000 if after == "eligible" else 0,
    )


def reported(counts: dict[tuple[str, Verdict], int], unread: int = 0) -> Report:
    return report(
        "tuyen-quang-2026",
        rules("tuyen-quang-2026").programme,
        {"X": ("=1+1", "x")},
        Tally(Counter(counts), unread),
    )


class TestReport:
    def test_counts_flows_communes_reasons_and_money(self) -> None:
        found = reported(
            {
                ("01075", verdict()): 6,
                ("01075", verdict(after="referred")): 2,
                ("04186", verdict(before="ineligible")): 3,
            },
            unread=1,
        )
        assert (found.cases, found.changed, found.unread) == (11, 5, 1)
        assert found.flows == {
            ("eligible", "eligible"): 6,
            ("eligible", "referred"): 2,
            ("ineligible", "eligible"): 3,
        }
        lines = [(line.code, line.gained, line.lost, line.changed) for line in found.communes]
        assert lines == [("01075", 0, 2, 2), ("04186", 3, 0, 3)]
        assert {line.code: (line.before, line.after) for line in found.reasons} == {
            "ELIGIBLE": (8, 9),
            "INELIGIBLE": (3, 0),
            "REFERRED": (0, 2),
        }
        money = found.money
        assert (money.needed_before, money.needed_after) == (8 * 500_000, 9 * 600_000)
        assert money.with_referred == money.needed_after + 2 * money.amount
        assert money.left == money.budget - money.needed_after

    @pytest.mark.parametrize(
        ("sizes", "told"),
        [
            ({"09": 10, "08": 5}, [("09", 10), ("08", 5)]),
            ({"09": 10, "08": 4, "10": 3}, [("09", 10), (SMALL_GROUPS, 7)]),
            ({"09": 10, "08": 6, "10": 4}, [("09", 10), (SMALL_GROUPS, 10)]),
            ({"09": 10, "10": 1}, [(SMALL_GROUPS, 11)]),
            ({"09": 2, "10": 1}, []),
            ({}, []),
        ],
    )
    def test_small_ethnic_groups_cannot_be_worked_out(
        self, sizes: dict[str, int], told: list[tuple[str, int]]
    ) -> None:
        found = reported({("01075", verdict(group)): number for group, number in sizes.items()})
        assert [(line.code, line.cases) for line in found.groups] == told

    def test_outcomes_that_stay_for_other_reasons_are_told(self) -> None:
        other = verdict(before="ineligible", after="ineligible")._replace(reasons_after=("X",))
        found = reported({("01075", other): 4})
        assert (found.changed, found.other_reasons) == (0, 4)
        assert "4 cases keep their outcome for other reasons" in headline(found, "en")


class TestShowing:
    found = reported(
        {
            ("01075", verdict()): 6,
            ("01075", verdict("01", after="ineligible")._replace(reasons_after=("X",))): 5,
        }
    )

    def test_a_workbook_holds_every_table_and_no_formula(self) -> None:
        book = openpyxl.load_workbook(io.BytesIO(workbook(self.found)))
        assert len(book.sheetnames) == len(tables(self.found, "vi")) == 5
        cells = [
            cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.value is not None
        ]
        assert {cell.data_type for cell in cells} == {"s", "n"}
        assert "=1+1" in {cell.value for cell in cells}
        assert "5 trong 11 hồ sơ đổi kết quả" in {cell.value for cell in cells}

    @pytest.mark.parametrize("language", ["vi", "en"])
    def test_charts_are_one_picture_that_can_be_read(self, language: str) -> None:
        root = ElementTree.fromstring(svg(self.found, language))  # noqa: S314 - our own picture
        texts = [node.text for node in root.iter("{http://www.w3.org/2000/svg}text")]
        assert {"11", "6"} <= set(texts)
        assert "Xã Nậm Dịch" in texts
        assert page(self.found, language).startswith("<!doctype html>")

    def test_json_holds_everything_but_nobody(self) -> None:
        plain = self.found.as_dict()
        assert plain["flows"][0] == {"before": "eligible", "after": "eligible", "cases": 6}
        assert plain["money"]["left"] == self.found.money.left
