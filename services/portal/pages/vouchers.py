"""Printing vouchers: paper with a name on it, made from names that the portal fetches and never keeps."""

from collections.abc import Iterator
from math import ceil
from typing import Any
from uuid import UUID

import requests
from flask import Blueprint, Response, abort, render_template, request
from flask.typing import ResponseReturnValue

from services.portal.context import api, signed_in
from services.portal.i18n import t
from services.portal.lookups import commune_options, person, programme_options
from shared.auth import Role

blueprint = Blueprint("vouchers", __name__, url_prefix="/vouchers")

PRINTERS = (Role.OFFICER, Role.APPROVER)
PAGE, BATCH = 50, 500
PART = 500
"""Vouchers in one PDF: a file that a village printer takes in one go."""
PIECE = 64 * 1024


@blueprint.get("")
@signed_in(*PRINTERS)
def index() -> ResponseReturnValue:
    """Which vouchers are out, and the button that prints them."""
    programme_id, commune = request.args.get("programme_id", ""), _commune(request.args.get("commune", ""))
    options = programme_options(programme_id)
    programme_id = next((one["value"] for one in options if one["selected"]), "")
    chosen = bool(programme_id and commune)
    number = len(_open_vouchers(programme_id, commune)) if chosen else 0
    return render_template(
        "vouchers/index.html",
        programme_id=programme_id,
        commune=commune,
        programmes=options,
        communes=commune_options(person(), commune, t("choose.commune")),
        chosen=chosen,
        number=number,
        parts=[(part * PART + 1, min(number, (part + 1) * PART)) for part in range(ceil(number / PART))],
        page=_holders(programme_id, commune, PAGE, request.args.get("cursor")) if chosen else None,
    )


@blueprint.post("/print")
@signed_in(*PRINTERS)
def print_pdf() -> ResponseReturnValue:
    """The PDF, passed on as it comes; each voucher carries its household's name and village."""
    programme_id, commune = request.form.get("programme_id", ""), _commune(request.form.get("commune", ""))
    only = _case(request.form.get("application_id"))
    part = request.form.get("part", 0, int)
    ids = [only] if only else _open_vouchers(programme_id, commune)[part * PART : (part + 1) * PART]
    homes = _one_home(only) if only else _homes(programme_id, commune, set(ids))
    body = {
        "programme_id": programme_id,
        "commune": commune,
        "labels": {case: label_of(*home) for case, home in homes.items()},
        "villages": {case: village for case, (_, village) in homes.items()},
        "application_ids": ids or None,
    }
    answer = (
        api("disbursement")
        .patient()
        .send("POST", "/vouchers:print", json=body, headers={"Accept": "application/pdf"}, stream=True)
    )
    return passed_on(answer, f"phieu-{programme_id}-{commune}-{part + 1}.pdf")


def _commune(wanted: str) -> str:
    return person().commune or wanted


def _open_vouchers(programme_id: str, commune: str) -> list[str]:
    """The applications whose voucher can still be redeemed, in a steady order."""
    found = _all("disbursement", "/vouchers", programme_id=programme_id, commune=commune, status="issued")
    return sorted(voucher["application_id"] for voucher in found)


def _homes(programme_id: str, commune: str, wanted: set[str]) -> dict[str, tuple[str, str]]:
    """Whose each voucher is, and in which village they live, by application."""
    households = _all(
        "applications",
        "/applications",
        programme_id=programme_id,
        commune=commune,
        status="voucher_issued",
        purpose="PRINT_VOUCHERS",
    )
    return {
        one["application_id"]: (one["head_name"], one["village"])
        for one in households
        if one["application_id"] in wanted
    }


def _case(text: str | None) -> str | None:
    """An application's id; whatever else the form holds is nobody's mistake."""
    try:
        return str(UUID(text)) if text else None
    except ValueError:
        abort(400)


def _one_home(application_id: str) -> dict[str, tuple[str, str]]:
    found = api("applications").get(f"/applications/{application_id}", purpose="PRINT_VOUCHERS")
    return {application_id: (found["head"]["name"], found["village"])}


def label_of(name: str, village: str) -> str:
    """A household on its voucher, within the 200 letters that fit."""
    return f"{name} – {village}"[:200]


def _holders(programme_id: str, commune: str, limit: int, cursor: str | None) -> dict[str, Any]:
    page: dict[str, Any] = api("applications").get(
        "/applications",
        programme_id=programme_id,
        commune=commune,
        status="voucher_issued",
        limit=limit,
        cursor=cursor,
    )
    return page


def _all(service: str, path: str, **query: str) -> Iterator[dict[str, Any]]:
    """Every item of a listing, page by page."""
    cursor = None
    while True:
        page = api(service).get(path, limit=BATCH, cursor=cursor, **query)
        yield from page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            return


def passed_on(answer: requests.Response, name: str) -> Response:
    """A service's file, under a name, piece by piece as it comes."""
    response = Response(answer.iter_content(PIECE), content_type=answer.headers["Content-Type"])
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.call_on_close(answer.close)
    return response
