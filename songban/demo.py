"""The one story, told by the system itself: import, decision, approval, vouchers, redemption, audit.

Every number in the funnel is asked from the services at the end; nothing here knows what they should be.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from services.eligibility.rules import load_document
from songban.actors import (
    APPROVER,
    AUDITOR,
    COMMUNE,
    ENTERPRISE,
    MANAGER,
    MINISTRY,
    OFFICER,
    PROVINCE,
    SHOP,
    SHOPKEEPER,
)
from songban.gateway import Gateway, Refused
from songban.lists import ListFile, send_list

HANOI = ZoneInfo("Asia/Ho_Chi_Minh")
REDEMPTIONS = 100
DECISION_NUMBER = "01/QĐ-UBND"
PATIENCE_SECONDS = 120.0
Tell = Callable[[str, int, int], None]
"""Told a step's name, how many are done, and of how many (0 = unknown)."""


@dataclass
class Demo:
    """Plays `file` (an officer's list) under `programme` (a YAML file) against running services."""

    gateway: Gateway
    programme: Path
    file: Path
    tell: Tell = lambda _step, _done, _of: None

    def play(self) -> dict[str, Any]:
        """The funnel at the end. Raises Refused or TimeoutError when the story cannot go on."""
        programme_id = self.prepare()
        self.import_list(programme_id)
        self.approve(programme_id)
        self.redeem(programme_id)
        return self.funnel(programme_id)

    def prepare(self) -> str:
        """Publish the programme, allocate its budget, register the shop; what is there already stays."""
        document = load_document(self.programme)
        published = self.gateway.post("eligibility", "/programmes", MANAGER, {"document": document})
        programme_id = str(published["programme_id"])
        if self._budget(programme_id) == 0:
            self._wait("budget", lambda: self._allocate(programme_id, document))
        if not any(shop["shop_id"] == SHOP for shop in self._get("disbursement", "/shops", MANAGER)["items"]):
            self._open_shop()
        self._wait("programme known", lambda: self.knows(programme_id))
        return programme_id

    def _open_shop(self) -> None:
        """An enterprise with one shop, which serves a hundred households within seconds here."""
        enterprise = {
            "enterprise_id": ENTERPRISE,
            "name": "Viễn thông trình diễn",
            "contact": "vien-thong.example",
            "province": PROVINCE,
        }
        shop = {
            "shop_id": SHOP,
            "enterprise_id": ENTERPRISE,
            "name": "Cửa hàng Nậm Dịch",
            "commune": COMMUNE,
            "minute_limit": 1_000_000,
        }
        self.gateway.post("disbursement", "/enterprises", MANAGER, enterprise)
        self.gateway.post("disbursement", "/shops", MANAGER, shop)

    def import_list(self, programme_id: str) -> None:
        """Send the list (a second time it creates nothing twice); wait until each case is assessed."""
        file = ListFile(self.file.name, self.file.read_bytes(), COMMUNE, programme_id)
        told = send_list(
            self.gateway, OFFICER, file, tell=lambda _state, done, of: self.tell("imported", done, of)
        )
        if told["refusal"] is not None:
            raise Refused(422, {"code": told["refusal"]["code"], "detail_en": told["refusal"]["message_en"]})
        imported = self._get("applications", "/funnel", OFFICER, programme_id=programme_id)["imported"]
        self._wait("assessed", lambda: self._decided(programme_id), imported)

    def approve(self, programme_id: str) -> None:
        """The chair approves the list; wait until each approved case has its voucher or its place."""
        eligible = self._get("eligibility", "/funnel", APPROVER, programme_id=programme_id)["eligible"]
        body = {
            "programme_id": programme_id,
            "commune": COMMUNE,
            "decision_number": DECISION_NUMBER,
            "decision_date": datetime.now(HANOI).date().isoformat(),
        }
        self.gateway.post("eligibility", "/approval-lists", APPROVER, body)
        self._wait("vouchers", lambda: self._served(programme_id), eligible)

    def redeem(self, programme_id: str) -> None:
        """A hundred households go to the shop. What an earlier, interrupted run redeemed counts."""
        body = {"programme_id": programme_id, "commune": COMMUNE, "labels": {}}
        printed = self.gateway.post(
            "disbursement", "/vouchers:print", OFFICER, body, headers={"Accept": "application/json"}
        )["vouchers"]
        done = self._get("disbursement", "/funnel", OFFICER, programme_id=programme_id)["redeemed"]
        for number, voucher in enumerate(printed[: max(0, REDEMPTIONS - done)], start=done):
            self.gateway.post("disbursement", "/redemptions", SHOPKEEPER, sale_of(voucher, number))
            self.tell("redeemed", number + 1, REDEMPTIONS)

    def funnel(self, programme_id: str) -> dict[str, Any]:
        """The numbers as the services give them, and what the audit says of them."""
        applications = self._get("applications", "/funnel", OFFICER, programme_id=programme_id)
        eligibility = self._get("eligibility", "/funnel", OFFICER, programme_id=programme_id)
        disbursement = self._get("disbursement", "/funnel", OFFICER, programme_id=programme_id)
        return {
            "imported": applications["imported"],
            "eligible": eligibility["eligible"],
            "ineligible": eligibility["ineligible"],
            "reasons": eligibility["reasons"],
            "approved": eligibility["approved"],
            "issued": disbursement["issued"],
            "waitlisted": disbursement["waitlisted"],
            "redeemed": disbursement["redeemed"],
            "replay_equals_live": self._replay_equals_live(),
            "chains_verified": self._get("audit", "/checks/verify", AUDITOR)["verified"],
        }

    def _replay_equals_live(self) -> bool:
        """Ask until the last events have arrived; a difference that stays is a difference."""
        deadline = time.monotonic() + PATIENCE_SECONDS / 2
        while True:
            answer = self._get("audit", "/checks/compare", AUDITOR)
            self.tell("compared", answer["compared"], answer["compared"])
            if answer["equal"] or time.monotonic() > deadline:
                return bool(answer["equal"])
            time.sleep(0.5)

    def _decided(self, programme_id: str) -> int:
        return int(self._get("eligibility", "/funnel", OFFICER, programme_id=programme_id)["assessed"])

    def _served(self, programme_id: str) -> int:
        funnel = self._get("disbursement", "/funnel", OFFICER, programme_id=programme_id)
        return int(funnel["issued"] + funnel["waitlisted"])

    def _budget(self, programme_id: str) -> int:
        try:
            return int(self._get("disbursement", f"/budgets/{programme_id}", MANAGER)["allocated"])
        except Refused as refusal:
            if refusal.status == 404:
                return 0
            raise

    def _allocate(self, programme_id: str, document: dict[str, Any]) -> int:
        """1 once disbursement has heard of the programme and so takes money for it."""
        body = {"amount": int(document["budget"]), "document": "Dự toán trình diễn"}
        giver = MINISTRY if document["area"]["provinces"] == "national" else MANAGER
        try:
            self.gateway.post("disbursement", f"/budgets/{programme_id}:allocate", giver, body)
        except Refused as refusal:
            if refusal.body.get("code") == "PROGRAMME_UNKNOWN":
                return 0
            raise
        return 1

    def knows(self, programme_id: str) -> int:
        """1 once applications has heard of the programme; asked with an empty list, which nobody keeps."""
        try:
            send_list(self.gateway, OFFICER, ListFile("empty.xlsx", b"", COMMUNE, programme_id), dry_run=True)
        except Refused as refusal:
            if refusal.body.get("code") == "PROGRAMME_UNKNOWN":
                return 0
            if refusal.body.get("code") != "LIST_EMPTY":
                raise
        return 1

    def _get(self, service: str, path: str, actor: Any, **query: Any) -> Any:
        return self.gateway.get(service, path, actor, **query)

    def _wait(self, step: str, count: Callable[[], int], wanted: int = 1) -> None:
        """Raises TimeoutError when `count` does not reach `wanted` in time."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            done = count()
            self.tell(step, done, wanted)
            if done >= wanted:
                return
            if time.monotonic() > deadline:
                raise TimeoutError(f"{step}: {done} of {wanted} after {PATIENCE_SECONDS:.0f} s")
            time.sleep(0.1)


def sale_of(voucher: dict[str, Any], number: int) -> dict[str, Any]:
    """What the shop sends: a handset of 1,990,000 đồng with an IMEI of its own."""
    return {
        "code": voucher["code"],
        "pin": voucher["pin"],
        "imeis": [imei_of(number)],
        "model": "Điện thoại 4G mẫu",
        "price": 1_990_000,
        "id_checked": True,
    }


def imei_of(number: int) -> str:
    """The `number`-th IMEI of a made-up type, with its Luhn digit."""
    digits = f"3512340{number:07d}"
    weights = [
        int(d) if place % 2 else sum(divmod(2 * int(d), 10)) for place, d in enumerate(digits, start=1)
    ]
    return digits + str(-sum(weights) % 10)
