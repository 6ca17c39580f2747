"""One list file for each trouble that officers' lists bring, and for each what must come out.

The same six households stand in all of them. `rows`: their row numbers; `changed`: what a list of this kind
cannot tell, or tells differently; `notes`: codes for the whole list; `codes`: each household's own.
"""

from dataclasses import replace

import pytest

from services.applications.household import HouseholdDraft
from services.applications.lists import ListTable
from tests.lists import troubles_of_cells, troubles_of_files, troubles_of_places, troubles_of_titles
from tests.lists.households import KNOWN, drafts, note_codes, read, row_codes
from tests.lists.trouble import TROUBLES, Trouble

ROOMS = (troubles_of_files, troubles_of_places, troubles_of_titles, troubles_of_cells)
"""Each puts its lists into TROUBLES."""


@pytest.mark.parametrize("one", TROUBLES, ids=lambda one: one.name)
def test_the_same_households_come_out_of(one: Trouble) -> None:
    table = read(one.data, one.file)
    expected = [replace(known, **one.changed(known)) for known in order(table)]
    assert [replace(draft, notes=draft.notes) for draft in drafts(table)] == expected
    assert [row.number for row in table.rows] == list(one.rows)
    assert note_codes(table) == one.notes
    assert row_codes(table) == list(one.codes)
    assert table.declared_total == one.declared
    if one.sheets:
        assert [row.sheet for row in table.rows] == list(one.sheets)


def order(table: ListTable) -> list[HouseholdDraft]:
    """The known households in the order of the rows, by their heads' names."""
    by_name = {known.head_name: known for known in KNOWN}
    return [by_name[draft.head_name] for draft in drafts(table)]


def test_the_table_has_one_list_for_each_trouble() -> None:
    assert len(TROUBLES) >= 60
    assert len({one.name for one in TROUBLES}) == len(TROUBLES)
