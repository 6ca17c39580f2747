"""The embedded issuer: what it mints is what the services accept."""

import hashlib
from datetime import UTC, datetime

import pytest

from services.portal.accounts import actor_of
from services.portal.accounts import sign_in as check
from services.portal.context import Tokens
from shared.auth import Actor, Role, Verifier
from shared.settings import EnterpriseClient
from tests.support.portal import PASSWORD, SECRET, add_account, make_portal, portal_database


@pytest.fixture(scope="module")
def database():
    database = portal_database()
    yield database
    database.close()


@pytest.fixture
def app(tmp_path, database):
    return make_portal(tmp_path, database)


@pytest.fixture
def client(app):
    return app.test_client()


def verifier(client) -> Verifier:
    found = client.get("/.well-known/openid-configuration").json
    return Verifier(
        found["jwks_uri"],
        found["issuer"],
        "songban",
        ["ES256"],
        fetch=lambda: client.get("/.well-known/jwks.json").json,
    )


def test_the_published_keys_hold_no_private_part(client):
    (key,) = client.get("/.well-known/jwks.json").json["keys"]
    assert key["kty"] == "EC"
    assert "d" not in key


def test_a_persons_token_names_person_role_and_area(app, client, database):
    add_account(database, "canbo")
    actor = actor_of(check(database, "canbo", PASSWORD, datetime.now(UTC)))
    token = app.extensions["portal"].tokens.of(actor)
    seen = verifier(client).actor(token)
    assert seen == actor
    assert (seen.roles, seen.commune) == ({Role.OFFICER}, "01075")


def test_a_token_is_used_again_and_renewed_before_it_ends():
    class Counting:
        minted = 0

        def mint(self, actor, lifetime_s):
            self.minted += 1
            return f"token {self.minted}"

    issuer = Counting()
    tokens = Tokens(issuer, lifetime_s=900)
    one, other = Actor("1", "Một"), Actor("2", "Hai")
    assert tokens.of(one) == tokens.of(one) == "token 1"
    assert tokens.of(other) == "token 2"
    assert Tokens(issuer, lifetime_s=0).of(one) != Tokens(issuer, lifetime_s=0).of(one)


@pytest.mark.parametrize("how", ["basic", "post"])
def test_a_service_gets_a_token_for_its_secret(client, how):
    form = {"grant_type": "client_credentials"}
    credentials = ("eligibility", SECRET)
    if how == "basic":
        answer = client.post("/oauth/token", data=form, auth=credentials)
    else:
        answer = client.post(
            "/oauth/token", data={**form, "client_id": credentials[0], "client_secret": credentials[1]}
        )
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.json["token_type"] == "Bearer"
    actor = verifier(client).actor(answer.json["access_token"])
    assert (actor.subject, actor.roles) == ("eligibility", {Role.SERVICE})


@pytest.mark.parametrize("auth", [None, ("eligibility", "wrong"), ("stranger", SECRET), ("", "")])
def test_nobody_else_gets_one(client, auth):
    answer = client.post("/oauth/token", data={"grant_type": "client_credentials"}, auth=auth)
    assert (answer.status_code, answer.json) == (401, {"error": "invalid_client"})
    assert answer.headers["WWW-Authenticate"].startswith("Basic")


@pytest.fixture
def tills(tmp_path, database):
    clients = {
        "till-1": EnterpriseClient("telecom-1", hashlib.sha256(b"till secret").hexdigest()),
        "audit": EnterpriseClient("telecom-1", hashlib.sha256(b"till secret").hexdigest()),
    }
    return make_portal(tmp_path, database, enterprise_clients=clients).test_client()


def test_an_enterprises_till_gets_a_token_of_its_enterprise_and_no_more(tills):
    form = {"grant_type": "client_credentials"}
    answer = tills.post("/oauth/token", data=form, auth=("till-1", "till secret"))
    actor = verifier(tills).actor(answer.json["access_token"])
    assert (actor.subject, actor.roles, actor.enterprise_id) == (
        "till:till-1",
        {Role.ENTERPRISE},
        "telecom-1",
    )
    assert actor.shop_id is None


@pytest.mark.parametrize(
    "auth", [("till-1", "wrong"), ("till-1", ""), ("till-2", "till secret"), ("audit", "till secret")]
)
def test_a_wrong_till_gets_none_and_never_a_services(tills, auth):
    answer = tills.post("/oauth/token", data={"grant_type": "client_credentials"}, auth=auth)
    assert (answer.status_code, answer.json) == (401, {"error": "invalid_client"})


def test_other_grants_are_refused(client):
    answer = client.post("/oauth/token", data={"grant_type": "password"}, auth=("audit", SECRET))
    assert (answer.status_code, answer.json) == (400, {"error": "unsupported_grant_type"})
