"""Working days: weekends, holidays, their substitutes, and the days that are swapped by decision."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.reference.workdays import is_working_day, specials, working_days_after

DAYS = st.dates(date(2025, 1, 1), date(2040, 12, 31))


@pytest.mark.parametrize(
    ("day", "works"),
    [
        ("2026-03-02", True),  # Monday
        ("2026-03-07", False),  # Saturday
        ("2026-03-08", False),  # Sunday
        ("2026-02-17", False),  # Tết
        ("2026-04-27", False),  # Monday, for the Hùng Kings' day on Sunday
        ("2026-08-31", False),  # Monday off by decision …
        ("2026-08-22", True),  # … worked on this Saturday
        ("2026-11-24", False),  # the culture day, since 2026
        ("2025-11-24", True),
        ("2041-01-01", True),  # behind the end of the file: weekends alone
    ],
)
def test_what_is_a_working_day(day: str, works: bool) -> None:
    assert is_working_day(date.fromisoformat(day)) is works


@pytest.mark.parametrize(
    ("start", "count", "due"),
    [
        ("2026-03-02", 2, "2026-03-04"),
        ("2026-03-05", 2, "2026-03-09"),  # Thursday: Friday, then Monday
        ("2026-03-07", 2, "2026-03-10"),  # received on a Saturday
        ("2026-02-13", 2, "2026-02-24"),  # the Friday before Tết
        ("2026-02-13", 10, "2026-03-06"),
        ("2026-04-24", 2, "2026-04-29"),  # over the substitute Monday
        ("2026-08-20", 2, "2026-08-22"),  # over the Saturday that is worked
        ("2026-08-20", 20, "2026-09-21"),
        ("2026-03-02", 0, "2026-03-02"),
    ],
)
def test_deadlines_skip_what_nobody_works_on(start: str, count: int, due: str) -> None:
    assert working_days_after(date.fromisoformat(start), count) == date.fromisoformat(due)


@given(DAYS, st.integers(1, 30))
def test_between_a_start_and_its_deadline_lie_just_so_many_working_days(start: date, count: int) -> None:
    due = working_days_after(start, count)
    between = [start + timedelta(days=n) for n in range(1, (due - start).days + 1)]
    assert is_working_day(due)
    assert sum(map(is_working_day, between)) == count


def test_every_year_of_the_file_has_its_holidays() -> None:
    years = {day.year for day in specials()}
    assert years >= set(range(2025, 2031))
    for year in years:
        assert sum(one.kind == "holiday" for day, one in specials().items() if day.year == year) >= 11
    assert all(one.estimated for day, one in specials().items() if day.year > 2026)
