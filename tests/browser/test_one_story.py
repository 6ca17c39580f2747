"""The one story at the browser, on the real system: from an application to a phone, seen by the auditor."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest
from playwright.sync_api import Browser

from songban.demo import imei_of
from songban.stack import Stack
from songban.story import ACCOUNTS_FILE, prepare_demo
from tests.support.browser import Person, chromium, pdf_pages, require_chromium
from tests.support.stack import EXAMPLE_LIST, whole_system

PROGRAMME = "tuyen-quang-2026"
NAME = "Hỗ trợ điện thoại thông minh cho hộ dân tộc thiểu số nghèo, cận nghèo tỉnh Tuyên Quang năm 2026"
HEAD = "Tẩn Mùi Sán"
FACTS = json.loads(EXAMPLE_LIST.with_name("nam-ty.facts.json").read_text())
ELIGIBLE = FACTS["poor_or_near_poor_minority_without_smartphone"] + 1  # the list, and the one of the form
HOUSEHOLDS = FACTS["households"] + 1
VOUCHERS = 400  # what the programme's 200 million đồng pay for


class Story:
    """Who plays it, and where."""

    def __init__(self, browser: Browser, site: str, passwords: dict[str, str]) -> None:
        self.browser, self.site, self.passwords = browser, site, passwords

    @contextmanager
    def person(self, username: str) -> Iterator[Person]:
        person = Person(self.browser, self.site, username, self.passwords[username])
        yield person
        person.leave()


@contextmanager
def system(directory: Path) -> Iterator[tuple[str, dict[str, str]]]:
    with whole_system(directory) as stack:
        yield site_of(stack)


def site_of(stack: Stack) -> tuple[str, dict[str, str]]:
    for _ in prepare_demo(stack):
        pass
    return stack.url("portal"), json.loads((stack.data / ACCOUNTS_FILE).read_text())


@pytest.mark.chromium
@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_whole_story_is_played_at_the_browser(tmp_path):
    require_chromium()
    with system(tmp_path / "data") as (site, passwords), chromium() as browser:
        play(Story(browser, site, passwords), tmp_path)


def play(story: Story, folder: Path) -> None:
    with story.person("can-bo") as officer:
        enter_one(officer)
        refuse_an_empty_form(officer)
        import_the_list(officer)
    with story.person("chu-tich") as chair:
        approve_the_list(chair)
        paper = print_vouchers(chair, folder)
        read_in_english(chair)
    with story.person("quan-ly") as manager:
        see_money_and_shops(manager)
    with story.person("cua-hang") as clerk:
        redeem(clerk, paper)
    with story.person("can-bo") as officer:
        case = see_the_redeemed_case(officer)
    with story.person("kiem-toan") as auditor:
        audit(auditor, case)


def enter_one(officer: Person) -> None:
    officer.open("/applications/new", "enter")
    officer.choose("Chương trình", NAME)
    officer.fill("Họ và tên chủ hộ", HEAD)
    officer.fill("Ngày sinh hoặc năm sinh", "15/3/1980")
    officer.tick("Giới tính", "Nữ")
    officer.choose("Dân tộc", "Dao")
    officer.fill("Số định danh hoặc CMND", "002180123456")
    officer.fill("Thôn, bản", "Thôn 1 - Nậm Ty")
    officer.fill("Số người trong hộ", "4")
    officer.tick("Hộ đã có điện thoại thông minh chưa?", "Không")
    officer.tick("Diện hộ", "Hộ nghèo")
    officer.fill("Số giấy chứng nhận", "700/GCN-HN.HCN")
    officer.fill("Ngày cấp giấy chứng nhận", "20/12/2025")
    officer.fill("Năm giấy có giá trị", "2026")
    officer.tick("Căn cứ xử lý dữ liệu cá nhân", "Nhiệm vụ của cơ quan nhà nước")
    officer.page.get_by_role("button", name="Nộp hồ sơ").dblclick()
    officer.page.get_by_role("heading", level=1, name=HEAD).wait_for()
    assert "Đã nộp hồ sơ" in officer.text()
    officer.reload_until("the form's case is decided", lambda: "đủ mọi điều kiện" in officer.text())
    officer.look("case")


def refuse_an_empty_form(officer: Person) -> None:
    officer.page.goto("/applications/new")
    officer.press("Nộp hồ sơ")
    summary = officer.page.get_by_role("alert")
    summary.get_by_role("link", name="Họ và tên chủ hộ: Thiếu mục này").click()
    assert officer.page.evaluate("document.activeElement.id") == "head.name"
    officer.look("enter-refused")
    officer.errors.clear()  # chromium itself reports the 422


def import_the_list(officer: Person) -> None:
    officer.open("/imports", "import")
    officer.choose("Chương trình", NAME)
    officer.page.get_by_label("Tệp danh sách").set_input_files(EXAMPLE_LIST)
    officer.press("Kiểm tra tệp")
    officer.page.get_by_role("heading", name="Kết quả kiểm tra").wait_for()
    officer.look("import-checked")
    officer.press(f"Nhập {FACTS['households']} hộ")
    officer.page.get_by_role("heading", name="Đã nhập danh sách").wait_for()
    officer.look("import-done")
    officer.page.get_by_role("button", name="Xem tiến độ").click()
    officer.reload_until("all are decided", lambda: officer.number("funnel-eligible") == ELIGIBLE)
    assert officer.number("funnel-submitted") == HOUSEHOLDS
    officer.look("funnel-decided")
    officer.open(f"/applications?programme_id={PROGRAMME}&status=ineligible", "find")
    rows = officer.page.locator("tbody tr").count
    officer.reload_until("applications know of the decisions", lambda: rows() == 50)
    officer.page.get_by_role("link", name="Trang sau").click()
    officer.page.get_by_role("link", name="Về trang đầu danh sách").wait_for()


def approve_the_list(chair: Person) -> None:
    chair.open("/approvals", "approvals")
    chair.page.get_by_role("button", name="Xem danh sách và phê duyệt").first.click()
    chair.page.get_by_label("Số quyết định", exact=True).wait_for()
    chair.look("approve-list")
    assert chair.page.locator("tbody tr").count() == 50
    chair.fill("Số quyết định", "12/QĐ-UBND")
    chair.press(f"Phê duyệt {ELIGIBLE} hộ")
    chair.page.get_by_text(f"Đã phê duyệt {ELIGIBLE} hộ").wait_for()
    chair.look("approved")


class Paper(NamedTuple):
    """A voucher as the household holds it: what a scanner reads, and what stands beside it."""

    scanned: str
    code: str
    pin: str


def print_vouchers(chair: Person, folder: Path) -> Paper:
    """One voucher of the commune's PDF."""
    chair.page.goto(f"/vouchers?programme_id={PROGRAMME}")
    button = chair.page.get_by_role("button", name=f"In {VOUCHERS} phiếu (PDF)")
    chair.reload_until("vouchers are made", lambda: button.count() == 1)
    holders = chair.page.locator("tbody tr").count
    chair.reload_until("applications know of the vouchers", lambda: holders() == 50)
    chair.look("vouchers")
    with chair.page.expect_download(timeout=180_000) as download:
        button.click()
    file = folder / download.value.suggested_filename
    download.value.save_as(file)
    printed = list(pdf_pages(file))
    assert sum(len(scanned) for _, scanned in printed) == VOUCHERS, "every voucher can be scanned"
    text, scanned = printed[0]
    found = re.search(r"Mã PIN[^\d]*(\d{3}) (\d{3}) ([0-9A-Z]{3}) ([0-9A-Z]{3}) ([0-9A-Z]{4})\b", text)
    assert found, text
    assert " – Thôn" in text, "the household's name and village stand on its voucher"
    code = found[3] + found[4] + found[5]
    return Paper(next(one for one in scanned if code[:9] in one), code, found[1] + found[2])


def read_in_english(chair: Person) -> None:
    chair.page.get_by_role("link", name="English").click()
    chair.page.get_by_role("heading", level=1, name="Print vouchers").wait_for()
    assert chair.page.locator("html").get_attribute("lang") == "en"
    chair.look("vouchers-english")
    chair.open(f"/funnel?programme_id={PROGRAMME}", "funnel-english")
    assert "Vouchers issued" in chair.text()


def see_money_and_shops(manager: Person) -> None:
    manager.open("/budget", "budget")
    assert "200.000.000" in manager.text()
    manager.open(f"/budget/{PROGRAMME}/allocate", "budget-allocate")
    manager.open("/officials", "officials")
    assert "Chưa ghi tên ai." in manager.text()
    manager.open("/officials/new", "official-new")
    manager.open("/shops", "shops")
    manager.open("/shops/new", "shop-new")
    manager.open("/programmes", "programmes")
    manager.open(f"/programmes/{PROGRAMME}", "programme")
    assert "Hộ đã có điện thoại thông minh." in manager.text()


def redeem(clerk: Person, paper: Paper) -> None:
    clerk.open("/redemptions", "redeem")
    code, pin = paper.code, paper.pin
    for entered in (paper.scanned, f"{code[:3]} {code[3:6]} {code[6:]}".lower()):
        clerk.page.goto("/redemptions")
        clerk.fill("Mã phiếu", entered)
        clerk.press("Xem phiếu")
        clerk.page.get_by_text("500.000").first.wait_for()
    clerk.look("redeem-sale")
    fill_sale(clerk, "000000" if pin != "000000" else "111111")
    clerk.page.get_by_role("alert").get_by_text("Mã PIN chưa đúng").wait_for()
    clerk.look("redeem-refused")
    clerk.errors.clear()  # chromium itself reports the refusal's status
    fill_sale(clerk, pin)
    clerk.page.get_by_role("heading", level=1, name="Đã đổi phiếu").wait_for()
    assert "Hộ trả 1.490.000" in clerk.text().replace("\N{NO-BREAK SPACE}", " ")
    clerk.look("receipt")


def fill_sale(clerk: Person, pin: str) -> None:
    clerk.fill("Mã PIN", pin)
    clerk.page.get_by_label("Tôi đã xem giấy tờ tùy thân").check()
    clerk.fill("Tên máy", "Điện thoại 4G mẫu")
    clerk.fill("Số IMEI", imei_of(1))
    clerk.fill("Giá bán", "1.990.000")
    clerk.press("Đổi phiếu và giao máy")


def see_the_redeemed_case(officer: Person) -> str:
    """The code of the application whose voucher was redeemed."""
    officer.page.goto(f"/applications?programme_id={PROGRAMME}&status=redeemed")
    links = officer.page.locator("tbody a")
    officer.reload_until("applications know of the redemption", lambda: links.count() == 1)
    links.click()
    officer.page.get_by_role("heading", name="Diễn biến").wait_for()
    told = officer.page.locator(".sb-timeline").inner_text
    officer.reload_until("the ledger knows of the redemption", lambda: "Đổi phiếu lấy máy" in told())
    assert "Chủ tịch xã" in told()
    officer.look("case-redeemed")
    return officer.page.url.rsplit("/", 1)[-1]


def audit(auditor: Person, case: str) -> None:
    auditor.open("/audit/replay", "replay")
    auditor.choose("Chương trình", NAME)
    auditor.press("Dựng lại")
    auditor.reload_until("the ledger holds the redemption", lambda: auditor.number("funnel-redeemed") == 1)
    assert auditor.number("funnel-approved") == ELIGIBLE
    assert auditor.number("funnel-issued") == VOUCHERS
    auditor.look("replayed")
    auditor.open(f"/audit/cases/{case}", "replay-case")
    assert "Đã nhận máy" in auditor.text()
    auditor.open(f"/audit/cases/{case}?day=1/1/2026", "replay-case-before")
    assert "Đã nhận máy" not in auditor.text()
    auditor.open("/audit/checks", "checks")
    auditor.press("Kiểm tra sổ")
    auditor.page.get_by_role("heading", name="Sổ còn nguyên vẹn").wait_for()
    auditor.look("verified")
    auditor.press("So với sổ")
    agreed = auditor.page.get_by_role("heading", name="Khớp hoàn toàn")
    auditor.reload_until("replay equals the tables in use", lambda: agreed.count() == 1)
    auditor.look("compared")
    auditor.open(f"/funnel?programme_id={PROGRAMME}", "funnel")
    assert auditor.number("funnel-redeemed") == 1
