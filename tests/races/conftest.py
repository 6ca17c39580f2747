"""Races over real HTTP: a service behind a threaded server on 127.0.0.1, and many clients at once."""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib import import_module
from typing import Any, TypeVar

import pytest
import requests
from werkzeug.serving import make_server

from shared.auth import Actor, Verifier
from shared.db import Database
from tests.support.service import AUDIENCE, ISSUER, Bench, fresh_database, issuer, settings_for, token

Result = TypeVar("Result")
CLIENTS = 50


@dataclass
class Served:
    """A bench whose app also answers at `url`."""

    bench: Bench
    url: str

    def post(self, path: str, who: Actor, json: Any, key: str) -> requests.Response:
        headers = {"Authorization": f"Bearer {token(who)}", "Idempotency-Key": key}
        return requests.post(self.url + path, json=json, headers=headers, timeout=60)


@pytest.fixture
def serve() -> Iterator[Callable[[str], Served]]:
    """`serve(service)` starts a fresh service that takes all clients at once."""
    stops = []

    def start(service: str) -> Served:
        url = fresh_database(service)
        database = Database(url, f"race-{service}", pool_size=CLIENTS + 10)
        verifier = Verifier("", ISSUER, AUDIENCE, ("ES256",), fetch=issuer().jwks)
        settings = settings_for(service, url)
        app = import_module(f"services.{service}.app").create_app(
            settings, database=database, verifier=verifier
        )
        server = make_server("127.0.0.1", 0, app, threaded=True)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        stops.append((server, thread, database))
        bench = Bench(service, settings, database, app, app.test_client())
        return Served(bench, f"http://127.0.0.1:{server.server_port}")

    yield start
    for server, thread, database in stops:
        server.shutdown()
        thread.join(timeout=10)
        server.server_close()
        database.close()


def all_at_once(calls: Sequence[Callable[[], Result]]) -> list[Result]:
    """Run every call in its own thread, none before all are ready; their results in order."""
    ready = threading.Barrier(len(calls))

    def run(call: Callable[[], Result]) -> Result:
        ready.wait(timeout=30)
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))
