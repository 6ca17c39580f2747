"""Running things: the whole machine, the demo, single processes, migrations, topics."""

import json
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import click

from songban.cli.group import cli
from songban.cli.options import BROKER, DATA, ROOT, SERVICE, console, load_settings


@cli.command()
@DATA
@BROKER
@click.option("--demo/--no-demo", default=False, help="Publish the demo programme and make demo accounts.")
@click.option("--free-ports", is_flag=True, help="Use any free ports instead of 8000 to 8004.")
def up(data: Path, broker: str, demo: bool, free_ports: bool) -> None:
    """Run the whole system on this machine until Ctrl-C.

    Starts an embedded PostgreSQL (unless SONGBAN_*_DATABASE_URL name other databases), the event log, and
    each service's processes; starts again whatever dies; prints one line per service with its address.
    Everything is kept in --data: stopping and starting again loses nothing.
    """
    from songban.stack import Stack
    from songban.up import running

    stack = Stack(data, broker, free_ports)
    with _failures_in_sentences(), _interrupted_by_signals():
        try:
            with running(stack, lambda line: console.print(f"  {line}", highlight=False)):
                if demo:
                    _prepare_demo(stack)
                console.print(f"\n[bold]Sóng Bản[/]  {stack.url('portal')}   (Ctrl-C stops it)\n")
                _wait_for_interrupt()
                console.print("stopping …")
        except KeyboardInterrupt:
            console.print("stopped before everything had started")
            return
    console.print("stopped; nothing is lost")


@cli.command()
@click.option(
    "--json", "as_json", is_flag=True, help="Print the funnel as one JSON object on standard output."
)
@BROKER
@click.option(
    "--programme",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    default=ROOT / "programmes" / "tuyen-quang-2026.yaml",
    help="The programme's YAML file.  [default: tuyen-quang-2026]",
)
@click.option(
    "--file",
    "list_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    default=ROOT / "examples" / "nam-ty.xlsx",
    help="The officer's list.  [default: the pilot commune's 621 households]",
)
@click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    help="Keep the stack's data here.  [default: a temporary directory, removed at the end]",
)
def demo(as_json: bool, broker: str, programme: Path, list_file: Path, data: Path | None) -> None:
    """Play the whole story on a stack of its own and print the funnel.

    A list of households goes from import to decision, approval, vouchers, a hundred redemptions at a shop,
    and an audit that replays the log and compares it with every live table. Exits 0 when replay equals live
    and all chains verify.
    """
    from songban.story import play_on_own_stack

    with _failures_in_sentences(), _interrupted_by_signals():
        funnel = play_on_own_stack(broker, programme, list_file, data, console)
    click.echo(json.dumps(funnel, ensure_ascii=False) if as_json else _table(funnel))
    sys.exit(0 if funnel["replay_equals_live"] and funnel["chains_verified"] else 1)


@cli.command()
@SERVICE
@DATA
def serve(service: str, data: Path) -> None:
    """Answer HTTP for SERVICE (gunicorn). Settings come from the environment, else from --data."""
    from songban.processes import serve as run

    load_settings(data)
    run(service)


@cli.command()
@SERVICE
@DATA
def relay(service: str, data: Path) -> None:
    """Send SERVICE's recorded events to the event log. Several may run: one leads, the others wait."""
    from songban.processes import relay as run

    load_settings(data)
    run(service)


@cli.command()
@SERVICE
@DATA
def consume(service: str, data: Path) -> None:
    """Take the events of other services into SERVICE. Several may run: they share the partitions."""
    from songban.processes import consume as run

    load_settings(data)
    run(service)


@cli.command()
@SERVICE
@DATA
def work(service: str, data: Path) -> None:
    """Do SERVICE's background jobs. Several may run: each job has one leader at a time."""
    from songban.processes import WORKERS
    from songban.processes import work as run

    if service not in WORKERS:
        raise click.ClickException(f"{service} has no background jobs; these have: {', '.join(WORKERS)}")
    load_settings(data)
    run(service)


@cli.command()
@click.argument("role", type=click.Choice(["serve", "relay", "consume", "work"]))
@SERVICE
@DATA
def healthy(role: str, service: str, data: Path) -> None:
    """Exit 0 when this machine's ROLE process of SERVICE works: it answers, or its loop turned lately."""
    from songban.health import check

    load_settings(data)
    trouble = check(role, service)
    if trouble:
        raise click.ClickException(trouble)
    click.echo("ok")


@contextmanager
def _interrupted_by_signals() -> Iterator[None]:
    """Let what asks us to stop (Ctrl-C, `kill`, a closed terminal) do so wherever we are, and only once: a
    second one does not cut the stopping short."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        for number in asked:
            signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt

    asked = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # `nohup` wants us to go on
        asked.append(signal.SIGHUP)
    before = {number: signal.signal(number, interrupt) for number in asked}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _wait_for_interrupt() -> None:
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        return


@contextmanager
def _failures_in_sentences() -> Iterator[None]:
    """What keeps the system from starting, as a sentence."""
    from shared.eventlog import EventLogUnavailable
    from songban.gateway import Refused
    from songban.kafka import KafkaNotRunnable
    from songban.postgres import PostgresFailed
    from songban.stack import DatabasesMissing, PortTaken
    from songban.up import DataInUse, NotReady

    ours = (NotReady, DataInUse, PortTaken, DatabasesMissing, PostgresFailed, KafkaNotRunnable)
    try:
        yield
    except (*ours, EventLogUnavailable, Refused, TimeoutError) as error:
        raise click.ClickException(str(error)) from error


def _prepare_demo(stack: Any) -> None:
    from songban.story import prepare_demo

    for line in prepare_demo(stack):
        console.print(f"  {line}", highlight=False)


def _table(funnel: dict[str, Any]) -> str:
    lines = []
    for name, value in funnel.items():
        if isinstance(value, dict):
            lines += [f"{name}:", *(f"    {code:<28}{count:>8}" for code, count in value.items())]
        else:
            lines.append(f"{name:<32}{value!s:>8}")
    return "\n".join(lines)
