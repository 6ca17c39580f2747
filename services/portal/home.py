"""The first page: what this person can do here."""

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from services.portal.context import current_actor, signed_in
from services.portal.navigation import tasks_for
from shared.auth import Actor
from shared.reference import areas

blueprint = Blueprint("home", __name__)


@blueprint.get("/")
@signed_in()
def index() -> ResponseReturnValue:
    """The task list of the person's roles."""
    actor = current_actor()
    assert actor is not None  # noqa: S101  signed_in() saw to it
    return render_template("home.html", tasks=tasks_for(actor), area=area_name(actor))


def area_name(actor: Actor) -> str | None:
    """Where `actor` works, as on a map: commune and province, a province, or None for the whole country."""
    commune = areas.commune(actor.commune) if actor.commune else None
    code = commune.province_code if commune else actor.province
    province = areas.province(code) if code else None
    names = [unit.name for unit in (commune, province) if unit]
    return ", ".join(names) or actor.commune or actor.province
