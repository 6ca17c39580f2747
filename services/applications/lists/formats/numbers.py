"""Whether a spreadsheet's number format shows a date."""

import re
from functools import lru_cache

_NOT_FORM = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?!h+\]|m+\]|s+\])[^\]]*\]', re.IGNORECASE)
_DATE_LETTER = re.compile(r"[ymdhs]", re.IGNORECASE)


@lru_cache(maxsize=1_024)
def is_date_format(code: str) -> bool:
    """Whether a format such as dd/mm/yyyy or [$-42A]d mmmm shows days or hours; "General" does not."""
    shown = _NOT_FORM.sub("", code)
    return "general" not in shown.lower() and _DATE_LETTER.search(shown) is not None
