"""The catalogue of handsets that shops may hand over."""

from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from services.disbursement.vouchers import SERVICE
from shared.auth import Actor
from shared.db import broken_constraint
from shared.events import NewEvent
from shared.outbox.record import record
from shared.refusal import Refusal

_LIST = text(
    """
    WITH listed AS (
        INSERT INTO handset (handset_id, model, maker, generation, price_ceiling, status, listed_at)
        VALUES (:handset_id, :model, :maker, :generation, :price_ceiling, 'listed', :moment)
        RETURNING handset_id
    )
    INSERT INTO handset_tac (tac, handset_id)
    SELECT tac, handset_id FROM listed, unnest(CAST(:tacs AS text[])) AS tac
    """
)
_WITHDRAW = text(
    """
    UPDATE handset SET status = 'withdrawn', withdrawn_reason = :reason
    WHERE handset_id = :handset_id AND status = 'listed' RETURNING handset_id
    """
)
_TAKEN = {
    "handset_pkey": "HANDSET_EXISTS",
    "handset_model_key": "HANDSET_EXISTS",
    "handset_tac_pkey": "TAC_OF_ANOTHER_MODEL",
}


def list_handset(session: Session, handset: dict[str, Any], actor: Actor, now: datetime) -> Refusal | None:
    """Enter a model with its TACs. Refusals: HANDSET_EXISTS, TAC_OF_ANOTHER_MODEL."""
    try:
        with session.begin_nested():
            session.execute(_LIST, {**handset, "moment": now})
    except IntegrityError as error:
        code = _TAKEN.get(broken_constraint(error) or "")
        if code is None:
            raise
        return Refusal(code)
    record(session, SERVICE, [NewEvent("handset.listed.v1", handset["handset_id"], handset, actor.subject)])
    return None


def withdraw(session: Session, handset_id: str, reason: str, actor: Actor) -> bool:
    """From now on nobody is given this model; False when it is not listed."""
    if session.execute(_WITHDRAW, {"handset_id": handset_id, "reason": reason}).first() is None:
        return False
    data = {"handset_id": handset_id, "reason": reason}
    record(session, SERVICE, [NewEvent("handset.withdrawn.v1", handset_id, data, actor.subject)])
    return True
