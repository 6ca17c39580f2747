"""What applications does with the events of the other services: keep programmes known and states current.

Nothing here waits for anything or refuses an application that is unknown: it was erased, or never ours.
"""

from collections.abc import Callable, Sequence
from functools import cache

import orjson
from sqlalchemy import TextClause, text

from services.applications import domain
from services.applications.case_events import KEEP, columns, keep_of
from shared import casestate
from shared.events import Envelope
from shared.inbox import HandlerMap, Unit, ignored
from shared.inbox.handlers import Handler

_PUBLISH = text(
    """
    INSERT INTO programme (id, version, name_vi, name_en, period_from, period_to, reasons, status)
    SELECT id, version, name_vi, name_en, starts, ends, CAST(reasons AS jsonb), 'published' FROM unnest(
        CAST(:ids AS text[]), CAST(:versions AS integer[]), CAST(:names_vi AS text[]),
        CAST(:names_en AS text[]), CAST(:starts AS date[]), CAST(:ends AS date[]), CAST(:reasons AS text[])
    ) AS new (id, version, name_vi, name_en, starts, ends, reasons)
    ON CONFLICT (id) DO UPDATE SET version = excluded.version, name_vi = excluded.name_vi,
        name_en = excluded.name_en, period_from = excluded.period_from, period_to = excluded.period_to,
        reasons = programme.reasons || excluded.reasons, status = excluded.status, closed_at = NULL
    """
)
_STOP = text(
    """
    UPDATE programme SET status = :status, closed_at = CASE WHEN :status = 'closed' THEN stop.moment END
    FROM unnest(CAST(:ids AS text[]), CAST(:times AS timestamptz[])) AS stop (id, moment)
    WHERE programme.id = stop.id
    """
)

# `overall` holds every combination of the three states, so that the status is decided from the row as it is
# when the update reaches it, also when another transaction has just changed it.
_MOVE = """
    UPDATE application SET {column} = said.state,
        status = CAST(:overall AS jsonb) ->> concat_ws('|', application_state, {words})
    FROM said WHERE application.id = said.id RETURNING application.id
"""
_ASSESS = keep_of(
    _MOVE.format(column="eligibility_state", words="said.state, coalesce(disbursement_state, '')")
)
_DISBURSE = keep_of(
    _MOVE.format(column="disbursement_state", words="coalesce(eligibility_state, ''), said.state")
)


@cache
def overall_by_states() -> str:
    """`casestate.overall` as a table: "application|eligibility|disbursement" → status, in JSON."""
    return orjson.dumps(
        {
            f"{application}|{eligibility or ''}|{disbursement or ''}": casestate.overall(
                application, eligibility, disbursement
            )
            for application in domain.APPLICATION_STATES
            for eligibility in (None, *domain.ELIGIBILITY_STATES)
            for disbursement in (None, *domain.DISBURSEMENT_STATES)
        }
    ).decode()


def on_published(unit: Unit, events: Sequence[Envelope]) -> None:
    documents = [orjson.loads(event.data["document"]) for event in events]
    periods = [document.get("period") or {} for document in documents]
    unit.session.execute(
        _PUBLISH,
        {
            "ids": [event.data["programme_id"] for event in events],
            "versions": [event.data["version"] for event in events],
            "names_vi": [document["name_vi"] for document in documents],
            "names_en": [document["name_en"] for document in documents],
            "starts": [period.get("from") for period in periods],
            "ends": [period.get("to") for period in periods],
            "reasons": [orjson.dumps(document.get("reasons") or {}).decode() for document in documents],
        },
    )


def stopped(status: str) -> Handler:
    def handle(unit: Unit, events: Sequence[Envelope]) -> None:
        ids = [event.data["programme_id"] for event in events]
        times = [event.time for event in events]
        unit.session.execute(_STOP, {"ids": ids, "times": times, "status": status})

    return handle


def assessed_as(word: Callable[[Envelope], str]) -> Handler:
    """Keep what eligibility says of a case."""
    return _moving(_ASSESS, word)


def disbursed_as(state: str) -> Handler:
    """Keep what disbursement says of a case's voucher."""
    return _moving(_DISBURSE, lambda _event: state)


def tell(unit: Unit, events: Sequence[Envelope]) -> None:
    """Keep for the timeline what changes nothing here."""
    unit.session.execute(KEEP, columns(events, [""] * len(events)))


def _moving(statement: TextClause, word: Callable[[Envelope], str]) -> Handler:
    def handle(unit: Unit, events: Sequence[Envelope]) -> None:
        values = columns(events, [word(event) for event in events])
        unit.session.execute(statement, {**values, "overall": overall_by_states()})

    return handle


_LISTS = "what a list decides is said of each case by itself"
_MONEY = "budgets change no application"
_SHOPS = "shops belong to disbursement"
_CLAIMS = "a claim is between enterprise and fund; the case stays redeemed"

HANDLERS: HandlerMap = {
    "programme.published.v1": on_published,
    "programme.suspended.v1": stopped("suspended"),
    "programme.closed.v1": stopped("closed"),
    "eligibility.assessed.v1": assessed_as(lambda event: str(event.data["outcome"])),
    "eligibility.approved.v1": assessed_as(lambda _event: "approved"),
    "eligibility.rejected.v1": assessed_as(lambda _event: "rejected"),
    "eligibility.revoked.v1": assessed_as(lambda _event: "revoked"),
    "eligibility.objected.v1": assessed_as(lambda _event: "referred"),
    "eligibility.referral_upheld.v1": assessed_as(lambda _event: "eligible"),
    "eligibility.reviewed.v1": tell,
    "eligibility.referral_taken.v1": tell,
    "list.drafted.v1": ignored(_LISTS),
    "list.posted.v1": ignored(_LISTS),
    "list.closed.v1": ignored(_LISTS),
    "list.cancelled.v1": ignored(_LISTS),
    "voucher.issued.v1": disbursed_as("issued"),
    "voucher.waitlisted.v1": disbursed_as("waitlisted"),
    "voucher.redeemed.v1": disbursed_as("redeemed"),
    "voucher.reversed.v1": disbursed_as("issued"),
    "voucher.cancelled.v1": disbursed_as("cancelled"),
    "voucher.expired.v1": disbursed_as("expired"),
    "voucher.reissued.v1": disbursed_as("issued"),
    "voucher.locked.v1": tell,
    "voucher.unlocked.v1": tell,
    "budget.allocated.v1": ignored(_MONEY),
    "budget.adjusted.v1": ignored(_MONEY),
    "shop.registered.v1": ignored(_SHOPS),
    "shop.changed.v1": ignored(_SHOPS),
    "shop.suspended.v1": ignored(_SHOPS),
    "shop.reinstated.v1": ignored(_SHOPS),
    "clerk.registered.v1": ignored(_SHOPS),
    "clerk.suspended.v1": ignored(_SHOPS),
    "clerk.reinstated.v1": ignored(_SHOPS),
    "alert.raised.v1": ignored(_SHOPS),
    "alert.closed.v1": ignored(_SHOPS),
    "enterprise.registered.v1": ignored(_SHOPS),
    "enterprise.suspended.v1": ignored(_SHOPS),
    "enterprise.reinstated.v1": ignored(_SHOPS),
    "handset.listed.v1": ignored(_SHOPS),
    "handset.withdrawn.v1": ignored(_SHOPS),
    "voucher.disputed.v1": tell,
    "dispute.closed.v1": tell,
    "reversal.asked.v1": tell,
    "reversal.refused.v1": tell,
    "claim.submitted.v1": ignored(_CLAIMS),
    "claim.withdrawn.v1": ignored(_CLAIMS),
    "claim.disputed.v1": ignored(_CLAIMS),
    "claim.reinstated.v1": ignored(_CLAIMS),
    "claim.accepted.v1": ignored(_CLAIMS),
    "claim.paid.v1": ignored(_CLAIMS),
    "payment.ordered.v1": ignored(_CLAIMS),
    "payment.failed.v1": ignored(_CLAIMS),
    "line.corrected.v1": ignored(_CLAIMS),
    "payee.kept.v1": ignored(_CLAIMS),
}
