"""Settings: a missing or wrong one stops the process with a sentence that names it."""

import base64
import os

import pytest

from shared.settings import SERVICES, SettingsError, load

KEY = base64.b64encode(b"k" * 32).decode()
COMPLETE = {
    **{f"SONGBAN_{name.upper()}_DATABASE_URL": f"postgresql://u:hush@h:5432/{name}" for name in SERVICES},
    **{f"SONGBAN_{name.upper()}_CLIENT_SECRET": "hush" for name in SERVICES},
    **{f"SONGBAN_{name.upper()}_WRAPPING_KEY": KEY for name in SERVICES},
    "SONGBAN_LOG_DATABASE_URL": "postgresql://u:hush@h/log",
    "SONGBAN_IDENTITY_KEY": KEY,
    "SONGBAN_VOUCHER_KEY": KEY,
    "SONGBAN_SESSION_KEY": "hush",
}


@pytest.fixture(autouse=True)
def complete(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("SONGBAN_")]:
        monkeypatch.delenv(name)
    for name, value in COMPLETE.items():
        monkeypatch.setenv(name, value)


def stopped(service: str, name: str) -> str:
    with pytest.raises(SettingsError) as caught:
        load(service)
    text = str(caught.value)
    assert name in text
    assert "hush" not in text, "a sentence must not tell a secret"
    return text


@pytest.mark.parametrize("service", SERVICES)
def test_a_complete_environment_loads(service: str) -> None:
    settings = load(service)
    assert settings.wrapping_key == b"k" * 32
    assert settings.identity_key == (b"k" * 32 if service in {"applications", "disbursement"} else b"")
    assert settings.jwks_url == "http://127.0.0.1:8000/.well-known/jwks.json"
    assert bool(settings.session_key) is (service == "portal")
    assert sorted(settings.client_secrets) == (
        ["applications", "audit", "disbursement", "eligibility"] if service == "portal" else []
    )


@pytest.mark.parametrize(
    ("service", "name"),
    [
        *[(service, f"SONGBAN_{service.upper()}_DATABASE_URL") for service in SERVICES],
        *[(service, f"SONGBAN_{service.upper()}_CLIENT_SECRET") for service in SERVICES],
        *[(service, f"SONGBAN_{service.upper()}_WRAPPING_KEY") for service in SERVICES],
        ("audit", "SONGBAN_LOG_DATABASE_URL"),
        ("applications", "SONGBAN_IDENTITY_KEY"),
        ("disbursement", "SONGBAN_IDENTITY_KEY"),
        ("disbursement", "SONGBAN_VOUCHER_KEY"),
        ("portal", "SONGBAN_SESSION_KEY"),
        ("portal", "SONGBAN_AUDIT_CLIENT_SECRET"),
    ],
)
def test_a_missing_setting_is_named(service: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(name)
    assert "missing" in stopped(service, name)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SONGBAN_AUDIT_DATABASE_URL", ""),
        ("SONGBAN_AUDIT_DATABASE_URL", "audit"),
        ("SONGBAN_AUDIT_DATABASE_URL", "mysql://u:hush@h/audit"),
        ("SONGBAN_AUDIT_DATABASE_URL", "postgresql://u:hush@h:port/audit"),
        ("SONGBAN_AUDIT_DATABASE_URL", "postgresql://u:hush@h:5432/"),
        ("SONGBAN_LOG_DATABASE_URL", "nowhere"),
        ("SONGBAN_BROKER", "rabbit"),
        ("SONGBAN_AUDIT_CLIENT_SECRET", ""),
        ("SONGBAN_AUDIT_WRAPPING_KEY", "not base64!"),
        ("SONGBAN_AUDIT_WRAPPING_KEY", "đồng"),
        ("SONGBAN_AUDIT_WRAPPING_KEY", base64.b64encode(b"short").decode()),
        ("SONGBAN_AUDIT_PORT", "many"),
        ("SONGBAN_AUDIT_PORT", "70000"),
        ("SONGBAN_WORKERS", "0"),
        ("SONGBAN_THREADS", "-1"),
        ("SONGBAN_MAX_BODY_BYTES", "10"),
        ("SONGBAN_IMPORT_MAX_ROWS", "0"),
        ("SONGBAN_IMPORT_FILE_DAYS", "for ever"),
        ("SONGBAN_TRACING", "perhaps"),
        ("SONGBAN_LOG_LEVEL", "LOUD"),
        ("SONGBAN_ALGORITHMS", "none"),
        ("SONGBAN_ALGORITHMS", "ES256,HS256"),
        ("SONGBAN_ALGORITHMS", ""),
        ("SONGBAN_ISSUER", "portal"),
        ("SONGBAN_JWKS_URL", "file:///etc/passwd"),
        ("SONGBAN_TOKEN_URL", "ftp://x"),
        ("SONGBAN_APPLICATIONS_URL", "applications:8001"),
    ],
)
def test_a_wrong_setting_is_named(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)
    assert "wrong" in stopped("audit", name)


@pytest.mark.parametrize(
    ("service", "name", "value"),
    [
        ("disbursement", "SONGBAN_VOUCHER_KEY", base64.b64encode(b"short").decode()),
        ("disbursement", "SONGBAN_VOUCHER_RETIRED_KEYS", "đồng"),
        ("disbursement", "SONGBAN_VOUCHER_RETIRED_KEYS", "AAAA"),
        ("disbursement", "SONGBAN_REVERSAL_DAYS", "-1"),
        ("portal", "SONGBAN_ENTERPRISE_CLIENTS", "till=telecom-1"),
        ("portal", "SONGBAN_ENTERPRISE_CLIENTS", "till=telecom-1=a-secret-in-the-clear"),
    ],
)
def test_a_wrong_setting_of_sales_is_named(
    service: str, name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    assert "wrong" in stopped(service, name)


def test_retired_keys_and_enterprise_clients_are_lists(monkeypatch: pytest.MonkeyPatch) -> None:
    published = base64.urlsafe_b64encode(b"\xff" * 32).decode().rstrip("=")
    monkeypatch.setenv("SONGBAN_VOUCHER_RETIRED_KEYS", f"{published},{published}")
    assert load("disbursement").sales.retired_keys == (b"\xff" * 32,) * 2
    monkeypatch.setenv("SONGBAN_ENTERPRISE_CLIENTS", f"till-1=telecom-1={'a' * 64}")
    assert load("portal").enterprise_clients["till-1"].enterprise_id == "telecom-1"
    assert load("disbursement").enterprise_clients == {}


def test_kafka_needs_its_address_and_no_log_database(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SONGBAN_BROKER", "kafka")
    monkeypatch.delenv("SONGBAN_LOG_DATABASE_URL")
    stopped("audit", "SONGBAN_KAFKA_BOOTSTRAP")
    monkeypatch.setenv("SONGBAN_KAFKA_BOOTSTRAP", "kafka:9092")
    assert load("audit").bootstrap == "kafka:9092"
    assert load("audit").log_database_url is None
