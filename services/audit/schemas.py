"""What the audit service's routes take and answer."""

from datetime import UTC

from marshmallow import RAISE, Schema, fields

from shared.folds import COUNTS
from shared.web import PageQuery

__all__ = ["PageQuery"]


class Strict(Schema):
    class Meta:
        unknown = RAISE


def moment_field(description: str) -> fields.AwareDateTime:
    """ISO 8601; without an offset it is UTC."""
    return fields.AwareDateTime(
        format="iso", default_timezone=UTC, load_default=None, metadata={"description": description}
    )


class AsOfQuery(Strict):
    as_of = moment_field("Fold the events recorded at or before this moment; all when left out.")


class ReplayQuery(AsOfQuery):
    programme_id = fields.String(
        load_default=None, metadata={"description": "Only this programme; all programmes when left out."}
    )


class LedgerEntry(Schema):
    index = fields.Integer(metadata={"description": "Gapless from 0."})
    stream = fields.String()
    version = fields.Integer()
    event_id = fields.String()
    type = fields.String()
    key = fields.String()
    time = fields.DateTime()
    hash = fields.String(metadata={"description": "SHA-256 of the event's canonical bytes (RFC 8785), hex."})
    event = fields.Raw(metadata={"type": "object", "description": "The CloudEvents JSON."})


class LedgerPage(Schema):
    items = fields.List(fields.Nested(LedgerEntry))
    next_cursor = fields.String(allow_none=True)


class TimelineItem(Schema):
    index = fields.Integer()
    time = fields.DateTime()
    type = fields.String()
    version = fields.Integer()
    actor = fields.String()
    service = fields.String()
    summary = fields.Raw(
        metadata={"type": "object", "description": "Fields of the event that are not personal."}
    )


class Timeline(Schema):
    application_id = fields.String()
    items = fields.List(fields.Nested(TimelineItem))


class CaseStates(Schema):
    applications = fields.Raw(allow_none=True, metadata={"type": ["object", "null"]})
    eligibility = fields.Raw(allow_none=True, metadata={"type": ["object", "null"]})
    disbursement = fields.Raw(allow_none=True, metadata={"type": ["object", "null"]})


class CaseState(Schema):
    application_id = fields.String()
    as_of = fields.DateTime(allow_none=True)
    states = fields.Nested(CaseStates)
    events = fields.Integer(metadata={"description": "Events of the case until then."})


FunnelCounts = Schema.from_dict({name: fields.Integer() for name in COUNTS}, name="FunnelCounts")


class ProgrammeFunnel(FunnelCounts):  # type: ignore[misc,valid-type]
    programme_id = fields.String()


class ReplayAnswer(FunnelCounts):  # type: ignore[misc,valid-type]
    """The counts are the sum over `programmes`."""

    as_of = fields.DateTime(allow_none=True)
    events = fields.Integer(metadata={"description": "Events of the ledger until then, of every type."})
    programmes = fields.List(fields.Nested(ProgrammeFunnel))


class DifferenceItem(Schema):
    service = fields.String()
    key = fields.String()
    field = fields.String(
        allow_none=True, metadata={"description": "Null when only one side knows the key at all."}
    )
    live = fields.Raw(allow_none=True)
    replayed = fields.Raw(allow_none=True)


class ComparisonAnswer(Schema):
    equal = fields.Boolean()
    events = fields.Integer()
    compared = fields.Integer(metadata={"description": "Keys that either side knows."})
    different = fields.Integer(metadata={"description": "Differences in all; the list holds the first 100."})
    differences = fields.List(fields.Nested(DifferenceItem))


class FindingItem(Schema):
    index = fields.Integer(allow_none=True)
    stream = fields.String(allow_none=True)
    code = fields.String()
    message_vi = fields.String()
    message_en = fields.String()


class VerificationAnswer(Schema):
    verified = fields.Boolean()
    events = fields.Integer()
    streams = fields.Integer()
    found = fields.Dict(
        keys=fields.String(), values=fields.Integer(), metadata={"description": "How often each code."}
    )
    problems = fields.List(fields.Nested(FindingItem), metadata={"description": "The first 100."})


class ProblemAnswer(Schema):
    """RFC 9457 problem details."""

    type = fields.String()
    title = fields.String()
    status = fields.Integer()
    code = fields.String()
    detail = fields.String()
    detail_vi = fields.String()
    detail_en = fields.String()
    instance = fields.String(allow_none=True)
