"""Background jobs: one leader per job, a failure delays itself alone, an outage only costs waiting."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import text

from shared import jobs
from shared.db import Database
from shared.jobs import Job, JobContext, Work
from songban.cli import cli
from songban.processes import WORKERS, jobs_of
from tests.support.service import settings_for
from tests.support.waiting import wait_for


def work(database: Database, *of: Job) -> Work:
    return Work("applications", settings_for("applications", "postgresql://unused/x"), database, of)


def context(database: Database) -> JobContext:
    return JobContext(settings_for("applications", "postgresql://unused/x"), database)


@contextmanager
def running(*workers: Work) -> Iterator[threading.Event]:
    """The workers in threads of their own, until the block ends."""
    stop = threading.Event()
    threads = [threading.Thread(target=worker.run, args=(stop,)) for worker in workers]
    for thread in threads:
        thread.start()
    try:
        yield stop
    finally:
        stop.set()
        for thread in threads:
            thread.join(10)
        assert not any(thread.is_alive() for thread in threads)


class Pile:
    """Work that lies there: `run` takes one piece and notices when somebody else is at it as well."""

    def __init__(self, pieces: int, seconds: float = 0.0) -> None:
        self.left, self.seconds = pieces, seconds
        self.done = self.together = self.most_together = 0
        self._lock = threading.Lock()

    def run(self, _context: JobContext) -> bool:
        with self._lock:
            if self.left == 0:
                return False
            self.left -= 1
            self.together += 1
            self.most_together = max(self.most_together, self.together)
        time.sleep(self.seconds)
        with self._lock:
            self.together -= 1
            self.done += 1
            return True


def test_a_job_goes_on_while_there_is_more_then_waits(database: Database) -> None:
    pile = Pile(20)
    with running(work(database, Job("pile", pile.run, every=30.0))):
        wait_for(lambda: pile.done == 20, "all is done, without any pause of thirty seconds", 10)


@pytest.mark.parametrize(("names", "together"), [(("pile", "pile"), 1), (("pile", "heap"), 2)])
def test_of_several_workers_one_leads_each_job(
    database: Database, names: tuple[str, str], together: int
) -> None:
    """The second case is the control: under two names the same pile is worked at by both."""
    pile = Pile(30, seconds=0.02)
    workers = [work(database, Job(name, pile.run, every=0.01)) for name in names]
    with running(*workers):
        wait_for(lambda: pile.done == 30, "all is done", 20)
    assert pile.most_together == together


def test_a_failing_job_is_tried_again_and_delays_only_itself(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "OUTAGE_SECONDS", 0.05)
    pile, failures = Pile(50), []

    def fail_twice(_context: JobContext) -> bool:
        if len(failures) < 2:
            failures.append(1)
            raise RuntimeError("on purpose")
        return pile.run(_context)

    other = Pile(10)
    with running(work(database, Job("bad", fail_twice, 0.01), Job("good", other.run, 30.0))):
        wait_for(lambda: other.done == 10, "the other job is done", 10)
        wait_for(lambda: pile.done == 50, "the failing job came through", 10)


def test_a_job_that_keeps_failing_waits_longer_each_time_and_gives_its_lock_back(database: Database) -> None:
    def fail(_context: JobContext) -> bool:
        raise RuntimeError("on purpose")

    job = Job("bad", fail, every=2.0)
    worker = work(database, job)
    pauses = [worker.turn(job, context(database)) for _ in range(7)]
    assert pauses == [4.0, 8.0, 16.0, 32.0, 60.0, 60.0, 60.0]
    good = Job("bad", lambda _context: True, every=2.0)
    assert work(database, good).turn(good, context(database)) == 0.0, "another worker leads at once"


def test_a_lost_connection_only_costs_waiting(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "OUTAGE_SECONDS", 0.05)
    turns = []

    def cut_off(context: JobContext) -> bool:
        turns.append(1)
        with context.database.transaction() as session:
            if len(turns) == 2:
                session.execute(
                    text(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                        " WHERE datname = current_database()"
                    )
                )
            session.execute(text("SELECT 1"))
        return True

    with running(work(database, Job("cut", cut_off, 0.01))):
        wait_for(lambda: len(turns) > 5, "it goes on after the cut", 20)


def test_a_long_run_hears_within_seconds_that_it_shall_stop(database: Database) -> None:
    pieces = []

    def long_run(context: JobContext) -> bool:
        while context.may_go_on():
            pieces.append(1)
            time.sleep(0.01)
        return True

    with running(work(database, Job("long", long_run, 1.0))) as stop:
        wait_for(lambda: len(pieces) > 3, "it runs", 10)
        begun = time.monotonic()
        stop.set()
    assert time.monotonic() - begun < 2.0


def test_the_loop_beats_so_that_a_health_check_sees_it(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SONGBAN_RUN_DIR", str(tmp_path))
    heart = tmp_path / "songban-work-applications.alive"
    with running(work(database, Job("idle", lambda _context: False, 30.0))):
        wait_for(heart.exists, "the heartbeat file is there", 10)


def test_every_service_with_jobs_names_them_once() -> None:
    assert "applications" in WORKERS
    for service in WORKERS:
        found = jobs_of(service)
        assert found
        assert len({job.lock for job in found}) == len(found)
        assert all(job.every > 0 for job in found)


def test_a_service_without_jobs_says_so() -> None:
    answer = CliRunner().invoke(cli, ["work", "portal"])
    assert answer.exit_code == 1
    assert "no background jobs" in answer.output
