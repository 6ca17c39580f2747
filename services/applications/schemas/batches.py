"""Forms that come many at a time, or only to be checked."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate

from services.applications.lists import Problem as FieldProblem
from services.applications.schemas.common import CODE, FormProblem, Strict, count, optional_line
from services.applications.schemas.households import LONGEST_REMARK, ContentAnswer, NewHouseholdForm
from services.applications.schemas.telling import problems_of

MOST_ITEMS = 500


@dataclass(frozen=True, slots=True)
class FormRead:
    """A form held against its schema: `form` is None when it does not fit; `values` are those that do."""

    form: Mapping[str, Any] | None
    values: Mapping[str, Any]
    problems: tuple[FieldProblem, ...]


def read_as(schema: Schema, raw: Any) -> FormRead:
    """Load a form, or say what is wrong with it."""
    try:
        form = schema.load(raw)
    except ValidationError as error:
        valid = error.valid_data
        return FormRead(None, valid if isinstance(valid, dict) else {}, problems_of(error.messages))
    return FormRead(form, form, ())


class CheckRequest(NewHouseholdForm):
    """A form on its way to completion: nothing is refused, what is wrong or missing is told."""

    def load(self, data: Any, **_: Any) -> FormRead:
        return read_as(_WHOLE, data)


class DuplicateAnswer(Schema):
    """An application of the same commune that may be the same household's.

    `match`: exact by a number, near by a name with its birth year or by a certificate; `matched_on` says
    which.
    """

    application_id = fields.String()
    programme_id = fields.String()
    head_name = fields.String()
    village = fields.String()
    status = fields.String()
    match = fields.String()
    matched_on = fields.List(fields.String())


class CheckAnswer(Schema):
    problems = fields.List(fields.Nested(FormProblem))
    duplicates = fields.List(fields.Nested(DuplicateAnswer))


class BatchItem(NewHouseholdForm):
    """A form that was filled in without a line. `expected_revision`: the revision it changes, null if new."""

    application_id = fields.UUID(required=True, metadata={"description": "Made by the device."})
    expected_revision = count(1, 2**31 - 1, load_default=None, allow_none=True)
    reason = fields.String(load_default="OFFLINE_CHANGE", validate=CODE)
    note = optional_line(LONGEST_REMARK)


class Unread(fields.Nested):
    """Described as its schema, passed on as it came: one bad item must not refuse the others."""

    def deserialize(self, value: Any, *_: Any, **__: Any) -> Any:
        return value


class BatchRequest(Strict):
    items = fields.List(Unread(BatchItem), required=True, validate=validate.Length(min=1, max=MOST_ITEMS))


class BatchResult(Schema):
    """What became of an item: created, unchanged, corrected, conflict or refused.

    A conflict shows what is stored and what was sent; `duplicate_of`: the commune's application that the
    person has already.
    """

    application_id = fields.String(allow_none=True)
    status = fields.String()
    revision = fields.Integer(allow_none=True)
    problems = fields.List(fields.Nested(FormProblem))
    duplicate_of = fields.String(allow_none=True)
    stored = fields.Nested(ContentAnswer, allow_none=True)
    sent = fields.Nested(ContentAnswer, allow_none=True)


class BatchAnswer(Schema):
    """One result for each item, in the items' order."""

    items = fields.List(fields.Nested(BatchResult))


_WHOLE = NewHouseholdForm()
