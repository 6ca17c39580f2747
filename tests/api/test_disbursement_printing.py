"""Paper: what people read on it, what a scanner reads, and who may have it printed."""

from datetime import date
from typing import Any
from uuid import uuid4

import pypdfium2
import pytest
import zxingcpp

from services.disbursement.codes import grouped, new_code, read_code
from services.disbursement.printing import Paper, print_vouchers
from services.disbursement.tokens import Signer, VoucherToken, keys_of, read_token
from shared.auth import Role
from tests.support.disbursement import AMOUNT, PROGRAMME, approvals, give_money, papers
from tests.support.service import COMMUNE, MANAGER, OFFICER, OTHER_COMMUNE, SHOP, Bench, actor, bench, problem

SIGNER = Signer(b"p" * 32)
OLD_FAMILY_NAME = "Hoàng Thị Mỷ – thôn Nậm Ty"


def pages(pdf: bytes) -> list[tuple[str, list[str]]]:
    """Of each page its text and what a scanner reads on it."""
    document = pypdfium2.PdfDocument(pdf)
    found = []
    for page in document:
        picture = page.render(scale=3, grayscale=True)
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
        **changes,
    }
    terms = (values["amount"], 400_000, values["expires_on"], PROGRAMME)
    return Paper(**{"token": SIGNER.sign(values["code"], *terms), **values})


def read(codes: list[str]) -> list[VoucherToken]:
    """What a shop without a line reads in the QR codes; each must verify."""
    found = [read_token(code, SIGNER.keys) for code in codes]
    assert all(isinstance(one, VoucherToken) for one in found), found
    return found  # type: ignore[return-value]


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
        "Ai đòi tiền, hãy báo: Ủy ban nhân dân xã",
        "Mang phiếu và giấy tờ",
        "Ký tên hoặc điểm chỉ",
    ):
        assert words in text, words


def test_a_scanner_reads_every_code_on_every_page() -> None:
    printed = [paper() for _ in range(5)]
    found = pages(print_vouchers(printed))
    assert len(found) == 3
    scanned = [sorted(one.code for one in read(codes)) for _, codes in found]
    assert scanned == [sorted(one.code for one in printed[start : start + 2]) for start in (0, 2, 4)]
    first = read(found[0][1])[0]
    assert (first.amount, first.minimum_price, first.expires_on) == (500_000, 400_000, date(2026, 11, 3))
    assert all(read_code(one.code) == one.code for _, codes in found for one in read(codes))


def test_villages_come_in_the_order_of_their_numbers_each_on_its_own_pages() -> None:
    names = ["Thôn 10", "Thôn 2", "Bản Hồ", "Thôn 2", "Thôn 2"]
    found = pages(print_vouchers([paper(village=name, label=f"Hộ ở {name}") for name in names]))
    assert ["Bản Hồ · 1 phiếu" in text for text, _ in found] == [True, False, False, False]
    assert ["Thôn 2 · 3 phiếu" in text for text, _ in found] == [False, True, False, False]
    assert ["Hộ ở Thôn 2" in text for text, _ in found] == [False, True, True, False]
    assert "Thôn 10 · 1 phiếu" in found[3][0]


def test_a_second_copy_says_so() -> None:
    first, second = print_vouchers([paper()]), print_vouchers([paper(copy=2)])
    assert "In lần 2" not in pages(first)[0][0]
    assert "In lần 2" in pages(second)[0][0]


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
    tokens = [token for _, codes in found for token in scan(office, codes)]
    assert sorted(token.code for token in tokens) == sorted(one["code"] for one in listed)
    assert OLD_FAMILY_NAME in found[0][0]
    event = office.events()[-1]
    assert event.type == "access.recorded.v1"
    assert event.key == COMMUNE
    assert event.data["what"] == "print"
    assert event.data["count"] == 3
    assert len(event.data["households"]) == 3
    for secret in (listed[0]["code"], listed[0]["pin"], OLD_FAMILY_NAME):
        assert secret not in event.raw.decode()


def scan(office: Bench, codes: list[str]) -> list[VoucherToken]:
    """What the codes say under the keys that the service publishes."""
    keys = keys_of(office.call("GET", "/voucher-keys", SHOP).json)
    found = [read_token(code, keys) for code in codes]
    assert all(isinstance(one, VoucherToken) for one in found), found
    return found  # type: ignore[return-value]


def test_every_copy_is_counted_and_named(office: Bench) -> None:
    texts = [pages(ask(office).get_data())[0][0] for _ in range(3)]
    assert [("In lần" in text, "In lần 3" in text) for text in texts] == [
        (False, False),
        (True, False),
        (True, True),
    ]
    assert office.sql("SELECT DISTINCT copies FROM voucher_print") == [(3,)]


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
