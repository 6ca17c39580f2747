"""Errors as people and programs read them: RFC 9457 problem details with a stable `code`, vi and en."""

from functools import cache
from importlib import resources
from typing import Any

import orjson
import yaml
from flask import Response, current_app, g, has_app_context, has_request_context, request

from shared.refusal import Refusal as Refusal  # re-exported: services find both here


class Problem(Exception):
    """Stops a request: the transaction is rolled back and the answer is problem details."""

    def __init__(self, status: int, code: str, *, errors: Any = None, **facts: Any) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.errors = errors
        self.facts = facts


@cache
def _sentences(service: str = "") -> dict[str, dict[str, str]]:
    """All sentences by code, as `service` says them: its own `sentences.yaml` comes before the others'."""
    found: dict[str, dict[str, str]] = {}
    for package in ("shared.web", *(f"services.{name}" for name in sorted(_services(), key=service.__eq__))):
        file = resources.files(package) / "sentences.yaml"
        if file.is_file():
            found.update(yaml.safe_load(file.read_text(encoding="utf-8")))
    return found


def _services() -> tuple[str, ...]:
    return ("applications", "eligibility", "disbursement", "audit", "portal")


def sentence(code: str, language: str, facts: dict[str, Any]) -> str:
    """What a person reads for `code`; a code without a sentence reads as itself."""
    template = _sentences(_own_service()).get(code, {}).get(language, code)
    try:
        return template.format(**facts)
    except (KeyError, IndexError, ValueError, TypeError):  # a fact is missing or of another kind
        return template


def _own_service() -> str:
    settings = getattr(current_app, "settings", None) if has_app_context() else None
    return str(getattr(settings, "service", ""))


def known_codes() -> set[str]:
    return set(_sentences())


def wanted_language() -> str:
    """`vi` unless the request prefers English."""
    return request.accept_languages.best_match(["vi", "en"], "vi") if has_request_context() else "vi"


def problem_response(status: int, code: str, facts: dict[str, Any], errors: Any = None) -> Response:
    """`detail` is in the language the request prefers; `detail_vi` and `detail_en` carry both."""
    body: dict[str, Any] = {
        "type": f"urn:songban:problem:{code}",
        "title": code,
        "status": status,
        "code": code,
        "detail": sentence(code, wanted_language() or "vi", facts),
        "detail_vi": sentence(code, "vi", facts),
        "detail_en": sentence(code, "en", facts),
        "instance": getattr(g, "request_id", None),
    }
    if facts:
        body["facts"] = facts
    if errors:
        body["errors"] = errors
    raw = orjson.dumps(body, default=str, option=orjson.OPT_NON_STR_KEYS)  # a list's errors go by position
    return Response(raw, status=status, content_type="application/problem+json")


def refuse(refusal: Refusal, status: int = 409) -> Response:
    """Answer with a refusal and still commit what the command left (a counted wrong PIN, say).

    Under an idempotency key the refusal is remembered like any answer.
    """
    return problem_response(status, refusal.code, refusal.facts)
