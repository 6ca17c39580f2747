"""Paper: what people read on it, what a scanner reads, and who may have it printed."""

from datetime import date
from typing import Any
from uuid import uuid4

import pypdfium2
import pytest
import zxingcpp

from services.disbursement.codes import grouped, new_code
from services.disbursement.printing import Paper, print_vouchers
from shared.auth import Role
from tests.support.disbursement import AMOUNT, PROGRAMME, approvals, give_money, papers
from tests.support.service import COMMUNE, MANAGER, OFFICER, OTHER_COMMUNE, SHOP, Bench, actor, bench, problem

OLD_FAMILY_NAME = "Hoàng Thị Mỷ – thôn Nậm Ty"


def pages(pdf: bytes) -> list[tuple[str, list[str]]]:
    """Of each page its text and what a scanner reads on it."""
    document = pypdfium2.PdfDocument(pdf)
    found = []
    for page in document:
        picture = page.render(scale=2, grayscale=True)
        pixels = memoryview(bytes(picture.buffer)).cast("B", (picture.height, picture.stride))
        found.append(
            (page.get_textpage().get_text_bounded(), [c.text for c in zxingcpp.read_barcodes(pixels)])
        )
    return found


def paper(**changes: Any) -> Paper:
    values: dict[str, Any] = {
        "code": new_code(),
        "pin": "012345",
        "amount": 500_000,
        "expires_on": date(2026, 11, 3),
        "programme": "Hỗ trợ điện thoại thông minh",
        "label": OLD_FAMILY_NAME,
    }
    return Paper(**{**values, **changes})


@pytest.fixture
def office() -> Bench:
    made = bench("disbursement")
    give_money(made, 10 * AMOUNT)
    made.take_in(approvals(3))
    return made


def ask(office: Bench, who: Any = OFFICER, **changes: Any) -> Any:
    body = {"programme_id": PROGRAMME, "commune": COMMUNE, **changes}
    return office.call("POST", "/vouchers:print", who, json=body)


def test_a_voucher_says_in_vietnamese_what_it_is_worth_and_until_when() -> None:
    one = paper()
    ((text, _),) = pages(print_vouchers([one]))
    for words in (
        "PHIẾU NHẬN ĐIỆN THOẠI",
        "Hỗ trợ điện thoại thông minh",
        OLD_FAMILY_NAME,
        "500.000 đ",
        "03/11/2026",
        "012 345",
        grouped(one.code),
        "MIỄN PHÍ – không phải trả tiền để nhận phiếu",
        "Ký tên hoặc điểm chỉ",
    ):
        assert words in text, words


def test_a_scanner_reads_every_code_on_every_page() -> None:
    printed = [paper() for _ in range(5)]
    found = pages(print_vouchers(printed))
    assert len(found) == 3
    assert [sorted(codes) for _, codes in found] == [
        sorted(one.code for one in printed[start : start + 2]) for start in (0, 2, 4)
    ]


def test_a_label_is_text_and_never_a_command_to_the_typesetter() -> None:
    label = '#panic("no") $x$ [a] \\ "b" <c> @d'
    ((text, _),) = pages(print_vouchers([paper(label=label)]))
    assert label in text


def test_a_long_label_stays_in_its_place() -> None:
    assert len(pages(print_vouchers([paper(label="Nguyễn " * 28), paper()]))) == 1


def test_the_commune_prints_its_vouchers_and_leaves_a_trace(office: Bench) -> None:
    listed = papers(office)
    answer = ask(office, labels={listed[0]["application_id"]: OLD_FAMILY_NAME})
    assert answer.status_code == 200
    assert answer.content_type == "application/pdf"
    found = pages(answer.get_data())
    assert sorted(code for _, codes in found for code in codes) == sorted(one["code"] for one in listed)
    assert OLD_FAMILY_NAME in found[0][0]
    event = office.events()[-1]
    assert event.type == "access.recorded.v1"
    assert event.key == COMMUNE
    assert event.data["what"] == "print"
    assert event.data["count"] == 3
    assert len(event.data["households"]) == 3
    for secret in (listed[0]["code"], listed[0]["pin"], OLD_FAMILY_NAME):
        assert secret not in event.raw.decode()


def test_a_voucher_is_printed_again_with_the_same_pin_which_stands_nowhere(office: Bench) -> None:
    first, again = papers(office), papers(office)
    assert first == again
    rows = office.sql("SELECT CAST(voucher AS text) FROM voucher")
    assert not [one for one in first for (row,) in rows if one["pin"] in row.split(",")]


def test_only_the_wanted_cases_are_printed(office: Bench) -> None:
    wanted = papers(office)[1]["application_id"]
    assert [one["application_id"] for one in papers(office, [wanted])] == [wanted]
    assert problem(ask(office, application_ids=[str(uuid4())]))["code"] == "NOTHING_TO_PRINT"


def test_used_vouchers_are_not_printed(office: Bench) -> None:
    office.sql("UPDATE voucher SET status = 'redeemed'")
    answer = ask(office)
    assert answer.status_code == 404
    assert problem(answer)["code"] == "NOTHING_TO_PRINT"


def test_another_commune_and_other_roles_print_nothing(office: Bench) -> None:
    for who, code in (
        (actor(Role.OFFICER, commune=OTHER_COMMUNE), "OUTSIDE_AREA"),
        (MANAGER, "ROLE_MISSING"),
        (SHOP, "ROLE_MISSING"),
    ):
        answer = ask(office, who)
        assert answer.status_code == 403
        assert problem(answer)["code"] == code
    assert [event for event in office.events() if event.type == "access.recorded.v1"] == []


@pytest.mark.parametrize(
    "change",
    [
        {"commune": "1075"},
        {"application_ids": []},
        {"application_ids": ["x"]},
        {"labels": {"x": "y"}},
        {"all": 1},
    ],
)
def test_a_malformed_request_for_paper_is_refused(office: Bench, change: dict[str, Any]) -> None:
    answer = ask(office, **change)
    assert answer.status_code == 422
    assert problem(answer)["code"] == "INVALID_FIELDS"
