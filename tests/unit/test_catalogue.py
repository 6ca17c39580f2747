"""The catalogue: what each type says, and that none has room for personal data."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import Schema, fields
from marshmallow.validate import Length, OneOf

from shared.events import CATALOGUE, InvalidEvent, lookup, types_of_topics, validate
from shared.events.schemas import WholeText
from tests.contracts.examples import DATA
from tests.unit.test_canonical import values

NAMES = sorted(CATALOGUE)
TOPICS = Path(__file__).parents[2] / "deploy" / "kafka" / "topics.yaml"


@pytest.mark.parametrize("name", NAMES)
def test_the_example_fits_and_nothing_more(name: str) -> None:
    event_type = lookup(name)
    validate(event_type, DATA[name])
    with pytest.raises(InvalidEvent, match="Unknown field"):
        validate(event_type, {**DATA[name], "full_name": "somebody"})


@pytest.mark.parametrize("name", NAMES)
def test_every_field_is_needed(name: str) -> None:
    for missing in DATA[name]:
        with pytest.raises(InvalidEvent, match=missing):
            validate(lookup(name), {key: value for key, value in DATA[name].items() if key != missing})


def spoiled(name: str, draw: st.DrawFn) -> dict[str, Any]:
    """The example of a type with a few of its fields changed, dropped or added."""
    data = dict(DATA[name])
    for field in draw(st.lists(st.sampled_from([*data, "more"]), max_size=2)):
        if draw(st.booleans()):
            data[field] = draw(
                st.one_of(values, st.lists(st.text(max_size=70), max_size=3), st.sampled_from(_LIKELY))
            )
        else:
            data.pop(field, None)
    return data


_LIKELY = [
    "",
    "a" * 64,
    "2026-11-23",
    "2026-02-30",
    "01075",
    "x\n",
    0,
    1,
    -1,
    True,
    None,
    1.0,
    [],
    ["a"],
    "1" * 201,
]


@given(st.sampled_from(NAMES), st.data())
def test_the_quick_check_never_says_yes_where_marshmallow_says_no(name: str, data: st.DataObject) -> None:
    drawn = spoiled(name, data.draw)
    if lookup(name).quick(drawn):
        assert lookup(name).schema.validate(drawn) == {}


def test_the_quick_check_says_yes_to_every_example_that_a_hook_does_not_look_at() -> None:
    slow = {name for name in NAMES if not lookup(name).quick(DATA[name])}
    assert slow == {name for name in NAMES if any(lookup(name).schema._hooks.values())}


@given(st.sampled_from(NAMES), values)
def test_any_data_fit_or_are_invalid(name: str, data: Any) -> None:
    with pytest.raises(InvalidEvent):
        validate(lookup(name), data)


@pytest.mark.parametrize(
    ("name", "changed"),
    [
        ("budget.allocated.v1", {"amount": 1.0}),
        ("budget.allocated.v1", {"amount": "1"}),
        ("budget.allocated.v1", {"amount": True}),
        ("budget.allocated.v1", {"amount": 0}),
        ("budget.allocated.v1", {"amount": 2**53}),
        ("shop.registered.v1", {"commune": "01075\n"}),
        ("shop.registered.v1", {"commune": "०१०७५"}),
        ("shop.registered.v1", {"shop_id": "shop-1\n"}),
        ("shop.registered.v1", {"name": ""}),
        ("eligibility.approved.v1", {"decision_date": "2026-02-30"}),
        ("eligibility.approved.v1", {"decision_date": "2026-2-3"}),
        ("application.erased.v1", {"household_id": DATA["application.erased.v1"]["household_id"] + "\n"}),
        ("application.erased.v1", {"household_id": "01938B2C-5A10-7C3E-9F00-000000000002"}),
        ("application.submitted.v1", {"persons": ["A" * 64]}),
        ("voucher.redeemed.v1", {"imeis": []}),
        ("voucher.redeemed.v1", {"imeis": ["a" * 64] * 3}),
        ("eligibility.assessed.v1", {"outcome": "perhaps"}),
    ],
)
def test_wrong_values_are_refused_and_named(name: str, changed: dict[str, Any]) -> None:
    with pytest.raises(InvalidEvent, match=next(iter(changed))):
        validate(lookup(name), {**DATA[name], **changed})


def test_an_unknown_type_is_refused() -> None:
    with pytest.raises(InvalidEvent, match=r"voucher\.eaten\.v1"):
        lookup("voucher.eaten.v1")


def test_every_topic_is_declared() -> None:
    declared = {entry["name"] for entry in yaml.safe_load(TOPICS.read_text("utf-8"))["topics"]}
    assert declared == {event_type.topic for event_type in CATALOGUE.values()}
    assert types_of_topics(sorted(declared)) == set(CATALOGUE)


def _texts(schema: Schema, path: str = "") -> Iterator[tuple[str, fields.Field[Any]]]:
    for name, field in schema.fields.items():
        inner = field.inner if isinstance(field, fields.List) else field
        if isinstance(inner, fields.Nested):
            yield from _texts(inner.schema, f"{path}{name}.")
        elif isinstance(inner, fields.String):
            yield f"{path}{name}", inner
        else:
            assert isinstance(inner, fields.Integer), f"{path}{name}: only texts and whole numbers"


FREE_TEXT = {
    "programme.published.v1": {"document"},  # the public programme
    "programme.suspended.v1": {"reason"},  # the manager's public notice
    "programme.closed.v1": {"reason"},
    "application.submitted.v1": {"village", "entered_by", "sealed"},  # entered_by: an account's subject
    "application.corrected.v1": {"village", "entered_by", "sealed"},
    "application.appealed.v1": {"sealed"},
    "eligibility.assessed.v1": {"sealed"},
    "eligibility.approved.v1": {"decision_number", "approved_by"},
    "eligibility.rejected.v1": {"decision_number", "rejected_by", "sealed"},
    "eligibility.revoked.v1": {"revoked_by"},
    "eligibility.reviewed.v1": {"sealed"},
    "eligibility.objected.v1": {"sealed"},
    "eligibility.referral_taken.v1": {"taken_by"},
    "eligibility.referral_upheld.v1": {"upheld_by", "sealed"},
    "list.drafted.v1": {"village", "drafted_by"},
    "list.posted.v1": {"posted_by"},
    "list.cancelled.v1": {"cancelled_by"},
    "budget.allocated.v1": {"document"},
    "budget.adjusted.v1": {"document", "reason"},
    "voucher.redeemed.v1": {"model"},  # the handset's
    "voucher.reversed.v1": {"approved_by"},
    "shop.registered.v1": {"name"},  # the shop's
    "shop.suspended.v1": {"reason"},
    "shop.reinstated.v1": {"reason"},
    "enterprise.registered.v1": {"name"},  # the enterprise's
    "enterprise.suspended.v1": {"reason"},
    "enterprise.reinstated.v1": {"reason"},
    "official.registered.v1": {"subject"},  # an account's id
    "official.removed.v1": {"subject"},
    "clerk.registered.v1": {"subject"},  # an account's id
    "handset.listed.v1": {"model", "maker"},
    "handset.withdrawn.v1": {"reason"},
    "voucher.disputed.v1": {"model"},
    "dispute.closed.v1": {"closed_by"},
    "reversal.refused.v1": {"refused_by"},
    "alert.closed.v1": {"closed_by"},
    "claim.accepted.v1": {"minutes"},
    "claim.paid.v1": {"reference"},  # ours, on the transfer
    "payment.ordered.v1": {"reference"},
    "payment.failed.v1": {"reference"},
    "payee.kept.v1": {"account_name", "bank", "account_number"},  # an enterprise's
    "checkpoint.signed.v1": {"note"},
}
"""Every field that can hold any text at all. Whoever adds one here says why no household's data go there."""


def test_no_field_has_room_for_personal_data() -> None:
    free: dict[str, set[str]] = {}
    for name, event_type in CATALOGUE.items():
        for path, field in _texts(event_type.schema):
            bound = any(isinstance(validator, WholeText | OneOf) for validator in field.validators)
            if not bound:
                free.setdefault(name, set()).add(path)
    assert free == FREE_TEXT


def test_free_texts_have_an_end() -> None:
    for name, event_type in CATALOGUE.items():
        for path, field in _texts(event_type.schema):
            bounded = any(isinstance(validator, WholeText | OneOf | Length) for validator in field.validators)
            assert bounded or (name, path) == ("programme.published.v1", "document"), f"{name} {path}"


def test_schemas_know_only_what_has_canonical_bytes() -> None:
    """Which is why `validate` need not walk the data a second time."""

    def kinds(field: fields.Field[Any]) -> set[type]:
        if isinstance(field, fields.List):
            return kinds(field.inner)
        return {type(field)}

    everything = [field for t in CATALOGUE.values() for field in t.schema.fields.values()]
    found = {kind for field in everything for kind in kinds(field)}
    assert found <= {fields.String, fields.Integer, fields.Boolean}
    assert all(field.strict for field in everything if isinstance(field, fields.Integer))
    assert all(name.isascii() for t in CATALOGUE.values() for name in t.schema.fields)
