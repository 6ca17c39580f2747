"""Which commune issued a poverty certificate, from what is written for it: a code, or a name near home."""

import re
from functools import cache, lru_cache

from shared.reference import areas
from shared.reference.text import fold

_CODE = re.compile(r"\d{5}", re.ASCII)
_KIND = re.compile(r"^(?:(?:ubnd|uy ban nhan dan|cap|xa|phuong|thi tran|dac khu|tt|p|x)[\s.:]+)+")
_BEHIND = re.compile(r"\s*(?:[,;(]| huyen | tinh | thanh pho ).*$")


@lru_cache(maxsize=4_096)
def issuing_commune(written: str, own: str) -> tuple[str | None, bool]:
    """The 5-digit code of another commune than `own`, None for one's own, and whether that is sure.

    A name counts within the province only, and only where it means a single commune of today: itself, or the
    one that holds the ground of the old commune of that name. Without `own` names are not looked at.
    """
    text = fold(written)
    code = _CODE.search(text)
    if code is not None:
        now = [unit.code for unit in areas.today_of(code[0])]
    elif own and (home := areas.commune(own)) is not None:
        name = _BEHIND.sub("", _KIND.sub("", text)).strip(" .")
        now = sorted(_by_name(home.province_code).get(name, set()))
        now = [own] if own in now else now
    else:
        return None, not _CODE.search(text)
    if len(now) != 1:
        return None, False
    return (None if now[0] == own else now[0]), True


@cache
def _by_name(province_code: str) -> dict[str, set[str]]:
    """Folded name, of today or of before, → codes of today's communes of a province that it may mean."""
    found: dict[str, set[str]] = {}
    for unit in areas.communes_of(province_code):
        found.setdefault(_bare(unit.name), set()).add(unit.code)
    here = {unit.code for unit in areas.communes_of(province_code)}
    for old in areas.old_communes().values():
        if now := here.intersection(old.now):
            found.setdefault(_bare(old.name), set()).update(now)
    return found


def _bare(name: str) -> str:
    return _KIND.sub("", fold(name)).strip()
