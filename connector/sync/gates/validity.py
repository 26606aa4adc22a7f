"""The gate of validity: a message older than its mapping's `valid_for` has expired and is not sent."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from connector.model.failures import Failure
from connector.model.states import State
from connector.store.db import Transaction
from connector.store.outbox import Move
from connector.sync.parts import Parts


def validity(_: Parts, __: Transaction, ___: str, rows: Sequence[Any], now: datetime) -> Mapping[str, Move]:
    """Those that were to be sent before now."""
    moves = {}
    for row in rows:
        if row.expires_at is not None and row.expires_at <= now:
            reason = f"it was to be sent by {row.expires_at:%Y-%m-%d %H:%M} UTC and could not be"
            moves[row.id] = Move(row.id, State.EXPIRED, "validity", Failure("TOO_OLD", reason))
    return moves
