"""Programmes as published: what they give to whom, until when, and each reason in words."""

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from services.portal.context import api, signed_in
from services.portal.lookups import programmes
from shared.auth import Role

blueprint = Blueprint("programmes", __name__, url_prefix="/programmes")

READERS = (Role.MANAGER, Role.OFFICER, Role.APPROVER, Role.AUDITOR, Role.PAYER)


@blueprint.get("")
@signed_in(*READERS)
def index() -> ResponseReturnValue:
    """All programmes of the person's area."""
    return render_template("programmes/index.html", programmes=programmes())


@blueprint.get("/<programme_id>")
@signed_in(*READERS)
def show(programme_id: str) -> ResponseReturnValue:
    """One programme's document."""
    programme = api("eligibility").get(f"/programmes/{programme_id}")
    return render_template(
        "programmes/show.html", programme=programme, document=programme.get("document", {})
    )
