"""`Refusal`: a domain's no, as a value."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Refusal:
    """A domain's no, as a value: a stable `code` and the facts its sentence needs."""

    code: str
    facts: dict[str, Any]

    def __init__(self, code: str, **facts: Any) -> None:
        object.__setattr__(self, "code", code)
        object.__setattr__(self, "facts", facts)
