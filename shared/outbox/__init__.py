"""The outbox: facts are recorded in the transaction that makes them true, and relayed to the log later."""

from shared.outbox.record import record
from shared.outbox.relay import Relay

__all__ = ["Relay", "record"]
