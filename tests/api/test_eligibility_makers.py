"""Maker is not checker: against the API, against SQL by the service's own role, with roles that change."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import psycopg
import pytest
import sqlalchemy
from psycopg.errors import CheckViolation, InsufficientPrivilege, RestrictViolation

from services.eligibility.app import create_app
from shared.auth import Actor, Role, Verifier
from shared.db import Database, migrate, owner_url, provision
from tests.support.approval_lists import OTHER, PROVINCIAL, code, decision
from tests.support.eligibility import application, case, document, heard, publish, submit, submitted, take_in
from tests.support.postgres import server_url
from tests.support.service import AUDIENCE, COMMUNE, ISSUER, Bench, actor, issuer, settings_for

APPROVAL = (
    "status = 'approved', decision_number = '1', decision_date = '2026-11-23', position = 1, amount = 500000"
)
REJECTION = "status = 'rejected', decision_number = '1', decision_date = '2026-11-23', rejection = 'x'"


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    """The service with the database and the role that an installation gives it."""
    name = f"eligibility_{uuid4().hex[:8]}"
    url = provision(server_url(), name, "own-password")
    owner = Database(owner_url(server_url(), name), "owner")
    migrate("eligibility", owner.engine)
    owner.close()
    settings, database = settings_for("eligibility", url), Database(url, "own-role")
    verifier = Verifier("", ISSUER, AUDIENCE, ("ES256",), fetch=issuer().jwks)
    app = create_app(settings, database=database, verifier=verifier)
    made = Bench("eligibility", settings, database, app, app.test_client())
    publish(made, document(refer_on=["conflict_of_interest"]))
    yield made
    database.close()


@pytest.fixture
def own_role(bench: Bench) -> Iterator[psycopg.Connection[Any]]:
    """A session of the service's own role, which owns no table and is no superuser."""
    with psycopg.connect(bench.settings.database_url) as connection:
        row = connection.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user").fetchone()
        assert row == (False,)
        yield connection
        connection.rollback()


@pytest.fixture
def owner(bench: Bench) -> Iterator[psycopg.Connection[Any]]:
    """A session of the role that migrations become."""
    name = sqlalchemy.make_url(bench.settings.database_url).database or ""
    with psycopg.connect(owner_url(server_url(), name)) as connection:
        yield connection
        connection.rollback()


def person(subject: str, *roles: Role, **area: Any) -> Actor:
    return actor(*roles, subject=subject, **area)


def approve(bench: Bench, one: dict[str, Any], who: Actor) -> Any:
    path = f"/cases/{one['application_id']}:approve"
    return bench.call("POST", path, who, json=decision(23), key=True)


def correct(bench: Bench, one: dict[str, Any], by: str, revision: int = 2) -> None:
    wanted = {name: one[name] for name in ("application_id", "household_id", "persons")}
    changed = application(**wanted, entered_by=by, members_count=revision)
    take_in(bench, heard("application.corrected.v1", {**changed, "revision": revision, "reason": "MISTYPED"}))


class TestTheApi:
    def test_whoever_touched_a_case_never_approves_it_whatever_role_they_have_now(self, bench: Bench) -> None:
        """Entered, then corrected by two others, then reviewed: four people, all approvers by now."""
        (one,) = submitted(bench, 1, entered_by="an", conflict_of_interest=True)
        correct(bench, one, "binh", 2)
        correct(bench, one, "chi", 3)
        for subject in ("an", "binh", "chi"):
            assert code(approve(bench, one, person(subject, Role.APPROVER))) == (403, "MAKER_IS_CHECKER")
        (referred,) = submitted(bench, 1, entered_by="an", conflict_of_interest=True)
        path = f"/referrals/{referred['application_id']}"
        assert bench.call("POST", f"{path}:take", PROVINCIAL, key=True).status_code == 200
        body = {"reason": "Không phải người nhà."}
        assert bench.call("POST", f"{path}:uphold", PROVINCIAL, json=body, key=True).status_code == 200
        moved = person(PROVINCIAL.subject, Role.APPROVER, commune=COMMUNE)
        for who in (PROVINCIAL, moved):
            assert code(approve(bench, referred, who)) == (403, "MAKER_IS_CHECKER")
        for case_ in (one, referred):
            assert approve(bench, case_, person("dung", Role.APPROVER)).status_code == 200

    def test_a_list_leaves_them_all_out(self, bench: Bench) -> None:
        (one,) = submitted(bench, 1, entered_by="an")
        correct(bench, one, "binh")
        body = {"programme_id": one["programme_id"], "commune": COMMUNE, **decision(23)}
        ids = {"application_ids": [one["application_id"]]}
        for subject in ("an", "binh"):
            who = person(subject, Role.APPROVER)
            answer: Any = bench.call("POST", "/approval-lists", who, json=body | ids, key=True).json
            assert (answer["approved"], answer["skipped_own"]) == (0, 1)
        answer = bench.call("POST", "/approval-lists", OTHER, json=body | ids, key=True).json
        assert answer["approved"] == 1


class TestTheDatabase:
    @pytest.fixture
    def one(self, bench: Bench) -> str:
        """A case that `an` entered, `binh` corrected and `chi` reviewed, of the household of `kin`."""
        (made,) = submitted(bench, 1, entered_by="an", officials=["kin"])
        correct(bench, made, "binh")
        case_id: str = made["application_id"]
        bench.sql("UPDATE case_file SET reviewers = '{chi}' WHERE application_id = :id", id=case_id)
        return case_id

    @pytest.mark.parametrize("maker", ["an", "binh", "chi"])
    def test_takes_no_approval_by_a_maker(self, own_role: Any, one: str, maker: str) -> None:
        with pytest.raises(CheckViolation, match="case_file_maker_is_not_checker"):
            own_role.execute(
                f"UPDATE case_file SET {APPROVAL}, approved_by = %s WHERE application_id = %s", [maker, one]
            )

    @pytest.mark.parametrize("maker", ["an", "binh"])
    def test_takes_no_rejection_by_a_maker(self, own_role: Any, one: str, maker: str) -> None:
        with pytest.raises(CheckViolation, match="case_file_maker_is_not_checker"):
            own_role.execute(
                f"UPDATE case_file SET {REJECTION}, rejected_by = %s WHERE application_id = %s", [maker, one]
            )

    @pytest.mark.parametrize("decision", [f"{APPROVAL}, approved_by", f"{REJECTION}, rejected_by"])
    def test_takes_no_decision_by_one_of_the_household(self, own_role: Any, one: str, decision: str) -> None:
        with pytest.raises(CheckViolation, match="case_file_nobody_decides_on_kin"):
            own_role.execute(f"UPDATE case_file SET {decision} = 'kin' WHERE application_id = %s", [one])

    @pytest.mark.parametrize(
        "change",
        [
            "kin = '{}'",
            f"{APPROVAL}, approved_by = 'kin', kin = '{{}}'",
            "entered_by = 'somebody'",
            "correctors = '{}'",
            "correctors = '{somebody}'",
            "reviewers = '{}'",
            "application_id = gen_random_uuid()",
            f"{APPROVAL}, approved_by = 'an', entered_by = 'somebody'",
            f"{APPROVAL}, approved_by = 'binh', correctors = '{{}}'",
            f"{APPROVAL}, approved_by = 'chi', reviewers = '{{}}'",
        ],
    )
    def test_launders_no_maker(self, own_role: Any, one: str, change: str) -> None:
        with pytest.raises((RestrictViolation, CheckViolation)):
            own_role.execute(f"UPDATE case_file SET {change} WHERE application_id = %s", [one])

    def test_keeps_the_name_of_who_decided(self, own_role: Any, one: str) -> None:
        approval = APPROVAL.replace("position = 1", "position = 1000")
        own_role.execute(
            f"UPDATE case_file SET {approval}, approved_by = 'dung' WHERE application_id = %s", [one]
        )
        with pytest.raises(RestrictViolation):
            own_role.execute("UPDATE case_file SET approved_by = 'em' WHERE application_id = %s", [one])

    def test_keeps_the_name_of_who_took_it_back(self, own_role: Any, one: str) -> None:
        approval = APPROVAL.replace("position = 1", "position = 1001")
        own_role.execute(
            f"UPDATE case_file SET {approval}, approved_by = 'dung' WHERE application_id = %s", [one]
        )
        revoked = "status = 'revoked', revoked_by = 'em', revoked_reason = 'X'"
        own_role.execute(f"UPDATE case_file SET {revoked} WHERE application_id = %s", [one])
        for change in ("revoked_by = 'giang'", "approved_by = 'giang'"):
            with pytest.raises(RestrictViolation), own_role.transaction():
                own_role.execute(f"UPDATE case_file SET {change} WHERE application_id = %s", [one])

    def test_approves_no_referred_case_past_whoever_has_to_look_at_it(
        self, bench: Bench, own_role: Any
    ) -> None:
        (referred,) = submitted(bench, 1, entered_by="an", conflict_of_interest=True)
        approval = APPROVAL.replace("position = 1", "position = 1002") + ", due_on = NULL"
        with pytest.raises(RestrictViolation):
            own_role.execute(
                f"UPDATE case_file SET {approval}, outcome = 'eligible', approved_by = 'dung'"
                " WHERE application_id = %s",
                [referred["application_id"]],
            )

    def test_begins_no_case_with_a_decision(self, own_role: Any, one: str) -> None:
        columns = (
            "household_id, programme_id, programme_version, digest, commune, province, village, outcome,"
            " priority, persons, sealed, submitted_at, assessed_at, assessed_year"
        )
        with pytest.raises(RestrictViolation):
            own_role.execute(
                "INSERT INTO case_file (application_id, entered_by, status, decision_number, decision_date,"
                f" approved_by, position, amount, {columns})"
                " SELECT gen_random_uuid(), 'somebody', 'approved', '1', '2026-11-23', 'an', 2000, 500000,"
                f" {columns} FROM case_file WHERE application_id = %s",
                [one],
            )

    def test_deletes_no_case_to_enter_it_again(self, own_role: Any, one: str) -> None:
        with pytest.raises(RestrictViolation):
            own_role.execute("DELETE FROM case_file WHERE application_id = %s", [one])

    @pytest.mark.parametrize(
        "statement",
        [
            "TRUNCATE case_file",
            "ALTER TABLE case_file DROP CONSTRAINT case_file_maker_is_not_checker",
            "ALTER TABLE case_file DISABLE TRIGGER ALL",
            "DROP TRIGGER case_file_keeps_its_makers ON case_file",
            "ALTER FUNCTION refuse_laundering() RENAME TO refuse_nothing",
            "ALTER TABLE programme DISABLE TRIGGER programme_terms_are_fixed",
            "ALTER TABLE event_log DISABLE TRIGGER ALL",
            "TRUNCATE event_log",
            "CREATE TABLE public.mine (id integer)",
            "SET session_replication_role = replica",
            "SET ROLE {owner}",
        ],
    )
    def test_takes_no_guard_away(self, bench: Bench, own_role: Any, statement: str) -> None:
        owner = f"{sqlalchemy.make_url(bench.settings.database_url).database}_owner"
        with pytest.raises(InsufficientPrivilege):
            own_role.execute(statement.format(owner=owner))

    def test_takes_the_approval_of_somebody_else(self, bench: Bench, one: str) -> None:
        assert approve(bench, {"application_id": one}, OTHER).status_code == 200
        assert case(bench, one).approved_by == OTHER.subject


def test_control_without_the_check_the_maker_approves(bench: Bench, owner: Any) -> None:
    one = application(entered_by="an")
    submit(bench, one)
    owner.execute("ALTER TABLE case_file DROP CONSTRAINT case_file_maker_is_not_checker")
    approval = APPROVAL.replace("position = 1", "position = 3000")
    owner.execute(
        f"UPDATE case_file SET {approval}, approved_by = 'an' WHERE application_id = %s",
        [one["application_id"]],
    )
    row = owner.execute(
        "SELECT approved_by FROM case_file WHERE application_id = %s", [one["application_id"]]
    ).fetchone()
    assert row == ("an",)
