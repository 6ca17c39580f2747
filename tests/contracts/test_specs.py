"""The generated descriptions say what the code does, and stand up to the rules of their own formats."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import orjson
import pytest
import yaml

from shared.auth import Role
from shared.events import CATALOGUE
from tests.contracts.examples import GOLDEN

ROOT = Path(__file__).parents[2]
SERVICES = ("applications", "eligibility", "disbursement", "audit")
METHODS = {"get", "put", "post", "delete", "patch"}

OPENAPI_FORM = {
    "type": "object",
    "required": ["openapi", "info", "paths", "components"],
    "properties": {
        "openapi": {"pattern": r"^3\.1\.\d+$"},
        "info": {"type": "object", "required": ["title", "version"]},
        "paths": {
            "type": "object",
            "patternProperties": {
                "^/": {"additionalProperties": {"anyOf": [{"$ref": "#/$defs/operation"}, {"type": "array"}]}}
            },
            "additionalProperties": False,
        },
    },
    "$defs": {
        "operation": {
            "type": "object",
            "required": ["responses", "summary", "security", "x-roles"],
            "properties": {
                "responses": {
                    "type": "object",
                    "minProperties": 1,
                    "patternProperties": {
                        "^[1-5][0-9]{2}$": {
                            "anyOf": [
                                {"required": ["$ref"]},
                                {"required": ["description"]},
                            ]
                        }
                    },
                    "additionalProperties": False,
                },
                "requestBody": {"type": "object", "required": ["content"]},
                "parameters": {
                    "items": {
                        "anyOf": [
                            {"required": ["$ref"]},
                            {
                                "required": ["name", "in", "schema"],
                                "properties": {"in": {"enum": ["query", "header", "path", "cookie"]}},
                            },
                        ]
                    }
                },
                "security": {"type": "array"},
            },
        }
    },
}

ASYNCAPI_FORM = {
    "type": "object",
    "required": ["asyncapi", "info", "channels", "operations", "components"],
    "properties": {
        "asyncapi": {"const": "3.0.0"},
        "info": {"type": "object", "required": ["title", "version"]},
        "servers": {"additionalProperties": {"required": ["host", "protocol"]}},
        "channels": {"additionalProperties": {"required": ["address", "messages"]}},
        "operations": {
            "additionalProperties": {
                "required": ["action", "channel", "messages"],
                "properties": {
                    "action": {"enum": ["send", "receive"]},
                    "channel": {"required": ["$ref"]},
                    "messages": {"type": "array", "minItems": 1},
                },
            }
        },
        "components": {"required": ["messages", "schemas"]},
    },
}


def openapi(service: str) -> dict[str, Any]:
    file = ROOT / "deploy" / "openapi" / f"{service}.json"
    assert file.exists(), f"{file} is missing: make openapi"
    read: dict[str, Any] = orjson.loads(file.read_bytes())
    return read


def asyncapi() -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load((ROOT / "deploy" / "asyncapi.yaml").read_text("utf-8"))
    return read


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for inner in value.values():
            yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


def assert_references_lead_somewhere(document: dict[str, Any]) -> None:
    for reference in references(document):
        place: Any = document
        for part in reference.removeprefix("#/").split("/"):
            assert part in place, f"{reference} leads nowhere"
            place = place[part]


@pytest.mark.parametrize("what", ["openapi", "asyncapi"])
def test_the_committed_files_are_what_the_code_says(what: str) -> None:
    checked = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "specs.py"), what, "--check"],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert checked.returncode == 0, f"run `make {what}`:\n{checked.stdout[:4000]}{checked.stderr[-2000:]}"


def test_the_command_names_its_usage() -> None:
    wrong = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "specs.py"), "html"],
        capture_output=True,
        check=False,
        timeout=120,
    )
    assert wrong.returncode == 2
    assert b"usage" in wrong.stderr


@pytest.mark.parametrize("service", SERVICES)
def test_openapi_has_its_form(service: str) -> None:
    document = openapi(service)
    jsonschema_rs.validate(OPENAPI_FORM, document)
    assert_references_lead_somewhere(document)
    for schema in document["components"]["schemas"].values():
        jsonschema_rs.meta.validate({"$schema": "https://json-schema.org/draft/2020-12/schema", **schema})


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any], list[Any]]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if method in METHODS:
                yield path, method, operation, [*item.get("parameters", []), *operation.get("parameters", [])]


OPEN_TO_ALL = {"get /voucher-keys"}
"""Public keys are for everybody: a till without a line cannot sign in."""

WRITING = {"post", "put", "patch", "delete"}


@pytest.mark.parametrize("service", SERVICES)
def test_every_operation_says_who_how_and_what_goes_wrong(service: str) -> None:
    for path, method, operation, parameters in operations(openapi(service)):
        where = f"{method} {path}"
        named = {parameter["name"] for parameter in parameters if parameter.get("in") == "path"}
        assert set(re.findall(r"{(\w+)}", path)) == named, where
        if where in OPEN_TO_ALL:
            assert operation["security"] == [], where
            assert operation["x-roles"] == [], where
        else:
            assert operation["x-roles"], where
            assert set(operation["x-roles"]) <= set(Role), where
            assert operation["security"] == [{"bearer": []}], where
            assert {"401", "403"} <= set(operation["responses"]), where
        assert {"500", "503"} <= set(operation["responses"]), where
        assert any(status.startswith("2") for status in operation["responses"]), where
        assert "\\\\Z" not in orjson.dumps(operation).decode(), where
        for status, response in operation["responses"].items():
            assert status < "400" or "application/problem+json" in response["content"], f"{where} {status}"


@pytest.mark.parametrize("service", SERVICES)
def test_writing_operations_take_an_idempotency_key(service: str) -> None:
    for path, method, operation, parameters in operations(openapi(service)):
        keyed = any(parameter.get("name") == "Idempotency-Key" for parameter in parameters)
        if keyed:
            assert method in WRITING, path
            assert {"400", "422"} <= set(operation["responses"]), path


def test_asyncapi_has_its_form() -> None:
    document = asyncapi()
    jsonschema_rs.validate(ASYNCAPI_FORM, document)
    assert_references_lead_somewhere(document)
    assert set(document["components"]["messages"]) == set(CATALOGUE)


@pytest.mark.parametrize("name", sorted(CATALOGUE))
def test_the_payload_schema_takes_the_golden_event_and_nothing_more(name: str) -> None:
    document = asyncapi()
    schema = {**document["components"]["messages"][name]["payload"], "components": document["components"]}
    validator = jsonschema_rs.validator_for(schema)
    event = orjson.loads((GOLDEN / f"{name}.json").read_bytes())
    validator.validate(event)
    for wrong in (
        {**event, "data": {**event["data"], "full_name": "somebody"}},
        {**event, "data": {}},
        {**event, "type": "something.else.v1"},
        {**event, "streamversion": 0},
        {key: value for key, value in event.items() if key != "prevhash"},
    ):
        assert not validator.is_valid(wrong)


def test_every_topic_has_a_sender_and_a_receiver() -> None:
    document = asyncapi()
    used: dict[str, set[str]] = {}
    for operation in document["operations"].values():
        used.setdefault(operation["channel"]["$ref"].rsplit("/", 1)[1], set()).add(operation["action"])
    assert used == {channel: {"send", "receive"} for channel in document["channels"]}
