"""The events' contract: the exact bytes of one example per type and version, which never change."""

from importlib import import_module, util

import orjson
import pytest
import rfc8785

from shared.events import CATALOGUE, lookup, parse, validate
from shared.events.canonical import encode
from shared.inbox import topics_of, undecided
from shared.inbox.handlers import HandlerMap, Ignored
from tests.contracts.examples import DATA, GOLDEN, golden_bytes

NAMES = sorted(CATALOGUE)
CONSUMERS = ("applications", "eligibility", "disbursement", "audit")


def test_every_type_has_exactly_one_golden_file() -> None:
    assert sorted(file.stem for file in GOLDEN.iterdir()) == NAMES == sorted(DATA)


@pytest.mark.parametrize("name", NAMES)
def test_stored_bytes_are_still_read_and_made_the_same(name: str) -> None:
    raw = (GOLDEN / f"{name}.json").read_bytes()
    event = parse(raw)
    validate(lookup(name), event.data)
    assert event.type == name
    assert encode(orjson.loads(raw)) == raw == rfc8785.dumps(orjson.loads(raw))
    assert golden_bytes(name) == raw, "the envelope or the example changed: see tests/contracts/regenerate.py"


@pytest.mark.parametrize("service", CONSUMERS)
def test_every_consumer_decided_about_every_type_it_gets(service: str) -> None:
    handlers = _handlers(service)
    assert undecided(handlers) == set()
    assert set(handlers) <= set(CATALOGUE)
    reasons = [handler.reason for handler in handlers.values() if isinstance(handler, Ignored)]
    assert all(len(reason) > 10 for reason in reasons), "an ignored type needs its reason"


def test_somebody_reads_every_topic() -> None:
    read = {topic for service in CONSUMERS for topic in topics_of(_handlers(service))}
    assert read == {event_type.topic for event_type in CATALOGUE.values()}


def _handlers(service: str) -> HandlerMap:
    assert util.find_spec(f"services.{service}.handlers"), f"services/{service}/handlers.py is missing"
    handlers: HandlerMap = import_module(f"services.{service}.handlers").HANDLERS
    return handlers
