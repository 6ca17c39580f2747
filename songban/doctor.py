"""`songban doctor`: what is wrong with this installation, and what to do about it."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import requests
from sqlalchemy import text

from shared.db import Database, DatabaseUnavailable, current_revision, head_revision
from shared.eventlog import EventLogUnavailable
from shared.eventlog.port import EventLog
from shared.inbox.consumer import group_of
from shared.inbox.handlers import topics_of
from shared.settings import SERVICES, Settings, SettingsError, load
from songban.processes import CONSUMERS, WORKERS, handlers_of, open_log

CLOCK_SECONDS = 2.0
OUTBOX_SECONDS = 60.0
LAG_EVENTS = 10_000
"""As in the alert; fewer may be just what is under way."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at. `remedy` is what to do when it is not healthy."""

    what: str
    healthy: bool
    says: str
    remedy: str = ""


def examine() -> Iterator[Finding]:
    """Look at everything, the foundations first; what cannot be looked at is a finding too."""
    settings: dict[str, Settings] = {}
    for service in SERVICES:
        try:
            settings[service] = load(service)
            yield Finding(f"settings of {service}", True, "complete")
        except SettingsError as error:
            yield Finding(
                f"settings of {service}",
                False,
                str(error),
                "run `songban up` once, or set it in the environment",
            )
    for service, found in settings.items():
        yield from _database(service, found)
        yield _http(service, found)
    if "audit" in settings:
        yield from _event_log(settings)
        yield _clock(settings["audit"])


def _database(service: str, settings: Settings) -> Iterator[Finding]:
    database = Database(settings.database_url, "doctor", pool_size=1)
    try:
        yield Finding(f"database of {service}", True, f"PostgreSQL {database.ping()}")
        yield _revision(service, database)
        if service != "portal":
            yield _outbox(service, database)
            yield _dead_letters(service, database)
        if service in WORKERS:
            yield _worker(service, database)
        if service == "eligibility":
            yield published_rules(database)
            yield _overdue(database)
    except DatabaseUnavailable as error:
        remedy = "start it (`songban up`), or correct the URL and the password"
        yield Finding(f"database of {service}", False, str(error).splitlines()[0], remedy)
    finally:
        database.close()


def _revision(service: str, database: Database) -> Finding:
    found, wanted = current_revision(database.engine), head_revision(service)
    says = f"revision {found}" if found == wanted else f"revision {found}, this version needs {wanted}"
    return Finding(
        f"migrations of {service}",
        found == wanted,
        says,
        "run `songban prepare`, or start `songban up` again",
    )


def _outbox(service: str, database: Database) -> Finding:
    statement = text(
        "SELECT count(*), coalesce(extract(epoch FROM now() - min(recorded_at)), 0)"
        " FROM outbox JOIN event_log USING (stream, version)"
    )
    with database.transaction() as session:
        waiting, age = session.execute(statement).one()
    says = f"{waiting} events wait" + (f", the oldest for {float(age):.0f} s" if waiting else "")
    return Finding(
        f"outbox of {service}", float(age) < OUTBOX_SECONDS, says, f"is `songban relay {service}` running?"
    )


def _dead_letters(service: str, database: Database) -> Finding:
    statement = text("SELECT count(*) FROM dead_letter WHERE status IN ('poison', 'parked')")
    with database.transaction() as session:
        count = int(session.scalar(statement) or 0)
    return Finding(
        f"dead letters of {service}",
        count == 0,
        f"{count} open",
        f"look at `songban dead-letters list {service}`",
    )


def _worker(service: str, database: Database) -> Finding:
    """A worker that runs holds a connection, on whatever machine it is."""
    statement = text("SELECT count(*) FROM pg_stat_activity WHERE application_name = :name")
    with database.transaction() as session:
        workers = int(session.scalar(statement, {"name": f"{service}-work"}) or 0)
    says = "connected" if workers else "nobody does them"
    return Finding(
        f"background jobs of {service}", workers > 0, says, f"is `songban work {service}` running?"
    )


def published_rules(database: Database) -> Finding:
    """Every stored programme version against its digest and the event that published it."""
    from services.eligibility.rulebook import tampered

    with database.transaction() as session:
        found = [str(one) for one in tampered(session)]
    says = "; ".join(found) or "as they were published"
    remedy = "see deploy/runbooks/rules-tampered.md; nothing is decided under such a version"
    return Finding("published rules", not found, says, remedy)


def _overdue(database: Database) -> Finding:
    """Referred cases that are past their deadline."""
    from services.eligibility.domain import today
    from services.eligibility.overdue import overdue

    with database.transaction() as session:
        late = overdue(session, today())
    says = f"{len(late)} cases are overdue" if late else "none is overdue"
    if late:
        provinces = ", ".join(sorted({one.province for one in late}))
        says += f", the oldest since {late[0].due_on} (provinces {provinces})"
    remedy = "see deploy/runbooks/overdue-cases.md: the province takes them (`GET /referrals?overdue=true`)"
    return Finding("referred cases", not late, says, remedy)


def _http(service: str, settings: Settings) -> Finding:
    url = settings.urls[service]
    return _try(
        f"web of {service}",
        lambda: f"{url} answers {requests.get(f'{url}/readyz', timeout=3).status_code}",
        lambda says: says.endswith("200"),
        f"is `songban serve {service}` running?",
    )


def _event_log(settings: dict[str, Settings]) -> Iterator[Finding]:
    log = open_log(settings["audit"], "doctor")
    try:
        yield Finding("event log", True, log.ping())
        for service in CONSUMERS:
            if service in settings:
                yield _lag(service, log)
    except EventLogUnavailable as error:
        remedy = "start the broker, or correct SONGBAN_KAFKA_BOOTSTRAP; officers and shops can work meanwhile"
        yield Finding("event log", False, str(error), remedy)
    finally:
        log.close()


def _lag(service: str, log: EventLog) -> Finding:
    """Events on the log that this service has not taken in."""
    behind = log.behind(group_of(service), topics_of(handlers_of(service)))
    says = f"{behind} events behind" if behind else "has every event"
    remedy = f"is `songban consume {service}` running? see deploy/runbooks/consumer-lag.md"
    return Finding(f"consumer of {service}", behind < LAG_EVENTS, says, remedy)


def _clock(settings: Settings) -> Finding:
    """This machine's clock against the database server's: tokens and expiry dates depend on it."""
    database = Database(settings.database_url, "doctor", pool_size=1)
    try:
        with database.transaction() as session:
            apart = abs(
                float(session.scalar(text("SELECT extract(epoch FROM clock_timestamp())")) or 0) - time.time()
            )
    except Exception as error:  # noqa: BLE001 - the finding is the report
        return Finding("clock", False, str(error).splitlines()[0], "see the database's finding")
    finally:
        database.close()
    return Finding(
        "clock", apart < CLOCK_SECONDS, f"{apart:.3f} s apart from the database's", "set the clock by NTP"
    )


def _try(what: str, look: Callable[[], str], healthy: Callable[[str], bool], remedy: str) -> Finding:
    try:
        says = look()
    except requests.RequestException as error:
        return Finding(what, False, f"does not answer ({type(error).__name__})", remedy)
    return Finding(what, healthy(says), says, remedy)
