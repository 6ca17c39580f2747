"""The portal as tests see it: a real database, a browser-like client, somebody signed in."""

import re
from collections.abc import Iterable
from pathlib import Path

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from services.portal.accounts import NewAccount, Refusal, create_account, password_stamp
from services.portal.app import create_app
from services.portal.context import ACCOUNT, STAMP
from services.portal.models import Account
from services.portal.security import FIELD
from shared.db import Database, migrate
from shared.settings import PORTS, Settings
from tests.support.postgres import create_database

PASSWORD = "chè shan tuyết"
SECRET = "between the services"
TOKEN = "the form token of a visitor"


def portal_settings(folder: Path, **changes: object) -> Settings:
    """Settings of a portal on this machine; its signing key lies in `folder`."""
    values: dict[str, object] = {
        "service": "portal",
        "database_url": "",
        "broker": "embedded",
        "bootstrap": None,
        "log_database_url": None,
        "issuer": "http://127.0.0.1:8000",
        "jwks_url": "http://127.0.0.1:8000/.well-known/jwks.json",
        "token_url": "http://127.0.0.1:8000/oauth/token",
        "audience": "songban",
        "algorithms": ("ES256",),
        "client_secret": SECRET,
        "client_secrets": dict.fromkeys(("applications", "eligibility", "disbursement", "audit"), SECRET),
        "wrapping_key": bytes(32),
        "identity_key": b"",
        "urls": {name: f"http://127.0.0.1:{port}" for name, port in PORTS.items()},
        "host": "127.0.0.1",
        "port": 8000,
        "workers": 1,
        "threads": 4,
        "log_level": "WARNING",
        "tracing": False,
        "max_body_bytes": 1024 * 1024,
        "session_key": "a session key for tests",
        "signing_key_file": str(folder / "signing.pem"),
    }
    return Settings(**{**values, **changes})  # type: ignore[arg-type]


def portal_database() -> Database:
    """A fresh database with the portal's tables."""
    database = Database(create_database("portal"), "portal")
    migrate("portal", database.engine)
    return database


def make_portal(folder: Path, database: Database, **changes: object) -> Flask:
    """The portal's app on `database`."""
    return create_app(portal_settings(folder, **changes), database)


AREAS: dict[str, dict[str, str]] = {
    "officer": {"commune": "01075"},
    "approver": {"commune": "01075"},
    "manager": {"province": "08"},
    "shop": {"shop_id": "shop-1"},
    "enterprise": {"enterprise_id": "enterprise-1"},
}


def add_account(database: Database, username: str, roles: Iterable[str] = ("officer",), **area: str) -> None:
    """An account with PASSWORD and the area its roles need, or this one."""
    areas = area or {name: value for role in roles for name, value in AREAS.get(role, {}).items()}
    new = NewAccount(username, f"Họ Tên {username}", PASSWORD, frozenset(roles), **areas)
    with database.transaction() as session:
        made = create_account(session, new)
    assert not isinstance(made, Refusal), made


def subject_of(database: Database, username: str) -> str:
    """As whom an account acts."""
    with database.transaction() as session:
        return str(session.scalars(select(Account.id).where(Account.username == username)).one())


def visitor(app: Flask, username: str) -> FlaskClient:
    """Somebody signed in, without the slow check of a password; TOKEN is the form token."""
    client = app.test_client()
    with app.extensions["portal"].database.transaction() as database:
        account = database.scalars(select(Account).where(Account.username == username)).one()
        stamp = password_stamp(account)
    with client.session_transaction() as session:
        session.update({ACCOUNT: str(account.id), STAMP: stamp, FIELD: TOKEN})
    return client


def csrf_of(client: FlaskClient, path: str = "/login") -> str:
    """The form token a page hands out."""
    found = re.search(r'name="csrf-token" content="([^"]+)"', client.get(path).text)
    assert found, "the page carries no token"
    return found[1]


def sign_in(client: FlaskClient, username: str, password: str = PASSWORD, path: str = "/login"):
    """Fill in the sign-in form as a person would."""
    form = {"csrf_token": csrf_of(client), "username": username, "password": password}
    return client.post(path, data=form)
