"""No route is open by accident, and no refusal is without a sentence: held for every service at once."""

import ast
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path
from uuid import UUID

import pytest
import yaml
from werkzeug.routing import Rule

from shared.auth import Role, Verifier
from shared.web import PUBLIC, ServiceApp
from shared.web.access import PUBLIC_ENDPOINTS
from tests.support.service import AUDIENCE, ISSUER, actor, issuer, problem, settings_for, token

ROOT = Path(__file__).parents[2]
SERVICES = ("applications", "eligibility", "disbursement", "audit")
OPEN_TO_EVERYBODY = {"/healthz", "/readyz", "/metrics", "/openapi.json"}
OPEN_AT = {"disbursement": {"/voucher-keys"}}
"""Public keys, which devices without a line fetch before they need them."""
SOMEWHERE = UUID("01938b2c-5a10-7c3e-9f00-000000000001")


@cache
def app_of(service: str) -> ServiceApp:
    """The service's app over a database that is not there: access is decided before anybody asks it."""
    settings = settings_for(service, "postgresql://nobody:x@127.0.0.1:1/none")
    verifier = Verifier("", ISSUER, AUDIENCE, ("ES256",), fetch=issuer().jwks)
    app: ServiceApp = import_module(f"services.{service}.app").create_app(settings, verifier=verifier)
    return app


def rules(service: str) -> list[Rule]:
    return list(app_of(service).url_map.iter_rules())


def calls(service: str) -> Iterator[tuple[str, str, frozenset[Role | str]]]:
    """Every method and address of the service that needs a token, and the roles it names."""
    app = app_of(service)
    address = app.url_map.bind("localhost")
    for rule in rules(service):
        roles = getattr(app.view_functions[rule.endpoint], "__roles__", frozenset())
        if rule.endpoint in PUBLIC_ENDPOINTS or PUBLIC in roles:
            continue
        values = {name: SOMEWHERE if "uuid:" + name in rule.rule else "x" for name in rule.arguments}
        for method in sorted((rule.methods or set()) - {"OPTIONS", "HEAD"}):
            yield method, address.build(rule.endpoint, values, method=method), roles


def answer(service: str, method: str, path: str, as_: Role | None = None) -> tuple[int, str]:
    headers = {"Authorization": f"Bearer {token(actor(as_))}"} if as_ else {}
    response = app_of(service).test_client().open(path, method=method, headers=headers)
    return response.status_code, problem(response)["code"]


@pytest.mark.parametrize("service", SERVICES)
def test_every_route_names_its_roles(service: str) -> None:
    app = app_of(service)
    for rule in rules(service):
        if rule.endpoint in PUBLIC_ENDPOINTS:
            continue
        roles = getattr(app.view_functions[rule.endpoint], "__roles__", None)
        assert roles, f"{service} {rule} names no role"
        assert roles <= {*Role, PUBLIC}, f"{service} {rule} names a role that does not exist"
    assert len(list(calls(service))) >= 5


@pytest.mark.parametrize("service", SERVICES)
def test_only_health_metrics_and_the_description_are_public(service: str) -> None:
    app = app_of(service)
    public = {
        rule.rule
        for rule in rules(service)
        if rule.endpoint in PUBLIC_ENDPOINTS
        or PUBLIC in getattr(app.view_functions[rule.endpoint], "__roles__", ())
    }
    assert public == OPEN_TO_EVERYBODY | OPEN_AT.get(service, set())


@pytest.mark.parametrize("service", SERVICES)
def test_without_a_token_every_route_answers_401(service: str) -> None:
    for method, path, _ in calls(service):
        assert answer(service, method, path) == (401, "TOKEN_MISSING"), f"{method} {path}"


@pytest.mark.parametrize("service", SERVICES)
def test_with_a_role_that_it_does_not_name_every_route_answers_403(service: str) -> None:
    for method, path, roles in calls(service):
        for role in set(Role) - roles:
            assert answer(service, method, path, role) == (403, "ROLE_MISSING"), f"{method} {path} as {role}"


@pytest.mark.parametrize("service", SERVICES)
def test_the_auditor_writes_nothing(service: str) -> None:
    for method, path, roles in calls(service):
        assert method == "GET" or Role.AUDITOR not in roles, f"{method} {path}"


def test_who_approves_never_pays_and_who_enters_never_approves() -> None:
    approving = [
        roles for _, path, roles in calls("eligibility") if path.endswith((":approve", "approval-lists"))
    ]
    assert approving
    for roles in approving:
        assert roles == {Role.APPROVER}
    for service in SERVICES:
        for method, path, roles in calls(service):
            assert method == "GET" or not {Role.APPROVER, Role.PAYER} <= roles, path


@pytest.mark.parametrize("service", SERVICES)
def test_writing_routes_take_an_idempotency_key_or_say_why_not(service: str) -> None:
    app = app_of(service)
    without = {
        f"{service} {rule.rule}"
        for rule in rules(service)
        if "POST" in (rule.methods or set())
        and not getattr(app.view_functions[rule.endpoint], "__idempotent__", False)
    }
    assert without <= NO_KEY


NO_KEY = {
    "applications /applications:batch",  # the device makes the items' ids; sent again they are unchanged
    "applications /applications:check",  # reads
    "applications /imports",  # its own transactions; the same file again creates nothing twice
    "applications /keys:release",  # reads
    "eligibility /lists/<uuid:list_id>/document",  # reads, and prints names that must be kept nowhere
    "disbursement /vouchers:lookup",  # reads
    "disbursement /vouchers:print",  # reads, and prints
}


# Sentences


def sources(package: str) -> Iterator[tuple[Path, ast.AST]]:
    for file in sorted((ROOT / package).rglob("*.py")):
        yield file, ast.parse(file.read_text("utf-8"))


def sentences(package: str) -> set[str]:
    file = ROOT / package / "sentences.yaml"
    return set(yaml.safe_load(file.read_text("utf-8"))) if file.exists() else set()


def literals(node: ast.AST) -> set[str]:
    """The texts in an expression; of one put together (`f"PROGRAMME_{status}"`) the beginning and `…`."""
    joined = [n.values for n in ast.walk(node) if isinstance(n, ast.JoinedStr)]
    pieces = {id(part) for parts in joined for part in parts}
    whole = {n.value for n in ast.walk(node) if isinstance(n, ast.Constant) and id(n) not in pieces}
    begun = {f"{parts[0].value}…" for parts in joined if parts and isinstance(parts[0], ast.Constant)}
    return {text for text in whole | begun if isinstance(text, str)}


def is_known(code: str, known: set[str]) -> bool:
    return code in known or (code.endswith("…") and any(name.startswith(code[:-1]) for name in known))


def codes_used(package: str) -> dict[str, str]:
    """The codes in `Refusal("…")` and `Problem(status, "…")`, with the place of one use."""
    found: dict[str, str] = {}
    for file, tree in sources(package):
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call):
                continue
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            position = {"Refusal": 0, "Problem": 1}.get(called)
            if position is not None and len(node.args) > position:
                for code in literals(node.args[position]):
                    found.setdefault(code, f"{file.relative_to(ROOT)}:{node.lineno}")
    return found


@pytest.mark.parametrize("package", ["shared", *(f"services/{name}" for name in SERVICES)])
def test_every_code_has_its_sentence(package: str) -> None:
    known = sentences("shared/web") | sentences(package)
    missing = {code: place for code, place in codes_used(package).items() if not is_known(code, known)}
    assert not missing


@pytest.mark.parametrize("package", [f"services/{name}" for name in SERVICES])
def test_every_sentence_belongs_to_a_code_in_use(package: str) -> None:
    written = {text for _, tree in sources(package) for text in literals(tree)}
    begun = tuple(text[:-1] for text in written if text.endswith("_…"))
    unused = {code for code in sentences(package) if code not in written and not code.startswith(begun)}
    assert not unused
