"""Under which keys the readings of personal data are recorded, so that one household's can be found again.

A reading of one case is recorded under the case, one of a list under its commune. Readings of a province or
of the whole country are spread over SHARES streams: in a single one readers would get in each other's way.
"""

import random
from collections.abc import Iterable

from shared.auth import Actor
from shared.settings import SERVICES

SHARES = 64
EVERYWHERE = "all"


def area_key(actor: Actor, commune: str | None = None) -> str:
    """Of a list: `commune` when it was narrowed to one, else the reader's area."""
    if commune is not None or actor.commune is not None:
        return str(commune or actor.commune)
    return f"{actor.province or EVERYWHERE}-{random.randrange(SHARES)}"  # noqa: S311 - spreads, no secret


def keys_of(household_id: str, commune: str, province: str, application_ids: Iterable[str]) -> list[str]:
    """Every key under which this service records that somebody read a household's data."""
    shared = [f"{area}-{share}" for area in (province, EVERYWHERE) for share in range(SHARES)]
    services = [f"service:{name}" for name in SERVICES]
    return [household_id, commune, *application_ids, *shared, *services]
