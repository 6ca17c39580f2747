"""The demo on a stack of its own, and the demo's programme and accounts on a stack that stays."""

import json
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from services.portal.accounts import NewAccount, Refusal, create_account, set_password
from shared.auth import Actor
from shared.db import Database
from shared.settings import load
from songban.actors import EVERYBODY
from songban.demo import Demo
from songban.gateway import Gateway
from songban.stack import Stack, write_private
from songban.up import running

ROOT = Path(__file__).resolve().parent.parent
ACCOUNTS_FILE = "demo-accounts.json"


def play_on_own_stack(
    broker: str, programme: Path, list_file: Path, data: Path | None, console: Console
) -> dict[str, Any]:
    """Start a stack on free ports, play, stop it. `data` None: a temporary directory, removed at the end."""
    with ExitStack() as cleanup:
        directory = data or Path(cleanup.enter_context(tempfile.TemporaryDirectory(prefix="songban-demo-")))
        stack = Stack(directory, broker, free_ports=True)
        cleanup.enter_context(running(stack, lambda line: console.print(f"  {line}", highlight=False)))
        progress = cleanup.enter_context(
            Progress(
                TextColumn("{task.description:<18}"),
                BarColumn(),
                MofNCompleteColumn(),
                TimeElapsedColumn(),
                console=console,
            )
        )
        return Demo(gateway_of(stack), programme, list_file, _Bars(progress)).play()


def gateway_of(stack: Stack) -> Gateway:
    """A gateway to a stack of this process's own, whatever this process's environment says."""
    return Gateway(load("portal", stack.environment))


def prepare_demo(stack: Stack) -> Iterator[str]:
    """Publish the demo programmes and make the demo accounts; says what it did, line by line."""
    gateway = gateway_of(stack)
    for name in ("tuyen-quang-2026", "national"):
        programme_id = Demo(
            gateway, ROOT / "programmes" / f"{name}.yaml", ROOT / "examples" / "nam-ty.xlsx"
        ).prepare()
        yield f"programme   {programme_id}"
    file = stack.data / ACCOUNTS_FILE
    passwords = _make_accounts(stack, file)
    yield f"accounts    (also in {file})"
    for actor in EVERYBODY:
        yield f"    {actor.subject:<12}{passwords[actor.subject]:<18}{actor.name}"


def _make_accounts(stack: Stack, file: Path) -> dict[str, str]:
    """One account per actor, with a password made here; those that the file knows stay as they are.

    The file is written first: who is stopped in between has passwords without accounts, and the next start
    makes them. An account whose password the file does not know gets a new one.
    """
    passwords: dict[str, str] = json.loads(file.read_text()) if file.exists() else {}
    missing = [actor for actor in EVERYBODY if actor.subject not in passwords]
    passwords |= {actor.subject: secrets.token_urlsafe(9) for actor in missing}
    write_private(file, json.dumps(passwords, indent=2))
    database = Database(stack.environment["SONGBAN_PORTAL_DATABASE_URL"], "demo")
    for actor in EVERYBODY:
        with database.transaction() as session:
            made = create_account(session, _account_of(actor, passwords[actor.subject]))
        if isinstance(made, Refusal) and actor in missing:
            with database.transaction() as session:
                set_password(session, actor.subject, passwords[actor.subject])
    database.close()
    return passwords


def _account_of(actor: Actor, password: str) -> NewAccount:
    return NewAccount(
        username=actor.subject,
        display_name=actor.name,
        password=password,
        roles=frozenset(actor.roles),
        commune=actor.commune,
        province=actor.province,
        shop_id=actor.shop_id,
        enterprise_id=actor.enterprise_id,
    )


class _Bars:
    """Shows each step as a bar."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._tasks: dict[str, Any] = {}

    def __call__(self, step: str, done: int, of: int) -> None:
        if step not in self._tasks:
            self._tasks[step] = self._progress.add_task(step, total=of or None)
        self._progress.update(self._tasks[step], completed=done, total=of or None)
