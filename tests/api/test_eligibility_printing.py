"""Lists on paper: what may be shown, and nothing of it kept."""

import io
from collections.abc import Iterator
from datetime import date
from typing import Any
from uuid import uuid4

import openpyxl
import pypdfium2
import pytest
import time_machine

from services.eligibility.domain import case_number
from services.eligibility.printing import sheet_of
from shared.auth import Actor, Role
from tests.support.approval_lists import MONDAY, act, decision, over, posted, posting_bench, show
from tests.support.eligibility import submitted
from tests.support.service import OFFICER, OTHER_COMMUNE, SHOP, Bench, actor

NEIGHBOUR = actor(Role.OFFICER, subject="neighbour", commune=OTHER_COMMUNE)


@pytest.fixture
def clock() -> Iterator[Any]:
    with time_machine.travel(MONDAY, tick=True) as traveller:
        yield traveller


@pytest.fixture
def bench(clock: Any) -> Bench:
    return posting_bench()


class TestPrinting:
    NAME = "Lý Thị Mẩy"

    def paper(self, bench: Bench, list_id: str, who: Actor = OFFICER, **body: Any) -> Any:
        return bench.call("POST", f"/lists/{list_id}/document", who, json={"kind": "posting", **body})

    def test_the_posting_sheet_names_numbers_and_villages_and_nothing_else(self, bench: Bench) -> None:
        one, odd = submitted(bench, 2, village="Bản Péo")
        list_id = posted(bench)
        body = {"application_id": odd["application_id"], "ground": "MOVED", "text": "Đã đi."}
        act(bench, list_id, "/objections", **body)
        found = show(bench, list_id)
        number = case_number(one["application_id"])
        answer = self.paper(bench, list_id, format="xlsx")
        page = openpyxl.load_workbook(io.BytesIO(answer.data)).active
        cells = [str(cell) for row in page.iter_rows(values_only=True) for cell in row if cell is not None]  # type: ignore[union-attr]
        assert {number, "Bản Péo", "STT", "Mã hồ sơ", "Thôn, bản"} <= set(cells)
        assert "Niêm yết từ ngày 23/11/2026 đến hết ngày 26/11/2026." in cells
        order = "1) người có công, 2) đối tượng chính sách xã hội, 3) hộ nghèo, 4) hộ cận nghèo"
        assert f"Nhóm ưu tiên: {order}, rồi đến các hộ khác." in cells
        assert case_number(odd["application_id"]) not in cells
        secrets = (one["application_id"], one["household_id"], "poor", found["cases"][0]["submitted_at"])
        assert not [cell for cell in cells if any(secret in cell for secret in secrets)]

    def test_is_a_pdf_whose_words_can_be_read(self, bench: Bench, clock: Any) -> None:
        data = submitted(bench, 60, village="Bản Péo")
        list_id = posted(bench)
        over(clock)
        act(bench, list_id, ":approve", **decision())
        names = {data[0]["application_id"]: self.NAME}
        answer = self.paper(bench, list_id, kind="decision", names=names)
        assert (answer.status_code, answer.content_type) == (200, "application/pdf")
        pages = list(pypdfium2.PdfDocument(answer.data))
        assert len(pages) > 1
        text = "\n".join(page.get_textpage().get_text_range() for page in pages)
        for words in (
            "DANH SÁCH HỘ ĐƯỢC PHÊ DUYỆT",
            "12/QĐ-UBND ngày 27/11/2026",
            self.NAME,
            "NGƯỜI PHÊ DUYỆT",
        ):
            assert words in text
        assert all(case_number(one["application_id"]) in text for one in data)

    def test_names_stand_on_paper_and_nowhere_else(self, bench: Bench) -> None:
        (one,) = submitted(bench, 1)
        list_id = posted(bench)
        names = {one["application_id"]: self.NAME, str(uuid4()): "Somebody else"}
        answer = self.paper(bench, list_id, format="xlsx", kind="decision", names=names)
        page = openpyxl.load_workbook(io.BytesIO(answer.data)).active
        cells = [cell for row in page.iter_rows(values_only=True) for cell in row]  # type: ignore[union-attr]
        assert self.NAME in cells
        assert "Somebody else" not in cells
        assert "500.000" in cells
        for table in ("idempotency", "approval_list", "list_entry", "case_file", "event_log"):
            assert "Mẩy" not in str(bench.sql(f"SELECT t::text FROM {table} t"))

    def test_a_name_that_looks_like_a_formula_stays_text(self, bench: Bench) -> None:
        (one,) = submitted(bench, 1)
        names = {one["application_id"]: '=HYPERLINK("http://x")'}
        answer = self.paper(bench, posted(bench), format="xlsx", names=names)
        page = openpyxl.load_workbook(io.BytesIO(answer.data)).active
        kinds = {cell.data_type for row in page.iter_rows() for cell in row if cell.value}  # type: ignore[union-attr]
        assert kinds == {"s"}

    def test_the_list_to_sign_leaves_room_for_a_decision_that_is_not_made(self, bench: Bench) -> None:
        submitted(bench, 1)
        found = show(bench, posted(bench)) | {"last_day": date(2026, 11, 26)}
        sheet = sheet_of(found, "decision", {})
        assert any("Quyết định số: ....." in line for line in sheet.above)
        assert sheet.rows[0][-1] == "500.000"
        assert len(sheet.signatures) == 2

    def test_is_for_who_works_there(self, bench: Bench) -> None:
        submitted(bench, 1)
        list_id = posted(bench)
        assert self.paper(bench, list_id, NEIGHBOUR).status_code == 404
        assert self.paper(bench, list_id, SHOP).status_code == 403
        assert self.paper(bench, list_id, kind="poster").status_code == 422
        assert self.paper(bench, list_id, names={"x": "y"}).status_code == 422
        assert self.paper(bench, list_id, names={str(uuid4()): "a\nb"}).status_code == 422
