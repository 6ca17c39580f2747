"""Lists with one line for each person: whose line begins a household, and who are its members.

A household begins at "Chủ hộ" in the column of the relation; in a list without that word, at another head's
name beside the member's, at another household number, or at a running number that its members' lines lack.
"""

from collections.abc import Callable, Mapping, Sequence

from services.applications.lists import cells
from services.applications.lists.layout import Line
from services.applications.lists.table import Cell, ListRow, is_blank
from shared.reference.text import fold

_OF_THE_HOUSEHOLD = [
    "village",
    "address",
    "poverty_status",
    "poor",
    "near_poor",
    "not_poor",
    "certificate_number",
    "certificate_date",
    "certificate_year",
    "certificate_place",
    "members_count",
    "phone",
    "has_smartphone",
    "no_smartphone",
    "priority_group",
    "merit",
    "social_policy",
    "income_per_person",
    "deprivations",
    "urban",
    "extremely_difficult_village",
    "extremely_difficult_commune",
    "residence",
    "received_tablet",
    "received_computer",
    "received_smartphone",
    "received_device",
    "conflict",
    "notes",
    "ethnicity",
]
"""What any line of a household may say for all of it; the first line that says it counts."""

Group = list[Line]


def households(lines: Sequence[Line], columns: Mapping[str, int], sheet: str) -> list[ListRow]:
    """A row for each household, its members' lines under the head's."""
    if not ({"relation", "member_name"} & set(columns) or any(line.continues for line in lines)):
        return [ListRow(line.index + 1, line.values, sheet) for line in lines]
    headed = any(cells.is_head(line.values.get("relation")) for line in lines)
    begins = _headed if headed else _beginning(lines, columns)
    groups: list[Group] = []
    for line in lines:
        if not groups or begins(groups[-1], line):
            groups.append([line])
        else:
            groups[-1].append(line)
    return [_household(group, sheet, headed=headed) for group in groups]


def _beginning(lines: Sequence[Line], columns: Mapping[str, int]) -> Callable[[Group, Line], bool]:
    """How a household begins in a list that never says "Chủ hộ"."""
    if any(line.continues for line in lines):
        return _not_continued
    if "member_name" in columns:
        return _another_head
    if "household_number" in columns:
        return _another_number
    numbered = sum(not is_blank(line.values.get("number")) for line in lines)
    return _numbered if 0 < numbered < len(lines) else _always


def _headed(_: Group, line: Line) -> bool:
    relation = line.values.get("relation")
    named = not is_blank(line.values.get("number")) or not is_blank(line.values.get("head_name"))
    return cells.is_head(relation) or (is_blank(relation) and named)


def _not_continued(_: Group, line: Line) -> bool:
    return not line.continues


def _another_head(group: Group, line: Line) -> bool:
    name = line.values.get("head_name")
    return not is_blank(name) and fold(cells.text(name)) != fold(cells.text(group[0].values.get("head_name")))


def _another_number(group: Group, line: Line) -> bool:
    number = line.values.get("household_number")
    return not is_blank(number) and number != group[0].values.get("household_number")


def _numbered(_: Group, line: Line) -> bool:
    return not is_blank(line.values.get("number"))


def _always(_: Group, __: Line) -> bool:
    return True


def _household(group: Group, sheet: str, *, headed: bool) -> ListRow:
    """The head's row with what other lines say for the household; the rest of the group are members."""
    first = group[0].values
    values = dict(first)
    values |= {name: _first(group, name) for name in _OF_THE_HOUSEHOLD if name in first}
    if not headed or cells.is_head(first.get("relation")) or is_blank(first.get("relation")):
        values.pop("relation", None)
    others = group[1:]
    if _is_of_a_member(first) and not headed:
        own = next((line for line in group if _name(line.values) == _head(first)), None)
        values |= (
            dict.fromkeys(_OF_ONE_PERSON)
            if own is None
            else {name: own.values[name] for name in _present(own)}
        )
        others = [line for line in group if line is not own]
    values["head_name"] = (
        first.get("head_name") if not is_blank(first.get("head_name")) else first.get("member_name")
    )
    members = tuple(ListRow(line.index + 1, _named(line.values), sheet) for line in others)
    return ListRow(group[0].index + 1, values, sheet, members)


_OF_ONE_PERSON = (
    "birth_date", "birth_day", "birth_month", "birth_year", "male", "female", "sex", "citizen_id", "cmnd",
)  # fmt: skip


def _present(line: Line) -> list[str]:
    return [name for name in _OF_ONE_PERSON if name in line.values]


def _is_of_a_member(values: Mapping[str, Cell]) -> bool:
    """Whether a household's first line already tells of somebody else than its head."""
    member = values.get("member_name")
    return not is_blank(member) and _name(values) != _head(values)


def _name(values: Mapping[str, Cell]) -> str:
    return fold(cells.text(values.get("member_name")))


def _head(values: Mapping[str, Cell]) -> str:
    return fold(cells.text(values.get("head_name")))


def _named(values: Mapping[str, Cell]) -> dict[str, Cell]:
    """A member's cells, the name under the same field as a head's."""
    own = values.get("member_name")
    return {**values, "head_name": values.get("head_name") if is_blank(own) else own}


def _first(group: Group, name: str) -> Cell:
    return next((line.values[name] for line in group if not is_blank(line.values.get(name))), None)
