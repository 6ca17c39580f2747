"""What pages offer to choose from: programmes, ethnic groups, communes."""

import time
from collections.abc import Callable, Iterable, Sequence
from threading import Lock
from typing import Any, TypedDict

from services.portal.accounts import names_of, staff_of
from services.portal.apis import ApiDown
from services.portal.context import api, current_actor, portal
from services.portal.i18n import language, t
from shared.auth import Actor
from shared.reference import areas, ethnic_groups

FRESH_S = 30.0
Programme = dict[str, Any]


class Option(TypedDict, total=False):
    """An item of a select or of radios."""

    value: str
    text: str
    selected: bool
    checked: bool


class ProgrammesKept:
    """The programmes as last heard of, by area: with eligibility down, forms still name them."""

    def __init__(self) -> None:
        self._kept: dict[object, tuple[float, list[Programme]]] = {}
        self._lock = Lock()

    def get(self, area: object, fetch: Callable[[], list[Programme]]) -> list[Programme]:
        """At most FRESH_S old, or older while the service is down. Raises ApiDown when none was heard."""
        with self._lock:
            heard, programmes = self._kept.get(area, (float("-inf"), []))
        if time.monotonic() - heard < FRESH_S:
            return programmes
        try:
            programmes = fetch()
        except ApiDown:
            if not programmes:
                raise
            return programmes
        with self._lock:
            self._kept[area] = (time.monotonic(), programmes)
        return programmes

    def forget(self) -> None:
        """Somebody published: ask again."""
        with self._lock:
            self._kept.clear()


def programmes() -> list[Programme]:
    """Every programme of the person's area."""
    actor = person()
    return portal().programmes.get((actor.commune, actor.province), _fetch)


def _fetch() -> list[Programme]:
    found: list[Programme] = api("eligibility").get("/programmes", limit=500)["items"]
    return found


def name_of(programme: Programme) -> str:
    """A programme's name in the reader's language."""
    return str(programme.get(f"name_{language()}") or programme.get("name_vi") or programme["programme_id"])


def programme_name(programme_id: str) -> str:
    """The name of a programme by its id; the id itself where nobody knows it."""
    found = (one for one in programmes() if one["programme_id"] == programme_id)
    return next((name_of(one) for one in found), programme_id)


def programme_options(chosen: str, first: str | None = None) -> list[Option]:
    """Programmes to choose from; `first` is the text of the empty choice. A single one is chosen already."""
    found = programmes()
    if not chosen and first is None and len(found) == 1:
        chosen = str(found[0]["programme_id"])
    options = [_option(str(one["programme_id"]), name_of(one), chosen) for one in found]
    if first is None and len(found) != 1:
        first = t("choose.programme")
    return options if first is None else [_option("", first, chosen), *options]


def ethnic_options(chosen: str) -> list[Option]:
    """The 54 groups by their GSO code."""
    groups = sorted(ethnic_groups.all_groups(), key=lambda group: group.code_gso)
    named = [_option(group.code_gso, group.name_gso, chosen) for group in groups]
    return [_option("", t("choose.ethnicity"), chosen), *named]


def commune_options(actor: Actor, chosen: str, first: str) -> list[Option]:
    """The communes of the actor's province; empty where a commune is all the actor has, or no province."""
    if actor.commune or not actor.province:
        return []
    found = [_option(one.code, one.name, chosen) for one in areas.communes_of(actor.province)]
    return [_option("", first, chosen), *found]


def staff_options(actor: Actor, chosen: str) -> list[Option]:
    """The accounts of the actor's province that handle applications; empty without a province."""
    if not actor.province:
        return []
    communes = [one.code for one in areas.communes_of(actor.province)]
    with portal().database.transaction() as database:
        staff = staff_of(database, communes, actor.province)
    named = [_option(subject, name, chosen) for subject, name in staff.items()]
    return [_option("", t("choose.account"), chosen), *named]


def options(names: Sequence[str], prefix: str, chosen: str) -> list[Option]:
    """Choices whose texts are `<prefix>.<name>`."""
    return [_option(name, t(f"{prefix}.{name}"), chosen) for name in names]


def _option(value: str, text: str, chosen: str) -> Option:
    return {"value": value, "text": text, "selected": value == chosen, "checked": value == chosen}


def commune_name(code: str | None) -> str:
    """A commune as people call it; its code where our list is older."""
    found = areas.commune(code) if code else None
    return found.name if found else code or ""


def people(subjects: Iterable[str]) -> dict[str, str]:
    """Names for those of `subjects` that are accounts here; services and accounts elsewhere stay out."""
    with portal().database.transaction() as database:
        return names_of(database, subjects)


def person() -> Actor:
    """Who is signed in; only in views that `signed_in` guards."""
    actor = current_actor()
    assert actor is not None  # noqa: S101  signed_in() saw to it
    return actor
