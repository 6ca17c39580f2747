"""The ceilings for HTTP: the least that Flask, marshmallow and SQLAlchemy can do for the same work.

No sign-in, no rules, no events, no idempotency: what remains is what nobody on this stack can undercut.
"""

import os
from uuid import UUID

from flask import Flask, request
from marshmallow import EXCLUDE, Schema, fields
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session


class Anything(Schema):
    """Ten fields, as a household has."""

    class Meta:
        unknown = EXCLUDE

    programme_id = fields.String(required=True)
    commune = fields.String(required=True)
    village = fields.String(required=True)
    poverty_status = fields.String(required=True)
    members_count = fields.Integer(required=True)
    has_smartphone = fields.Boolean(required=True)
    priority_group = fields.String(allow_none=True)
    notes = fields.String(allow_none=True)
    legal_basis = fields.String(required=True)
    head = fields.Dict(required=True)


TABLES = """
CREATE TABLE bare_household (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), commune text, village text, body text);
CREATE TABLE bare_application (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), programme text, commune text, status text);
CREATE TABLE bare_voucher (code text PRIMARY KEY, status text NOT NULL, shop text);
"""  # noqa: E501


def app() -> Flask:
    """`POST /applications` (two inserts), `GET /applications/<id>` (a row by its key) and `POST /redemptions`
    (one guarded update)."""
    flask = Flask(__name__)
    engine = create_engine(os.environ["BARE_DATABASE_URL"], pool_size=8, max_overflow=4)
    schema = Anything()

    @flask.get("/healthz")
    def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @flask.post("/applications")
    def create() -> tuple[dict[str, str], int]:
        body = schema.load(request.get_json())
        with Session(engine) as session, session.begin():
            household = {"c": body["commune"], "v": body["village"], "b": str(body["head"])}
            session.execute(
                text("INSERT INTO bare_household (commune, village, body) VALUES (:c, :v, :b)"), household
            )
            application = {"p": body["programme_id"], "c": body["commune"], "s": "submitted"}
            session.execute(
                text("INSERT INTO bare_application (programme, commune, status) VALUES (:p, :c, :s)"),
                application,
            )
        return {"status": "submitted"}, 201

    @flask.get("/applications/<uuid:application_id>")
    def read(application_id: UUID) -> tuple[dict[str, str], int]:
        with Session(engine) as session:
            row = session.execute(
                text("SELECT programme, commune, status FROM bare_application WHERE id = :id"),
                {"id": application_id},
            ).first()
        return (dict(row._mapping), 200) if row else ({"status": "unknown"}, 404)

    @flask.post("/redemptions")
    def redeem() -> tuple[dict[str, str], int]:
        code = request.get_json()["code"]
        with Session(engine) as session, session.begin():
            row = session.execute(
                text(
                    "UPDATE bare_voucher SET status = 'redeemed', shop = 'shop'"
                    " WHERE code = :code AND status = 'issued' RETURNING code"
                ),
                {"code": code},
            ).first()
        return ({"status": "redeemed"}, 201) if row else ({"status": "refused"}, 409)

    return flask
