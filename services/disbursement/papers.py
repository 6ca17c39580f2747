"""The answer to a request for paper: a PDF, or its facts as JSON."""

from typing import Any

import orjson
from flask import Response, request
from sqlalchemy.orm import Session

from services.disbursement import queries
from services.disbursement.codes import Pins
from services.disbursement.models import Voucher
from services.disbursement.printing import Paper, print_vouchers
from services.disbursement.schemas.printing import LISTED_AT_ONCE, PRINTED_AT_ONCE
from shared.auth import Actor, may_act_in
from shared.events import NewEvent
from shared.reference import areas
from shared.refusal import Refusal
from shared.web import Problem, record_events, refuse

PDF, JSON = "application/pdf", "application/json"


def print_response(session: Session, actor: Actor, body: dict[str, Any], pins: Pins) -> Response:
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
        return Response(orjson.dumps({"vouchers": [_facts(v, pins) for v in vouchers]}), content_type=JSON)
    session.commit()  # the access is recorded and nothing is locked while the paper is set
    return Response(_pdf(session, vouchers, body, pins), content_type=PDF)


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


def _pdf(session: Session, vouchers: list[Voucher], body: dict[str, Any], pins: Pins) -> bytes:
    programme = queries.programme(session, body["programme_id"])
    labels = {str(case): label for case, label in body["labels"].items()}
    session.close()
    return print_vouchers(
        [
            Paper(
                code=voucher.code,
                pin=pins.pin(voucher.voucher_id),
                amount=voucher.amount,
                expires_on=voucher.expires_on,
                programme=programme.name_vi if programme else "",
                label=labels.get(voucher.application_id, ""),
            )
            for voucher in vouchers
        ]
    )
