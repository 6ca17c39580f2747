"""The portal and an API that answers, refuses or is silent: a real HTTP server on this machine."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from flask import redirect

from services.portal.apis import ApiDown, ApiProblem, Apis
from services.portal.context import api, signed_in
from services.portal.forms import error_for, errors_of
from tests.support.portal import add_account, csrf_of, make_portal, portal_database, sign_in

CLOSED = "http://127.0.0.1:1"
EXPIRED = {
    "code": "VOUCHER_EXPIRED",
    "title": "VOUCHER_EXPIRED",
    "detail_vi": "Phiếu đã hết hạn. Hãy báo cán bộ xã.",
    "detail_en": "The voucher has expired. Tell the commune officer.",
}


class Answering(BaseHTTPRequestHandler):
    """Answers what the path asks for and remembers what came."""

    def answer(self, status, body, content_type="application/json"):
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(raw)))
        self.send_header("Set-Cookie", "sticky=1")
        self.end_headers()
        self.wfile.write(raw)

    def do_GET(self):
        self.server.seen.append((self.command, self.path, dict(self.headers)))
        length = int(self.headers.get("Content-Length") or 0)
        sent = self.rfile.read(length)
        problem = "application/problem+json"
        match self.path.split("?")[0]:
            case "/echo":
                self.answer(200, {"sent": sent.decode(errors="replace"), "path": self.path})
            case "/expired":
                self.answer(409, EXPIRED, problem)
            case "/fields":
                self.answer(422, {"code": "INVALID_FIELDS", "errors": {"json": {"imei": ["Sai."]}}}, problem)
            case "/html":
                self.answer(404, b"<h1>not ours</h1>", "text/html")
            case "/busy":
                self.answer(503, {"code": "BUSY", "detail": "Hãy thử lại."}, problem)
            case "/unavailable":
                self.answer(503, {"code": "UNAVAILABLE"}, problem)
            case _:
                self.answer(502, b"bad gateway", "text/plain")

    do_POST = do_GET  # noqa: N815

    def log_message(self, *_):
        """Stay quiet."""


@pytest.fixture(scope="module")
def server():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    server.seen = []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def urls(server):
    here = f"http://127.0.0.1:{server.server_port}"
    return {
        "portal": CLOSED,
        "applications": here,
        "eligibility": here,
        "disbursement": here,
        "audit": CLOSED,
    }


@pytest.fixture
def applications(urls):
    return Apis(urls).of("applications", {"Authorization": "Bearer t"})


def test_query_values_that_are_none_are_left_out(applications):
    assert applications.get("/echo", cursor=None, limit=5)["path"] == "/echo?limit=5"


def test_the_token_and_the_forms_key_travel_and_no_cookie_comes_back(applications, server):
    applications.get("/echo")
    answer = applications.post("/echo", {"a": 1}, key="k-1")
    assert json.loads(answer["sent"]) == {"a": 1}
    _, _, headers = server.seen[-1]
    assert headers["Authorization"] == "Bearer t"
    assert headers["Idempotency-Key"] == "k-1"
    assert "Cookie" not in headers


def test_a_refusal_tells_what_to_do_in_the_readers_language(tmp_path, database, urls, applications):
    with pytest.raises(ApiProblem) as refused:
        applications.post("/expired")
    problem = refused.value
    assert (problem.status, problem.code) == (409, "VOUCHER_EXPIRED")
    assert problem.message == EXPIRED["detail_vi"]
    app = make_portal(tmp_path, database, urls=urls)
    with app.test_request_context(headers={"Accept-Language": "en"}):
        assert problem.message == EXPIRED["detail_en"]


def test_field_errors_lead_to_their_fields(applications):
    with pytest.raises(ApiProblem) as refused:
        applications.post("/fields")
    errors = errors_of(refused.value)
    assert errors == [{"text": "Sai.", "href": "#imei"}]
    assert error_for(errors, "imei") == {"text": "Sai."}
    assert error_for(errors, "price") is None


def test_an_answer_that_is_no_problem_document_still_reads_well(applications):
    with pytest.raises(ApiProblem) as refused:
        applications.get("/html")
    assert refused.value.code == "HTTP_404"
    assert refused.value.message.startswith("Không tìm thấy")


def test_busy_is_a_refusal_but_unavailable_is_down(applications):
    with pytest.raises(ApiProblem):
        applications.get("/busy")
    for path in ("/unavailable", "/gateway"):
        with pytest.raises(ApiDown):
            applications.get(path)


def test_silence_is_down(urls):
    with pytest.raises(ApiDown) as down:
        Apis(urls).of("audit", {}).get("/x")
    assert down.value.service == "audit"


@pytest.fixture(scope="module")
def database():
    database = portal_database()
    add_account(database, "canbo", ["officer", "auditor"])
    yield database
    database.close()


@pytest.fixture
def client(tmp_path, database, urls):
    app = make_portal(tmp_path, database, urls=urls)

    def view(service, path):
        api(service).post(f"/{path}")
        return redirect("/")

    app.add_url_rule("/do/<service>/<path>", "do", signed_in()(view), methods=["GET", "POST"])
    client = app.test_client()
    sign_in(client, "canbo")
    return client


def test_a_refused_form_leads_back_with_the_reason(client):
    sent = {"csrf_token": csrf_of(client, "/")}
    back = client.post("/do/applications/expired", data=sent, headers={"Referer": "http://localhost/?a=1"})
    assert (back.status_code, back.location) == (303, "/?a=1")
    assert EXPIRED["detail_vi"] in client.get("/").text


def test_a_referrer_elsewhere_is_not_followed(client):
    sent = {"csrf_token": csrf_of(client, "/")}
    page = client.post("/do/applications/expired", data=sent, headers={"Referer": "http://evil.example/"})
    assert page.status_code == 409
    assert EXPIRED["detail_vi"] in page.text


def test_with_one_api_down_the_page_names_it_and_what_still_works(client):
    page = client.get("/do/audit/x")
    assert page.status_code == 503
    main = page.text.split("<main")[1]
    assert "Phần Kiểm toán đang tạm ngừng" in main
    assert 'href="/applications"' in main
    assert 'href="/audit/checks"' not in main


def test_a_form_that_got_no_answer_says_that_sending_again_is_safe(client):
    page = client.post("/do/audit/x", data={"csrf_token": csrf_of(client, "/")})
    assert "không ghi hai lần" in page.text


def test_the_api_sees_person_and_language(client, server):
    client.get("/do/applications/echo", headers={"Accept-Language": "en"})
    _, _, headers = server.seen[-1]
    assert headers["Authorization"].count(".") == 2
    assert headers["Accept-Language"] == "en"
    assert headers["X-Request-Id"]
