"""What the APIs give as codes, in a person's words: for templates."""

from collections.abc import Iterable, Mapping
from typing import Any

from flask import Flask

from services.portal.context import utc_now
from services.portal.i18n import TIMEZONE, day, has_text, money, t
from shared.reference import areas, ethnic_groups

AMOUNTS = ("amount", "price", "subsidy")
DAYS = ("decision_date", "expires_on", "expired_on")
WORDS = ("status", "outcome", "application", "eligibility", "disbursement")


def ethnic_name(code: str) -> str:
    """A group's name by its GSO code; the code itself where it is none."""
    found = ethnic_groups.find(code)
    return found.name_gso if found else code


def certificate_text(certificate: Mapping[str, Any] | None) -> str | None:
    """A certificate in one line."""
    if not certificate:
        return None
    number, year = certificate["number"] or "–", certificate["year"] or "–"
    if certificate["issued_on"]:
        return t("case.certificate_issued", number=number, day=day(certificate["issued_on"]), year=year)
    return t("case.certificate_of_year", number=number, year=year)


def code_text(code: Any) -> str:
    """A reason's or purpose's words; a code without words stays as it is."""
    return _word("code", code)


def looked_rows(looked_at: Mapping[str, Any], people: Mapping[str, str]) -> list[tuple[str, str]]:
    """What the rules looked at, named and in words."""
    return [
        (t(f"fact.{name}") if has_text(f"fact.{name}") else name, _fact(name, value, people))
        for name, value in looked_at.items()
    ]


def _fact(name: str, value: Any, people: Mapping[str, str]) -> str:
    if isinstance(value, bool):
        return t("answer.yes") if value else t("answer.no")
    if value in (None, "", 0, []):
        return "–"
    if name == "officials":
        return ", ".join(who(subject, people) for subject in value)
    if name in ("doubts", "duplicate"):
        return ", ".join(_word(name, code) for code in str(value).split())
    if name == "submitted_on":
        return day(value)
    if name == "ethnicity":
        return ethnic_name(str(value))
    if name == "income_per_person":
        return money(value)
    return _word({"poverty_status": "poverty", "priority_group": "priority"}.get(name, name), value)


def _word(group: str, code: Any) -> str:
    """A code's word in its group; a code without one stays as it is."""
    return t(f"{group}.{code}") if has_text(f"{group}.{code}") else str(code)


def who(actor: str, people: Mapping[str, str]) -> str:
    """Who did something: an account's name, one of our services, or the bare subject."""
    service = actor.removeprefix("service:")
    return people.get(actor) or (t(f"service.{service}") if has_text(f"service.{service}") else actor)


def state_rows(state: Mapping[str, Any], people: Mapping[str, str]) -> list[tuple[str, str]]:
    """A service's state of a case, named and in words."""
    return [
        (
            t(f"state.{name}") if has_text(f"state.{name}") else name,
            who(value, people) if name == "approved_by" and value else _state(name, value),
        )
        for name, value in state.items()
    ]


def _state(name: str, value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return t("answer.yes") if value else t("answer.no")
    if name in AMOUNTS:
        return money(int(value))
    if name in DAYS:
        return day(str(value))
    return t(f"status.{value}") if name in WORDS and has_text(f"status.{value}") else str(value)


def provinces_text(provinces: Iterable[str] | str) -> str:
    """Where a programme serves."""
    if isinstance(provinces, str):
        return t("programme.country")
    found = (areas.province(code) for code in provinces)
    return ", ".join(one.name for one in found if one)


def priorities_text(order: Iterable[str]) -> str:
    """An order of priority as a sentence."""
    return " → ".join(t(f"priority.{one}") if has_text(f"priority.{one}") else one for one in order)


def today() -> str:
    """Today in Viet Nam, as people write it."""
    return day(utc_now().astimezone(TIMEZONE))


def init_app(app: Flask) -> None:
    """Give templates these words."""
    app.jinja_env.globals.update(
        ethnic_name=ethnic_name,
        certificate_text=certificate_text,
        code_text=code_text,
        looked_rows=looked_rows,
        state_rows=state_rows,
        provinces_text=provinces_text,
        priorities_text=priorities_text,
        today=today,
        who=who,
    )
