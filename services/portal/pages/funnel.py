"""How far a programme has come: imported, decided, approved, issued, redeemed, as bars and numbers."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from services.portal.apis import ApiDown
from services.portal.context import api, signed_in
from services.portal.home import area_name
from services.portal.i18n import language
from services.portal.lookups import person, programme_name, programme_options
from shared.auth import Role

blueprint = Blueprint("funnel", __name__, url_prefix="/funnel")

READERS = (Role.OFFICER, Role.APPROVER, Role.MANAGER, Role.PAYER, Role.AUDITOR)
MAIN, SIDE = "main", "side"
STEPS = (
    ("submitted", "applications", MAIN),
    ("eligible", "eligibility", MAIN),
    ("ineligible", "eligibility", SIDE),
    ("referred", "eligibility", SIDE),
    ("approved", "eligibility", MAIN),
    ("rejected", "eligibility", SIDE),
    ("issued", "disbursement", MAIN),
    ("waitlisted", "disbursement", SIDE),
    ("redeemed", "disbursement", MAIN),
    ("expired", "disbursement", SIDE),
    ("cancelled", "disbursement", SIDE),
)
"""Name, whose number it is, and whether it is the way forward or off to the side."""


@dataclass(frozen=True)
class Step:
    """One bar: `number` None when the service does not answer; `share` in percent of the widest."""

    name: str
    kind: str
    number: int | None
    share: float


@blueprint.get("")
@signed_in(*READERS)
def index() -> ResponseReturnValue:
    """One programme's funnel in the person's area."""
    options = programme_options(request.args.get("programme_id", ""))
    programme_id = next((one["value"] for one in options if one["selected"]), "")
    return render_template(
        "funnel/index.html",
        programmes=options,
        area=area_name(person()),
        **(_shown(programme_id) if programme_id else {"steps": []}),
    )


@blueprint.get("/<programme_id>/bars")
@signed_in(*READERS)
def bars(programme_id: str) -> ResponseReturnValue:
    """The bars alone, for a page that asks again while numbers move."""
    return render_template("funnel/bars.html", **_shown(programme_id))


def _shown(programme_id: str) -> dict[str, Any]:
    counts = {name: _counts(name, programme_id) for name in ("applications", "eligibility", "disbursement")}
    eligibility = counts["eligibility"] or {}
    reasons = sorted((eligibility.get("reasons") or {}).items(), key=lambda item: (-item[1], item[0]))
    return {
        "programme_id": programme_id,
        "programme": programme_name(programme_id),
        "steps": steps_of(counts),
        "imported": (counts["applications"] or {}).get("imported"),
        "withdrawn": (counts["applications"] or {}).get("withdrawn"),
        "pending": _pending(counts["applications"], counts["eligibility"]),
        "reasons": reasons,
        "words": _words(programme_id) if reasons else {},
        "down": [name for name, found in counts.items() if found is None],
    }


def _counts(service: str, programme_id: str) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = api(service).get("/funnel", programme_id=programme_id)
    except ApiDown:
        return None
    return found


def _pending(applications: Mapping[str, Any] | None, eligibility: Mapping[str, Any] | None) -> int:
    """How many applications wait for the rules; they take seconds."""
    if not applications or not eligibility:
        return 0
    return max(0, int(applications["submitted"]) - int(eligibility["assessed"]))


def _words(programme_id: str) -> dict[str, str]:
    """Each reason's sentence, from the programme's document."""
    programme = api("eligibility").get(f"/programmes/{programme_id}")
    return {code: texts[language()] for code, texts in programme["reasons"].items()}


def steps_of(counts: Mapping[str, Mapping[str, Any] | None]) -> list[Step]:
    """The bars of the three services' counts."""
    numbers = {name: _number(counts.get(service), name) for name, service, _ in STEPS}
    return _steps(numbers)


def steps_of_replay(replayed: Mapping[str, Any]) -> list[Step]:
    """The bars of the audit's replay, which knows all counts itself."""
    return _steps({name: _number(replayed, name) for name, _, _ in STEPS})


def _number(counts: Mapping[str, Any] | None, name: str) -> int | None:
    return None if counts is None or name not in counts else int(counts[name])


def _steps(numbers: Mapping[str, int | None]) -> list[Step]:
    widest = max((number for number in numbers.values() if number), default=1)
    return [
        Step(name, kind, numbers[name], round(100 * (numbers[name] or 0) / widest, 1))
        for name, _, kind in STEPS
    ]
