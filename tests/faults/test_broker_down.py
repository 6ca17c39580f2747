"""The broker is away for half a minute while officers enter applications: nobody notices, nothing is lost."""

import threading
import time
from collections import Counter
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
import requests

from benchmarks.intake import bodies
from songban.actors import OFFICER
from songban.kafka import KafkaBroker
from songban.stack import Stack
from songban.story import gateway_of
from tests.support.kafka import new_broker
from tests.support.stack import demo_on, whole_system
from tests.support.waiting import wait_for

DOWN_SECONDS = 30.0
CLIENTS = 4


@pytest.mark.slow
@pytest.mark.kafka
def test_every_request_answers_2xx_and_every_event_arrives_once(tmp_path: Path) -> None:
    broker = new_broker(tmp_path / "kafka")
    broker.start()
    try:
        with whole_system(tmp_path / "data", "kafka", broker.bootstrap) as stack:
            intake_goes_on(stack, broker)
    finally:
        broker.stop()


def intake_goes_on(stack: Stack, broker: KafkaBroker) -> None:
    demo_on(stack).prepare()
    statuses, stop = Counter[int](), threading.Event()
    clients = [
        threading.Thread(target=enter, args=(stack, number, statuses, stop)) for number in range(CLIENTS)
    ]
    for client in clients:
        client.start()
    wait_for(lambda: statuses[201] > 20, "intake is under way")
    down_for(broker, DOWN_SECONDS)
    stop.set()
    for client in clients:
        client.join()
    assert set(statuses) == {201}, statuses
    expect_every_event_once(stack, statuses[201])


def enter(stack: Stack, number: int, statuses: Counter[int], stop: threading.Event) -> None:
    token = gateway_of(stack).token(OFFICER)
    session = requests.Session()
    for body in bodies(5000, seed=200 + number):
        if stop.is_set():
            return
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": str(uuid4())}
        headers["Content-Type"] = "application/json"
        answer = session.post(f"{stack.url('applications')}/applications", body, headers=headers, timeout=30)
        statuses[answer.status_code] += 1
        time.sleep(0.02)


def down_for(broker: KafkaBroker, seconds: float) -> None:
    """Take the broker away; nobody starts it again before the time is over."""
    broker.stop()
    time.sleep(seconds)
    broker.start()


def expect_every_event_once(stack: Stack, entered: int) -> None:
    """Each submitted application is in the inboxes of eligibility and audit, and assessed, exactly once."""

    def taken(service: str) -> int:
        return count(stack, service, "SELECT count(*) FROM inbox WHERE stream LIKE 'application/%'")

    wait_for(lambda: taken("eligibility") >= entered, "every event has arrived", 90)
    wait_for(lambda: taken("audit") >= entered, "the audit has every event", 90)
    assert (taken("eligibility"), taken("audit")) == (entered, entered)
    assessed = "SELECT count(*) FROM event_log WHERE type = 'eligibility.assessed.v1'"
    wait_for(lambda: count(stack, "eligibility", assessed) >= entered, "every case is assessed")
    assert count(stack, "eligibility", assessed) == entered
    waiting = "SELECT count(*) FROM outbox"  # the last one may arrive before the relay has crossed it off
    wait_for(lambda: count(stack, "applications", waiting) == 0, "nothing waits to be sent")


def count(stack: Stack, service: str, statement: str) -> int:
    with psycopg.connect(stack.environment[f"SONGBAN_{service.upper()}_DATABASE_URL"]) as connection:
        row = connection.execute(statement).fetchone()  # type: ignore[arg-type]
    return int(row[0]) if row else 0
