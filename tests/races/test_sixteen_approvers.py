"""Sixteen clients approve two hundred cases one by one on money for twenty vouchers, eight rounds."""

import threading
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import requests
import yaml

from benchmarks import households
from services.eligibility.rules import load_document
from songban.actors import APPROVER, MANAGER, OFFICER
from songban.gateway import Refused
from songban.stack import Stack
from songban.story import gateway_of
from tests.support.stack import TUYEN_QUANG, demo_on, whole_system
from tests.support.waiting import wait_for

CLIENTS, CASES, VOUCHERS, ROUNDS = 16, 200, 20, 8
AMOUNT = yaml.safe_load(TUYEN_QUANG.read_text(encoding="utf-8"))["benefit"]["amount"]


@pytest.mark.slow
def test_each_round_issues_exactly_what_the_money_allows(tmp_path: Path) -> None:
    with whole_system(tmp_path) as stack:
        demo_on(stack).prepare()
        for number in range(1, ROUNDS + 1):
            programme_id = open_programme(stack, number)
            cases = eligible_cases(stack, programme_id, number)
            statuses = approve_all(stack, cases)
            assert statuses == Counter({200: CASES}), f"round {number}: {statuses}"
            assert served(stack, programme_id) == (VOUCHERS, CASES - VOUCHERS), f"round {number}"
            budget = gateway_of(stack).get("disbursement", f"/budgets/{programme_id}", MANAGER)
            assert (budget["available"], budget["reserved"]) == (0, VOUCHERS * AMOUNT)


def open_programme(stack: Stack, number: int) -> str:
    gateway = gateway_of(stack)
    document = {**load_document(TUYEN_QUANG), "id": f"round-{number}"}
    programme_id = str(
        gateway.post("eligibility", "/programmes", MANAGER, {"document": document})["programme_id"]
    )
    body = {"amount": VOUCHERS * AMOUNT, "document": "race"}

    def funded() -> bool:
        """Money goes to programmes that disbursement has heard of."""
        try:
            gateway.post("disbursement", f"/budgets/{programme_id}:allocate", MANAGER, body)
        except Refused as refused:
            if "PROGRAMME_UNKNOWN" not in str(refused):
                raise
            return False
        return True

    wait_for(funded, f"disbursement knows {programme_id}")
    return programme_id


def eligible_cases(stack: Stack, programme_id: str, number: int) -> list[str]:
    gateway = gateway_of(stack)
    file = households.write(stack.data / f"round-{number}.xlsx", CASES, seed=number)
    demo = demo_on(stack, file=file)
    wait_for(lambda: bool(demo.knows(programme_id)), f"applications knows {programme_id}")
    demo.import_list(programme_id)
    cases: list[str] = []
    cursor: str | None = None
    while True:
        query: dict[str, Any] = {"programme_id": programme_id, "status": "eligible", "limit": 100}
        page = gateway.get(
            "eligibility", "/cases", APPROVER, **query, **({"cursor": cursor} if cursor else {})
        )
        cases += [item["application_id"] for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            return cases


def approve_all(stack: Stack, cases: list[str]) -> Counter[int]:
    """Sixteen threads, each with one connection kept alive; a broken connection raises and fails the test."""
    url, token = stack.url("eligibility"), gateway_of(stack).token(APPROVER)
    today = datetime.now(UTC).date().isoformat()
    statuses: Counter[int] = Counter()
    failures: list[Exception] = []
    start = threading.Barrier(CLIENTS)

    def approve(share: list[str]) -> None:
        session = requests.Session()
        start.wait()
        try:
            for case in share:
                headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": str(uuid4())}
                body = {"decision_number": "01/QĐ", "decision_date": today}
                answer = session.post(f"{url}/cases/{case}:approve", json=body, headers=headers, timeout=60)
                statuses[answer.status_code] += 1
        except requests.RequestException as error:
            failures.append(error)

    threads = [threading.Thread(target=approve, args=(cases[place::CLIENTS],)) for place in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures, failures
    return statuses


def served(stack: Stack, programme_id: str) -> tuple[int, int]:
    """Issued and waitlisted, once every approval has found its place."""
    gateway = gateway_of(stack)

    def funnel() -> tuple[int, int]:
        answer = gateway.get("disbursement", "/funnel", OFFICER, programme_id=programme_id)
        return int(answer["issued"]), int(answer["waitlisted"])

    wait_for(lambda: sum(funnel()) >= CASES, "every approval has its voucher or its place")
    return funnel()
