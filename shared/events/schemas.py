"""What each event says: one marshmallow schema per type and version, unknown fields refused.

No schema has room for a name, an ID number, a phone or an address: identity travels as keyed hashes, and
sensitive facts travel in `sealed` (AES-GCM under the household's key, base64). Amounts are whole đồng.
Dates are ISO text (`2026-11-23`), communes five digits, ids lower-case UUIDs.
"""

import re
from datetime import date
from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields, validate, validates_schema

from shared.events.canonical import MAX_INTEGER


class WholeText(validate.Validator):
    """A pattern for the whole text: Python's `$` alone would let a line feed at the end pass."""

    def __init__(self, pattern: str) -> None:
        self.regex = re.compile(pattern)

    def __call__(self, value: str) -> str:
        if self.regex.fullmatch(value) is None:
            raise ValidationError(f"Does not match {self.regex.pattern}")
        return value


class DateText(WholeText):
    """An ISO date that exists."""

    def __call__(self, value: str) -> str:
        super().__call__(value)
        try:
            date.fromisoformat(value)
        except ValueError as error:
            raise ValidationError("Not a date of the calendar.") from error
        return value


UUID_TEXT = WholeText(r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")
HASH_TEXT = WholeText(r"^[0-9a-f]{64}$")
DATE_TEXT = DateText(r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")
COMMUNE_TEXT = WholeText(r"^[0-9]{5}$")
PROVINCE_TEXT = WholeText(r"^[0-9]{2}$")
BUDGET_TEXT = WholeText(r"^[a-z0-9][a-z0-9-]{0,63}(/[0-9]{2}(/[0-9]{5})?)?$")
CODE_TEXT = WholeText(r"^[A-Z0-9_]{2,60}$")
SLUG_TEXT = WholeText(r"^[a-z0-9][a-z0-9-]{0,63}$")


def uuid_field(**options: Any) -> fields.String:
    return fields.String(required=True, validate=UUID_TEXT, **options)


def hash_list(**options: Any) -> fields.List[str]:
    return fields.List(fields.String(validate=HASH_TEXT), required=True, **options)


def date_field(**options: Any) -> fields.String:
    return fields.String(required=True, validate=DATE_TEXT, **options)


def text_field(longest: int = 200, **options: Any) -> fields.String:
    return fields.String(required=True, validate=validate.Length(min=1, max=longest), **options)


def sealed_field(**options: Any) -> fields.String:
    return fields.String(required=True, validate=validate.Length(max=20_000), **options)


def commune_field() -> fields.String:
    return fields.String(required=True, validate=COMMUNE_TEXT)


def slug_field() -> fields.String:
    return fields.String(required=True, validate=SLUG_TEXT)


def code_field(**options: Any) -> fields.String:
    return fields.String(required=True, validate=CODE_TEXT, **options)


def amount_field(least: int = 0) -> fields.Integer:
    """Whole đồng."""
    return fields.Integer(required=True, strict=True, validate=validate.Range(min=least, max=MAX_INTEGER))


def count_field(least: int = 0) -> fields.Integer:
    return fields.Integer(required=True, strict=True, validate=validate.Range(min=least, max=MAX_INTEGER))


def one_of(*choices: str) -> fields.String:
    return fields.String(required=True, validate=validate.OneOf(choices))


class EventSchema(Schema):
    class Meta:
        unknown = RAISE


class ProgrammePublished(EventSchema):
    """A programme version took effect. `document` is the whole programme as canonical JSON text."""

    programme_id = slug_field()
    version = count_field(1)
    digest = fields.String(required=True, validate=HASH_TEXT)
    document = fields.String(required=True)


class ProgrammeStopped(EventSchema):
    programme_id = slug_field()
    reason = text_field(500)


class _Case(EventSchema):
    application_id = uuid_field()
    household_id = uuid_field()
    programme_id = slug_field()


class ApplicationSubmitted(_Case):
    """`sealed` holds the facts a rule may look at.

    `persons` are keyed hashes of everybody in the household who can be told apart by a number, the head
    first; `namesakes` are keyed hashes of folded name, full birth date and commune, which make a person worth
    a second look and prove nothing.
    """

    commune = commune_field()
    village = fields.String(required=True, validate=validate.Length(max=200))
    channel = one_of("form", "list", "offline")
    entered_by = text_field()
    persons = hash_list()
    namesakes = hash_list()
    certificate = fields.String(required=True, allow_none=True, validate=HASH_TEXT)
    sealed = sealed_field()


class ApplicationCorrected(ApplicationSubmitted):
    """The whole content anew. `entered_by` is who corrected it; `reason` says why, as a code."""

    revision = count_field(2)
    reason = code_field()


class ApplicationWithdrawn(_Case):
    reason = code_field()


class ApplicationAppealed(_Case):
    """`sealed` holds the grounds in the household's words."""

    sealed = sealed_field()


class ApplicationErased(EventSchema):
    """The household's row and key are gone; every service deletes its copy. The id names nobody any more."""

    application_id = uuid_field()
    household_id = uuid_field()


class OfficialNamed(EventSchema):
    """Somebody came onto the register of those who handle applications, or left it. `subject` is the account,
    as it stands in the tokens."""

    subject = text_field()


class EligibilityAssessed(_Case):
    """`sealed` holds the reasons, the rows that decided and the values they looked at."""

    commune = commune_field()
    programme_version = count_field(1)
    digest = fields.String(required=True, validate=HASH_TEXT)
    outcome = one_of("eligible", "ineligible", "referred")
    sealed = sealed_field()


class EligibilityApproved(_Case):
    """Carries the terms the voucher is made under, so that disbursement needs nothing else.

    `position` is the place on the approved list (1 = first), which is public; it orders the waitlist.
    """

    commune = commune_field()
    programme_version = count_field(1)
    decision_number = text_field(100)
    decision_date = date_field()
    approved_by = text_field()
    position = count_field(1)
    amount = amount_field(1)
    minimum_price = amount_field()
    validity_days = count_field(1)


class EligibilityRejected(_Case):
    decision_number = text_field(100)
    decision_date = date_field()
    rejected_by = text_field()
    sealed = sealed_field()


class EligibilityRevoked(_Case):
    reason = code_field()
    revoked_by = text_field()


class EligibilityReviewed(EligibilityAssessed):
    """An approved case was assessed anew, after a correction. What was decided stands until it is revoked."""


class EligibilityObjected(_Case):
    """Somebody objected to a posted list: the case left it and goes to a person. `sealed` holds the ground
    and the words."""

    list_id = uuid_field()
    sealed = sealed_field()


class EligibilityReferralTaken(_Case):
    """A person of the province took a referred case on."""

    taken_by = text_field()


class EligibilityReferralUpheld(_Case):
    """The person found a referred case eligible; `sealed` holds why. Somebody else approves it."""

    upheld_by = text_field()
    sealed = sealed_field()


class _List(EventSchema):
    list_id = uuid_field()
    programme_id = slug_field()


class ListDrafted(_List):
    """An approval list of a commune or one of its villages; `cases` in the order of their ranks."""

    commune = commune_field()
    village = fields.String(required=True, allow_none=True, validate=validate.Length(min=1, max=200))
    drafted_by = text_field()
    cases = fields.List(fields.String(validate=UUID_TEXT), required=True, validate=validate.Length(min=1))


class ListPosted(_List):
    """Hung out in public from `posted_on` to the end of `last_day`."""

    posted_by = text_field()
    posted_on = date_field()
    last_day = date_field()


class ListClosed(_List):
    """Nobody on it waits any more."""


class ListCancelled(_List):
    """Taken back; whoever still waited on it may stand on another one."""

    cancelled_by = text_field()


class _Budget(EventSchema):
    """Which budget: without commune a province's, without both the programme's own."""

    programme_id = slug_field()
    province = fields.String(required=True, allow_none=True, validate=PROVINCE_TEXT)
    commune = fields.String(required=True, allow_none=True, validate=COMMUNE_TEXT)

    @validates_schema
    def _check_place(self, data: dict[str, Any], **_options: Any) -> None:
        if data["commune"] is not None and data["province"] is None:
            raise ValidationError("A commune's budget stands below a province's.", "province")


class BudgetAllocated(_Budget):
    """Money for a programme, or, for a province or commune, a share of the budget above it."""

    amount = amount_field(1)
    document = text_field()


class BudgetAdjusted(_Budget):
    """`change` may be negative: money taken back before it was promised, to the budget above, if any."""

    change = fields.Integer(
        required=True, strict=True, validate=validate.Range(min=-MAX_INTEGER, max=MAX_INTEGER)
    )
    document = text_field()
    reason = text_field(500)


class VoucherWaitlisted(_Case):
    commune = commune_field()
    amount = amount_field(1)
    position = count_field(1)


class VoucherIssued(_Case):
    """`budget_id` is the budget it was charged to, as a path: programme, programme/08, programme/08/01075."""

    budget_id = fields.String(required=True, validate=BUDGET_TEXT)
    voucher_id = uuid_field()
    commune = commune_field()
    amount = amount_field(1)
    minimum_price = amount_field()
    expires_on = date_field()


class VoucherRedeemed(_Case):
    """`imeis` are keyed hashes. `price` is what the shop charged, `subsidy` what the programme owes of it;
    `receipt` is the SHA-256 of the signed receipt's picture. `sold_by`: a clerk at the counter, an
    enterprise's till, or a device offline, which says it later than `sold_on`."""

    voucher_id = uuid_field()
    redemption_id = uuid_field()
    shop_id = slug_field()
    enterprise_id = slug_field()
    sold_by = one_of("counter", "till", "offline")
    sold_on = date_field()
    receipt = fields.String(required=True, allow_none=True, validate=HASH_TEXT)
    imeis = hash_list(validate=validate.Length(min=1, max=2))
    model = text_field(100)
    price = amount_field(1)
    subsidy = amount_field(1)


class VoucherReversed(_Case):
    voucher_id = uuid_field()
    redemption_id = uuid_field()
    subsidy = amount_field(1)
    reason = code_field()
    approved_by = text_field()


class VoucherCancelled(_Case):
    """`voucher_id` is null when the case was still on the waitlist; then `amount` returns nothing."""

    voucher_id = fields.String(required=True, allow_none=True, validate=UUID_TEXT)
    amount = amount_field()
    reason = code_field()


class VoucherExpired(_Case):
    voucher_id = uuid_field()
    amount = amount_field(1)
    expired_on = date_field()


class VoucherReissued(_Case):
    """A new voucher stands in the place of a lost one, with its amount, its reservation and its last day."""

    voucher_id = uuid_field()
    replaces = uuid_field()
    amount = amount_field(1)
    reason = code_field()
    expires_on = date_field()


class VoucherLocked(_Case):
    """Too many wrong PINs; `shop_id` is where the last of them was typed."""

    voucher_id = uuid_field()
    shop_id = slug_field()


class VoucherUnlocked(_Case):
    voucher_id = uuid_field()
    reason = code_field()


class _Claim(EventSchema):
    claim_id = uuid_field()
    enterprise_id = slug_field()
    programme_id = slug_field()


class LineCorrected(EventSchema):
    """A correction of an earlier claim's line, for the next claim: `change` asks again or takes back."""

    line_id = uuid_field()
    corrects = uuid_field()
    redemption_id = uuid_field()
    enterprise_id = slug_field()
    programme_id = slug_field()
    change = fields.Integer(
        required=True, strict=True, validate=validate.Range(min=-MAX_INTEGER, max=MAX_INTEGER)
    )
    reason = code_field()


class PayeeKept(EventSchema):
    """The account that an enterprise's money goes to from now on."""

    enterprise_id = slug_field()
    account_name = text_field(100)
    bank = text_field(100)
    account_number = text_field(20)


class ClaimSubmitted(_Claim):
    """amount = the subsidies of `redemptions` and the changes of `corrections` (line ids) together."""

    period_from = date_field()
    period_to = date_field()
    amount = amount_field(1)
    redemptions = fields.List(fields.String(validate=UUID_TEXT), required=True)
    corrections = fields.List(fields.String(validate=UUID_TEXT), required=True)


class ClaimWithdrawn(_Claim):
    """The enterprise took its claim back before anybody accepted it."""

    amount = amount_field(1)


class ClaimAccepted(_Claim):
    amount = amount_field()
    minutes = text_field()


class ClaimDisputed(_Claim):
    redemption_id = uuid_field()
    amount = amount_field(1)
    reason = code_field()


class ClaimReinstated(_Claim):
    """A dispute was taken back before the claim was accepted."""

    redemption_id = uuid_field()
    amount = amount_field(1)


class _Payment(_Claim):
    payment_id = uuid_field()
    amount = amount_field(1)
    reference = text_field()


class PaymentOrdered(_Payment):
    """An order to the bank. `reference` stands on the transfer."""


class PaymentFailed(_Payment):
    """The bank sent the money back; it can be ordered anew."""


class ClaimPaid(_Payment):
    """The bank says that the money arrived."""


class AccessRecorded(EventSchema):
    """Who read whose personal data, and why. Whose = household ids, which name nobody by themselves."""

    purpose = code_field()
    what = one_of("household", "list", "search", "export", "keys", "print")
    households = fields.List(fields.String(validate=UUID_TEXT), required=True)
    count = count_field()


class _DataRequest(EventSchema):
    """What a person asked about their own data. `request_id` names the request, nobody knows whose by it."""

    request_id = uuid_field()
    household_id = uuid_field()


class RequestReceived(_DataRequest):
    """Due by days: an answer by `answer_due`, what was asked for by `done_due`."""

    commune = commune_field()
    asked = one_of("access", "correction", "erasure", "restriction", "objection", "consent_withdrawn")
    received_on = date_field()
    answer_due = date_field()
    done_due = date_field()


class RequestAnswered(_DataRequest):
    answered_on = date_field()


class RequestExtended(_DataRequest):
    done_due = date_field()
    reason = code_field()


class RequestClosed(_DataRequest):
    closed_on = date_field()
    settled = one_of("granted", "partly_granted", "refused", "withdrawn")


class CheckpointSigned(EventSchema):
    """A C2SP tlog-checkpoint: `note` is the signed text, `size` and `root` what it says."""

    size = count_field()
    root = fields.String(required=True, validate=HASH_TEXT)
    note = text_field(5_000)
