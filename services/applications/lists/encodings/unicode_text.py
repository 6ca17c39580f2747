"""Finding out that a list was typed in TCVN3 or VNI, column by column, and reading it as Unicode.

Only words that an encoding would change count. They must read as Vietnamese syllables when converted and
mostly be none as they stand; clean Unicode never looks so. Text with letters beyond Western ones is Unicode.
"""

import re
from collections.abc import Collection, Iterable, Iterator

from services.applications.lists.encodings.legacy import TCVN3, VNI, OldEncoding
from services.applications.lists.encodings.syllables import COMMON, plausible
from services.applications.lists.table import Cell, Sheet

_ENCODINGS = (TCVN3, VNI)
_FOREIGN = re.compile("[¡-¿ÄÅÆÇËÎÏÐÑÖ×ØÛÜÞßäåæçëîïðñö÷øûüþÿ]")
"""Western signs that no Vietnamese word holds in Unicode; both old encodings use plenty."""
_WESTERN = re.compile("[\u00a1-\u00ff]")
_BEYOND = re.compile("[\u0100-\u02c5\u0300-\u036f\u1e00-\u1eff]")
"""Letters and marks that only Unicode has."""
_BORDER = re.compile(r"[\s!-@\[-`{-~\u2010-\u2026]+")
_FEWEST_WORDS = 2
_MOST_WORDS = 5_000
_GOOD, _ODD = 0.8, 0.5
"""Shares: of all words, plausible when converted; of the changed ones, implausible as they stand."""


def to_unicode(sheets: Iterable[Sheet]) -> list[str]:
    """Convert what was typed in an old encoding, in place; the names of the encodings found."""
    found: list[str] = []
    for sheet in sheets:
        columns = dict(_columns(sheet))
        if not any(_FOREIGN.search(text) for texts in columns.values() for text in texts):
            continue
        whole = encoding_of(text for texts in columns.values() for text in texts)
        for index, texts in columns.items():
            encoding = encoding_of(texts) or whole
            if encoding is not None and _convert(sheet, index, texts, encoding):
                found.append(encoding.name)
    return list(dict.fromkeys(found))


def encoding_of(texts: Iterable[str]) -> OldEncoding | None:
    """The old encoding in which most of these texts make sense, None for Unicode."""
    words = _words(text for text in texts if not _BEYOND.search(text))
    sense = {encoding: _sense(words, encoding) for encoding in _ENCODINGS}
    best = max(_ENCODINGS, key=sense.__getitem__)
    return best if sense[best] >= (_GOOD, 0) else None


def _sense(words: Collection[str], encoding: OldEncoding) -> tuple[float, int]:
    """The share of words that an encoding makes syllables of, and how many of them lists are full of."""
    read = [encoding.convert(word) for word in words]
    changed = [word for word, new in zip(words, read, strict=True) if word != new]
    if len(changed) < _FEWEST_WORDS or sum(not plausible(word) for word in changed) < _ODD * len(changed):
        return 0.0, 0
    return sum(map(plausible, read)) / len(read), sum(word.lower() in COMMON for word in read)


def _columns(sheet: Sheet) -> Iterator[tuple[int, set[str]]]:
    """The different texts of each column that hold Western letters."""
    width = max(map(len, sheet.rows), default=0)
    for index in range(width):
        texts = {row[index] for row in sheet.rows if index < len(row)}
        yield (
            index,
            {
                text
                for text in texts
                if isinstance(text, str) and not text.isascii() and _WESTERN.search(text)
            },
        )


def _words(texts: Iterable[str]) -> set[str]:
    words: set[str] = set()
    for text in texts:
        words.update(word for word in _BORDER.split(text) if not word.isascii())
        if len(words) > _MOST_WORDS:
            break
    return words


def _convert(sheet: Sheet, index: int, texts: Collection[str], encoding: OldEncoding) -> bool:
    """Convert the texts of a column that speak for it, and the undecided ones with the majority."""
    votes = {text: _vote(text, encoding) for text in texts}
    majority = sum(votes.values()) >= 0
    changed: dict[Cell, Cell] = {
        text: encoding.convert(text)
        for text, vote in votes.items()
        if vote > 0 or (vote == 0 and majority and _common(text) <= _common(encoding.convert(text)))
    }
    if changed:
        for row in sheet.rows:
            if index < len(row) and row[index] in changed:
                row[index] = changed[row[index]]
    return bool(changed)


def _vote(text: str, encoding: OldEncoding) -> int:
    """1 to convert this text, -1 to leave it, 0 where both readings are Vietnamese."""
    words = [word for word in _BORDER.split(text) if encoding.convert(word) != word]
    if _BEYOND.search(text) or not words:
        return -1
    before = sum(map(plausible, words))
    after = sum(plausible(encoding.convert(word)) for word in words)
    return (after > before) - (after < before)


def _common(text: str) -> int:
    return sum(word.lower() in COMMON for word in _BORDER.split(text))
