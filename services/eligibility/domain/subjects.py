"""Who an assessment is about, and the places in programmes that only one application may hold."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

VIET_NAM = ZoneInfo("Asia/Ho_Chi_Minh")

PERSON, CERTIFICATE, HOUSEHOLD = "person", "certificate", "household"
KINDS = (PERSON, CERTIFICATE, HOUSEHOLD)

Claim = tuple[str, str, str]
"""Scope, kind and hash: a place that one application holds. The scope is a programme's id, or the pair of two
programmes that exclude each other."""

Scopes = Mapping[str, Sequence[str]]
"""By programme: the scopes in which its applications need their places."""


@dataclass(frozen=True, slots=True)
class Subject:
    """The application that an assessment is about.

    `persons`, `namesakes` and `certificate` are keyed hashes. `day` is the day in Viet Nam on which it was
    submitted, `year` the one whose evidence counts: of the submission, of a correction, or a later one when
    the evidence of the old year has expired.
    """

    application_id: str
    household_id: str
    programme_id: str
    commune: str
    province: str
    persons: tuple[str, ...]
    day: date
    year: int
    village: str = ""
    certificate: str | None = None
    namesakes: tuple[str, ...] = ()

    def claims(self, scopes: Scopes) -> list[Claim]:
        """The places this application needs for itself: each person's, the certificate's, the household's."""
        wanted = [(PERSON, person) for person in self.persons]
        if self.certificate is not None:
            wanted.append((CERTIFICATE, self.certificate))
        wanted.append((HOUSEHOLD, self.household_id))
        return [(scope, kind, hash_) for scope in scopes[self.programme_id] for kind, hash_ in wanted]


def pair_scope(one: str, other: str) -> str:
    """The scope that two programmes share which exclude each other; the same from either side."""
    return "+".join(sorted((one, other)))


def settle(
    subjects: Iterable[Subject], held: Mapping[Claim, str], scopes: Scopes
) -> tuple[dict[Claim, str], dict[str, tuple[str, ...]]]:
    """Who gets all the places it needs, in the order of arrival; `held`: who holds which place already.

    Returns the places that are taken anew, with their holders, and for every subject by its id the kinds of
    places that it cannot have: none for a winner. Who loses one place takes none.
    """
    taken: dict[Claim, str] = {}
    lost: dict[str, tuple[str, ...]] = {}
    for subject in subjects:
        own, wanted = subject.application_id, subject.claims(scopes)
        foreign = {place[1] for place in wanted if _holder(place, held, taken, own) != own}
        lost[own] = tuple(kind for kind in KINDS if kind in foreign)
        if not foreign:
            taken.update((place, own) for place in wanted if place not in held)
    return taken, lost


def _holder(place: Claim, held: Mapping[Claim, str], taken: Mapping[Claim, str], own: str) -> str:
    return held.get(place) or taken.get(place, own)


def day_of(timestamp: str) -> date:
    """The day in Viet Nam of an event's UTC time."""
    return day_at(moment_of(timestamp))


def day_at(moment: datetime) -> date:
    """The day in Viet Nam of a moment."""
    return moment.astimezone(VIET_NAM).date()


def moment_of(timestamp: str) -> datetime:
    return datetime.fromisoformat(timestamp).astimezone(UTC)


def today() -> date:
    return datetime.now(VIET_NAM).date()
