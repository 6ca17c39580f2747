"""Officers' lists."""

from typing import Any

import orjson
from flask_smorest.fields import Upload
from marshmallow import Schema, ValidationError, fields, validate

from services.applications import domain
from services.applications.lists.columns import FIELDS
from services.applications.schemas.common import CODE, FormWarning, Strict, commune, line, programme
from shared.web import PageQuery

MOST_COLUMNS = 200


def mapping(**options: Any) -> fields.Dict:
    """Column title → field of the household; "" leaves a column out."""
    return fields.Dict(
        keys=line(),
        values=fields.String(validate=validate.OneOf(["", *FIELDS])),
        validate=validate.Length(max=MOST_COLUMNS),
        metadata={"example": {"Tên gia chủ": "head_name", "Cột khác": ""}},
        **options,
    )


class MappingText(fields.Field[dict[str, str]]):
    """A mapping inside a multipart form: its JSON as text."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> dict[str, str]:
        try:
            found = orjson.loads(value)
        except (orjson.JSONDecodeError, TypeError) as error:
            raise ValidationError("Not a valid JSON object.") from error
        loaded: dict[str, str] = mapping().deserialize(found, attr, data, **options)
        return loaded


class ImportForm(Strict):
    commune = commune(required=True)
    programme_id = programme(required=True)
    dry_run = fields.Boolean(load_default=False)
    mapping = MappingText(load_default=dict, metadata={"type": "string", "format": "json"})


class ImportFile(Strict):
    file = Upload(required=True)


class ImportQuery(Strict):
    """`sent_again`: tell of the import as to somebody who sends its file once more."""

    sent_again = fields.Boolean(load_default=False)


class CommitRequest(Strict):
    """`mapping`: what columns mean after all; then the list is checked anew instead of being entered."""

    mapping = mapping(load_default=None, allow_none=True)


class ResultQuery(Strict):
    purpose = fields.String(load_default="CASE_WORK", validate=CODE)


class ProblemsQuery(PageQuery):
    limit = fields.Integer(load_default=500, validate=validate.Range(min=1, max=5_000))


class RowProblem(FormWarning):
    """`row` is the number in the sheet, 0 for the whole list; `sheet` its name where a file has several."""

    row = fields.Integer()
    sheet = fields.String()
    severity = fields.String()


class ListRefusal(Schema):
    """Why none of a list can be taken."""

    code = fields.String()
    message_vi = fields.String()
    message_en = fields.String()


class ListColumn(Schema):
    """A column as it was found; `field` null: unused."""

    letter = fields.String()
    title = fields.String()
    field = fields.String(allow_none=True)


class ImportItem(Schema):
    """rows = accepted + repeated + refused once all are `done`; `warnings`: doubtful ones of the accepted.

    Of a list that is only checked: what would become of it.
    """

    import_id = fields.String()
    commune = fields.String()
    programme_id = fields.String()
    filename = fields.String()
    state = fields.String(validate=validate.OneOf(domain.IMPORT_STATES))
    rows = fields.Integer()
    done = fields.Integer()
    accepted = fields.Integer()
    repeated = fields.Integer()
    refused = fields.Integer()
    warnings = fields.Integer()
    imported_by = fields.String()
    created_at = fields.DateTime()
    finished_at = fields.DateTime(allow_none=True)
    forgotten_at = fields.DateTime(allow_none=True)


class ImportAnswer(ImportItem):
    """An import with what was found in its list: the first problems here, all of them under `/problems`.

    `already_imported`: this very file was imported before, nothing new was created; the counts say how its
    rows stand now. `dry_run`: so far it was only checked.
    """

    dry_run = fields.Boolean()
    already_imported = fields.Boolean()
    refusal = fields.Nested(ListRefusal, allow_none=True)
    columns = fields.List(fields.Nested(ListColumn))
    problems = fields.List(fields.Nested(RowProblem))
    problems_total = fields.Integer()


class ImportList(Schema):
    items = fields.List(fields.Nested(ImportItem))
    next_cursor = fields.String(allow_none=True)


class ProblemList(Schema):
    items = fields.List(fields.Nested(RowProblem))
    next_cursor = fields.String(allow_none=True)
