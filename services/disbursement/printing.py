"""Vouchers on paper: two to an A4 page, one PDF for a whole commune, village by village, set by typst.

Large type, few words and three pictures, because not everybody reads with ease; a QR code that a shop
checks without a line, and the voucher's code in characters, because scanners fail; a receipt to tear off, to
be signed or thumb-printed when the phone changes hands.
"""

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

import fontpkg_be_vietnam_pro
import orjson
import segno
import typst

from services.disbursement.codes import grouped
from services.disbursement.domain import vnd
from shared.reference.text import fold

TEMPLATE = Path(__file__).with_name("voucher.typ")


@dataclass(frozen=True, slots=True)
class Paper:
    """What stands on one voucher. `label` is what the caller wants to find it by: a name, a village.

    `token` is the signed text in the QR code; `copy` counts how often the voucher was printed; `complaint` is
    whom to tell when somebody asks for money.
    """

    code: str
    pin: str
    amount: int
    expires_on: date
    programme: str
    label: str
    token: str
    village: str = ""
    copy: int = 1
    complaint: str = "Ủy ban nhân dân xã"


def print_vouchers(papers: Sequence[Paper]) -> bytes:
    """One PDF with all of them: villages by their numbers and names, each on pages of its own."""
    villages: dict[str, list[dict[str, str]]] = {}
    for paper in sorted(papers, key=lambda one: _village_order(one.village)):
        villages.setdefault(paper.village, []).append(_fields(paper))
    data = [{"name": name, "vouchers": vouchers} for name, vouchers in villages.items()]
    inputs = {"vouchers": orjson.dumps(data).decode()}
    return bytes(typst.compile(str(TEMPLATE), font_paths=fonts(), sys_inputs=inputs))


def _village_order(village: str) -> list[tuple[int, int, str]]:
    """`Thôn 2` before `Thôn 10`: numbers by their size, words by their letters without marks."""
    parts = re.findall(r"[0-9]+|[^0-9]+", fold(village))
    return [(0, int(part), "") if part.isascii() and part.isdigit() else (1, 0, part) for part in parts]


def _fields(paper: Paper) -> dict[str, str]:
    return {
        "code": grouped(paper.code),
        "pin": f"{paper.pin[:3]} {paper.pin[3:]}",
        "amount": vnd(paper.amount),
        "expires": f"{paper.expires_on:%d/%m/%Y}",
        "programme": paper.programme,
        "label": paper.label,
        "copy": f"In lần {paper.copy}" if paper.copy > 1 else "",
        "complaint": paper.complaint,
        "qr": _qr(paper.token),
    }


def _qr(token: str) -> str:
    """The signed text as SVG: alphanumeric, level M, so that a seventh of it may be torn or dirty."""
    drawn = io.BytesIO()
    segno.make_qr(token, error="m", boost_error=False).save(drawn, kind="svg", xmldecl=False, border=4)
    return drawn.getvalue().decode()


@cache
def fonts() -> typst.Fonts:
    """Only Be Vietnam Pro, so that paper looks the same from every machine."""
    return typst.Fonts(include_system_fonts=False, font_paths=[str(fontpkg_be_vietnam_pro.ROOT)])
