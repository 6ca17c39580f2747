"""Redemption at 50 clients, beside a bare endpoint that does one guarded UPDATE.

Ours checks the shop's token, its standing, hours and limits, guards the voucher, compares the PIN, looks the
handset up in the catalogue, takes its IMEI once in the whole country, counts at the shop, moves the money,
writes the event and the outbox and keeps the answer under the idempotency key, in one transaction. Each
client is a shop of its own. Relays, consumers and jobs are paused meanwhile, as in `intake`.

`--vouchers 10000000` fills the table after the first measurement and measures again: by which share the ratio
to the bare endpoint falls.
"""

from argparse import Namespace
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import orjson
import psycopg

from benchmarks import households
from benchmarks.harness import (
    Call,
    Load,
    alternate,
    arguments,
    bare_server,
    console,
    quiet,
    report,
    send,
    stack,
)
from benchmarks.intake import bare_database, call
from shared.auth import Actor
from songban.actors import COMMUNE, ENTERPRISE, MANAGER, OFFICER, SHOPKEEPER
from songban.demo import Demo, sale_of
from songban.stack import Stack
from songban.story import ROOT, gateway_of

CLIENTS, THREADS = 50, 8
"""Eight threads a worker are what a service has when nobody sets anything."""
TARGET, TARGET_CHANGE = 0.6, 0.2
BUDGET = 100_000_000_000
FILLED_AT_ONCE = 500_000

_FILL = """
    INSERT INTO voucher (voucher_id, application_id, household_id, programme_id, budget_id, commune, province,
                         code, amount, minimum_price, expires_on, status, live, pin_attempts, locked, unlocks,
                         issued_at)
    SELECT uuidv7(), gen_random_uuid(), gen_random_uuid(), %(programme_id)s, %(programme_id)s, '01075', '08',
           lpad(upper(to_hex(number * 654188383 %% 1099511627776)), 10, '0'), 500000, 500000,
           CASE number %% 2 WHEN 0 THEN current_date + 60 ELSE current_date - 60 END,
           CASE number %% 2 WHEN 0 THEN 'issued' ELSE 'expired' END, number %% 2 = 0, 0, false, 0, now()
    FROM generate_series(CAST(%(first)s AS bigint), %(last)s) AS number
"""
"""Codes spread over the whole index, as random ones do: an odd factor modulo 2^40 never repeats one."""


@dataclass(frozen=True, slots=True)
class Round:
    """What one measurement sends: ready bodies, and the token of the shop that sends each."""

    sales: Sequence[bytes]
    tokens: Sequence[str]

    def calls(self) -> list[Call]:
        shops = len(self.tokens)
        return [
            call(self.tokens[place % shops], sale, "/redemptions") for place, sale in enumerate(self.sales)
        ]


def main() -> None:
    parser = arguments(__doc__ or "")
    parser.add_argument("--requests", type=int, default=1500, help="per round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--vouchers", type=int, default=0, help="fill the table with so many, measure again")
    options = parser.parse_args()
    with stack(SONGBAN_THREADS=str(THREADS)) as made:
        database = bare_database(made)
        with bare_server("benchmarks.bare:app()", THREADS, BARE_DATABASE_URL=database) as bare_url:
            parts = prepare(made, options, database.replace("+psycopg", ""))
            with quiet(made):
                measured = [measure(made, bare_url, parts[: options.rounds])]
                if options.vouchers:
                    fill(made, options.vouchers)
                    measured.append(measure(made, bare_url, parts[options.rounds :]))
    show(options, measured)


def prepare(made: Stack, options: Namespace, bare_url: str) -> list[Round]:
    """Fifty shops and as many vouchers as will be sold, on both sides."""
    rounds = options.rounds * (2 if options.vouchers else 1)
    vouchers = issue(made, options.requests * rounds)
    tokens = [gateway_of(made).token(clerk) for clerk in shops(made)]
    with psycopg.connect(bare_url, autocommit=True) as connection, connection.cursor() as cursor:
        codes = [(voucher["code"],) for voucher in vouchers]
        cursor.executemany("INSERT INTO bare_voucher VALUES (%s, 'issued', NULL)", codes)
    sales = [orjson.dumps(sale_of(voucher, number)) for number, voucher in enumerate(vouchers)]
    size = options.requests
    return [Round(sales[number * size : (number + 1) * size], tokens) for number in range(rounds)]


def measure(made: Stack, bare_url: str, parts: Sequence[Round]) -> tuple[Load, Load]:
    """Ours and the bare endpoint's median rounds, taken in turns."""

    def ours(number: int) -> Load:
        return send(made.url("disbursement"), parts[number].calls(), CLIENTS)

    def bare(number: int) -> Load:
        return send(bare_url, parts[number].calls(), CLIENTS)

    our_load, bare_load = alternate(len(parts), ours, bare)
    return our_load, bare_load


def show(options: Namespace, measured: Sequence[tuple[Load, Load]]) -> None:
    rows: list[dict[str, Any]] = []
    for (ours, bare), when in zip(
        measured, ("", f", {options.vouchers:,} vouchers in the table"), strict=False
    ):
        for name, load in ((f"POST /redemptions{when}", ours), (f"bare guarded UPDATE{when}", bare)):
            rows.append(
                {
                    "what": name,
                    "req/s": load.rate,
                    "p50 ms": load.p50_ms,
                    "p99 ms": load.p99_ms,
                    "statuses": load.statuses,
                }
            )
    ratios = [ours.rate / bare.rate for ours, bare in measured]
    figures: dict[str, Any] = {"ratio": ratios[0], "target": TARGET}
    if len(ratios) > 1:
        figures |= {"change": 1 - ratios[1] / ratios[0], "target_change": TARGET_CHANGE}
    report("redeem", rows, options.json, **figures)


def issue(made: Stack, count: int) -> list[dict[str, object]]:
    """`count` vouchers, by the usual way: import, assessment, approval."""
    gateway = gateway_of(made)
    file = households.write(made.data / "list.xlsx", count)
    demo = Demo(gateway, ROOT / "programmes" / "tuyen-quang-2026.yaml", file)
    programme_id = demo.prepare()
    gateway.post(
        "disbursement",
        f"/budgets/{programme_id}:allocate",
        MANAGER,
        {"amount": BUDGET, "document": "benchmark"},
    )
    demo.import_list(programme_id)
    demo.approve(programme_id)
    body = {"programme_id": programme_id, "commune": COMMUNE, "labels": {}}
    printed = gateway.post(
        "disbursement", "/vouchers:print", OFFICER, body, headers={"Accept": "application/json"}
    )
    vouchers: list[dict[str, object]] = printed["vouchers"]
    return vouchers


def shops(made: Stack) -> list[Actor]:
    """A clerk for each client, in a shop of its own that may sell as fast as a benchmark can."""
    gateway = gateway_of(made)
    clerks = []
    for number in range(CLIENTS):
        shop_id = f"bench-{number}"
        shop = {"shop_id": shop_id, "enterprise_id": ENTERPRISE, "name": shop_id, "commune": COMMUNE}
        gateway.post("disbursement", "/shops", MANAGER, {**shop, "minute_limit": 1_000_000})
        clerks.append(replace(SHOPKEEPER, subject=f"clerk-{number}", shop_id=shop_id))
    return clerks


def fill(made: Stack, count: int) -> None:
    """Put `count` further vouchers into the table, half of them out and half expired. No money stands behind
    them: what reads budgets has nothing to say on this stack any more."""
    url = made.environment["SONGBAN_DISBURSEMENT_DATABASE_URL"]
    with psycopg.connect(url, autocommit=True) as connection:
        (programme_id,) = connection.execute("SELECT programme_id FROM programme LIMIT 1").fetchone() or ("",)
        for first in range(1, count + 1, FILLED_AT_ONCE):
            last = min(first + FILLED_AT_ONCE - 1, count)
            connection.execute(_FILL, {"programme_id": programme_id, "first": first, "last": last})
            console.print(f"  {last:,} vouchers", highlight=False)
        connection.execute("VACUUM ANALYZE voucher")


if __name__ == "__main__":
    main()
