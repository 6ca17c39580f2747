"""The funnel of a replayed state: how many cases of each programme came how far."""

from collections.abc import Mapping

from shared.folds.disbursement import COUNTED
from shared.folds.replay import Replay

COUNTS = (
    "imported",
    "submitted",
    "withdrawn",
    "eligible",
    "ineligible",
    "referred",
    "approved",
    "rejected",
    "issued",
    "waitlisted",
    "redeemed",
    "expired",
    "cancelled",
    "reissued",
)
Funnel = dict[str, int]


def funnel(replay: Replay) -> dict[str, Funnel]:
    """Counts by programme id.

    `submitted`: applications that were submitted and not erased, of which `imported` came with a list;
    `eligible`, `ineligible`, `referred`: the last assessment's outcome, whatever was decided after it;
    `issued`: vouchers ever issued = redeemed + expired + cancelled + reissued + outstanding; `waitlisted`:
    who waits.
    """
    found: dict[str, Funnel] = {}

    def count(programme_id: str, name: str, number: int = 1) -> None:
        found.setdefault(programme_id, dict.fromkeys(COUNTS, 0))[name] += number

    for row in replay.states["applications"].values():
        if row["application"] not in {None, "erased"}:
            count(row["programme_id"], "submitted")
            if row["channel"] == "list":
                count(row["programme_id"], "imported")
            if row["application"] == "withdrawn":
                count(row["programme_id"], "withdrawn")
    for key, case in replay.live_state("eligibility"):
        if not key.startswith(("programme/", "list/")):
            count(case["programme_id"], case["outcome"])
            if case["status"] in {"approved", "rejected"}:
                count(case["programme_id"], case["status"])
    for key, row in replay.states["disbursement"].items():
        if key.startswith("budget/"):
            for name in COUNTED:
                count(key.split("/")[1], name, row[name])
        elif row["status"] == "waitlisted":
            count(row["programme_id"], "waitlisted")
    return found


def total(funnels: Mapping[str, Funnel]) -> Funnel:
    """The sum over programmes."""
    return {name: sum(one[name] for one in funnels.values()) for name in COUNTS}
