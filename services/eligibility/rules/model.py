"""JDM, the engine's own format for decision tables, as far as loading it goes.

The engine reads a model only when it is first asked about a household, and what it cannot read fails for
every household alike. So whatever it needs is demanded here, before a version is published for good. The
table editor may keep things of its own in a file; they are left alone.
"""

from collections.abc import Iterator
from typing import Any

from marshmallow import INCLUDE, Schema, ValidationError, fields, validate

from services.eligibility.rules.document import flat_messages

TABLE = "decisionTableNode"


class _Loose(Schema):
    class Meta:
        unknown = INCLUDE


def _word() -> fields.String:
    return fields.String(required=True, validate=validate.Length(min=1, max=200))


def _flag(value: object) -> None:
    if not isinstance(value, bool):
        raise ValidationError("Not true or false.")


_NODE = _Loose.from_dict({"id": _word(), "name": _word(), "type": _word(), "content": fields.Dict()})
_EDGE = _Loose.from_dict(
    {
        "id": _word(),
        "sourceId": _word(),
        "targetId": _word(),
        "type": fields.String(),
        "sourceHandle": fields.String(allow_none=True),
        "targetHandle": fields.String(allow_none=True),
    }
)
_MODEL = _Loose.from_dict(
    {
        "nodes": fields.List(fields.Nested(_NODE), required=True),
        "edges": fields.List(fields.Nested(_EDGE), required=True),
    }
)
_COLUMN = _Loose.from_dict({"id": _word(), "name": fields.String(), "field": _word()})
_ROW = fields.Dict(keys=fields.String(), values=fields.String())
_CONTENT = _Loose.from_dict(
    {
        "hitPolicy": _word(),
        "inputs": fields.List(fields.Nested(_COLUMN), required=True),
        "outputs": fields.List(fields.Nested(_COLUMN), required=True),
        "rules": fields.List(_ROW, required=True),
        "outputPath": _word(),
        "passThrough": fields.Raw(validate=_flag),
        "inputField": fields.String(allow_none=True),
        "executionMode": fields.String(),
    }
)


def format_problems(rules: dict[str, Any]) -> Iterator[str]:
    """What keeps the engine from loading a model, or turns households away before any table sees them."""
    found = list(flat_messages(_MODEL().validate(rules), "rules"))
    yield from found
    if not found:
        for node in rules["nodes"]:
            yield from _node_problems(node["name"], node["type"], node.get("content", {}))


def _node_problems(name: str, kind: str, content: dict[str, Any]) -> Iterator[str]:
    if kind != TABLE:
        if content.get("schema"):
            yield f"rules: node {name} has a schema, which would turn households away without a reason"
        return
    found = list(flat_messages(_CONTENT().validate(content), name))
    yield from found
    if not found:
        nameless = [place for place, row in enumerate(content["rules"], 1) if not row.get("_id")]
        yield from (f"{name}: row number {place} has no _id" for place in nameless)
