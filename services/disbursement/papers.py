"""The answer to a request for paper: a PDF, or its facts as JSON."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson
from flask import Response, request
from sqlalchemy import text
from sqlalchemy.orm import Session

from services.disbursement import queries
from services.disbursement.codes import Pins
from services.disbursement.models import Voucher
from services.disbursement.printing import Paper, print_vouchers
from services.disbursement.schemas.printing import LISTED_AT_ONCE, PRINTED_AT_ONCE
from services.disbursement.tokens import Signer
from shared.auth import Actor, may_act_in
from shared.events import NewEvent
from shared.reference import areas
from shared.refusal import Refusal
from shared.web import Problem, record_events, refuse

PDF, JSON = "application/pdf", "application/json"

_COUNT_COPIES = text(
    """
    INSERT INTO voucher_print (voucher_id, copies, printed_by, printed_at)
    SELECT unnest(CAST(:ids AS uuid[])), 1, :by, :now
    ON CONFLICT (voucher_id) DO UPDATE SET
        copies = voucher_print.copies + 1, printed_by = excluded.printed_by, printed_at = excluded.printed_at
    RETURNING CAST(voucher_id AS text) AS voucher_id, copies
    """
)


@dataclass(frozen=True, slots=True)
class Press:
    """What printing needs besides the vouchers. `complaint`: whom to tell when somebody asks for money."""

    pins: Pins
    signer: Signer
    complaint: str


def print_response(session: Session, actor: Actor, body: dict[str, Any], press: Press) -> Response:
    """The commune's vouchers, all or the wanted ones. Leaves an access event; PINs go nowhere else."""
    place = areas.commune(body["commune"])
    if not may_act_in(actor, body["commune"], place.province_code if place else ""):
        raise Problem(403, "OUTSIDE_AREA")
    wanted = body["application_ids"] and [str(case) for case in body["application_ids"]]
    vouchers = queries.printable(session, actor, body["programme_id"], body["commune"], wanted)
    if not vouchers:
        raise Problem(404, "NOTHING_TO_PRINT")
    as_json = request.accept_mimetypes.best_match([PDF, JSON]) == JSON
    limit = LISTED_AT_ONCE if as_json else PRINTED_AT_ONCE
    if len(vouchers) > limit:
        return refuse(Refusal("TOO_MANY_TO_PRINT", found=len(vouchers), limit=limit))
    _note_access(actor, body["commune"], vouchers)
    if as_json:
        facts = [_facts(voucher, press.pins) for voucher in vouchers]
        return Response(orjson.dumps({"vouchers": facts}), content_type=JSON)
    copies = _count_copies(session, actor, [voucher.voucher_id for voucher in vouchers])
    programme = queries.programme(session, body["programme_id"])
    papers = _papers(vouchers, copies, body, programme.name_vi if programme else "", press)
    session.commit()  # the access is recorded and nothing is locked while the paper is set
    session.close()
    return Response(print_vouchers(papers), content_type=PDF)


def _count_copies(session: Session, actor: Actor, voucher_ids: list[str]) -> dict[str, int]:
    """Each voucher's number of copies, this one included."""
    rows = session.execute(
        _COUNT_COPIES, {"ids": sorted(voucher_ids), "by": actor.subject, "now": datetime.now(UTC)}
    )
    return {row.voucher_id: row.copies for row in rows}


def _note_access(actor: Actor, commune: str, vouchers: list[Voucher]) -> None:
    households = sorted({voucher.household_id for voucher in vouchers})
    data = {"purpose": "PRINT_VOUCHERS", "what": "print", "households": households, "count": len(vouchers)}
    record_events([NewEvent("access.recorded.v1", commune, data, actor.subject)])


def _facts(voucher: Voucher, pins: Pins) -> dict[str, Any]:
    return {
        "voucher_id": voucher.voucher_id,
        "application_id": voucher.application_id,
        "code": voucher.code,
        "pin": pins.pin(voucher.voucher_id),
        "amount": voucher.amount,
        "expires_on": voucher.expires_on.isoformat(),
    }


def _papers(
    vouchers: list[Voucher], copies: dict[str, int], body: dict[str, Any], programme: str, press: Press
) -> list[Paper]:
    labels = {str(case): label for case, label in body["labels"].items()}
    villages = {str(case): village for case, village in body["villages"].items()}
    return [
        Paper(
            code=one.code,
            pin=press.pins.pin(one.voucher_id),
            amount=one.amount,
            expires_on=one.expires_on,
            programme=programme,
            label=labels.get(one.application_id, ""),
            token=press.signer.sign(
                one.code, one.amount, one.minimum_price, one.expires_on, one.programme_id
            ),
            village=villages.get(one.application_id, ""),
            copy=copies[one.voucher_id],
            complaint=press.complaint,
        )
        for one in vouchers
    ]
