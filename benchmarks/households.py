"""Made-up households in the officers' form, as many as wanted. No real person: names and numbers are dice."""

import io
import random
from pathlib import Path

import openpyxl

HEADER = (
    "STT", "Họ và tên chủ hộ", "Ngày, tháng, năm sinh", "Giới tính", "Dân tộc", "Số định danh cá nhân/CCCD",
    "Thôn/bản", "Loại hộ", "Số giấy chứng nhận", "Ngày cấp GCN", "Số khẩu", "Số điện thoại",
    "Đã có điện thoại thông minh", "Đối tượng ưu tiên", "Ghi chú",
)  # fmt: skip
FAMILY = ("Bàn", "Phàn", "Lý", "Giàng", "Cháng", "Sùng", "Vàng", "Triệu", "Đặng", "Lùng")
MIDDLE = ("Văn", "Seo", "Mùi", "Tà", "Chòi", "Đức", "Thị", "A")
GIVEN = ("Phú", "Dìn", "Pết", "Quyên", "Phâu", "Lìn", "Khe", "Sì", "Tuyên", "Nhàn")
SCRAMBLE = 7_368_787
"""Shares no divisor with the number of people there are, so that no two serials meet."""

GROUPS = ("Dao", "Hmông", "Nùng", "La Chí", "Tày")


def rows(count: int, seed: int = 1, *, all_eligible: bool = True) -> list[tuple[object, ...]]:
    """`count` rows: all poor or near-poor minority households; every fifth owns a smartphone unless
    `all_eligible`."""
    dice = random.Random(seed)
    return [_row(number, dice, seed, all_eligible) for number in range(1, count + 1)]


def _row(number: int, dice: random.Random, seed: int, all_eligible: bool) -> tuple[object, ...]:
    name, (day, month, year) = _person(seed * 100_000 + number)
    woman, birth = dice.random() < 0.4, f"{day:02d}/{month:02d}/{year}"
    citizen = f"002{'1' if woman else '0'}{year % 100:02d}{(seed * 100_000 + number) % 1_000_000:06d}"
    owns = not all_eligible and dice.random() < 0.2
    return (
        number, name, birth, "Nữ" if woman else "Nam", dice.choice(GROUPS), citizen,
        f"Thôn {dice.randint(1, 8)}", dice.choice(("Hộ nghèo", "Hộ cận nghèo")),
        f"{seed}-{number}/GCN-HN.HCN", "15/12/2025", dice.randint(1, 9),
        None, "Có" if owns else "Không", None, None,
    )  # fmt: skip


def _person(serial: int) -> tuple[str, tuple[int, int, int]]:
    """A name and a birth date that no other serial below 14,784,000 has together: whoever shares both with
    somebody in the commune is referred to a person."""
    turned = serial * SCRAMBLE
    digits = []
    for base in (*map(len, (FAMILY, MIDDLE, GIVEN)), 28, 12, 55):
        turned, digit = divmod(turned, base)
        digits.append(digit)
    family, middle, given, day, month, year = digits
    return f"{FAMILY[family]} {MIDDLE[middle]} {GIVEN[given]}", (day + 1, month + 1, year + 1945)


def workbook(count: int, seed: int = 1) -> bytes:
    """The list as an .xlsx file."""
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("Danh sách")
    sheet.append(HEADER)
    for row in rows(count, seed):
        sheet.append(row)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def write(path: Path, count: int, seed: int = 1) -> Path:
    path.write_bytes(workbook(count, seed))
    return path
