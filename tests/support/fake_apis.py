"""The four APIs as a portal test wants them: answers by address, what was asked is remembered."""

import io
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from flask import Flask
from requests import Response

from services.portal.apis import ApiDown, ApiProblem, Apis


def page(*items: dict[str, Any], cursor: str | None = None) -> dict[str, Any]:
    return {"items": list(items), "next_cursor": cursor}


def list_report(import_id: str, state: str = "checked", **changes: Any) -> dict[str, Any]:
    """What applications says of a list of three rows, one of them bad."""
    told = {
        "import_id": import_id,
        "programme_id": "tq",
        "filename": "nậm-ty <1>.xlsx",
        "state": state,
        "rows": 3,
        "done": 3,
        "accepted": 2,
        "repeated": 0,
        "refused": 1,
        "warnings": 0,
        "created_at": "2026-11-23T01:00:00+00:00",
        "forgotten_at": None,
        "dry_run": state in ("checking", "checked"),
        "already_imported": False,
        "refusal": None,
        "columns": [
            {"letter": "A", "title": "Họ và tên", "field": "head_name"},
            {"letter": "B", "title": "Cột <lạ>", "field": None},
        ],
        "problems": [
            {
                "row": 7,
                "sheet": "",
                "field": "sex",
                "code": "SEX_MISSING",
                "severity": "error",
                "message_vi": "Thiếu giới tính.",
                "message_en": "The sex is missing.",
            }
        ],
        "problems_total": 1,
    }
    return {**told, **changes}


@dataclass
class Call:
    """One request of the portal."""

    method: str
    service: str
    path: str
    sent: Any
    headers: Mapping[str, str]


@dataclass
class FakeApis:
    """`answers`: (service, path) to what comes back; an exception is raised, a missing one is a 404."""

    answers: dict[tuple[str, str], Any] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)

    def of(self, service: str, headers: Mapping[str, str]) -> "FakeApi":
        return FakeApi(self, service, headers)

    def sent_to(self, path: str) -> list[Call]:
        """What changed something at `path`."""
        return [call for call in self.calls if call.method == "POST" and call.path == path]


@dataclass(frozen=True)
class FakeApi:
    """One service of `FakeApis`, with the methods of `Api`."""

    apis: FakeApis
    service: str
    headers: Mapping[str, str]

    def patient(self) -> "FakeApi":
        return self

    def get(self, path: str, **query: Any) -> Any:
        return self._answer("GET", path, query)

    def post(self, path: str, body: Any = None, *, key: str | None = None) -> Any:
        return self._answer("POST", path, body, {"Idempotency-Key": key or ""})

    def upload(self, path: str, files: Mapping[str, Any], *, key: str | None = None, **form: str) -> Any:
        return self._answer("POST", path, {**form, "file": files["file"][0]}, {"Idempotency-Key": key or ""})

    def send(
        self, method: str, path: str, headers: Mapping[str, str] | None = None, **options: Any
    ) -> Response:
        raw = self._answer(method, path, options.get("json"), headers)
        response = Response()
        response.raw, response.status_code = io.BytesIO(raw), 200
        response.headers["Content-Type"] = "application/pdf"
        return response

    def _answer(self, method: str, path: str, sent: Any, headers: Mapping[str, str] | None = None) -> Any:
        self.apis.calls.append(Call(method, self.service, path, sent, {**self.headers, **(headers or {})}))
        answer = self.apis.answers.get((self.service, path), ApiProblem(404, {"code": "NOT_FOUND"}))
        if answer == "down":
            raise ApiDown(self.service)
        if isinstance(answer, Exception):
            raise answer
        return answer(sent) if callable(answer) else answer


def give_apis(app: Flask, apis: FakeApis) -> None:
    """Let `app` talk to `apis` instead of to the network."""
    assert isinstance(app.extensions["portal"].apis, Apis)
    app.extensions["portal"] = replace(app.extensions["portal"], apis=apis)
