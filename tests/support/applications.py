"""An applications service under test: a programme it knows, forms, lists, drafts."""

import io
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import uuid4

import openpyxl
import orjson
from werkzeug.test import TestResponse

from services.applications.domain import Place
from services.applications.entering import Entry, Secrets, applicant
from services.applications.entering import enter as enter_all
from services.applications.household import HouseholdDraft
from services.applications.importing.running import import_next
from shared.auth import Actor
from shared.events import NewEvent
from shared.jobs import JobContext
from tests.support.clock import today
from tests.support.service import COMMUNE, OFFICER, PROVINCE, Bench, bench, foreign_events

PROGRAMME = "tuyen-quang-2026"
THIS_YEAR = today().year
TITLES = [
    "Họ và tên chủ hộ",
    "Ngày, tháng, năm sinh",
    "Giới tính",
    "Dân tộc",
    "Số định danh cá nhân/CCCD",
    "Thôn/bản",
    "Loại hộ",
    "Số giấy chứng nhận",
    "Ngày cấp GCN",
    "Số khẩu",
    "Đã có điện thoại thông minh",
]


def applications_bench(**changes: Any) -> Bench:
    """A fresh service that knows PROGRAMME."""
    made = bench("applications", **changes)
    publish(made)
    return made


def publish(made: Bench, programme_id: str | None = None) -> str:
    """Let the service hear of a programme; returns its id. Each time it is the first event of a stream."""
    programme_id = programme_id or PROGRAMME
    document = {"id": programme_id, "name_vi": "Chương trình", "name_en": "Programme", "period": {}}
    document["period"] = {"from": "2026-01-01", "to": "2026-12-31"}
    data = {
        "programme_id": programme_id,
        "version": 1,
        "digest": "0" * 64,
        "document": orjson.dumps(document).decode(),
    }
    made.take_in(heard("eligibility", NewEvent("programme.published.v1", uuid4().hex, data, "manager")))
    return programme_id


def heard(service: str, *events: NewEvent) -> list[Any]:
    return foreign_events(service, list(events))


def form(**changes: Any) -> dict[str, Any]:
    """A household that applies; `head` is merged."""
    head = {
        "name": "Lừu Thị Mẩy",
        "birth_date": "1985-04-17",
        "birth_year": 1985,
        "sex": "female",
        "ethnicity": "H'Mông",
        "citizen_id": "002185001234",
        "cmnd": None,
        "phone": None,
        **changes.pop("head", {}),
    }
    return {
        "programme_id": PROGRAMME,
        "commune": COMMUNE,
        "village": "Nậm Ty",
        "head": head,
        "poverty_status": "poor",
        "certificate": {
            "number": "12/GCN-HN.HCN",
            "issued_on": f"{THIS_YEAR - 1}-12-10",
            "year": THIS_YEAR,
        },
        "members_count": 5,
        "has_smartphone": False,
        "priority_group": None,
        "notes": None,
        "legal_basis": "public_task",
        **changes,
    }


def enter(made: Bench, as_: Actor = OFFICER, **changes: Any) -> dict[str, Any]:
    """Enter a household; the answer."""
    answer = made.call("POST", "/applications", as_, json=form(**changes), key=True)
    assert answer.status_code == 201, answer.text
    entered: dict[str, Any] = answer.json
    return entered


def draft(number: int, **changes: Any) -> HouseholdDraft:
    """Household `number`: each number has its own citizen ID."""
    values: dict[str, Any] = {
        "head_name": f"Giàng A Páo {number}",
        "birth_date": date(1985, 4, 17),
        "birth_year": 1985,
        "sex": "male",
        "ethnicity": "08",
        "citizen_id": f"002085{number:06}",
        "cmnd": None,
        "village": f"Thôn {number % 8 + 1}",
        "poverty_status": "poor",
        "certificate_number": f"{number}/GCN-HN.HCN",
        "certificate_date": date(2025, 12, 10),
        "certificate_year": 2026,
        "members_count": 5,
        "phone": None,
        "has_smartphone": False,
        "priority_group": None,
        "notes": "",
    }
    return HouseholdDraft(**{**values, **changes})


def row(number: int, **changes: Any) -> list[Any]:
    """A list's row as Excel would hold it."""
    values: dict[str, Any] = {
        "name": f"Giàng A Páo {number}",
        "born": "17/04/1985",
        "sex": "Nam",
        "ethnicity": "Mông",
        "citizen_id": f"002085{number:06}",
        "village": "Nậm Ty",
        "status": "Hộ nghèo",
        "certificate": f"{number}/GCN-HN.HCN",
        "certified": "10/12/2025",
        "members": 5,
        "smartphone": "Không",
        **changes,
    }
    return list(values.values())


def xlsx(rows: list[list[Any]], titles: list[str] | None = None) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for cells in [titles or TITLES, *rows]:
        sheet.append(cells)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def send_list(
    made: Bench, data: bytes, as_: Actor = OFFICER, filename: str = "danh-sach.xlsx", **fields: Any
) -> TestResponse:
    """Send a list; it waits for `work_off`."""
    body = {"commune": COMMUNE, "programme_id": PROGRAMME, **fields, "file": (io.BytesIO(data), filename)}
    return made.call("POST", "/imports", as_, data=body, content_type="multipart/form-data")


def work_off(made: Bench, **changes: Any) -> None:
    """Do what the worker does, until no list waits."""
    context = JobContext(replace(made.settings, **changes), made.database)
    while import_next(context):
        pass


def import_list(made: Bench, data: bytes, as_: Actor = OFFICER, **options: Any) -> dict[str, Any]:
    """Send a list, let the worker do its part; what the service then says of it."""
    sent = send_list(made, data, as_, **options)
    assert sent.status_code in (200, 202), sent.text
    work_off(made)
    answer = made.call("GET", sent.headers["Location"], as_)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json
    return told


def enter_drafts(made: Bench, drafts: Sequence[HouseholdDraft], chunk: int = 500) -> int:
    """Enter households as the worker does, chunk by chunk; how many are new."""
    secrets, entered = Secrets.of(made.settings), 0
    entry = Entry(PROGRAMME, Place(COMMUNE, PROVINCE), OFFICER.subject, "list")
    for start in range(0, len(drafts), chunk):
        part = [applicant(one, entry.place, secrets.hasher) for one in drafts[start : start + chunk]]
        entered += len(
            made.database.run(lambda session, part=part: enter_all(session, secrets.ring, part, entry))
        )  # type: ignore[misc]
    return entered
