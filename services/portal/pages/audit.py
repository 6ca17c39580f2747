"""The auditor's desk: the state as of any moment, and the checks of the whole ledger."""

import re
from datetime import date, datetime, time
from typing import Any
from uuid import UUID

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from services.portal.context import api, signed_in
from services.portal.forms import FormError, day_typed, error
from services.portal.i18n import TIMEZONE, t
from services.portal.lookups import people, programme_options
from services.portal.pages.funnel import steps_of_replay
from shared.auth import Role

blueprint = Blueprint("audit", __name__, url_prefix="/audit")

SERVICES = ("applications", "eligibility", "disbursement")
CHECKS = ("verify", "compare")
END_OF_DAY = time(23, 59, 59, 999999)


@blueprint.get("/replay")
@signed_in(Role.AUDITOR)
def replay() -> ResponseReturnValue:
    """The funnel as of a day and minute; a case's code leads to that case."""
    wanted = _wanted()
    moment, errors = moment_of(wanted["day"], wanted["clock"])
    if wanted["code"] and not errors:
        try:
            code = UUID(wanted["code"])
        except ValueError:
            errors = [error("code", t("find.code_wrong"))]
        else:
            return redirect(
                url_for("audit.case", application_id=code, day=wanted["day"], clock=wanted["clock"])
            )
    return _replay_page(wanted, moment, errors)


def _replay_page(
    wanted: dict[str, str], moment: datetime | None, errors: list[FormError]
) -> ResponseReturnValue:
    replayed = None
    if request.args and not errors:
        replayed = (
            api("audit")
            .patient()
            .get("/replay", as_of=_iso(moment), programme_id=wanted["programme_id"] or None)
        )
    return render_template(
        "audit/replay.html",
        wanted=wanted,
        moment=moment,
        errors=errors,
        replayed=replayed,
        steps=steps_of_replay(replayed) if replayed else [],
        programmes=programme_options(wanted["programme_id"], t("choose.all_programmes")),
    ), 422 if errors else 200


@blueprint.get("/cases/<uuid:application_id>")
@signed_in(Role.AUDITOR)
def case(application_id: UUID) -> ResponseReturnValue:
    """One case as each service knew it at that moment, and its story until then."""
    wanted = _wanted()
    moment, errors = moment_of(wanted["day"], wanted["clock"])
    state: dict[str, Any] = {"states": {}, "events": 0}
    timeline: list[dict[str, Any]] = []
    if not errors:
        state = api("audit").get(f"/cases/{application_id}", as_of=_iso(moment))
        timeline = _until(api("audit").get(f"/cases/{application_id}/timeline")["items"], moment)
    page = render_template(
        "audit/case.html",
        application_id=application_id,
        wanted=wanted,
        moment=moment,
        errors=errors,
        states=[(name, state["states"].get(name)) for name in SERVICES],
        events=state["events"],
        timeline=timeline,
        people=people(item["actor"] for item in timeline),
    )
    return page, 422 if errors else 200


@blueprint.get("/checks")
@signed_in(Role.AUDITOR)
def checks() -> ResponseReturnValue:
    """Both checks, each run when its button is pressed."""
    run = request.args.get("run")
    answer = api("audit").patient().get(f"/checks/{run}") if run in CHECKS else None
    return render_template("audit/checks.html", run=run if run in CHECKS else None, answer=answer)


def _wanted() -> dict[str, str]:
    return {name: request.args.get(name, "").strip() for name in ("day", "clock", "code", "programme_id")}


def moment_of(day: str, clock: str) -> tuple[datetime | None, list[FormError]]:
    """The moment that a day and a minute in Viet Nam name: None for now, the day's end without a minute."""
    if not day:
        return None, []
    try:
        on = date.fromisoformat(day_typed(day))
    except ValueError:
        return None, [error("day", t("check.date"))]
    found = re.fullmatch(r"(\d{1,2})[:h.](\d{2})", clock)
    if clock and not found:
        return None, [error("clock", t("replay.clock_wrong"))]
    try:
        at = time(int(found[1]), int(found[2]), 59, 999999) if found else END_OF_DAY
    except ValueError:
        return None, [error("clock", t("replay.clock_wrong"))]
    return datetime.combine(on, at, TIMEZONE), []


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _until(items: list[dict[str, Any]], moment: datetime | None) -> list[dict[str, Any]]:
    return [one for one in items if moment is None or datetime.fromisoformat(one["time"]) <= moment]
