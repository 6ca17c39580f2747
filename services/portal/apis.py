"""The four APIs as the portal sees them: one call, and two things that can go wrong.

`ApiProblem` is the API's own answer (RFC 9457 problem details) and tells the person what to do; `ApiDown`
means that no answer came, and the portal then says what still works.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import requests
from requests import Response
from requests.adapters import HTTPAdapter
from urllib3.util.retry import Retry

from services.portal.i18n import has_text, language, t

CONNECT_S, READ_S = 2.0, 20.0
LONG_READ_S = 120.0
"""For what works on a whole list or the whole ledger: an import, a print run, a check."""
GATEWAY_TROUBLE = {502, 503, 504}


class ApiDown(Exception):
    """The service did not answer. `service` is its name; whether a change was made is unknown."""

    def __init__(self, service: str) -> None:
        super().__init__(f"{service} does not answer")
        self.service = service


@dataclass
class ApiProblem(Exception):
    """The service refused. `body` is its problem details."""

    status: int
    body: Mapping[str, Any] = field(default_factory=dict)

    @property
    def code(self) -> str:
        """The stable code, such as VOUCHER_EXPIRED; HTTP_404 where the service named none."""
        return str(self.body.get("code") or f"HTTP_{self.status}")

    @property
    def message(self) -> str:
        """What is wrong and what to do, in the reader's language."""
        text = self.body.get(f"detail_{language()}") or self.body.get("detail")
        if text:
            return str(text)
        return t(f"problem.{self.code}" if has_text(f"problem.{self.code}") else "problem.unknown")

    @property
    def fields(self) -> dict[str, list[str]]:
        """What is wrong with each field of the request: name to messages."""
        errors = self.body.get("errors")
        found: dict[str, list[str]] = {}
        if isinstance(errors, Mapping):
            for place in errors.values() if _is_by_place(errors) else [errors]:
                _collect(place, "", found)
        return found


def _is_by_place(errors: Mapping[str, Any]) -> bool:
    """flask-smorest groups field errors by where the value stood: {"json": {"field": [...]}}."""
    return set(errors) <= {"json", "query", "form", "headers", "path", "files"}


def _collect(node: object, path: str, found: dict[str, list[str]]) -> None:
    if isinstance(node, Mapping):
        for name, below in node.items():
            _collect(below, f"{path}.{name}" if path else str(name), found)
    else:
        messages = node if isinstance(node, list) else [node]
        found.setdefault(path, []).extend(str(message) for message in messages)


class Apis:
    """One pool of connections to all services; safe to share between threads."""

    def __init__(self, urls: Mapping[str, str]) -> None:
        self.urls = {name: url.rstrip("/") for name, url in urls.items()}
        self._http = requests.Session()
        self._http.trust_env = False  # a ~/.netrc or a proxy variable must not touch the person's token
        self._http.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))  # one pool, many people
        # Only what failed to connect is tried again: it carried no request, so nothing can happen twice.
        retry = Retry(total=2, connect=2, read=False, status=0, other=0, redirect=0, backoff_factor=0.1)
        self._http.mount("http://", HTTPAdapter(pool_maxsize=16, max_retries=retry))
        self._http.mount("https://", HTTPAdapter(pool_maxsize=16, max_retries=retry))

    def of(self, service: str, headers: Mapping[str, str]) -> "Api":
        """The service, called with `headers`: whose token, which language."""
        return Api(service, self.urls[service], self._http, headers)


@dataclass(frozen=True)
class Api:
    """One service, one person. Every method raises ApiProblem or ApiDown."""

    service: str
    url: str
    http: requests.Session
    headers: Mapping[str, str]
    read_s: float = READ_S

    def patient(self) -> "Api":
        """The same API for a call that may take minutes."""
        return replace(self, read_s=LONG_READ_S)

    def get(self, path: str, **query: Any) -> Any:
        """The JSON at `path`; query values that are None are left out."""
        return _json(self.send("GET", path, params=query))

    def post(self, path: str, body: Any = None, *, key: str | None = None) -> Any:
        """Post JSON. `key` is the form's idempotency key: sending a form twice does the thing once."""
        headers = {"Idempotency-Key": key} if key else {}
        return _json(self.send("POST", path, json=body, headers=headers))

    def upload(self, path: str, files: Mapping[str, Any], *, key: str | None = None, **form: str) -> Any:
        """Post a multipart form; `files` as requests takes them: name to (file name, stream, type)."""
        headers = {"Idempotency-Key": key} if key else {}
        return _json(self.send("POST", path, files=files, data=form, headers=headers))

    def send(
        self, method: str, path: str, headers: Mapping[str, str] | None = None, **options: Any
    ) -> Response:
        """The raw answer, for what is not JSON (a PDF, a spreadsheet) or another method."""
        try:
            answer = self.http.request(
                method,
                self.url + path,
                headers={**self.headers, **(headers or {})},
                timeout=(CONNECT_S, self.read_s),
                allow_redirects=False,
                **options,
            )
        except requests.RequestException as error:
            raise ApiDown(self.service) from error
        if answer.ok and answer.status_code < 300:
            return answer
        raise _failure(self.service, answer)


def _failure(service: str, answer: Response) -> ApiDown | ApiProblem:
    try:
        body = answer.json()
    except requests.JSONDecodeError:
        body = None
    if not isinstance(body, dict):
        body = {}
    if answer.status_code in GATEWAY_TROUBLE and body.get("code", "UNAVAILABLE") == "UNAVAILABLE":
        return ApiDown(service)
    return ApiProblem(answer.status_code, body)


def _json(answer: Response) -> Any:
    return answer.json() if answer.content else None
