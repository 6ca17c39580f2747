"""Numbers, dates and phones as people type them; columns that are not there."""

from datetime import datetime

from tests.lists.books import csv_in
from tests.lists.households import KNOWN, columns, page
from tests.lists.trouble import trouble

trouble(
    "numbers stored as numbers",
    page(
        columns(
            citizen_id=("Số CCCD", lambda one: int(one.citizen_id)),
            phone=("SĐT", lambda one: int(one.phone) if one.phone else None),
            members_count=("Số khẩu", lambda one: float(one.members_count)),
        )
    ),
)
trouble(
    "numbers with blanks, dots, dashes, apostrophes",
    page(
        columns(
            citizen_id=(
                "Số CCCD",
                lambda one: (
                    f"'{one.citizen_id[:3]} {one.citizen_id[3:6]}.{one.citizen_id[6:9]}-{one.citizen_id[9:]}"
                ),
            ),
            phone=(
                "SĐT",
                lambda one: f"{one.phone[:4]}.{one.phone[4:7]}.{one.phone[7:]}" if one.phone else "không",
            ),
            members_count=("Số khẩu", lambda one: f"0{one.members_count} khẩu"),
        )
    ),
)
trouble(
    "text that keeps the zeros of numbers in .csv",
    csv_in("utf-8")(page(columns(citizen_id=("Số CCCD", lambda one: f'="{one.citizen_id}"')))),
    file="list.csv",
)
trouble(
    "lost zeros in text",
    page(columns(citizen_id=("Số CCCD", lambda one: one.citizen_id[2:]))),
    codes=(("CITIZEN_ID_ZEROS_RESTORED",),) * 6,
)
trouble(
    "two phones in a cell",
    page(columns(phone=("SĐT", lambda one: f"{one.phone} / 0987654321" if one.phone else ""))),
    codes=tuple(("PHONE_SECOND_DROPPED",) if one.phone else () for one in KNOWN),
)
trouble(
    "dates as Excel dates",
    page(
        columns(
            birth_date=("Ngày sinh", lambda one: datetime.combine(one.birth_date, datetime.min.time())),
            certificate_date=("Ngày cấp GCN", lambda one: one.certificate_date),
        )
    ),
)
trouble(
    "dates in words",
    page(
        columns(
            birth_date=(
                "Ngày sinh",
                lambda one: (
                    f"ngày {one.birth_date.day} tháng {one.birth_date.month} năm {one.birth_date.year}"
                ),
            )
        )
    ),
)
trouble(
    "dates with dashes and dots",
    page(
        columns(
            birth_date=("Ngày sinh", lambda one: one.birth_date.strftime("%-d-%-m-%Y")),
            certificate_date=(
                "Ngày cấp GCN",
                lambda one: one.certificate_date and one.certificate_date.strftime("%d.%m.%Y"),
            ),
        )
    ),
)
trouble(
    "a bare year",
    page(columns(birth_date=("Năm sinh", lambda one: one.birth_year))),
    changed=lambda _: {"birth_date": None},
)
trouble(
    "no column of sex and birth: the citizen id tells",
    page(columns(sex=None, birth_date=None)),
    changed=lambda _: {"birth_date": None},
    notes=frozenset({"LIST_COLUMN_ABSENT"}),
    codes=(("BIRTH_YEAR_FROM_CITIZEN_ID", "SEX_FROM_CITIZEN_ID"),) * 6,
)
trouble(
    "no column of the citizen id",
    page(columns(citizen_id=None)),
    changed=lambda _: {"citizen_id": None},
    notes=frozenset({"LIST_COLUMN_ABSENT"}),
    codes=(("CITIZEN_ID_MISSING",),) * 6,
)
trouble(
    "old 9-digit numbers",
    page(columns(citizen_id=("Số CMND", lambda one: one.citizen_id[3:]))),
    changed=lambda one: {"citizen_id": None, "cmnd": one.citizen_id[3:]},
    codes=(("CMND_NOT_CITIZEN_ID",),) * 6,
)
trouble(
    "the certificate's number and date in one cell",
    page(
        columns(
            certificate_date=None,
            certificate_number=(
                "Giấy chứng nhận",
                lambda one: one.certificate_number and f"{one.certificate_number} ngày 20/12/2025",
            ),
        )
    ),
)
