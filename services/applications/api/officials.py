"""Who handles applications: their own households go to a person."""

from typing import Any

from flask.typing import ResponseReturnValue
from flask_smorest import Blueprint

from services.applications import officials, schemas
from services.applications.api.common import answer_refusal, answers_problems, secrets
from shared.auth import Role
from shared.web import Problem, Refusal, current_actor, current_session, idempotent, requires

blp = Blueprint("officials", __name__, description="Officials whose own households a person looks at")


@blp.get("/officials")
@blp.response(200, schemas.OfficialList)
@answers_problems(blp)
@requires(Role.MANAGER, Role.AUDITOR)
def list_officials() -> dict[str, Any]:
    """Who is registered. No number is kept, only a keyed hash, which nobody is shown."""
    return {"items": officials.listed(current_session())}


@blp.post("/officials")
@blp.arguments(schemas.OfficialRequest())
@blp.response(201, schemas.OfficialAnswer)
@answers_problems(blp, 400, 409, 413, 422)
@requires(Role.MANAGER)
@idempotent
def register_official(body: dict[str, Any]) -> ResponseReturnValue:
    """Register an official's citizen ID, or another one in its place. Applications that name this person are
    referred: new ones from half a minute on, those under way about a minute later."""
    refusal = officials.register(
        current_session(), secrets().hasher, body["subject"], body["citizen_id"], current_actor()
    )
    return answer_refusal(refusal) if isinstance(refusal, Refusal) else {"subject": body["subject"]}


@blp.post("/officials/<subject>:remove")
@blp.response(200, schemas.OfficialAnswer)
@answers_problems(blp, 400, 404, 422)
@requires(Role.MANAGER)
@idempotent
def remove_official(subject: str) -> dict[str, Any]:
    """Take somebody off the register who handles applications no more."""
    if not officials.remove(current_session(), subject, current_actor()):
        raise Problem(404, "NOT_FOUND")
    return {"subject": subject}
