"""Redemption at 50 clients, beside a bare endpoint that does one guarded UPDATE.

Ours checks the shop's token, takes the idempotency key, guards the voucher, compares the PIN, takes the IMEI
once in the whole country, moves the money, writes the event and the outbox, in one transaction. Relays and
consumers are paused meanwhile, as in `intake`.
"""

import orjson
import psycopg

from benchmarks import households
from benchmarks.harness import Call, Load, alternate, arguments, bare_server, quiet, report, send, stack
from benchmarks.intake import bare_database, call
from songban.actors import COMMUNE, MANAGER, OFFICER, SHOPKEEPER
from songban.demo import Demo, sale_of
from songban.stack import Stack
from songban.story import ROOT, gateway_of

CLIENTS = 50
TARGET = 0.5
BUDGET = 100_000_000_000


def main() -> None:
    parser = arguments(__doc__ or "")
    parser.add_argument("--requests", type=int, default=1500, help="per round")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    wanted = options.requests * options.rounds
    with stack() as made:
        database = bare_database(made)
        with bare_server("benchmarks.bare:app()", BARE_DATABASE_URL=database) as bare_url:
            vouchers = issue(made, wanted)
            token = gateway_of(made).token(SHOPKEEPER)
            sales = [orjson.dumps(sale_of(voucher, number)) for number, voucher in enumerate(vouchers)]
            codes = [(voucher["code"],) for voucher in vouchers]
            url = database.replace("+psycopg", "")
            with psycopg.connect(url, autocommit=True) as connection, connection.cursor() as cursor:
                cursor.executemany("INSERT INTO bare_voucher VALUES (%s, 'issued', NULL)", codes)

            def calls(number: int) -> list[Call]:
                part = sales[number * options.requests : (number + 1) * options.requests]
                return [call(token, sale, "/redemptions") for sale in part]

            def ours(number: int) -> Load:
                return send(made.url("disbursement"), calls(number), CLIENTS)

            def bare(number: int) -> Load:
                return send(bare_url, calls(number), CLIENTS)

            with quiet(made):
                ours_load, bare_load = alternate(options.rounds, ours, bare)
    rows = [
        {
            "what": name,
            "req/s": load.rate,
            "p50 ms": load.p50_ms,
            "p99 ms": load.p99_ms,
            "statuses": load.statuses,
        }
        for name, load in (("POST /redemptions", ours_load), ("bare guarded UPDATE", bare_load))
    ]
    report("redeem", rows, options.json, ratio=ours_load.rate / bare_load.rate, target=TARGET)


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


if __name__ == "__main__":
    main()
