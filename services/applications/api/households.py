"""Households: erasure, and the release of their keys to the other services."""

import base64
from typing import Any
from uuid import UUID

from flask_smorest import Blueprint

from services.applications import schemas
from services.applications.api.common import answers_problems, leave_trace, secrets
from services.applications.erasing import erase_household
from shared.auth import Role
from shared.web import Problem, current_actor, current_session, idempotent, requires

blp = Blueprint("households", __name__, description="Households, their erasure and their keys")


@blp.post("/households/<uuid:household_id>:erase")
@blp.arguments(schemas.EraseRequest())
@blp.response(200, schemas.EraseAnswer)
@answers_problems(blp, 400, 404, 413, 422)
@requires(Role.MANAGER)
@idempotent
def erase(body: dict[str, Any], household_id: UUID) -> dict[str, Any]:
    """Erase a household: its row, its key, its hashes and its applications. Nothing brings it back."""
    erased = erase_household(current_session(), secrets(), str(household_id), body["ground"], current_actor())
    if erased is None:
        raise Problem(404, "NOT_FOUND")
    return {"household_id": str(household_id), "applications": len(erased)}


@blp.post("/keys:release")
@blp.arguments(schemas.KeysRequest())
@blp.response(200, schemas.KeysAnswer)
@answers_problems(blp, 400, 413, 422)
@requires(Role.SERVICE)
def release_keys(body: dict[str, Any]) -> dict[str, Any]:
    """Keys of up to 1,000 households for another service; erased and unknown ones have none."""
    actor = current_actor()
    keys = secrets().ring.load(current_session(), {str(one) for one in body["household_ids"]})
    if keys:
        leave_trace(actor, actor.subject, "keys", body["purpose"], sorted(keys))
    return {"keys": {household_id: base64.b64encode(key).decode() for household_id, key in keys.items()}}
