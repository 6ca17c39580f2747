"""Who gets in: right passwords, locked doors, disabled accounts, roles with their area."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Lock

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from argon2.exceptions import VerificationError
from sqlalchemy import inspect, select

from services.portal import accounts
from services.portal.accounts import LOCKED_FOR, WRONG_TRIES, NewAccount, Refusal
from services.portal.models import Account, Base
from tests.support.portal import PASSWORD, add_account, portal_database

NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def database():
    database = portal_database()
    yield database
    database.close()


def test_the_migrations_make_the_table_that_the_code_describes(database):
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []
        checks = {check["name"] for check in inspect(connection).get_check_constraints("account")}
    assert checks == {rule.name for rule in Account.__table__.constraints if rule.name}


def attempt(database, username, password=PASSWORD, now=NOW):
    return accounts.sign_in(database, username, password, now)


def test_the_right_password_opens_whatever_the_case_of_the_name(database):
    add_account(database, "mua.thi")
    found = attempt(database, "  Mua.Thi ")
    assert isinstance(found, Account)
    assert accounts.actor_of(found).commune == "01075"


def test_who_handles_applications_in_a_province_is_found_without_shops_and_other_places(database):
    for name, roles, area in (
        ("staff.chair", ("approver",), {"province": "08"}),
        ("staff.officer", ("officer",), {"commune": "01075"}),
        ("staff.manager", ("manager", "auditor"), {"province": "08"}),
        ("staff.auditor", ("auditor",), {}),
        ("staff.shop", ("shop",), {"shop_id": "s-1", "commune": "01075"}),
        ("staff.elsewhere", ("officer",), {"commune": "04186"}),
        ("staff.gone", ("officer",), {"commune": "01075"}),
    ):
        add_account(database, name, roles, **area)
    with database.transaction() as session:
        accounts.disable_account(session, "staff.gone", NOW)
        found = accounts.staff_of(session, ["01075", "00691"], "08")
    names = {name.removeprefix("Họ Tên ") for name in found.values() if "staff." in name}
    assert names == {"staff.chair", "staff.officer", "staff.manager"}


def test_unknown_names_and_wrong_passwords_get_the_same_answer(database):
    add_account(database, "lo.van")
    assert attempt(database, "nobody", "x") == attempt(database, "lo.van", "x") == Refusal("wrong")


def test_five_wrong_tries_lock_for_fifteen_minutes_even_the_right_password(database):
    add_account(database, "giang.a")
    answers = [attempt(database, "giang.a", "wrong") for _ in range(WRONG_TRIES)]
    assert [answer.code for answer in answers] == ["wrong"] * 4 + ["locked"]
    assert attempt(database, "giang.a") == Refusal("locked", until=NOW + LOCKED_FOR)
    later = NOW + LOCKED_FOR + timedelta(seconds=1)
    assert isinstance(attempt(database, "giang.a", now=later), Account)


def test_a_right_password_forgets_earlier_wrong_ones(database):
    add_account(database, "sung.a")
    for _ in range(3):
        for _ in range(WRONG_TRIES - 1):
            assert attempt(database, "sung.a", "wrong").code == "wrong"
        assert isinstance(attempt(database, "sung.a"), Account)


def test_tries_at_the_same_moment_are_all_counted(database):
    add_account(database, "thao.a")
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: attempt(database, "thao.a", "wrong"), range(8)))
    assert [answer.code for answer in answers].count("wrong") == WRONG_TRIES - 1


class Checks:
    """Stands in for argon2: how many checks run at once, and the connections held meanwhile."""

    def __init__(self, database):
        self._database, self._lock = database, Lock()
        self.runs = self.together = self.most_together = 0
        self.connections = []

    def verify(self, _password_hash, _password):
        with self._lock:
            self.runs += 1
            self.together += 1
            self.most_together = max(self.most_together, self.together)
            self.connections.append(self._database.engine.pool.checkedout())
        time.sleep(0.05)
        with self._lock:
            self.together -= 1
        raise VerificationError


def test_a_flood_of_tries_costs_the_memory_of_two_and_no_connection(database, monkeypatch):
    add_account(database, "vu.thi")
    checks = Checks(database)
    monkeypatch.setattr(accounts, "_hasher", checks)
    names = ["vu.thi", *[f"nobody {number}" for number in range(15)]]
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda name: attempt(database, name, "wrong"), names))
    assert set(answers) == {Refusal("wrong")}
    assert (checks.runs, checks.most_together) == (16, 2)
    assert checks.connections[-1] == 0


def test_a_password_that_was_changed_during_the_check_opens_nothing(database, monkeypatch):
    add_account(database, "ma.thi")

    def change(password_hash, password):
        with database.transaction() as session:
            accounts.set_password(session, "ma.thi", "another one here")
        return password_hash

    monkeypatch.setattr(accounts, "_renewed_if_right", change)
    assert attempt(database, "ma.thi") == Refusal("wrong")


def test_a_disabled_account_is_refused_and_its_session_ends(database):
    add_account(database, "vang.a")
    with database.transaction() as session:
        account = session.scalars(select(Account).where(Account.username == "vang.a")).one()
        stamp = accounts.password_stamp(account)
        assert accounts.active_account(session, str(account.id), stamp)
        accounts.disable_account(session, "vang.a", NOW)
    with database.transaction() as session:
        assert accounts.active_account(session, str(account.id), stamp) is None
    assert attempt(database, "vang.a") == Refusal("disabled")


def test_a_new_password_opens_the_lock_and_ends_old_sessions(database):
    add_account(database, "ly.thi")
    stamp = accounts.password_stamp(attempt(database, "ly.thi"))
    for _ in range(WRONG_TRIES):
        attempt(database, "ly.thi", "wrong")
    with database.transaction() as session:
        assert accounts.set_password(session, "ly.thi", "another one here") is None
    account = attempt(database, "ly.thi", "another one here")
    assert isinstance(account, Account)
    assert accounts.password_stamp(account) != stamp


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"username": "TAKEN"}, "username_taken"),
        ({"password": "short"}, "password_too_short"),
        ({"roles": frozenset()}, "roles_known"),
        ({"roles": frozenset({"service"})}, "roles_known"),
        ({"commune": None}, "officer_has_commune"),
        ({"commune": "1075"}, "commune_code"),
        ({"roles": frozenset({"approver"}), "commune": None}, "approver_has_area"),
        ({"roles": frozenset({"manager"})}, "manager_has_province"),
        ({"roles": frozenset({"shop"})}, "shop_has_shop"),
        ({"roles": frozenset({"enterprise"})}, "enterprise_has_enterprise"),
    ],
)
def test_an_account_that_breaks_a_rule_is_refused_by_name(database, changes, code):
    good = {
        "username": "new",
        "display_name": "Mới",
        "password": PASSWORD,
        "roles": frozenset({"officer"}),
        "commune": "01075",
    }
    with database.transaction() as session:
        accounts.create_account(session, NewAccount(**{**good, "username": "taken"}))
        assert accounts.create_account(session, NewAccount(**{**good, **changes})) == Refusal(code)
