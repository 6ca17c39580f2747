"""A tiny service over the kernel's own tables: one view for each thing that the web side promises."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import sqlalchemy
from flask import Response
from flask.testing import FlaskClient
from flask_smorest import Blueprint
from marshmallow import RAISE, Schema, fields
from sqlalchemy import text
from werkzeug.test import TestResponse

from shared.auth import Actor, Role, Verifier
from shared.db import Database
from shared.web import (
    PUBLIC,
    Problem,
    Refusal,
    ServiceApp,
    create_service,
    current_actor,
    current_session,
    idempotent,
    own_transactions,
    record_events,
    refuse,
    requires,
)
from tests.support.kernel import stop_shop
from tests.support.service import AUDIENCE, ISSUER, OFFICER, issuer, settings_for, token


class Thing(Schema):
    class Meta:
        unknown = RAISE

    name = fields.String(required=True)
    amount = fields.Integer(required=True, strict=True)
    tags = fields.List(fields.String(), load_default=list)


class Things(Schema):
    class Meta:
        unknown = RAISE

    name = fields.String(load_default=None)


@dataclass
class Hooks:
    """What a test wants to happen inside a view, and how often each view ran."""

    during: Callable[[str], Any] = lambda _name: None
    runs: list[str] = field(default_factory=list)

    def __call__(self, name: str) -> None:
        self.runs.append(name)
        self.during(name)


@dataclass
class Tiny:
    app: ServiceApp
    client: FlaskClient
    hooks: Hooks

    def call(
        self,
        method: str,
        path: str,
        *,
        as_: Actor | None = OFFICER,
        key: str | bool | None = None,
        headers: dict[str, str] | None = None,
        **options: Any,
    ) -> TestResponse:
        sent = dict(headers or {})
        if as_ is not None:
            sent["Authorization"] = f"Bearer {token(as_)}"
        if key:
            sent["Idempotency-Key"] = str(uuid4()) if key is True else key
        return self.app.test_client().open(path, method=method, headers=sent, **options)


def tiny(database: Database, **changes: Any) -> Tiny:
    hooks = Hooks()
    app = create_service(
        settings_for("disbursement", "postgresql://unused/x", **changes),
        database,
        [_blueprint(hooks, database)],
        title="Tiny",
        verifier=Verifier("", ISSUER, AUDIENCE, ("ES256",), fetch=issuer().jwks),
        import_name=__name__,
    )
    return Tiny(app, app.test_client(), hooks)


def _blueprint(hooks: Hooks, database: Database) -> Any:
    blp = Blueprint("tiny", __name__)

    @blp.post("/things")
    @blp.arguments(Thing)
    @blp.response(201, Thing)
    @requires(Role.OFFICER, Role.MANAGER)
    @idempotent
    def create(thing: dict[str, Any]) -> Any:
        """Keep a thing and say so in an event."""
        current_session().execute(
            text("INSERT INTO thing VALUES (:name, :amount)"),
            {"name": thing["name"], "amount": thing["amount"]},
        )
        record_events([stop_shop("tiny", thing["name"])])
        hooks("create")
        if thing["amount"] < 0:
            return refuse(Refusal("NOT_FOUND", amount=thing["amount"]), 409)
        return thing

    @blp.post("/things:stop")
    @blp.arguments(Thing)
    @requires(Role.OFFICER)
    @idempotent
    def stop(thing: dict[str, Any]) -> Any:
        """Write, then stop with a problem."""
        current_session().execute(
            text("INSERT INTO thing VALUES (:name, :amount)"),
            {"name": thing["name"], "amount": thing["amount"]},
        )
        hooks("stop")
        raise Problem(409, "NOT_FOUND", name=thing["name"])

    @blp.get("/things")
    @blp.arguments(Things, location="query")
    @requires(Role.OFFICER, Role.AUDITOR)
    def find(query: dict[str, Any]) -> Any:
        """Find things."""
        hooks("find")
        rows = current_session().execute(text("SELECT id FROM thing WHERE id = :name"), query)
        return {"items": [row.id for row in rows]}

    @blp.post("/append")
    @requires(Role.OFFICER)
    def append() -> Any:
        """Append to one stream."""
        hooks("append")
        (event,) = record_events([stop_shop("busy")])
        return {"version": event.version}

    @blp.post("/import")
    @requires(Role.OFFICER)
    @own_transactions
    def import_() -> Any:
        """Several short transactions of its own."""
        hooks("import")
        for number in range(3):
            with database.transaction() as session:
                session.execute(text("INSERT INTO thing VALUES (:id, 1)"), {"id": f"import-{number}"})
        record_events([stop_shop("import")])
        raise_if_asked(hooks)
        return {"done": 3}

    @blp.get("/whoami")
    @requires(*Role)
    def whoami() -> Any:
        """Who asks."""
        return {"subject": current_actor().subject}

    @blp.get("/open")
    @requires(PUBLIC)
    def open_() -> Any:
        """For everybody."""
        return {"open": True}

    @blp.get("/forgotten")
    def forgotten() -> Any:
        """A route that names no role."""
        return {"secret": True}

    @blp.get("/break")
    @requires(PUBLIC)
    def break_() -> Any:
        """Whatever the test wants to go wrong."""
        hooks("break")
        return Response(status=204)

    return blp


def raise_if_asked(hooks: Hooks) -> None:
    hooks("after import")


def conflict() -> None:
    """What PostgreSQL says to a transaction that lost a race."""
    current_session().execute(
        sqlalchemy.text("DO $$ BEGIN RAISE EXCEPTION 'lost' USING ERRCODE = '40001'; END $$")
    )
