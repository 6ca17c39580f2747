"""Until the lists' room offers it itself."""

from services.applications.lists import read_list as _read
from services.applications.lists.columns import _SYNONYMS, _key

FIELDS = tuple(_SYNONYMS)
title_key = _key


def read_list(data, filename, limits, mapping):
    return _read(data, filename, limits)


def titles(found):
    return getattr(found, "titles", ())
