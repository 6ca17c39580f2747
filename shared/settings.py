"""Settings of a process, from the environment only. A wrong or missing one stops it with a sentence."""

import base64
import os
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from environs import Env, EnvError, EnvValidationError
from marshmallow.validate import ContainsOnly, Length, OneOf, Range

SERVICES = ("applications", "eligibility", "disbursement", "audit", "portal")
PORTS = {"portal": 8000, "applications": 8001, "eligibility": 8002, "disbursement": 8003, "audit": 8004}


ALGORITHMS = ("ES256", "ES384", "ES512", "Ed25519", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512")
"""Signatures that a public key checks; `none` and shared secrets are not among them."""

COMPLAINT_CHANNEL = "Ủy ban nhân dân xã"

_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
_SECRET: Any = Length(min=1)


class SettingsError(SystemExit):
    """A setting is missing or wrong; the message names it and says what it must be."""


@dataclass(frozen=True, slots=True)
class ImportSettings:
    """What an officer's list may cost, and how long it is kept.

    max_bytes: of the file; max_rows, max_columns: last row and column in use; max_cell_chars: letters of one
    cell; file_days: days after which the file and its report are forgotten, whatever became of it.
    """

    max_bytes: int = 16_000_000
    max_rows: int = 60_000
    max_columns: int = 64
    max_cell_chars: int = 2_000
    file_days: int = 30


@dataclass(frozen=True, slots=True)
class KeepingSettings:
    """How long applications keeps personal data, and how many households leave it in one file.

    draft_days: of a draft that was never submitted; closed_months: after a programme's end, of households it
    never gave anything, 0 = for ever (what the law asks is unverified); export_rows: of one list. And every
    service: answer_days, for which a request sent again gets the answer of the first.
    """

    draft_days: int = 90
    closed_months: int = 0
    export_rows: int = 50_000
    answer_days: int = 30


@dataclass(frozen=True, slots=True)
class SaleSettings:
    """What disbursement needs to sign vouchers and to take redemptions back.

    voucher_key: the 32 bytes of an Ed25519 private key; retired_keys: raw public keys whose vouchers still
    hold; reversal_days: for programmes that name no days of their own; alerts: from how many sales within
    how many minutes, and how many handsets of one hundred serial numbers, a shop is worth a look. The days
    and the figures of alerts are unverified: no source names any.
    """

    voucher_key: bytes = b""
    retired_keys: tuple[bytes, ...] = ()
    reversal_days: int = 7
    alerts: Mapping[str, int] = field(
        default_factory=lambda: {"burst": 10, "burst_minutes": 10, "same_hundred": 5}
    )


@dataclass(frozen=True, slots=True)
class EnterpriseClient:
    """An enterprise's till system, as the embedded issuer knows it: by the SHA-256 (hex) of its secret."""

    enterprise_id: str
    secret_sha256: str


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything a process of one service needs to know.

    Keys are raw bytes: `identity_key` keys the identity hashes (only applications and disbursement hold
    it), `wrapping_key` wraps household keys and derives PINs inside this service's own database.
    """

    service: str
    database_url: str
    broker: str
    bootstrap: str | None
    log_database_url: str | None
    issuer: str
    jwks_url: str
    token_url: str
    audience: str
    algorithms: tuple[str, ...]
    client_secret: str
    client_secrets: dict[str, str]
    wrapping_key: bytes
    identity_key: bytes
    urls: dict[str, str]
    host: str
    port: int
    workers: int
    threads: int
    log_level: str
    tracing: bool
    max_body_bytes: int
    session_key: str
    signing_key_file: str | None
    imports: ImportSettings = ImportSettings()
    keeping: KeepingSettings = KeepingSettings()
    sales: SaleSettings = SaleSettings()
    enterprise_clients: Mapping[str, EnterpriseClient] = field(default_factory=dict)
    complaint_channel: str = COMPLAINT_CHANNEL
    """Whom to tell when somebody asks a household for money: it stands on every voucher."""


class _Environment(Env):
    """Reads a mapping instead of this process's environment, which all threads share."""

    def __init__(self, values: Mapping[str, str]) -> None:
        super().__init__()
        self._given = values

    def _get_value(self, env_key: str, default: Any) -> Any:
        return self._given.get(env_key, default)


def load(service: str, environment: Mapping[str, str] | None = None) -> Settings:
    """The settings of `service`, from this process's environment or the given one. Raises SettingsError."""
    env = _Environment(os.environ if environment is None else environment)
    try:
        with env.prefixed("SONGBAN_"):
            return _read(env, service)
    except (EnvError, EnvValidationError, ValueError) as error:
        raise SettingsError(f"songban: {_sentence(error)}") from None


def _sentence(error: Exception) -> str:
    text = str(error)
    if "not set" in text:
        return f"a setting is missing: {text}. `songban doctor` looks at every service's."
    return f"a setting is wrong: {text}. `songban doctor` looks at every service's."


def _read(env: Env, service: str) -> Settings:
    upper = service.upper()
    broker = env.str("BROKER", "embedded")
    if broker not in {"embedded", "kafka"}:
        raise ValueError(f"SONGBAN_BROKER must be embedded or kafka, not {broker!r}")
    issuer = _http_url(env, "ISSUER", f"http://127.0.0.1:{PORTS['portal']}")
    return Settings(
        service=service,
        database_url=_database_url(env, f"{upper}_DATABASE_URL"),
        broker=broker,
        bootstrap=env.str("KAFKA_BOOTSTRAP", validate=_SECRET) if broker == "kafka" else None,
        log_database_url=_database_url(env, "LOG_DATABASE_URL") if broker == "embedded" else None,
        issuer=issuer,
        jwks_url=_http_url(env, "JWKS_URL", f"{issuer}/.well-known/jwks.json"),
        token_url=_http_url(env, "TOKEN_URL", f"{issuer}/oauth/token"),
        audience=env.str("AUDIENCE", "songban"),
        algorithms=tuple(
            env.list("ALGORITHMS", ["ES256", "Ed25519"], validate=[ContainsOnly(ALGORITHMS), Length(min=1)])
        ),
        client_secret=env.str(f"{upper}_CLIENT_SECRET", validate=_SECRET),
        client_secrets=_client_secrets(env) if service == "portal" else {},
        wrapping_key=_key(env, f"{upper}_WRAPPING_KEY"),
        identity_key=_key(env, "IDENTITY_KEY") if service in {"applications", "disbursement"} else b"",
        urls={
            name: _http_url(env, f"{name.upper()}_URL", f"http://127.0.0.1:{port}")
            for name, port in PORTS.items()
        },
        host=env.str("HOST", "127.0.0.1"),
        port=env.int(f"{upper}_PORT", PORTS[service], validate=Range(1, 65535)),
        workers=env.int("WORKERS", 1, validate=Range(1, 64)),
        threads=env.int("THREADS", 8, validate=Range(1, 256)),
        log_level=env.str("LOG_LEVEL", "INFO", validate=OneOf(_LEVELS)),
        tracing=env.bool("TRACING", False),
        max_body_bytes=env.int("MAX_BODY_BYTES", 16 * 1024 * 1024, validate=Range(min=1024)),
        session_key=env.str("SESSION_KEY", validate=_SECRET) if service == "portal" else "",
        signing_key_file=env.str("SIGNING_KEY_FILE", None) if service == "portal" else None,
        imports=_imports(env),
        keeping=_keeping(env),
        sales=_sales(env) if service == "disbursement" else SaleSettings(),
        enterprise_clients=_enterprise_clients(env) if service == "portal" else {},
        complaint_channel=env.str("COMPLAINT_CHANNEL", COMPLAINT_CHANNEL, validate=Length(1, 60)),
    )


def _imports(env: Env) -> ImportSettings:
    usual = ImportSettings()
    return ImportSettings(
        max_bytes=env.int("IMPORT_MAX_BYTES", usual.max_bytes, validate=Range(min=1024)),
        max_rows=env.int("IMPORT_MAX_ROWS", usual.max_rows, validate=Range(1, 1_000_000)),
        max_columns=env.int("IMPORT_MAX_COLUMNS", usual.max_columns, validate=Range(9, 1_000)),
        max_cell_chars=env.int("IMPORT_MAX_CELL_CHARS", usual.max_cell_chars, validate=Range(200, 32_767)),
        file_days=env.int("IMPORT_FILE_DAYS", usual.file_days, validate=Range(1, 3_650)),
    )


def _keeping(env: Env) -> KeepingSettings:
    usual = KeepingSettings()
    return KeepingSettings(
        draft_days=env.int("KEEP_DRAFT_DAYS", usual.draft_days, validate=Range(1, 3_650)),
        closed_months=env.int("KEEP_CLOSED_MONTHS", usual.closed_months, validate=Range(0, 600)),
        answer_days=env.int("IDEMPOTENCY_DAYS", usual.answer_days, validate=Range(1, 3_650)),
        export_rows=env.int("EXPORT_MAX_ROWS", usual.export_rows, validate=Range(1, 1_000_000)),
    )


def _sales(env: Env) -> SaleSettings:
    return SaleSettings(
        voucher_key=_key(env, "VOUCHER_KEY"),
        retired_keys=tuple(map(_public_key, env.list("VOUCHER_RETIRED_KEYS", []))),
        reversal_days=env.int("REVERSAL_DAYS", SaleSettings().reversal_days, validate=Range(0, 366)),
        alerts={
            name: env.int(f"ALERT_{name.upper()}", usual, validate=Range(min=2))
            for name, usual in SaleSettings().alerts.items()
        },
    )


def _public_key(text: str) -> bytes:
    """A public key as `GET /voucher-keys` publishes it: base64url without padding."""
    try:
        key = base64.urlsafe_b64decode(text.strip() + "=")
    except ValueError as error:
        raise ValueError(f"SONGBAN_VOUCHER_RETIRED_KEYS must be base64url texts: {error}") from None
    if len(key) != 32:
        raise ValueError("SONGBAN_VOUCHER_RETIRED_KEYS must each hold 32 bytes: the `x` of /voucher-keys")
    return key


def _enterprise_clients(env: Env) -> dict[str, EnterpriseClient]:
    """`client=enterprise=sha256 of its secret`, separated by commas; see `songban enterprise-client`."""
    clients = {}
    entries: list[str] = env.list("ENTERPRISE_CLIENTS", [])
    for entry in entries:
        client, _, rest = entry.strip().partition("=")
        enterprise, _, digest = rest.partition("=")
        if not client or not enterprise or re.fullmatch("[0-9a-f]{64}", digest) is None:
            raise ValueError(
                "SONGBAN_ENTERPRISE_CLIENTS must be client=enterprise=sha256, separated by commas"
            )
        clients[client] = EnterpriseClient(enterprise, digest)
    return clients


def _client_secrets(env: Env) -> dict[str, str]:
    """What the embedded issuer knows: the secret of each service that may sign in."""
    return {
        name: env.str(f"{name.upper()}_CLIENT_SECRET", validate=_SECRET)
        for name in SERVICES
        if name != "portal"
    }


def _database_url(env: Env, name: str) -> str:
    """The message never repeats the URL: a password stands in it."""
    url: str = env.str(name)
    if not _is_url(url, {"postgresql", "postgres"}) or len(urlsplit(url).path) < 2:
        raise ValueError(f"SONGBAN_{name} must be postgresql://user:password@host:port/database")
    return url


def _http_url(env: Env, name: str, default: str) -> str:
    url: str = env.str(name, default).rstrip("/")
    if not _is_url(url, {"http", "https"}):
        raise ValueError(f"SONGBAN_{name} must be an address that begins with http:// or https://")
    return url


def _is_url(text: str, schemes: Collection[str]) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is no number
        return False


def _key(env: Env, name: str) -> bytes:
    try:
        key = base64.b64decode(env.str(name), validate=True)
    except ValueError as error:
        raise ValueError(f"SONGBAN_{name} must be base64 text: {error}") from None
    if len(key) != 32:
        raise ValueError(f"SONGBAN_{name} must hold 32 bytes in base64, it holds {len(key)}")
    return key
