"""A service under test: really migrated database, its Flask client, tokens minted in the test's hands."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any
from uuid import uuid4

import orjson
import sqlalchemy
from flask.testing import FlaskClient
from joserfc.jwk import ECKey
from werkzeug.test import TestResponse

from shared.auth import Actor, Issuer, Role, Verifier
from shared.db import Database, migrate
from shared.eventlog.port import Received
from shared.events import Envelope, NewEvent, parse
from shared.inbox import Consume
from shared.outbox import record
from shared.settings import PORTS, SaleSettings, Settings
from shared.web import ServiceApp
from tests.support.postgres import create_database, database_name

ISSUER = "http://issuer.test"
AUDIENCE = "songban"
COMMUNE = "01075"
PROVINCE = "08"
OTHER_COMMUNE = "04186"


@cache
def issuer() -> Issuer:
    made = ECKey.generate_key("P-256")
    return Issuer(ECKey.import_key({**made.as_dict(private=True), "kid": "test"}), ISSUER, AUDIENCE)


def token(actor: Actor, lifetime_s: int = 3600) -> str:
    return issuer().mint(actor, lifetime_s)


def actor(*roles: Role, subject: str = "", commune: str | None = COMMUNE, **fields: Any) -> Actor:
    """An actor of the pilot commune; `subject` defaults to the first role's name."""
    return Actor(subject or roles[0].value, subject or roles[0].value, frozenset(roles), commune, **fields)


OFFICER = actor(Role.OFFICER)
APPROVER = actor(Role.APPROVER)
MANAGER = actor(Role.MANAGER, commune=None, province=PROVINCE)
AUDITOR = actor(Role.AUDITOR, commune=None)
SHOP = actor(Role.SHOP, commune=None, shop_id="shop-1", enterprise_id="telecom-1")
SERVICE = actor(Role.SERVICE, subject="service:eligibility", commune=None)


def settings_for(service: str, database_url: str, **changes: Any) -> Settings:
    values: dict[str, Any] = {
        "service": service,
        "database_url": database_url,
        "broker": "embedded",
        "bootstrap": None,
        "log_database_url": None,
        "issuer": ISSUER,
        "jwks_url": f"{ISSUER}/jwks",
        "token_url": f"{ISSUER}/token",
        "audience": AUDIENCE,
        "algorithms": ("ES256",),
        "client_secret": "test-client-secret",
        "client_secrets": {},
        "wrapping_key": b"w" * 32,
        "identity_key": b"i" * 32,
        "urls": {name: f"http://127.0.0.1:{port}" for name, port in PORTS.items()},
        "host": "127.0.0.1",
        "port": PORTS[service],
        "workers": 1,
        "threads": 4,
        "log_level": "WARNING",
        "tracing": False,
        "max_body_bytes": 16 * 2**20,
        "session_key": "test-session-key",
        "signing_key_file": None,
        "sales": SaleSettings(voucher_key=b"v" * 32),
    }
    return Settings(**{**values, **changes})


@cache
def _template(service: str) -> str:
    """The name of a migrated database of `service`, copied for each test."""
    url = create_database(f"template_{service}", kept=True)
    engine = sqlalchemy.create_engine(sqlalchemy.make_url(url).set(drivername="postgresql+psycopg"))
    migrate(service, engine)
    engine.dispose()
    return database_name(url)


def fresh_database(service: str, *, kept: bool = False) -> str:
    """The URL of a new, migrated, empty database of `service`."""
    return create_database(service, template=_template(service), kept=kept)


@dataclass
class Bench:
    """One service with its own database. `call` speaks HTTP to it in process."""

    service: str
    settings: Settings
    database: Database
    app: ServiceApp
    client: FlaskClient

    def call(
        self,
        method: str,
        path: str,
        as_: Actor | None = None,
        json: Any = None,
        key: str | bool | None = None,
        **options: Any,
    ) -> TestResponse:
        """A request as `as_`. `key=True` sends a new Idempotency-Key, a text sends that one."""
        headers = dict(options.pop("headers", {}))
        if as_ is not None:
            headers["Authorization"] = f"Bearer {token(as_)}"
        if key:
            headers["Idempotency-Key"] = str(uuid4()) if key is True else key
        return self.client.open(path, method=method, json=json, headers=headers, **options)

    def events(self) -> list[Envelope]:
        """Everything the service has recorded, in the order of its outbox."""
        statement = sqlalchemy.text(
            "SELECT e.bytes FROM event_log e JOIN outbox o USING (stream, version) ORDER BY o.seq"
        )
        with self.database.transaction() as session:
            return [parse(bytes(raw)) for raw in session.scalars(statement)]

    def sql(self, statement: str, **values: Any) -> list[Any]:
        with self.database.transaction() as session:
            result = session.execute(sqlalchemy.text(statement), values)
            return list(result.all()) if result.returns_rows else []

    def take_in(self, events: Sequence[Envelope], key_source: Any = None) -> None:
        """Hand events of other services to this service's consumer, as the log would deliver them."""
        handlers = import_module(f"services.{self.service}.handlers").HANDLERS
        consume = Consume(self.service, self.database, None, handlers, key_source=key_source, patience=0)  # type: ignore[arg-type]
        consume.take_in([delivered(event, offset) for offset, event in enumerate(events)])


def delivered(event: Envelope, offset: int = 0, topic: str = "songban.test") -> Received:
    from datetime import UTC, datetime

    return Received(topic, 0, offset, datetime.now(UTC), event.key, event.raw)


@cache
def _foreign_log() -> Database:
    """Its event log stands in for other services', so that their events chain as real ones do."""
    return Database(fresh_database("disbursement", kept=True), "foreign")


def foreign_events(service: str, events: Sequence[NewEvent]) -> list[Envelope]:
    """Events as another service would have recorded them: placed, chained, canonical."""
    with _foreign_log().transaction() as session:
        return record(session, service, events)


def bench(service: str, **changes: Any) -> Bench:
    """A fresh bench for `service`; the caller closes nothing, its database goes with the test or fixture."""
    url = fresh_database(service)
    settings = settings_for(service, url, **changes)
    database = Database(url, f"test-{service}")
    verifier = Verifier("", ISSUER, AUDIENCE, ("ES256",), fetch=issuer().jwks)
    app = import_module(f"services.{service}.app").create_app(settings, database=database, verifier=verifier)
    return Bench(service, settings, database, app, app.test_client())


def problem(response: TestResponse) -> dict[str, Any]:
    """The problem details of an answer, checked for their shape."""
    assert response.content_type == "application/problem+json", response.get_data(as_text=True)[:500]
    body: dict[str, Any] = orjson.loads(response.get_data())
    assert body["status"] == response.status_code
    assert body["code"]
    assert body["detail_vi"] != body["code"], f"{body['code']} has no sentence"
    return body
