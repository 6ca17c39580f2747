"""The eligibility service's state: each case's assessment and decision, each approval list, each programme's
version."""

from typing import Any

from shared.folds.base import Event, Row, Shape, State, Step, fold

Data = dict[str, Any]

UNDECIDED = ("decision_number", "decision_date", "approved_by", "position", "amount")


def fold_eligibility(state: State, event: Event) -> State:
    """Fold one event into `state`, in place. Cases are keyed by id, the rest by `list/<id>` and
    `programme/<id>`."""
    return fold(STEPS, state, event)


def show_eligibility(_key: str, row: Row) -> Shape | None:
    """The public shape; None for an erased case and for one that nobody has assessed yet."""
    if row.get("erased") or row["status"] is None:
        return None
    return {name: value for name, value in row.items() if name != "erased"}


def _case(state: State, data: Data) -> Row:
    key = data["application_id"]
    row = state.get(key)
    if row is None:
        row = state[key] = {
            "household_id": None,
            "programme_id": None,
            "commune": None,
            "outcome": None,
            "programme_version": None,
            "digest": None,
            "status": None,
            "decision_number": None,
            "decision_date": None,
            "approved_by": None,
            "position": None,
            "amount": None,
            "taken_by": None,
            "withdrawn": False,
        }
    return row


def _assessed(state: State, data: Data) -> None:
    """A new assessment (after a correction or an appeal) opens the case anew: no decision stands."""
    _reviewed(state, data)
    row = _case(state, data)
    row["status"] = data["outcome"]
    row["taken_by"] = None
    for name in UNDECIDED:
        row[name] = None


def _reviewed(state: State, data: Data) -> None:
    """An approved case was assessed anew: the decision stands, whatever the new outcome is."""
    row = _case(state, data)
    for name in ("household_id", "programme_id", "commune", "outcome", "programme_version", "digest"):
        row[name] = data[name]


def _opened(outcome: str) -> Step:
    """What a person said of a case that waits: referred by an objection, or found eligible."""

    def step(state: State, data: Data) -> None:
        row = _case(state, data)
        row["outcome"] = row["status"] = outcome
        row["taken_by"] = None

    return step


def _taken(state: State, data: Data) -> None:
    _case(state, data)["taken_by"] = data["taken_by"]


def _approved(state: State, data: Data) -> None:
    row = _case(state, data)
    row["status"] = "approved"
    row["taken_by"] = None
    for name in UNDECIDED:
        row[name] = data[name]


def _rejected(state: State, data: Data) -> None:
    row = _case(state, data)
    row["status"] = "rejected"
    row["taken_by"] = None
    row["decision_number"] = data["decision_number"]
    row["decision_date"] = data["decision_date"]


def _revoked(state: State, data: Data) -> None:
    _case(state, data)["status"] = "revoked"


def _withdrawn(state: State, data: Data) -> None:
    _case(state, data)["withdrawn"] = True


def _erased(state: State, data: Data) -> None:
    _case(state, data)["erased"] = True


def _list(state: State, data: Data) -> Row:
    blank = dict.fromkeys(("commune", "village", "cases", "status", "posted_on", "last_day"))
    return state.setdefault(f"list/{data['list_id']}", {"programme_id": data["programme_id"], **blank})


def _drafted(state: State, data: Data) -> None:
    row = _list(state, data)
    row["status"] = "draft"
    row["commune"], row["village"], row["cases"] = data["commune"], data["village"], len(data["cases"])


def _posted(state: State, data: Data) -> None:
    row = _list(state, data)
    row["status"] = "posted"
    row["posted_on"], row["last_day"] = data["posted_on"], data["last_day"]


def _list_says(status: str) -> Step:
    def step(state: State, data: Data) -> None:
        _list(state, data)["status"] = status

    return step


def _published(state: State, data: Data) -> None:
    state[f"programme/{data['programme_id']}"] = {
        "version": data["version"],
        "digest": data["digest"],
        "status": "published",
    }


def _stopped(status: str) -> Step:
    def step(state: State, data: Data) -> None:
        key = f"programme/{data['programme_id']}"
        state.setdefault(key, {"version": None, "digest": None})["status"] = status

    return step


STEPS: dict[str, Step] = {
    "eligibility.assessed.v1": _assessed,
    "eligibility.approved.v1": _approved,
    "eligibility.rejected.v1": _rejected,
    "eligibility.revoked.v1": _revoked,
    "eligibility.reviewed.v1": _reviewed,
    "eligibility.objected.v1": _opened("referred"),
    "eligibility.referral_taken.v1": _taken,
    "eligibility.referral_upheld.v1": _opened("eligible"),
    "list.drafted.v1": _drafted,
    "list.posted.v1": _posted,
    "list.closed.v1": _list_says("closed"),
    "list.cancelled.v1": _list_says("cancelled"),
    "application.withdrawn.v1": _withdrawn,
    "application.erased.v1": _erased,
    "programme.published.v1": _published,
    "programme.suspended.v1": _stopped("suspended"),
    "programme.closed.v1": _stopped("closed"),
}
