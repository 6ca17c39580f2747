"""Officers' lists."""

from flask_smorest.fields import Upload
from marshmallow import Schema, fields

from services.applications.schemas.common import FormWarning, Strict, commune, programme


class ImportForm(Strict):
    commune = commune(required=True)
    programme_id = programme(required=True)
    dry_run = fields.Boolean(load_default=False)


class ImportFile(Strict):
    file = Upload(required=True)


class RowProblem(FormWarning):
    """`row` is the number in the sheet, 0 for the whole list."""

    row = fields.Integer()
    severity = fields.String()


class ImportAnswer(Schema):
    """rows = accepted + repeated + refused; `warnings` counts accepted rows with something doubtful."""

    import_id = fields.String(allow_none=True)
    rows = fields.Integer()
    accepted = fields.Integer()
    repeated = fields.Integer()
    refused = fields.Integer()
    warnings = fields.Integer()
    problems = fields.List(fields.Nested(RowProblem))
    dry_run = fields.Boolean()
    already_imported = fields.Boolean()
