"""Entering one household's application: the form, and what was typed as the API wants it."""

import re
from typing import Any

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from services.portal.apis import ApiDown, ApiProblem
from services.portal.context import api, signed_in
from services.portal.forms import (
    FormError,
    choice_typed,
    day_typed,
    failure,
    filled,
    form_key,
    new_key,
    typed,
    whole_typed,
)
from services.portal.i18n import language, t
from services.portal.lookups import commune_name, ethnic_options, options, person, programme_options
from shared.auth import Role

blueprint = Blueprint("applications_entry", __name__, url_prefix="/applications/new")

FIELDS = (
    "programme_id",
    "village",
    "head.name",
    "head.birth_date",
    "head.sex",
    "head.ethnicity",
    "head.citizen_id",
    "head.phone",
    "poverty_status",
    "certificate.number",
    "certificate.issued_on",
    "certificate.year",
    "members_count",
    "has_smartphone",
    "priority_group",
    "survey.income_per_person",
    "survey.deprivations",
    "survey.urban",
    "extremely_difficult_village",
    "extremely_difficult_commune",
    "conflict",
    "notes",
    "legal_basis",
    "consent_evidence",
)
PLACES = {
    "head.birth_year": "head.birth_date",
    "head.cmnd": "head.citizen_id",
    "certificate": "certificate.number",
    "survey": "survey.income_per_person",
}
"""Fields of the API that share an input with another."""
POVERTY = ("poor", "near_poor", "none")
PRIORITY = ("merit", "social_policy")
LEGAL = ("public_task", "consent")


@blueprint.get("")
@signed_in(Role.OFFICER)
def form() -> ResponseReturnValue:
    """The empty form."""
    return _page(dict.fromkeys(FIELDS, ""), [], new_key())


@blueprint.post("")
@signed_in(Role.OFFICER)
def submit() -> ResponseReturnValue:
    """Enter the application once, however often the button is pressed."""
    values, key = {name: typed(name) for name in FIELDS}, form_key()
    try:
        made = api("applications").post("/applications", body_of(values, person().commune or ""), key=key)
    except (ApiProblem, ApiDown) as trouble:
        errors, status, key = failure(trouble, key, PLACES)
        return _page(values, errors, key), status
    flash(t("enter.done"), "success")
    for warning in made.get("warnings", []):
        flash(str(warning.get(f"message_{language()}") or warning["code"]), "warning")
    return redirect(url_for("applications.show", application_id=made["application_id"]), 303)


def body_of(values: dict[str, str], commune: str) -> dict[str, Any]:
    """The form as POST /applications takes it; what was left empty is not sent."""
    return {
        **filled(
            {
                "programme_id": values["programme_id"],
                "commune": commune,
                "village": values["village"],
                "poverty_status": values["poverty_status"],
                "members_count": whole_typed(values["members_count"]) if values["members_count"] else None,
                "has_smartphone": choice_typed(values["has_smartphone"]),
                "priority_group": values["priority_group"],
                "survey": _survey(values),
                "extremely_difficult_village": choice_typed(values["extremely_difficult_village"]),
                "extremely_difficult_commune": choice_typed(values["extremely_difficult_commune"]),
                "conflict": values["conflict"],
                "notes": values["notes"],
                "legal_basis": values["legal_basis"],
                "consent_evidence": values["consent_evidence"],
                "certificate": _certificate(values),
            }
        ),
        "head": {
            **_birth(values["head.birth_date"]),
            **_identity(values["head.citizen_id"]),
            **_person(values),
        },
    }


def _person(values: dict[str, str]) -> dict[str, object]:
    fields = ("name", "sex", "ethnicity", "phone")
    return filled({field: values[f"head.{field}"] for field in fields})


def _birth(text: str) -> dict[str, object]:
    """A full date with its year, or the year alone where nobody knows the day."""
    if re.fullmatch(r"\d{4}", text):
        return {"birth_year": int(text)}
    day = day_typed(text)
    year = {"birth_year": int(day[:4])} if re.match(r"\d{4}-", day) else {}
    return {"birth_date": day, **year} if day else {}


def _identity(text: str) -> dict[str, object]:
    """Nine digits are the old CMND, everything else is checked as a citizen ID."""
    number = re.sub(r"[\s.]", "", text)
    if not number:
        return {}
    return {"cmnd": number} if re.fullmatch(r"\d{9}", number) else {"citizen_id": number}


def _certificate(values: dict[str, str]) -> dict[str, object] | None:
    issued = day_typed(values["certificate.issued_on"])
    year = values["certificate.year"]
    found = filled(
        {
            "number": values["certificate.number"],
            "issued_on": issued,
            "year": whole_typed(year) if year else None,
        }
    )
    return found or None


def _survey(values: dict[str, str]) -> dict[str, object] | None:
    """What was measured; nothing where all of it was left empty."""
    income, lacking = values["survey.income_per_person"], values["survey.deprivations"]
    found = filled(
        {
            "income_per_person": whole_typed(income) if income else None,
            "deprivations": whole_typed(lacking) if lacking else None,
            "urban": choice_typed(values["survey.urban"]),
        }
    )
    return found or None


def _page(values: dict[str, str], errors: list[FormError], key: str) -> str:
    return render_template(
        "applications/new.html",
        values=values,
        errors=errors,
        key=key,
        commune=commune_name(person().commune),
        programmes=programme_options(values["programme_id"]),
        ethnic=ethnic_options(values["head.ethnicity"]),
        poverty=options(POVERTY, "poverty", values["poverty_status"]),
        priority=options(PRIORITY, "priority", values["priority_group"]),
        legal=options(LEGAL, "legal", values["legal_basis"]),
    )
