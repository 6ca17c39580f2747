"""The pages of the one story against APIs that answer, refuse or are silent."""

import re
from urllib.parse import urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient

from services.portal.apis import ApiProblem
from services.portal.forms import day_typed, in_words, whole_typed
from services.portal.pages.audit import moment_of
from services.portal.pages.entering import FIELDS, body_of
from services.portal.pages.vouchers import PART
from shared.auth import Role
from tests.support.fake_apis import FakeApis, give_apis, list_report, page
from tests.support.portal import TOKEN, add_account, make_portal, portal_database, subject_of, visitor

CASE, HOUSEHOLD = "01a20abb-6b99-766e-a22a-c2bd4590381d", "01a20abb-6ba5-71c7-87b3-f0955460c520"
ROLES = ("officer", "approver", "manager", "shop", "auditor", "payer")
BUDGET = {"programme_id": "tq", "allocated": 100, "available": 60, "reserved": 30, "spent": 10}
FUNNEL = {
    "programme_id": "tq",
    "assessed": 3,
    "eligible": 2,
    "ineligible": 1,
    "referred": 0,
    "approved": 0,
    "rejected": 0,
    "reasons": {"OWNS_SMARTPHONE": 1},
    "imported": 3,
    "submitted": 3,
    "withdrawn": 0,
    "issued": 0,
    "waitlisted": 0,
    "redeemed": 0,
    "expired": 0,
    "cancelled": 0,
}
WORDS = {"OWNS_SMARTPHONE": {"vi": "Hộ đã có điện thoại.", "en": "It has a phone."}}
PROGRAMME = {
    "programme_id": "tq",
    "version": 1,
    "status": "published",
    "digest": "d" * 64,
    "name_vi": "Hỗ trợ điện thoại",
    "name_en": "Phone support",
    "reasons": WORDS,
    "document": {
        "name_vi": "Hỗ trợ điện thoại",
        "name_en": "Phone support",
        "benefit": {"amount": 500_000},
        "period": {"from": "2026-01-01", "to": "2026-12-31"},
        "area": {"provinces": ["08"]},
        "budget": 100,
        "voucher": {"validity_days": 90, "minimum_price": 500_000},
        "priority_order": ["merit", "poor"],
        "legal_basis": ["Nghị định 295/2025"],
        "unverified": ["budget"],
    },
}
ROW = {
    "application_id": CASE,
    "household_id": HOUSEHOLD,
    "programme_id": "tq",
    "head_name": "Tẩn Mùi <Sán>",
    "village": "Nậm Ty",
    "commune": "01075",
    "status": "assessed",
    "entered_by": "somebody",
    "submitted_at": "2026-11-23T01:00:00+00:00",
}
APPLICATION = {
    **ROW,
    "head": {
        "name": "Tẩn Mùi <Sán>",
        "birth_date": None,
        "birth_year": 1980,
        "sex": "female",
        "ethnicity": "09",
        "citizen_id": "002180123456",
        "cmnd": None,
        "phone": None,
    },
    "poverty_status": "poor",
    "certificate": {"number": "7/GCN", "issued_on": "2025-12-20", "year": 2026},
    "members_count": 4,
    "has_smartphone": False,
    "priority_group": None,
    "notes": "",
    "legal_basis": "public_task",
}
DECIDED = {
    "outcome": "eligible",
    "status": "eligible",
    "decision_number": None,
    "reasons": [{"code": "MEETS", "vi": "Hộ đủ mọi điều kiện.", "en": "It qualifies."}],
    "rows": ["R7"],
    "looked_at": {
        "poverty_status": "poor",
        "ethnicity": "09",
        "has_smartphone": False,
        "certificate_year": 2026,
    },
}
EVENT = {
    "time": "2026-11-23T01:00:00+00:00",
    "type": "eligibility.assessed.v1",
    "actor": "service:eligibility",
    "summary": {"outcome": "eligible", "programme_version": 1},
}
VOUCHER = {
    "status": "issued",
    "amount": 500_000,
    "minimum_price": 500_000,
    "expires_on": "2027-02-22",
    "programme_name_vi": "Hỗ trợ điện thoại",
    "programme_name_en": "Phone support",
}
LIST = "01a20abb-6b99-766e-a22a-c2bd45903999"
REPORT = list_report(LIST)
OFFICIAL = {
    "subject": LIST,
    "registered_by": "somebody",
    "registered_at": "2026-11-23T01:00:00+00:00",
    "looked_back_at": None,
}
SHOP = {
    "shop_id": "s-1",
    "enterprise_id": "e-1",
    "name": "Cửa hàng Nậm Dịch",
    "commune": "01075",
    "status": "active",
}


REFERRED = {
    "application_id": CASE,
    "case_number": "ABCD-1234",
    "village": "Nậm Ty",
    "reasons": [{"code": "NINE_DIGIT_ID", "vi": "Chỉ có số CMND.", "en": "Only a 9-digit number."}],
    "owner": {"role": "approver", "province": "08", "person": "somebody"},
    "due_on": "2026-12-08",
    "overdue": True,
}
APPROVAL_LIST = {
    "list_id": LIST,
    "programme_id": "tq",
    "commune": "01075",
    "village": "Nậm <Ty>",
    "status": "posted",
    "drafted_by": "an-officer",
    "posted_by": "an-officer",
    "posted_on": "2026-11-23",
    "last_day": "2026-11-26",
    "decision_number": None,
    "approved_by": None,
    "size": 1,
    "made_at": "2026-11-23T01:00:00+00:00",
    "posting_days": 3,
    "priority_order": ["merit", "poor"],
    "cases": [
        {
            "rank": 1,
            "application_id": CASE,
            "case_number": "ABCD-1234",
            "village": "Nậm Ty",
            "group": "poor",
            "submitted_at": "2026-11-22T01:00:00+00:00",
            "state": "listed",
        }
    ],
}


def answers() -> dict[tuple[str, str], object]:
    """Everything goes well."""
    return {
        **{(service, "/funnel"): FUNNEL for service in ("applications", "eligibility", "disbursement")},
        ("eligibility", "/programmes"): page(PROGRAMME),
        ("eligibility", "/programmes/tq"): PROGRAMME,
        ("applications", "/applications"): page(ROW, cursor="next"),
        ("applications", f"/applications/{CASE}"): APPLICATION,
        ("applications", "/imports"): page(REPORT),
        ("applications", f"/imports/{LIST}"): REPORT,
        ("applications", f"/imports/{LIST}/result.xlsx"): b"PK",
        ("eligibility", f"/cases/{CASE}"): DECIDED,
        ("eligibility", "/cases"): page(ROW),
        ("eligibility", "/referrals"): page(REFERRED),
        ("eligibility", "/lists"): page(APPROVAL_LIST),
        ("eligibility", f"/lists/{LIST}"): APPROVAL_LIST,
        ("eligibility", f"/lists/{LIST}/document"): b"%PDF-1.7",
        ("audit", f"/cases/{CASE}/timeline"): {"items": [EVENT]},
        ("audit", f"/cases/{CASE}"): {"states": {"applications": {"status": "assessed"}}, "events": 1},
        ("audit", "/replay"): {**FUNNEL, "events": 12, "programmes": []},
        ("audit", "/checks/verify"): {"verified": True, "events": 12, "streams": 3, "problems": []},
        ("audit", "/checks/compare"): {
            "equal": False,
            "compared": 4,
            "different": 1,
            "differences": [
                {"service": "eligibility", "key": CASE, "field": "status", "live": "a", "replayed": None}
            ],
        },
        ("disbursement", "/budgets/tq"): BUDGET,
        ("applications", "/officials"): {"items": [OFFICIAL]},
        ("disbursement", "/shops"): page(SHOP),
        ("disbursement", "/vouchers"): page({"application_id": CASE}),
        ("disbursement", "/vouchers:lookup"): VOUCHER,
        ("disbursement", "/vouchers:print"): b"%PDF-1.7",
    }


@pytest.fixture(scope="module")
def database():
    database = portal_database()
    for role in ROLES:
        add_account(database, role, [role])
    add_account(database, "provincial", ["approver"], province="08")
    yield database
    database.close()


@pytest.fixture
def apis() -> FakeApis:
    return FakeApis(answers())


@pytest.fixture
def app(tmp_path, database, apis) -> Flask:
    app = make_portal(tmp_path, database)
    give_apis(app, apis)
    return app


def send(client: FlaskClient, path: str, follow: bool = False, **form: object):
    """Send a form with the session's token."""
    return client.post(path, data={"csrf_token": TOKEN, **form}, follow_redirects=follow)


PAGES = {
    "/applications/new": ("officer",),
    "/imports": ("officer",),
    f"/imports/{LIST}": ("officer",),
    f"/imports/{LIST}/progress": ("officer",),
    f"/imports/{LIST}/result": ("officer",),
    "/applications": ("officer", "approver", "manager", "auditor"),
    f"/applications/{CASE}": ("officer", "approver", "manager", "auditor"),
    f"/applications/{CASE}/appeal": ("officer",),
    f"/applications/{CASE}/withdraw": ("officer",),
    f"/households/{HOUSEHOLD}/erase": ("manager",),
    "/approvals": ("approver",),
    "/approvals/referred": ("approver",),
    "/lists": ("officer", "approver"),
    f"/lists/{LIST}": ("officer", "approver"),
    "/approvals/tq": ("approver",),
    "/vouchers": ("officer", "approver"),
    "/programmes": ("officer", "approver", "manager", "auditor", "payer"),
    "/programmes/tq": ("officer", "approver", "manager", "auditor", "payer"),
    "/budget": ("manager", "payer", "auditor"),
    "/budget/tq/allocate": ("manager",),
    "/officials": ("manager",),
    "/officials/new": ("manager",),
    f"/officials/{LIST}/remove": ("manager",),
    "/shops": ("manager",),
    "/shops/new": ("manager",),
    "/shops/s-1/suspend": ("manager",),
    "/redemptions": ("shop",),
    "/audit/replay": ("auditor",),
    "/audit/replay?day=1/11/2026&clock=14:30": ("auditor",),
    f"/audit/cases/{CASE}": ("auditor",),
    "/audit/checks": ("auditor",),
    "/audit/checks?run=verify": ("auditor",),
    "/audit/checks?run=compare": ("auditor",),
    "/funnel": ("officer", "approver", "manager", "auditor", "payer"),
    "/funnel/tq/bars": ("officer", "approver", "manager", "auditor", "payer"),
}


@pytest.mark.parametrize("role", ROLES)
def test_each_page_opens_to_its_roles_alone(app, role):
    client = visitor(app, role)
    opened = {path: client.get(path).status_code for path in PAGES}
    assert opened == {path: 200 if role in roles else 403 for path, roles in PAGES.items()}


@pytest.mark.parametrize("language", ["vi", "en"])
def test_pages_read_in_both_languages_and_never_let_markup_in(app, language):
    for path, roles in PAGES.items():
        client = visitor(app, roles[0])
        shown = client.get(path, headers={"Accept-Language": language}).text
        assert "<Sán>" not in shown, path
        assert "style=" not in shown, path
        if not path.endswith(("/bars", "/progress", "/result")):
            assert shown.count("<h1") == 1, path


def test_every_page_of_the_story_is_walked_here(app):
    rules = {rule.rule for rule in app.url_map.iter_rules() if "GET" in (rule.methods or set())}
    asked = app.url_map.bind("localhost")
    walked = {asked.match(urlsplit(path).path, return_rule=True)[0].rule for path in PAGES}
    base = re.compile(
        r"/($|login|logout|language|healthz|readyz|metrics|static|\.well-known|redemptions/receipt)"
    )
    assert {rule for rule in rules if not base.match(rule)} == walked


@pytest.mark.parametrize("path", sorted(PAGES))
@pytest.mark.parametrize("trouble", ["down", ApiProblem(409, {"code": "NO", "detail_vi": "Chưa được."})])
def test_a_silent_or_refusing_api_gets_a_page(app, apis, path, trouble):
    for place in apis.answers:
        if place != ("eligibility", "/programmes"):
            apis.answers[place] = trouble
    shown = visitor(app, PAGES[path][0]).get(path)
    assert shown.status_code in (200, 409, 503)
    if shown.status_code == 503:
        assert "đang tạm ngừng" in shown.text
    if shown.status_code == 409:
        assert "Chưa được." in shown.text


FORM = {
    "programme_id": "tq",
    "village": "Nậm Ty",
    "head.name": "Tẩn Mùi Sán",
    "head.birth_date": "15/3/1980",
    "head.sex": "female",
    "head.ethnicity": "09",
    "head.citizen_id": "002180123456",
    "poverty_status": "poor",
    "certificate.number": "7/GCN",
    "certificate.issued_on": "20/12/2025",
    "certificate.year": "2026",
    "members_count": "4",
    "has_smartphone": "no",
    "legal_basis": "public_task",
}


def test_an_application_is_sent_as_the_contract_has_it(app, apis):
    apis.answers["applications", "/applications"] = {
        "application_id": CASE,
        "warnings": [{"code": "W", "message_vi": "Hãy xem lại số.", "message_en": "Look again."}],
    }
    shown = send(visitor(app, "officer"), "/applications/new", follow=True, idempotency_key="k-1", **FORM)
    assert "Đã nộp hồ sơ" in shown.text
    assert "Hãy xem lại số." in shown.text
    (call,) = apis.sent_to("/applications")
    assert call.headers["Idempotency-Key"] == "k-1"
    assert call.sent["head"] == {
        "name": "Tẩn Mùi Sán",
        "birth_date": "1980-03-15",
        "birth_year": 1980,
        "sex": "female",
        "ethnicity": "09",
        "citizen_id": "002180123456",
    }
    assert call.sent["certificate"] == {"number": "7/GCN", "issued_on": "2025-12-20", "year": 2026}
    assert (call.sent["commune"], call.sent["members_count"], call.sent["has_smartphone"]) == (
        "01075",
        4,
        False,
    )


def test_the_proof_of_a_consent_is_sent_along(app, apis):
    apis.answers["applications", "/applications"] = {"application_id": CASE, "warnings": []}
    consent = {"legal_basis": "consent", "consent_evidence": "Giấy đồng ý số 3"}
    send(visitor(app, "officer"), "/applications/new", idempotency_key="k-1", **{**FORM, **consent})
    (call,) = apis.sent_to("/applications")
    assert {name: call.sent[name] for name in consent} == consent


@pytest.mark.parametrize(
    ("field", "typed", "expected"),
    [
        ("head.birth_date", "1980", {"birth_year": 1980}),
        ("head.birth_date", "31/2/1980", {"birth_date": "31/2/1980"}),
        ("head.citizen_id", "012 345 678", {"cmnd": "012345678"}),
        ("head.citizen_id", "0021", {"citizen_id": "0021"}),
        ("head.citizen_id", "", {}),
    ],
)
def test_what_an_officer_types_becomes_the_apis_fields(field, typed, expected):
    assert body_of({**dict.fromkeys(FIELDS, ""), field: typed}, "01075")["head"] == expected


def test_a_refused_field_is_named_in_the_readers_language_and_keeps_what_was_typed(app, apis):
    errors = {
        "json": {"head": {"birth_year": ["Missing data for required field."]}, "village": ["Sai thôn."]}
    }
    apis.answers["applications", "/applications"] = ApiProblem(
        422, {"code": "INVALID_FIELDS", "errors": errors}
    )
    shown = send(visitor(app, "officer"), "/applications/new", idempotency_key="k-1", **FORM)
    assert shown.status_code == 422
    assert "Ngày sinh hoặc năm sinh: Hãy điền mục này" in shown.text
    assert 'href="#head.birth_date"' in shown.text
    assert "Thôn, bản: Sai thôn." in shown.text
    assert 'value="Tẩn Mùi Sán"' in shown.text
    assert 'value="k-1"' not in shown.text, "a refusal is remembered under its key"


def test_after_silence_the_same_key_is_sent_again(app, apis):
    apis.answers["applications", "/applications"] = "down"
    shown = send(visitor(app, "officer"), "/applications/new", idempotency_key="k-1", **FORM)
    assert shown.status_code == 503
    assert 'value="k-1"' in shown.text
    assert "không ghi hai lần" in shown.text


FORMS = {
    ("officer", f"/applications/{CASE}/withdraw", "applications", f"/applications/{CASE}:withdraw"): {
        "reason": "DECEASED"
    },
    ("officer", f"/applications/{CASE}/appeal", "applications", f"/applications/{CASE}:appeal"): {
        "grounds": "Gia đình chưa có máy nào."
    },
    ("manager", f"/households/{HOUSEHOLD}/erase", "applications", f"/households/{HOUSEHOLD}:erase"): {
        "ground": "PERSON_ASKED",
        "sure": "yes",
    },
    ("approver", f"/approvals/case/{CASE}", "eligibility", f"/cases/{CASE}:reject"): {
        "answer": "reject",
        "reason": "Hộ đã chuyển đi",
        "decision_number": "1",
        "decision_date": "1/11/2026",
    },
    ("manager", "/budget/tq/allocate", "disbursement", "/budgets/tq:allocate"): {
        "amount": "1.000.000 đ",
        "document": "QĐ 1",
    },
    ("manager", "/officials/new", "applications", "/officials"): {
        "subject": "01a20abb-6b99-766e-a22a-c2bd45904000",
        "citizen_id": "002180009999",
    },
    ("manager", f"/officials/{LIST}/remove", "applications", f"/officials/{LIST}:remove"): {},
    ("manager", "/shops/new", "disbursement", "/shops"): {
        "shop_id": "s-2",
        "name": "B",
        "enterprise_id": "e",
    },
    ("manager", "/shops/s-1/suspend", "disbursement", "/shops/s-1:suspend"): {"reason": "Bán sai giá"},
}


@pytest.mark.parametrize("place", FORMS, ids=lambda place: place[1].split("/")[-1])
def test_a_form_goes_through_once_and_says_so(app, apis, place):
    role, path, service, address = place
    apis.answers[service, address] = {"applications": 1}
    answer = send(visitor(app, role), path, idempotency_key="k-1", **FORMS[place])
    assert answer.status_code == 303
    (call,) = apis.sent_to(address)
    assert call.headers["Idempotency-Key"] == "k-1"


@pytest.mark.parametrize("place", FORMS, ids=lambda place: place[1].split("/")[-1])
def test_a_refused_form_shows_the_sentence_and_a_silent_one_keeps_its_key(app, apis, place):
    role, path, service, address = place
    apis.answers[service, address] = ApiProblem(409, {"code": "NO", "detail_vi": "Việc này chưa được."})
    refused = send(visitor(app, role), path, idempotency_key="k-1", **FORMS[place])
    assert refused.status_code == 409
    assert "Việc này chưa được." in refused.text
    apis.answers[service, address] = "down"
    silent = send(visitor(app, role), path, idempotency_key="k-1", **FORMS[place])
    assert silent.status_code == 503
    assert 'value="k-1"' in silent.text


@pytest.mark.parametrize("place", FORMS, ids=lambda place: place[1].split("/")[-1])
def test_nobody_else_may_send_a_form(app, apis, place):
    others = [role for role in ROLES if role != place[0]]
    assert {send(visitor(app, role), place[1], **FORMS[place]).status_code for role in others} == {403}
    assert not apis.sent_to(place[3])


def test_nothing_is_erased_before_it_is_confirmed(app, apis):
    shown = send(visitor(app, "manager"), f"/households/{HOUSEHOLD}/erase", ground="PERSON_ASKED")
    assert shown.status_code == 422
    assert "Hãy xác nhận trước khi xóa" in shown.text
    assert not apis.sent_to(f"/households/{HOUSEHOLD}:erase")


def mark_of(client: FlaskClient) -> str:
    found = re.search(r'name="seen" value="(\w+)"', client.get("/approvals/tq").text)
    assert found
    return found[1]


def test_the_approver_approves_what_was_shown_and_hears_of_own_entries(app, apis):
    apis.answers["eligibility", "/approval-lists"] = {"list_id": "l", "approved": 1, "skipped_own": 2}
    chair = visitor(app, "approver")
    form = {"seen": mark_of(chair), "commune": "01075", "decision_number": "12", "decision_date": "1/11/2026"}
    shown = send(chair, "/approvals/tq", follow=True, **form)
    assert "Đã phê duyệt 1 hộ" in shown.text
    assert "2 hộ được bỏ qua vì do chính bạn nhập" in shown.text
    (call,) = apis.sent_to("/approval-lists")
    assert call.sent["application_ids"] == [CASE]
    assert call.sent["decision_date"] == "2026-11-01"


def test_a_list_that_changed_is_shown_again_instead_of_approved(app, apis):
    chair = visitor(app, "approver")
    seen = mark_of(chair)
    apis.answers["eligibility", "/cases"] = page(ROW, {**ROW, "application_id": HOUSEHOLD})
    shown = send(chair, "/approvals/tq", seen=seen, decision_number="12", decision_date="1/11/2026")
    assert shown.status_code == 409
    assert "Danh sách vừa thay đổi" in shown.text
    assert not apis.sent_to("/approval-lists")


def test_a_commune_does_not_decide_what_the_rules_referred(app, apis):
    apis.answers["applications", f"/applications/{CASE}"] = {**APPLICATION, "status": "referred"}
    assert "Ghi quyết định" not in visitor(app, "approver").get(f"/applications/{CASE}").text


class TestWhatAPersonHasToWeigh:
    def test_stands_on_the_page_of_the_case(self, app, apis, database):
        apis.answers["applications", f"/applications/{CASE}"] = {
            **APPLICATION,
            "status": "referred",
            "appealed_at": "2026-11-25T01:00:00+00:00",
            "grounds": "Máy đó <của> bà ngoại.",
        }
        kin = subject_of(database, "officer")
        apis.answers["eligibility", f"/cases/{CASE}"] = {
            **DECIDED,
            "status": "referred",
            "looked_at": {
                **DECIDED["looked_at"],
                "conflict_of_interest": True,
                "officials": [kin, "elsewhere"],
            },
            "objections": [
                {
                    "ground": "MOVED",
                    "words": "Hộ này đã vào Nam.",
                    "recorded_by": "x",
                    "recorded_at": "2026-11-24T01:00:00+00:00",
                }
            ],
            "similar": [
                {
                    "application_id": LIST,
                    "case_number": "9F3A-77B1",
                    "village": "Nậm Ty",
                    "status": "approved",
                }
            ],
        }
        shown = visitor(app, "provincial").get(f"/applications/{CASE}").text
        assert "Máy đó &lt;của&gt; bà ngoại." in shown
        assert "Ý kiến phản đối ngày 24/11/2026: Đã chuyển đi nơi khác" in shown
        assert "Hộ này đã vào Nam." in shown
        assert f'href="/applications/{LIST}">9F3A-77B1</a>' in shown
        assert "Họ Tên officer, elsewhere" in shown

    def test_an_appeal_is_offered_once_and_only_against_a_refusal(self, app, apis):
        def offered(**changes):
            apis.answers["applications", f"/applications/{CASE}"] = {**APPLICATION, **changes}
            return "Ghi khiếu nại" in visitor(app, "officer").get(f"/applications/{CASE}").text

        assert offered(status="ineligible", appealed_at=None)
        assert offered(status="rejected", appealed_at=None)
        assert not offered(status="assessed", appealed_at=None)
        assert not offered(status="rejected", appealed_at="2026-11-25T01:00:00+00:00")

    def test_codes_are_said_in_words(self, app, apis):
        beside = {
            "submitted_on": "2026-11-23",
            "identity": "cmnd",
            "doubts": "CITIZEN_ID_SEX_DIFFERS SOMETHING_NEW",
            "duplicate": "person certificate",
        }
        apis.answers["eligibility", f"/cases/{CASE}"] = {
            **DECIDED,
            "looked_at": DECIDED["looked_at"] | beside,
        }
        shown = visitor(app, "officer").get(f"/applications/{CASE}").text
        for words in (
            "23/11/2026",
            "CMND 9 số",
            "Số định danh không khớp giới tính, SOMETHING_NEW",
            "người trong hộ, giấy chứng nhận",
        ):
            assert words in shown

    def test_no_official_in_the_household_reads_as_a_dash(self, app, apis):
        looked_at = {**DECIDED["looked_at"], "officials": []}
        apis.answers["eligibility", f"/cases/{CASE}"] = {**DECIDED, "looked_at": looked_at}
        assert "[]" not in visitor(app, "officer").get(f"/applications/{CASE}").text


class TestReferrals:
    @pytest.fixture
    def province(self, app, apis):
        """An approver of the province before a referred case."""
        apis.answers["applications", f"/applications/{CASE}"] = {**APPLICATION, "status": "referred"}
        waiting = {**DECIDED, "status": "referred", "due_on": "2026-12-08", "taken_by": None}
        apis.answers["eligibility", f"/cases/{CASE}"] = waiting
        for step in ("take", "uphold", "refuse"):
            apis.answers["eligibility", f"/referrals/{CASE}:{step}"] = {}
        return visitor(app, "provincial")

    def test_the_queue_shows_why_until_when_and_who(self, app):
        shown = visitor(app, "approver").get("/approvals/referred").text
        for said in ("ABCD-1234", "Chỉ có số CMND.", "08/12/2026", "quá hạn", "somebody"):
            assert said in shown

    def test_one_takes_it_on_and_finds_it_eligible_with_a_reason(self, province, apis):
        shown = province.get(f"/applications/{CASE}").text
        assert "Hạn kết luận là ngày 08/12/2026." in shown
        assert "Nhận xem xét" in shown
        assert 'value="approve"' not in shown, "nobody approves it unheard"
        send(province, f"/approvals/case/{CASE}/take", idempotency_key="k-1")
        assert apis.sent_to(f"/referrals/{CASE}:take")[0].headers["Idempotency-Key"] == "k-1"
        form = {"answer": "uphold", "reason": "Đã xem giấy tờ.", "decision_number": "12"}
        shown = send(province, f"/approvals/case/{CASE}/referral", follow=True, **form)
        assert "Hộ đủ điều kiện. Bây giờ người khác có thể phê duyệt." in shown.text
        (call,) = apis.sent_to(f"/referrals/{CASE}:uphold")
        assert call.sent == {"reason": "Đã xem giấy tờ."}

    def test_or_refuses_it_under_a_decision(self, province, apis):
        day = {"decision_number": "12", "decision_date": "1/12/2026"}
        send(province, f"/approvals/case/{CASE}/referral", answer="refuse", reason="Đã nhận.", **day)
        (call,) = apis.sent_to(f"/referrals/{CASE}:refuse")
        decision = {"decision_number": "12", "decision_date": "2026-12-01"}
        assert call.sent == {"reason": "Đã nhận.", **decision}

    def test_what_is_missing_or_refused_is_said_on_the_page(self, province, apis):
        shown = send(province, f"/approvals/case/{CASE}/referral")
        assert (shown.status_code, "Hãy chọn hộ đủ điều kiện hoặc từ chối" in shown.text) == (422, True)
        taken = ApiProblem(409, {"code": "REFERRAL_TAKEN", "detail_vi": "Người khác đang xem xét."})
        apis.answers["eligibility", f"/referrals/{CASE}:take"] = taken
        shown = send(province, f"/approvals/case/{CASE}/take")
        assert (shown.status_code, "Người khác đang xem xét." in shown.text) == (409, True)


class TestLists:
    def test_an_officer_draws_one_up_for_the_own_commune(self, app, apis):
        apis.answers["eligibility", "/lists"] = lambda sent: (
            page(APPROVAL_LIST) if "limit" in sent else APPROVAL_LIST
        )
        officer = visitor(app, "officer")
        form = {"programme_id": "tq", "village": "", "commune": "99999"}
        shown = send(officer, "/lists", follow=True, idempotency_key="k-1", **form)
        assert "Đã lập danh sách gồm 1 hộ." in shown.text
        (call,) = apis.sent_to("/lists")
        assert call.sent == {"programme_id": "tq", "commune": "01075"}
        assert call.headers["Idempotency-Key"] == "k-1"

    def test_it_is_shown_in_its_order_with_what_gave_the_rank(self, app):
        shown = visitor(app, "officer").get(f"/lists/{LIST}").text
        for said in ("ABCD-1234", "Hộ nghèo", "Người có công, Hộ nghèo", "từ ngày 23/11/2026 đến hết ngày"):
            assert said in shown
        assert "Tẩn" not in shown, "no names"
        assert "Phê duyệt 1 hộ" not in shown, "an officer does not approve"

    @pytest.mark.parametrize("status", ["draft", "posted", "closed", "cancelled"])
    def test_each_state_offers_what_can_be_done(self, app, apis, status):
        posted = status != "draft"
        days = {"posted_on": "2026-11-23", "last_day": "2026-11-26"} if posted else {"posted_on": None}
        apis.answers["eligibility", f"/lists/{LIST}"] = {**APPROVAL_LIST, "status": status, **days}
        shown = visitor(app, "approver").get(f"/lists/{LIST}").text
        assert ("Niêm yết từ hôm nay" in shown) == (status == "draft")
        assert ("Thu hồi danh sách" in shown) == (status in ("draft", "posted"))
        assert ("Phê duyệt 1 hộ" in shown) == (status == "posted")
        assert ("Ghi nhận phản ánh" in shown) == (status == "posted")

    @pytest.mark.parametrize(
        ("step", "said"), [("post", "được niêm yết từ hôm nay"), ("cancel", "Đã thu hồi danh sách.")]
    )
    def test_it_is_hung_out_and_taken_back(self, app, apis, step, said):
        apis.answers["eligibility", f"/lists/{LIST}:{step}"] = APPROVAL_LIST
        shown = send(visitor(app, "officer"), f"/lists/{LIST}/{step}", follow=True, idempotency_key="k-1")
        assert said in shown.text
        assert apis.sent_to(f"/lists/{LIST}:{step}")[0].headers["Idempotency-Key"] == "k-1"

    def test_an_objection_sends_the_case_to_the_province(self, app, apis):
        apis.answers["eligibility", f"/lists/{LIST}/objections"] = {"objection_id": "o"}
        form = {"application_id": CASE, "ground": "MOVED", "text": "Đã đi."}
        shown = send(visitor(app, "officer"), f"/lists/{LIST}/objection", follow=True, **form)
        assert "Đã ghi nhận phản ánh." in shown.text
        assert apis.sent_to(f"/lists/{LIST}/objections")[0].sent == form

    def test_the_approver_approves_it_whole_and_hears_what_stays(self, app, apis):
        made = {"list_id": LIST, "approved": 3, "skipped_own": 1, "over_quota": 2}
        apis.answers["eligibility", f"/lists/{LIST}:approve"] = made
        form = {"decision_number": "12", "decision_date": "27/11/2026"}
        shown = send(visitor(app, "approver"), f"/lists/{LIST}/approve", follow=True, **form)
        for said in ("Đã phê duyệt 3 hộ", "1 hộ được bỏ qua", "2 hộ vẫn ở lại danh sách"):
            assert said in shown.text
        sent = apis.sent_to(f"/lists/{LIST}:approve")[0].sent
        assert sent == {"decision_number": "12", "decision_date": "2026-11-27"}
        assert send(visitor(app, "officer"), f"/lists/{LIST}/approve", **form).status_code == 403

    def test_whoever_made_it_is_told_that_somebody_else_approves(self, app, apis, database):
        own = subject_of(database, "approver")
        apis.answers["eligibility", f"/lists/{LIST}"] = {**APPROVAL_LIST, "drafted_by": own}
        shown = visitor(app, "approver").get(f"/lists/{LIST}").text
        assert "nên người khác phải phê duyệt" in shown
        assert "Phê duyệt 1 hộ" not in shown

    @pytest.mark.parametrize("kind", ["posting", "decision"])
    def test_it_is_printed(self, app, apis, kind):
        answer = send(visitor(app, "officer"), f"/lists/{LIST}/print", kind=kind, format="pdf")
        assert answer.data == b"%PDF-1.7"
        assert f"danh-sach-{kind}.pdf" in answer.headers["Content-Disposition"]
        sent = next(call.sent for call in apis.calls if call.path == f"/lists/{LIST}/document")
        assert sent == {"kind": kind, "format": "pdf"}

    @pytest.mark.parametrize("step", ["post", "approve", "objection"])
    def test_a_refusal_is_told_on_the_list(self, app, apis, step):
        refused = ApiProblem(409, {"code": "POSTING_NOT_OVER", "detail_vi": "Còn niêm yết."})
        for place in (f"/lists/{LIST}:{step}", f"/lists/{LIST}/objections"):
            apis.answers["eligibility", place] = refused
        shown = send(visitor(app, "approver"), f"/lists/{LIST}/{step}")
        assert (shown.status_code, "Còn niêm yết." in shown.text) == (409, True)


def test_the_printed_vouchers_carry_names_and_pass_through(app, apis):
    answer = send(visitor(app, "officer"), "/vouchers/print", programme_id="tq", commune="99999")
    assert answer.data == b"%PDF-1.7"
    assert answer.headers["Content-Type"] == "application/pdf"
    assert "attachment" in answer.headers["Content-Disposition"]
    (call,) = apis.sent_to("/vouchers:print")
    assert call.sent["labels"] == {CASE: "Tẩn Mùi <Sán> – Nậm Ty"}
    assert call.sent["commune"] == "01075", "an officer prints for the own commune alone"


@pytest.fixture(autouse=True)
def _pages_end(apis):
    """The listing that is paged to its end has one page here."""
    listing = apis.answers["applications", "/applications"]
    apis.answers["applications", "/applications"] = lambda sent: (
        page(*listing["items"]) if sent.get("limit") == PART else listing
    )


SALE = {
    "code": "Y22 RVF WH9C",
    "pin": "321296",
    "model": "Máy",
    "imeis.0": "35123 4000000018",
    "price": "1.990.000",
    "id_checked": "yes",
    **{f"voucher.{name}": str(value) for name, value in VOUCHER.items() if name != "status"},
}


def test_the_clerk_sees_the_voucher_then_the_receipt(app, apis):
    clerk = visitor(app, "shop")
    assert "500.000" in send(clerk, "/redemptions", code="Y22RVFWH9C").text
    apis.answers["disbursement", "/redemptions"] = {
        "redemption_id": CASE,
        "voucher_id": CASE,
        "price": 1_990_000,
        "subsidy": 500_000,
        "household_pays": 1_490_000,
    }
    assert "Hộ trả 1.490.000" in send(clerk, "/redemptions/sale", follow=True, **SALE).text
    (call,) = apis.sent_to("/redemptions")
    assert call.sent["imeis"] == ["351234000000018"]
    assert (call.sent["price"], call.sent["id_checked"]) == (1_990_000, True)


@pytest.mark.parametrize(
    ("code", "facts", "field"),
    [
        ("PIN_WRONG", {"left": 4}, "pin"),
        ("IMEI_INVALID", {"place": 2}, "imeis.1"),
        ("IMEI_USED", {}, "imeis.0"),
        ("HANDSET_BELOW_MINIMUM", {}, "price"),
        ("VOUCHER_LOCKED", {}, "main-content"),
    ],
)
def test_each_refusal_at_the_counter_stands_at_its_field(app, apis, code, facts, field):
    refusal = {"code": code, "facts": facts, "detail_vi": "Mời hộ đến xã."}
    apis.answers["disbursement", "/redemptions"] = ApiProblem(409, refusal)
    shown = send(visitor(app, "shop"), "/redemptions/sale", **SALE)
    assert f'<a href="#{field}">Mời hộ đến xã.</a>' in shown.text
    assert "321296" not in shown.text, "the PIN is never sent back"


def test_nothing_is_redeemed_before_the_papers_were_seen(app, apis):
    shown = send(visitor(app, "shop"), "/redemptions/sale", **{**SALE, "id_checked": ""})
    assert "Hãy xem giấy tờ" in shown.text
    assert not apis.sent_to("/redemptions")


@pytest.mark.parametrize(
    "trouble", ["down", ApiProblem(409, {"code": "VOUCHER_USED", "detail_vi": "Đã dùng."})]
)
def test_a_voucher_that_cannot_be_looked_up_stays_on_the_first_page(app, apis, trouble):
    apis.answers["disbursement", "/vouchers:lookup"] = trouble
    shown = send(visitor(app, "shop"), "/redemptions", code="Y22RVFWH9C")
    assert shown.status_code in (422, 503)
    assert 'value="Y22RVFWH9C"' in shown.text


def test_without_a_redemption_there_is_no_receipt(app):
    assert visitor(app, "shop").get("/redemptions/receipt").location == "/redemptions"


def test_with_one_service_down_a_case_shows_the_rest(app, apis):
    apis.answers["audit", f"/cases/{CASE}/timeline"] = "down"
    shown = visitor(app, "officer").get(f"/applications/{CASE}")
    assert shown.status_code == 200
    assert "Phần Kiểm toán đang tạm ngừng" in shown.text
    assert "Hộ đủ mọi điều kiện." in shown.text


def test_programmes_heard_of_before_are_still_named_while_eligibility_is_down(app, apis, monkeypatch):
    officer = visitor(app, "officer")
    officer.get("/applications/new")
    apis.answers["eligibility", "/programmes"] = "down"
    monkeypatch.setattr("services.portal.lookups.FRESH_S", -1.0)
    assert "Hỗ trợ điện thoại" in officer.get("/applications/new").text


def test_the_funnel_shows_a_dash_for_a_service_that_is_down(app, apis):
    apis.answers["disbursement", "/funnel"] = "down"
    shown = visitor(app, "officer").get("/funnel").text
    assert re.search(r'id="funnel-issued">–<', shown)
    assert re.search(r'id="funnel-submitted">3<', shown)


def test_a_case_is_found_by_its_code(app):
    officer = visitor(app, "officer")
    assert officer.get(f"/applications?code={CASE}").location == f"/applications/{CASE}"
    assert "không đúng dạng" in officer.get("/applications?code=abc", follow_redirects=True).text


def test_a_page_that_htmx_asks_for_leads_to_the_sign_in_when_the_session_ended(app):
    answer = app.test_client().get("/funnel/tq/bars", headers={"HX-Request": "true"})
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (401, "/login?next=/funnel/tq/bars")


@pytest.mark.parametrize(
    ("day", "clock", "expected"),
    [
        ("1/11/2026", "", "2026-11-01T23:59:59.999999+07:00"),
        ("1/11/2026", "14:30", "2026-11-01T14:30:59.999999+07:00"),
        ("2026-11-01", "9h05", "2026-11-01T09:05:59.999999+07:00"),
    ],
)
def test_a_moment_is_one_of_viet_nam_and_includes_its_end(day, clock, expected):
    moment, errors = moment_of(day, clock)
    assert (moment.isoformat(), errors) == (expected, [])


@pytest.mark.parametrize(("day", "clock"), [("31/2/2026", ""), ("1/11/2026", "25:00"), ("1/11/2026", "soon")])
def test_what_is_no_moment_is_said_at_its_field(app, day, clock):
    shown = visitor(app, "auditor").get("/audit/replay", query_string={"day": day, "clock": clock})
    assert shown.status_code == 422
    assert f'href="#{"clock" if clock else "day"}"' in shown.text


@pytest.mark.parametrize(
    ("text", "whole"), [("1.990.000", 1_990_000), ("1 990 000 đ", 1_990_000), ("-5", "-5"), ("abc", "abc")]
)
def test_amounts_are_read_as_people_write_them(text, whole):
    assert whole_typed(text) == whole


@pytest.mark.parametrize(
    ("text", "day"), [("1/2/2026", "2026-02-01"), ("01.02.2026", "2026-02-01"), ("x", "x")]
)
def test_days_are_read_as_people_write_them(text, day):
    assert day_typed(text) == day


@pytest.mark.parametrize(
    ("english", "vietnamese"),
    [
        ("Missing data for required field.", "Hãy điền mục này"),
        ("Must be greater than or equal to 1 and less than or equal to 99.", "Phải từ 1 đến 99"),
        ("Not a valid integer.", "Hãy ghi bằng chữ số"),
        ("Longer than maximum length 200.", "Dài quá, nhiều nhất 200 ký tự"),
        ("Số này sai.", "Số này sai."),
    ],
)
def test_field_messages_are_said_in_the_readers_language(english, vietnamese):
    assert in_words(english) == vietnamese


def test_the_roles_here_are_the_portals(app):
    assert set(ROLES) | {"enterprise", "service"} == set(Role)
