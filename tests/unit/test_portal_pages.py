"""The portal's own pages: signing in, the form token, headers, languages, errors, health."""

import pytest
from flask import Flask

from services.portal.context import signed_in
from services.portal.home import area_name
from shared.auth import Actor, Role
from shared.db import Database
from tests.support.portal import add_account, csrf_of, make_portal, portal_database, sign_in


@pytest.fixture(scope="module")
def database():
    database = portal_database()
    add_account(database, "canbo")
    add_account(database, "kiemtoan", ["auditor"])
    yield database
    database.close()


@pytest.fixture
def app(tmp_path, database) -> Flask:
    return make_portal(tmp_path, database)


@pytest.fixture
def client(app):
    return app.test_client()


def add_page(
    app: Flask, rule: str, view, *roles: Role, endpoint: str | None = None, methods=("GET",)
) -> None:
    app.add_url_rule(rule, endpoint or rule.strip("/"), signed_in(*roles)(view), methods=list(methods))


def test_every_route_names_who_may_open_it(app):
    open_to_nobody = [name for name, view in app.view_functions.items() if not hasattr(view, "__roles__")]
    assert not open_to_nobody


def test_who_is_not_signed_in_is_asked_to_and_comes_back_to_the_page(app, client):
    add_page(app, "/wanted", lambda: "here it is")
    asked = client.get("/wanted?page=2")
    assert asked.status_code == 302
    assert asked.location == "/login?next=/wanted?page%3D2"
    back = sign_in(client, "canbo", path=asked.location)
    assert (back.status_code, back.location) == (303, "/wanted?page=2")


@pytest.mark.parametrize(
    "target", ["//evil.example", "https://evil.example", "/\\evil.example", "/\t/evil", ""]
)
def test_signing_in_never_leads_to_another_site(client, target):
    client.get("/login")
    form = {"csrf_token": csrf_of(client), "username": "canbo", "password": "chè shan tuyết"}
    assert client.post("/login", query_string={"next": target}, data=form).location == "/"


def test_a_wrong_password_says_so_beside_the_field_and_keeps_the_name(client):
    page = sign_in(client, "canbo", "wrong")
    assert page.status_code == 422
    assert 'href="#username"' in page.text
    assert 'value="canbo"' in page.text
    assert "<title>Lỗi: Đăng nhập" in page.text
    assert "wrong" not in page.text


def test_what_a_person_types_is_never_markup(client):
    page = sign_in(client, '"><script>alert(1)</script>', "wrong")
    assert "<script>alert" not in page.text


def test_empty_fields_are_each_named(client):
    page = sign_in(client, " ", "")
    assert page.text.count("Hãy nhập") >= 4  # in the summary and beside the field, twice


def test_signing_in_starts_a_fresh_session(client):
    before = csrf_of(client)
    sign_in(client, "canbo")
    assert csrf_of(client, "/") != before


def test_signing_out_ends_the_session(client):
    sign_in(client, "canbo")
    assert client.post("/logout", data={"csrf_token": csrf_of(client, "/")}).location == "/login"
    assert client.get("/").status_code == 302


@pytest.mark.parametrize("sent", [{}, {"csrf_token": "guessed"}, {"csrf_token": ""}])
def test_a_form_without_this_sessions_token_is_refused(client, sent):
    assert client.post("/logout", data=sent).status_code == 400
    client.get("/login")
    page = client.post("/logout", data=sent)
    assert page.status_code == 400
    assert "đã mở quá lâu" in page.text


def test_the_token_may_come_in_a_header_as_htmx_sends_it(client):
    token = csrf_of(client)
    assert client.post("/logout", headers={"X-CSRF-Token": token}).status_code == 303


def test_a_role_is_needed(app, client):
    add_page(app, "/replay", lambda: "ledger", Role.AUDITOR)
    sign_in(client, "canbo")
    assert client.get("/replay").status_code == 403
    other = app.test_client()
    sign_in(other, "kiemtoan")
    assert other.get("/replay").text == "ledger"


def test_home_shows_a_task_only_when_its_page_exists(app, client):
    sign_in(client, "canbo")
    assert client.get("/").text.count('href="/applications"') == 2  # in the menu and as a card
    del app.view_functions["applications.search"]
    assert 'href="/applications"' not in client.get("/").text


def test_home_says_who_and_where_a_person_is(client):
    sign_in(client, "canbo")
    page = client.get("/").text
    assert "Xin chào, Họ Tên canbo" in page
    assert "Cán bộ xã" in page
    assert "Xã Nậm Dịch, Tỉnh Tuyên Quang" in page


@pytest.mark.parametrize(
    ("area", "name"),
    [
        ({"province": "08"}, "Tỉnh Tuyên Quang"),
        ({"commune": "99999"}, "99999"),  # newer than our list: better a code than nothing
        ({}, None),
    ],
)
def test_an_area_has_its_name(area, name):
    assert area_name(Actor("1", **area)) == name


def test_pages_forbid_inline_code_and_hold_none(client):
    page = client.get("/login")
    policy = page.headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert page.text.count("<script") == page.text.count('<script type="module" src=') == 1
    assert "style=" not in page.text
    assert "<style" not in page.text
    assert "://" not in page.text, "no address outside the portal"


def test_pages_are_never_stored_and_cookies_stay_with_us(client):
    page = client.get("/login")
    assert page.headers["Cache-Control"] == "no-store"
    assert page.headers["X-Content-Type-Options"] == "nosniff"
    cookie = page.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Secure" not in cookie


def test_over_https_cookies_are_secure(tmp_path, database):
    app = make_portal(tmp_path, database, issuer="https://songban.example")
    page = app.test_client().get("/login")
    assert "Secure" in page.headers["Set-Cookie"]
    assert "Strict-Transport-Security" in page.headers


@pytest.mark.parametrize(
    ("wanted", "title"),
    [("", "Đăng nhập"), ("en-GB,en;q=0.9", "Sign in"), ("fr", "Đăng nhập"), ("en;q=0.5,vi", "Đăng nhập")],
)
def test_the_language_follows_the_browser(client, wanted, title):
    page = client.get("/login", headers={"Accept-Language": wanted})
    assert f"<title>{title}" in page.text


def test_a_chosen_language_is_kept(client):
    switch = client.get("/language/en?next=/login", headers={"Accept-Language": "vi"})
    assert (switch.status_code, switch.location) == (303, "/login")
    page = client.get("/login", headers={"Accept-Language": "vi"})
    assert '<html lang="en"' in page.text
    assert client.get("/language/fr").status_code == 404


@pytest.mark.parametrize(("language", "title"), [("vi", "Không tìm thấy trang"), ("en", "Page not found")])
def test_an_unknown_address_gets_a_page_in_the_readers_language(client, language, title):
    page = client.get("/nowhere", headers={"Accept-Language": language})
    assert page.status_code == 404
    assert title in page.text


def test_an_unexpected_error_is_logged_and_shown_calmly(app, client):
    def broken():
        raise ZeroDivisionError("secret detail")

    add_page(app, "/broken", broken)
    sign_in(client, "canbo")
    page = client.get("/broken")
    assert page.status_code == 500
    assert "Hệ thống gặp lỗi" in page.text
    assert "secret detail" not in page.text


def test_with_its_database_away_the_portal_says_so(tmp_path, client):
    sign_in(client, "canbo")
    away = make_portal(tmp_path, Database("postgresql://nobody@127.0.0.1:1/nothing", "portal")).test_client()
    away.set_cookie("songban", client.get_cookie("songban").value)
    page = away.get("/")
    assert page.status_code == 503
    assert "Hệ thống đang bận" in page.text
    assert away.get("/readyz").status_code == 503
    assert away.get("/healthz").status_code == 200


def test_static_files_are_compressed_and_kept_for_good(app, client):
    with app.test_request_context():
        address = app.jinja_env.globals["asset"]("portal.css")
    answer = client.get(address, headers={"Accept-Encoding": "gzip"})
    assert answer.headers["Content-Encoding"] == "gzip"
    assert "immutable" in answer.headers["Cache-Control"]
    plain = client.get("/static/earlier/portal.css")
    assert plain.headers["Cache-Control"] == "no-cache"
    assert "Content-Encoding" not in plain.headers
    assert "@font-face" in plain.text
    for name in ("../app.py", "nothing.css", ".stamp", "vendor/.stamp"):
        assert client.get(f"/static/x/{name}").status_code == 404


def test_health(client):
    assert client.get("/healthz").json == {"status": "ok", "service": "portal"}
    assert client.get("/readyz").json == {"status": "ready", "revision": "0001"}
    assert "songban_http_request_seconds" in client.get("/metrics").text
