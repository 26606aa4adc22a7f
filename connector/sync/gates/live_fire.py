"""The gate of live fire: outside production, only the recipients that the settings list are really sent to."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from connector.model.failures import Failure, Fault, Retry
from connector.model.states import State
from connector.store.db import Transaction
from connector.store.outbox import Move
from connector.sync.parts import Parts

_HELD = Failure(
    "NOT_PRODUCTION",
    "this org is no production org, and the recipient is not on the list of those that may be sent to from here; add"
    " it to [live] allow in the connector's settings, or say production = true there, and set the record back",
    Fault.US,
    Retry.WHEN_MENDED,
)


def live_fire(parts: Parts, _: Transaction, __: str, rows: Sequence[Any], ___: datetime) -> Mapping[str, Move]:
    """Those whose recipient is not on the list."""
    if parts.live.production:
        return {}
    return {
        row.id: Move(row.id, State.HELD, "live fire", _HELD) for row in rows if row.to_number not in parts.live.allow
    }
