"""What the HTTP side of every service shares: the app, problem details, transactions, idempotency, paging."""

from shared.web.access import PUBLIC, current_actor, requires
from shared.web.app import ServiceApp, create_service
from shared.web.paging import Page, PageQuery, decode_cursor, encode_cursor
from shared.web.problems import Problem, Refusal, refuse
from shared.web.unit import (
    current_key,
    current_session,
    idempotent,
    keeps_its_answer,
    own_transactions,
    record_events,
    single_statements,
    under_key,
)

__all__ = [
    "PUBLIC",
    "Page",
    "PageQuery",
    "Problem",
    "Refusal",
    "ServiceApp",
    "create_service",
    "current_actor",
    "current_key",
    "current_session",
    "decode_cursor",
    "encode_cursor",
    "idempotent",
    "keeps_its_answer",
    "own_transactions",
    "record_events",
    "refuse",
    "requires",
    "single_statements",
    "under_key",
]
