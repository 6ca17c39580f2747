"""What other services say of a case, as its timeline keeps it: facts that name nobody, and a sealed part that
only the household's key opens.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import TextClause, text

from shared.events import Envelope
from shared.privacy import Unreadable, unseal

FACTS = frozenset(
    {
        "amount", "approved_by", "channel", "closed_by", "decision_date", "decision_number", "entered_by",
        "expired_on", "expires_on", "list_id", "model", "outcome", "position", "price", "programme_version",
        "reason", "redemption_id", "refused_by", "rejected_by", "replaces", "revision", "revoked_by",
        "shop_id", "sold_on", "subsidy", "taken_by", "upheld_by", "village", "voucher_id",
    }
)  # fmt: skip
"""What a timeline tells of an event's data. Hashes of persons and handsets and everything sealed stay out."""

_PLACES = {
    "eligibility.assessed.v1": "assessment",
    "eligibility.reviewed.v1": "assessment",
    "eligibility.rejected.v1": "rejection",
    "eligibility.objected.v1": "objection",
    "eligibility.referral_upheld.v1": "referral",
    "application.appealed.v1": "appeal",
}
"""Where a type's sealed part belongs: `<word>/<application id>`."""

_SAID = ("ground", "reason", "grounds", "words")
_CODE = re.compile(r"[A-Z0-9_]{2,60}")

_KEPT = """
    INSERT INTO case_event (application_id, event_id, type, occurred_at, actor, facts, sealed)
    SELECT said.id, said.event_id, said.type, said.occurred_at, said.actor, CAST(said.facts AS jsonb),
           said.sealed
    FROM said JOIN {cases}
"""
SAID = """
    said AS (
        SELECT * FROM unnest(
            CAST(:ids AS uuid[]), CAST(:event_ids AS uuid[]), CAST(:types AS text[]),
            CAST(:times AS timestamptz[]), CAST(:actors AS text[]), CAST(:facts AS text[]),
            CAST(:sealed AS text[]), CAST(:states AS text[])
        ) AS t (id, event_id, type, occurred_at, actor, facts, sealed, state)
    )
"""


def keep_of(moved: str) -> TextClause:
    """A statement that changes applications and keeps what led to it; `moved` returns the ids it changed.

    An application that is gone was erased: nothing is changed and nothing kept.
    """
    return text(f"WITH {SAID}, moved AS ({moved}) {_KEPT.format(cases='moved USING (id)')}")


KEEP = text(f"WITH {SAID} {_KEPT.format(cases='application USING (id) FOR KEY SHARE OF application')}")
"""Keeps what changes nothing here. The lock waits for an erasure that is under way."""


def columns(events: Sequence[Envelope], states: Sequence[str]) -> dict[str, list[Any]]:
    """The parameters of both statements; `states`: what each event makes of its case, "" for nothing."""
    return {
        "ids": [event.data["application_id"] for event in events],
        "event_ids": [event.id for event in events],
        "types": [event.type for event in events],
        "times": [event.time for event in events],
        "actors": [event.actor for event in events],
        "facts": [orjson.dumps(facts_in(event.data)).decode() for event in events],
        "sealed": [event.data.get("sealed") for event in events],
        "states": list(states),
    }


def facts_in(data: Mapping[str, Any]) -> dict[str, Any]:
    """What an event's data say that a timeline may tell."""
    return {name: value for name, value in data.items() if name in FACTS and value is not None}


def opened(
    kind: str, application_id: str, sealed: str | None, key: bytes
) -> tuple[tuple[str, ...], str | None]:
    """The codes of the reasons, and the words in which somebody gave them, out of an event's sealed part.

    Nothing for a type that seals none, or whose part does not open: a service of another age sealed it.
    """
    place = _PLACES.get(kind)
    if sealed is None or place is None:
        return (), None
    try:
        content: dict[str, Any] = unseal(key, sealed, f"{place}/{application_id}")
    except Unreadable:
        return (), None
    said = [str(content[name]) for name in _SAID if content.get(name)]
    codes = [one for one in said if _CODE.fullmatch(one)]
    words = [one for one in said if one not in codes]
    return (*content.get("reasons", ()), *codes), words[0] if words else None
