"""What the OpenAPI document says of every route by itself: who may call it, and how it says no."""

from typing import Any

from apispec import APISpec, BasePlugin
from flask import Flask

from shared.auth import Role
from shared.web.access import PUBLIC

PROBLEM_TYPE = "application/problem+json"
PROBLEM: dict[str, Any] = {
    "type": "object",
    "description": "RFC 9457 problem details. `code` is stable; `detail` is in the reader's language.",
    "required": ["type", "title", "status", "code", "detail", "detail_vi", "detail_en"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string"},
        "detail": {"type": "string"},
        "detail_vi": {"type": "string"},
        "detail_en": {"type": "string"},
        "instance": {"type": ["string", "null"]},
        "facts": {"type": "object"},
        "errors": {"type": "object", "description": "For wrong fields: what is wrong, by field."},
    },
}
WORDS = {
    "400": "Malformed: JSON, a cursor, or no Idempotency-Key where one is needed.",
    "401": "No token, or one that does not hold.",
    "403": "Not one of the route's roles, or outside the actor's area.",
    "404": "Not there, or outside the actor's area.",
    "409": "The state does not allow it; `code` says why.",
    "413": "The body is too large.",
    "415": "The body is not JSON.",
    "422": "Fields that are wrong or unknown (`errors` names them), or a key of another request.",
    "429": "Too much for now; `code` says of what. Try again later.",
    "500": "An unexpected error; it was logged under `instance`.",
    "503": "Something we need is down or busy; try again.",
}
KEY_HEADER: dict[str, Any] = {
    "in": "header",
    "name": "Idempotency-Key",
    "required": True,
    "description": "A new random key for each new operation, the same key for each retry.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 200},
}


class AccessPlugin(BasePlugin):
    """Reads `@requires` and `@idempotent` off the views. `x-roles` lists the roles; [] means everybody."""

    def __init__(self, app: Flask) -> None:
        super().__init__()
        self._app = app

    def init_spec(self, spec: APISpec) -> None:
        super().init_spec(spec)
        spec.components.schema("Problem", PROBLEM)
        spec.components.security_scheme("bearer", {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"})

    def operation_helper(
        self,
        path: str | None = None,  # noqa: ARG002 - apispec hands it over by name
        operations: dict[str, Any] | None = None,
        *,
        rule: Any = None,
        **_: Any,
    ) -> None:
        if rule is None:
            return
        view = self._app.view_functions[rule.endpoint]
        for operation in (operations or {}).values():
            _fold_form(operation)
            self._describe(operation, view)

    def _describe(self, operation: dict[str, Any], view: Any) -> None:
        roles: frozenset[Role | str] = getattr(view, "__roles__", frozenset())
        public = PUBLIC in roles
        operation["x-roles"] = sorted(role for role in roles if isinstance(role, Role))
        operation["security"] = [] if public else [{"bearer": []}]
        statuses = {"500", "503"} if public else {"400", "401", "403", "500", "503"}
        if getattr(view, "__idempotent__", False):
            operation.setdefault("parameters", []).append(KEY_HEADER)
            statuses |= {"422"}
        if "requestBody" in operation:
            statuses |= {"413"}
        responses = {str(int(s)) if s != "default" else s: r for s, r in operation["responses"].items()}
        responses.pop("default", None)
        for status in statuses:
            responses.setdefault(status, {})
        operation["responses"] = {
            status: _as_problem(status, responses[status]) for status in sorted(responses)
        }


def tidy(_converter: Any, _field: Any, *, ret: dict[str, Any], **_: Any) -> dict[str, Any]:
    """An apispec attribute function: a field as JSON Schema has it.

    Python's `\\Z` is `$` in ECMA 262, which knows no multi-line text here; a type stands once.
    """
    if str(ret.get("pattern", "")).endswith(r"\Z"):
        ret["pattern"] = ret["pattern"].removesuffix(r"\Z") + "$"
    if isinstance(ret.get("type"), list):
        ret["type"] = list(dict.fromkeys(ret["type"]))
    return {}


def _fold_form(operation: dict[str, Any]) -> None:
    """Form fields beside a file belong to the body; OpenAPI 3 has no parameters of that kind."""
    parameters = operation.get("parameters", [])
    form = [parameter for parameter in parameters if parameter.get("in") == "formData"]
    if not form:
        return
    operation["parameters"] = [parameter for parameter in parameters if parameter not in form]
    fields = {
        "type": "object",
        "properties": {field["name"]: field["schema"] for field in form},
        "required": [field["name"] for field in form if field["required"]],
    }
    body = operation.setdefault("requestBody", {"content": {"multipart/form-data": {"schema": {}}}})
    media = body["content"]["multipart/form-data"]
    media["schema"] = {"allOf": [media["schema"], fields]}


def _as_problem(status: str, response: Any) -> Any:
    """Every answer from 400 on is problem details, unless the view says what else it is."""
    if int(status) < 400:
        return response
    described = dict(response) if isinstance(response, dict) else {}
    if "content" not in described and "schema" not in described:
        described["content"] = {PROBLEM_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    described.setdefault("description", WORDS.get(status, f"Status {status}"))
    return described
