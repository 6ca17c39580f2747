"""How fast recorded facts are assessed again, on all cores, beside the bare engine on the same table.

- ceiling: `ZenEngine.evaluate` on dictionaries made before, nothing else.
- replayed: recorded facts → checked facts → engine → outcome, reasons, rows; every household is another one.
- simulated: `songban eligibility simulate` end to end: case files read from PostgreSQL on the same cores,
  keys unwrapped, facts unsealed, judged under their own rules and under a draft, counted. The clock includes
  starting the processes.

Memory is the sum over all processes of ours, sampled while they run; PostgreSQL's own is not in it.
"""

import os
import random
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import psutil
import zen

from benchmarks.cases import facts, fill
from benchmarks.harness import arguments, console, report
from services.eligibility.rules import Facts, RuleSet, load_document, load_programme, parse_programme
from services.eligibility.simulating import Job, Report, simulate
from tests.support.eligibility import PROGRAMME, eligibility_bench

FILE = Path(__file__).resolve().parent.parent / "programmes" / f"{PROGRAMME}.yaml"
CORES = os.cpu_count() or 1
WANTED, MOST_BYTES = 0.7, 1_000_000_000
DIFFERENT = 2_000
"""Households that a process has at hand; no two with the same facts."""


@dataclass(slots=True)
class Memory:
    """The largest sum of what our processes held, in bytes."""

    peak: int = 0
    stop: threading.Event = field(default_factory=threading.Event)

    def watch(self) -> None:
        own = psutil.Process()
        while not self.stop.wait(0.05):
            ours = [own, *(one for one in own.children(recursive=True) if "python" in _name(one))]
            self.peak = max(self.peak, sum(_resident(one) for one in ours))


def _name(process: psutil.Process) -> str:
    try:
        return process.name()
    except psutil.NoSuchProcess:
        return ""


def _resident(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.NoSuchProcess:
        return 0


@contextmanager
def memory() -> Iterator[Memory]:
    """Watch our processes while the block runs."""
    found = Memory()
    watcher = threading.Thread(target=found.watch)
    watcher.start()
    try:
        yield found
    finally:
        found.stop.set()
        watcher.join()


class Worker:
    """One process: the same table in a bare engine and in ours, and households at hand."""

    def __init__(self, seed: int) -> None:
        dice = random.Random(seed)
        programme = load_programme(FILE)
        self.rules = RuleSet(programme)
        tables: dict[str, Any] = {"rules": dict(programme.rules)}
        self.engine = zen.ZenEngine({"loader": {"type": "static", "content": tables}})
        made = [Facts.of_application(facts(dice), 2026).context() for _ in range(DIFFERENT)]
        self.contexts = [{name: one[name] for name in self.rules.seen} for one in made]
        self.recorded = [{k: v for k, v in one.items() if k != "ethnic_minority"} for one in made]

    def bare(self, count: int) -> None:
        evaluate, contexts = self.engine.evaluate, self.contexts
        for number in range(count):
            evaluate("rules", contexts[number % DIFFERENT])

    def replayed(self, count: int) -> None:
        assess, recorded, read = self.rules.assess, self.recorded, Facts.from_values
        for number in range(count):
            found = assess(read(recorded[number % DIFFERENT]))
            assert found.rows


_worker: Worker | None = None


def _begin() -> None:
    global _worker
    _worker = Worker(os.getpid())


def _measure(what: str, count: int) -> float:
    """Households per second of one process."""
    assert _worker is not None
    work: Callable[[int], None] = getattr(_worker, what)
    begun = time.perf_counter()
    work(count)
    return count / (time.perf_counter() - begun)


def in_memory(count: int, first: str, then: str) -> dict[str, float]:
    """Households per second of all processes together, of both kinds of work; the processes end with it."""
    with ProcessPoolExecutor(CORES, get_context("spawn"), _begin) as pool:
        return {what: sum(pool.map(_measure, [what] * CORES, [count] * CORES)) for what in (first, then)}


def draft() -> dict[str, Any]:
    """The same tables with one condition less."""
    document = load_document(FILE)
    tables = [node["content"] for node in document["rules"]["nodes"] if "content" in node]
    tables[0]["rules"] = [row for row in tables[0]["rules"] if row["_id"] != "R5"]
    for row in tables[1]["rules"]:
        row["smartphone"] = ""
    parse_programme(document)
    return document


def recorded(count: int) -> Job:
    """A database with so many cases, and the draft to try on them."""
    made = eligibility_bench()
    begun = time.perf_counter()
    fill(made.settings.database_url, made.settings.wrapping_key, RuleSet(load_programme(FILE)), count)
    console.print(f"  {count:,} cases written after {time.perf_counter() - begun:.0f} s", highlight=False)
    return Job(made.settings.database_url, made.settings.wrapping_key, PROGRAMME, draft())


def simulated(job: Job, count: int) -> tuple[float, int, Report]:
    """Households per second, bytes at most, and what came out."""
    with memory() as watched:
        begun = time.perf_counter()
        found = simulate(job)
        seconds = time.perf_counter() - begun
    assert (found.cases, found.unread) == (count, 0), found
    return count / seconds, watched.peak, found


def main() -> None:
    parser = arguments(str(__doc__))
    parser.add_argument("--households", type=int, default=1_260_000, help="recorded cases to simulate on")
    parser.add_argument("--evaluations", type=int, default=60_000, help="per core and round")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    job = recorded(options.households)
    rates: dict[str, list[float]] = {"bare": [], "replayed": [], "simulated": []}
    peak = 0
    for number in range(options.rounds):
        order = ("bare", "replayed") if number % 2 else ("replayed", "bare")
        for what, rate in in_memory(options.evaluations, *order).items():
            rates[what].append(rate)
        rate, bytes_held, found = simulated(job, options.households)
        rates["simulated"].append(rate)
        peak = max(peak, bytes_held)
    bare, replayed, simulation = (statistics.median(rates[what]) for what in rates)
    rows = [
        _row("ceiling: bare engine", bare),
        _row("replayed: facts, engine, outcome, reasons, rows", replayed),
        _row("simulated: read, unsealed, judged twice, counted", simulation),
    ]
    report(
        "assess",
        rows,
        options.json,
        households=found.cases,
        changed=found.changed,
        replayed_of_bare=replayed / bare,
        simulated_of_bare=simulation / bare,
        peak_mb_of_all_processes=round(peak / 2**20),
    )
    if min(replayed, simulation) < WANTED * bare or peak > MOST_BYTES:
        raise SystemExit(f"below {WANTED} of the bare engine, or above {MOST_BYTES:,} bytes")


def _row(what: str, rate: float) -> dict[str, Any]:
    return {"what": what, "households/s": rate, "µs of one core": CORES / rate * 1e6}


if __name__ == "__main__":
    main()
