"""Claims and payments: what an enterprise is owed, line by line; what is paid, to the đồng."""

import csv
import io
from typing import Any
from uuid import uuid4

import openpyxl
import orjson
import pypdfium2
import pytest

from services.disbursement.bankfile import read_answer
from services.disbursement.commands.payments import Confirmation
from shared.auth import Role
from shared.folds import Replay
from tests.support.disbursement import (
    AMOUNT,
    PROGRAMME,
    approvals,
    cashier,
    give_money,
    open_shop,
    papers,
    sale,
)
from tests.support.service import MANAGER, SERVICE, Bench, actor, bench, problem

TELECOM = actor(Role.ENTERPRISE, subject="ke-toan", commune=None, enterprise_id="telecom-1")
RIVAL = actor(Role.ENTERPRISE, subject="doi-thu", commune=None, enterprise_id="telecom-2")
PAYER = actor(Role.PAYER, subject="quy", commune=None)
ACCOUNT = {"account_name": "CONG TY VIEN THONG 1", "bank": "NGAN HANG A", "account_number": "00110022003"}
PERIOD = {"period_from": "2020-01-01", "period_to": "2099-12-31"}


@pytest.fixture
def fund() -> Bench:
    """Five vouchers redeemed at shop-1 of telecom-1: 500,000 đồng each."""
    made = bench("disbursement")
    give_money(made, 20 * AMOUNT)
    open_shop(made)
    redeem(made, 5)
    return made


def redeem(made: Bench, count: int, first: int = 1) -> None:
    made.take_in(approvals(count, position=first))
    for serial, paper in enumerate(papers(made), start=first):
        answer = made.call("POST", "/redemptions", cashier("shop-1"), json=sale(paper, serial), key=True)
        assert answer.status_code == 201, answer.text


def post(made: Bench, path: str, who: Any, body: Any = None) -> Any:
    return made.call("POST", path, who, json=body, key=True)


def submit(made: Bench, who: Any = TELECOM, **changes: Any) -> Any:
    body = {"enterprise_id": "telecom-1", "programme_id": PROGRAMME, **PERIOD, **changes}
    return post(made, "/claims", who, body)


def submitted(made: Bench) -> dict[str, Any]:
    answer = submit(made)
    assert answer.status_code == 201, answer.text
    claim: dict[str, Any] = answer.json
    return claim


def lines(made: Bench, claim_id: str) -> list[dict[str, Any]]:
    return list(made.call("GET", f"/claims/{claim_id}/lines", PAYER).json["items"])


def disputed(made: Bench, claim_id: str, line_id: str) -> Any:
    body = {"lines": [{"line_id": line_id, "reason": "IMEI_NOT_SOLD"}]}
    return post(made, f"/claims/{claim_id}:dispute", PAYER, body)


def accept(made: Bench, claim_id: str, who: Any = PAYER) -> Any:
    return post(made, f"/claims/{claim_id}:accept", who, {"minutes": "07/BB", "minutes_date": "2026-11-25"})


def accepted(made: Bench) -> dict[str, Any]:
    claim = submitted(made)
    answer = accept(made, claim["claim_id"])
    assert answer.status_code == 200, answer.text
    made.call("PUT", "/payees/telecom-1", MANAGER, json=ACCOUNT, key=True)
    return dict(answer.json)


def order(made: Bench, claim_id: str, amount: int | None = None, who: Any = PAYER) -> Any:
    return post(made, f"/claims/{claim_id}/payments", who, {"amount": amount})


def confirm(made: Bench, reference: str, amount: int, **changes: Any) -> Any:
    body = {"amount": amount, "day": "2026-11-26", **changes}
    return post(made, f"/payments/{reference}:confirm", PAYER, body)


def claim_of(made: Bench, claim_id: str) -> dict[str, Any]:
    return dict(made.call("GET", f"/claims/{claim_id}", PAYER).json)


def sums(claim: dict[str, Any]) -> tuple[int, ...]:
    return tuple(claim[name] for name in ("claimed", "disputed", "accepted", "ordered", "paid"))


def test_a_claim_gathers_every_redemption_once(fund: Bench) -> None:
    claim = submitted(fund)
    assert sums(claim) == (5 * AMOUNT, 0, 0, 0, 0)
    assert [line["amount"] for line in lines(fund, claim["claim_id"])] == [AMOUNT] * 5
    assert problem(submit(fund))["code"] == "CLAIM_EMPTY"
    redeem(fund, 2, first=6)
    assert submitted(fund)["lines"] == 2
    event = next(one for one in fund.events() if one.type == "claim.submitted.v1")
    assert (event.data["amount"], len(event.data["redemptions"])) == (5 * AMOUNT, 5)


def test_only_days_of_the_period_count(fund: Bench) -> None:
    assert problem(submit(fund, period_to="2020-12-31"))["code"] == "CLAIM_EMPTY"
    assert submit(fund, period_from="2099-01-01", period_to="2020-01-01").status_code == 422


def test_an_enterprise_claims_and_sees_its_own_only(fund: Bench) -> None:
    assert problem(submit(fund, RIVAL))["code"] == "OUTSIDE_AREA"
    assert problem(submit(fund, RIVAL, enterprise_id="telecom-2"))["code"] == "CLAIM_EMPTY"
    claim = submitted(fund)
    for path in ("", "/lines", "/statement.xlsx", "/statement.pdf"):
        assert fund.call("GET", f"/claims/{claim['claim_id']}{path}", RIVAL).status_code == 404
    assert fund.call("GET", "/claims", RIVAL).json["items"] == []
    assert post(fund, f"/claims/{claim['claim_id']}:withdraw", RIVAL).status_code == 404


def test_a_withdrawn_claim_frees_its_redemptions(fund: Bench) -> None:
    claim = submitted(fund)
    assert post(fund, f"/claims/{claim['claim_id']}:withdraw", TELECOM).json["status"] == "withdrawn"
    again = submitted(fund)
    assert again["claimed"] == 5 * AMOUNT
    assert problem(post(fund, f"/claims/{claim['claim_id']}:withdraw", TELECOM))["code"] == "CLAIM_DECIDED"


def test_a_disputed_line_is_not_accepted_with_the_rest(fund: Bench) -> None:
    claim_id = submitted(fund)["claim_id"]
    first, second, *_ = lines(fund, claim_id)
    assert disputed(fund, claim_id, first["line_id"]).json["changed"] == 1
    assert disputed(fund, claim_id, first["line_id"]).json["changed"] == 0
    disputed(fund, claim_id, second["line_id"])
    back = post(fund, f"/claims/{claim_id}:reinstate", PAYER, {"line_ids": [second["line_id"]]})
    assert (back.json["changed"], back.json["claim"]["disputed"]) == (1, AMOUNT)
    assert sums(accept(fund, claim_id).json) == (5 * AMOUNT, AMOUNT, 4 * AMOUNT, 0, 0)
    assert problem(disputed(fund, claim_id, second["line_id"]))["code"] == "CLAIM_DECIDED"
    assert sorted(line["status"] for line in lines(fund, claim_id)) == ["accepted"] * 4 + ["disputed"]


def test_a_claim_disputed_whole_is_settled_with_nothing(fund: Bench) -> None:
    claim_id = submitted(fund)["claim_id"]
    wanted = [{"line_id": line["line_id"], "reason": "NO_RECEIPT"} for line in lines(fund, claim_id)]
    post(fund, f"/claims/{claim_id}:dispute", PAYER, {"lines": wanted})
    assert accept(fund, claim_id).json["status"] == "settled"


def test_who_claims_never_accepts_and_who_approves_never_pays(fund: Bench) -> None:
    both = actor(Role.ENTERPRISE, Role.PAYER, subject="ca-hai", commune=None, enterprise_id="telecom-1")
    claim_id = submit(fund, both).json["claim_id"]
    assert problem(accept(fund, claim_id, both))["code"] == "MAKER_IS_CHECKER"
    accept(fund, claim_id)
    fund.call("PUT", "/payees/telecom-1", MANAGER, json=ACCOUNT, key=True)
    for role in (Role.ENTERPRISE, Role.APPROVER, Role.OFFICER, Role.SHOP):
        mixed = actor(Role.PAYER, role, subject="nguoi-khac", commune=None)
        assert problem(order(fund, claim_id, who=mixed))["code"] == "NOT_THE_PAYER"
    keeper = actor(Role.MANAGER, Role.PAYER, subject="manager", commune=None)
    assert problem(order(fund, claim_id, who=keeper))["code"] == "PAYEE_KEEPER_PAYS"


def test_the_database_itself_keeps_paid_within_accepted_within_claimed(fund: Bench) -> None:
    claim_id = accepted(fund)["claim_id"]
    for change in (
        "paid = 1",
        "ordered = accepted + 1",
        "accepted = claimed + 1",
        "accepted_by = submitted_by",
        "disputed = 1",
    ):
        with pytest.raises(Exception, match="claim_"):
            fund.sql(f"UPDATE claim SET {change} WHERE claim_id = :c RETURNING 1", c=claim_id)
    with pytest.raises(Exception, match="claim_line_amount"):
        fund.sql("UPDATE claim_line SET amount = amount + 1 RETURNING 1")
    with pytest.raises(Exception, match="claim_line_of_a_redemption"):
        fund.sql("UPDATE claim_line SET amount = amount + 1, subsidy = subsidy + 1 RETURNING 1")


def test_payments_in_parts_settle_the_claim(fund: Bench) -> None:
    claim_id = accepted(fund)["claim_id"]
    part = order(fund, claim_id, 2 * AMOUNT).json
    assert problem(order(fund, claim_id, 4 * AMOUNT))["code"] == "PAYMENT_TOO_LARGE"
    rest = order(fund, claim_id).json
    assert (part["amount"], rest["amount"]) == (2 * AMOUNT, 3 * AMOUNT)
    assert confirm(fund, part["reference"], 2 * AMOUNT).json["outcome"] == "paid"
    assert sums(claim_of(fund, claim_id)) == (5 * AMOUNT, 0, 5 * AMOUNT, 5 * AMOUNT, 2 * AMOUNT)
    confirm(fund, rest["reference"], 3 * AMOUNT)
    assert claim_of(fund, claim_id)["status"] == "settled"
    assert confirm(fund, rest["reference"], 3 * AMOUNT).json["outcome"] == "repeated"
    assert claim_of(fund, claim_id)["paid"] == 5 * AMOUNT


def test_money_the_bank_returns_can_be_ordered_anew(fund: Bench) -> None:
    claim_id = accepted(fund)["claim_id"]
    reference = order(fund, claim_id).json["reference"]
    said = confirm(fund, reference, 5 * AMOUNT, failure="Sai số tài khoản").json
    assert said["outcome"] == "failed"
    assert sums(claim_of(fund, claim_id)) == (5 * AMOUNT, 0, 5 * AMOUNT, 0, 0)
    assert order(fund, claim_id).status_code == 201
    assert problem(confirm(fund, reference, 5 * AMOUNT))["code"] == "PAYMENT_DIFFERS"


def test_what_the_bank_says_of_another_amount_changes_nothing(fund: Bench) -> None:
    claim_id = accepted(fund)["claim_id"]
    reference = order(fund, claim_id).json["reference"]
    assert problem(confirm(fund, reference, AMOUNT))["code"] == "PAYMENT_DIFFERS"
    assert confirm(fund, "SBNOTHING", AMOUNT).status_code == 404
    assert claim_of(fund, claim_id)["paid"] == 0


def test_an_order_needs_an_account_and_keeps_the_one_it_was_given(fund: Bench) -> None:
    claim_id = submitted(fund)["claim_id"]
    assert problem(order(fund, claim_id))["code"] == "CLAIM_NOT_ACCEPTED"
    accept(fund, claim_id)
    assert problem(order(fund, claim_id))["code"] == "PAYEE_UNKNOWN"
    fund.call("PUT", "/payees/telecom-1", MANAGER, json=ACCOUNT, key=True)
    order(fund, claim_id, AMOUNT)
    fund.call("PUT", "/payees/telecom-1", MANAGER, json={**ACCOUNT, "account_number": "99990000"}, key=True)
    order(fund, claim_id, AMOUNT)
    paid_to = fund.sql("SELECT account_number FROM payment ORDER BY payment_id")
    assert [row[0] for row in paid_to] == ["00110022003", "99990000"]
    assert [one.type for one in fund.events()].count("payee.kept.v1") == 2


@pytest.mark.parametrize("name", ["=cmd", "+84", "@SUM", "-1", "Công ty"])
def test_an_account_that_a_spreadsheet_would_run_is_refused(fund: Bench, name: str) -> None:
    bad = {**ACCOUNT, "account_name": name}
    assert fund.call("PUT", "/payees/telecom-1", MANAGER, json=bad, key=True).status_code == 422


def test_the_banks_file_goes_out_and_its_answer_comes_back(fund: Bench) -> None:
    claim_id = accepted(fund)["claim_id"]
    order(fund, claim_id, 2 * AMOUNT)
    order(fund, claim_id, AMOUNT)
    sent = fund.call("GET", "/payments/orders.csv", PAYER)
    rows = list(csv.DictReader(io.StringIO(sent.data.decode("utf-8-sig"))))
    assert [(row["amount"], row["account_number"]) for row in rows] == [
        (str(2 * AMOUNT), "00110022003"),
        (str(AMOUNT), "00110022003"),
    ]
    answer = "reference;amount;date;status;bank_reference;reason\r\n"
    answer += f"{rows[0]['reference']};1.000.000;26/11/2026;paid;FT1;\r\n"
    answer += f"{rows[1]['reference']};500000;;returned;;Tài khoản đóng\r\n"
    answer += "SBUNKNOWN;500000;26/11/2026;paid;FT2;\r\n"
    answer += f"{rows[0]['reference']};không;26/11/2026;paid;FT1;\r\n"
    came = send_answer(fund, answer)
    assert came["counts"] == {"paid": 1, "failed": 1, "unknown": 1, "unreadable": 1}
    assert sums(claim_of(fund, claim_id))[3:] == (2 * AMOUNT, 2 * AMOUNT)
    assert send_answer(fund, answer)["counts"] == {"repeated": 2, "unknown": 1, "unreadable": 1}
    assert fund.call("GET", "/payments?status=failed", PAYER).json["items"][0]["failure"] == "Tài khoản đóng"


def send_answer(made: Bench, text: str) -> dict[str, Any]:
    data = {"file": (io.BytesIO(text.encode()), "answer.csv")}
    answer = made.call(
        "POST", "/payments:confirm", PAYER, data=data, content_type="multipart/form-data", key=True
    )
    assert answer.status_code == 200, answer.text
    return dict(answer.json)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"\xff\xfe\x00\xd8", "BANK_FILE_UNREADABLE"),
        (b"", "BANK_FILE_COLUMNS"),
        (b"reference,amount\nSB1,5", "BANK_FILE_COLUMNS"),
    ],
    ids=["bytes", "empty", "no-status"],
)
def test_an_answer_that_cannot_be_read_says_why(data: bytes, code: str) -> None:
    assert read_answer(data) == code


def test_an_answer_is_read_whatever_its_separator_and_date() -> None:
    for separator in ",;\t":
        text = separator.join(["Status", "Reference", "Amount", "Date"])
        text += "\n" + separator.join(["Thanh cong", "sb1", "500 000", "2026-11-26"])
        (one,) = read_answer(text.encode())  # type: ignore[misc]
        assert isinstance(one, Confirmation)
        assert (one.reference, one.amount, one.day.isoformat()) == ("SB1", 500_000, "2026-11-26")


def test_a_disputed_line_is_asked_for_again_in_the_next_claim(fund: Bench) -> None:
    claim_id = submitted(fund)["claim_id"]
    line_id = lines(fund, claim_id)[0]["line_id"]
    ask = {"amount": AMOUNT - 100_000, "reason": "RECEIPT_FOUND"}
    assert problem(correct(fund, line_id, TELECOM, ask))["code"] == "LINE_NOT_CORRECTABLE"
    disputed(fund, claim_id, line_id)
    accept(fund, claim_id)
    assert correct(fund, line_id, RIVAL, ask).status_code == 404
    assert problem(correct(fund, line_id, TELECOM, {**ask, "amount": AMOUNT + 1}))["code"] == (
        "CORRECTION_TOO_LARGE"
    )
    assert correct(fund, line_id, TELECOM, ask).status_code == 201
    assert problem(correct(fund, line_id, TELECOM, ask))["code"] == "LINE_CORRECTED_ALREADY"
    again = submitted(fund)
    assert (again["lines"], again["claimed"]) == (1, AMOUNT - 100_000)


def test_the_payer_takes_back_of_an_accepted_line_in_the_next_claim(fund: Bench) -> None:
    claim_id = accepted(fund)["claim_id"]
    line_id = lines(fund, claim_id)[0]["line_id"]
    take = {"amount": -200_000, "reason": "PRICE_MISREAD"}
    assert problem(correct(fund, line_id, TELECOM, take))["code"] == "ROLE_MISSING"
    assert correct(fund, line_id, PAYER, take).status_code == 201
    assert problem(submit(fund))["code"] == "CLAIM_NOT_POSITIVE"
    redeem(fund, 1, first=6)
    following = submitted(fund)
    assert following["claimed"] == AMOUNT - 200_000
    post(fund, f"/claims/{following['claim_id']}:withdraw", TELECOM)
    assert submitted(fund)["claimed"] == AMOUNT - 200_000, "the correction waits for the next claim again"


def correct(made: Bench, line_id: str, who: Any, body: dict[str, Any]) -> Any:
    return post(made, f"/claim-lines/{line_id}:correct", who, body)


def test_the_statement_says_line_by_line_what_is_claimed(fund: Bench) -> None:
    claim_id = submitted(fund)["claim_id"]
    disputed(fund, claim_id, lines(fund, claim_id)[0]["line_id"])
    answer = fund.call("GET", f"/claims/{claim_id}/statement.xlsx", TELECOM)
    sheet = openpyxl.load_workbook(io.BytesIO(answer.data)).active
    assert sheet is not None
    cells = [list(row) for row in sheet.iter_rows(values_only=True)]
    amounts = [row[6] for row in cells if isinstance(row[0], int)]
    assert (amounts, cells[-1][6]) == ([AMOUNT] * 5, 5 * AMOUNT)
    assert sum("disputed" in str(row[7]) for row in cells) == 1


def test_the_acceptance_minutes_are_ready_to_sign(fund: Bench) -> None:
    claim = accepted(fund)
    answer = fund.call("GET", f"/claims/{claim['claim_id']}/statement.pdf", PAYER)
    page = pypdfium2.PdfDocument(answer.data)[0].get_textpage().get_text_bounded()
    for words in ("BIÊN BẢN NGHIỆM THU", "07/BB", "2.500.000 đ", "shop-1", claim["claim_id"]):
        assert words in page, words


def test_the_fold_of_the_events_equals_the_claims(fund: Bench) -> None:
    claim_id = accepted(fund)["claim_id"]
    reference = order(fund, claim_id, AMOUNT).json["reference"]
    confirm(fund, reference, AMOUNT)
    failing = order(fund, claim_id, AMOUNT).json["reference"]
    confirm(fund, failing, AMOUNT, failure="-")
    redeem(fund, 2, first=6)
    other = submitted(fund)["claim_id"]
    disputed(fund, other, lines(fund, other)[0]["line_id"])
    assert_live_equals_fold(fund)


def assert_live_equals_fold(made: Bench) -> None:
    replay = Replay()
    for one in made.events():
        replay.feed(orjson.loads(one.raw))
    folded = dict(replay.live_state("disbursement"))
    live: dict[str, Any] = {}
    cursor = None
    while True:
        path = "/live-state?limit=3" + (f"&cursor={cursor}" if cursor else "")
        page = made.call("GET", path, SERVICE).json
        live |= {item["key"]: item["state"] for item in page["items"]}
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert live == folded
    assert sum(key.startswith("claim/") for key in live) == 2


def test_an_unknown_claim_is_not_there(fund: Bench) -> None:
    assert fund.call("GET", f"/claims/{uuid4()}", PAYER).status_code == 404
    assert accept(fund, str(uuid4())).status_code == 404
