"""The gate of consent: asked by number, across all objects, in the moment before the request leaves."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from connector.model.failures import Failure
from connector.model.states import State
from connector.store import phones
from connector.store.db import Transaction
from connector.store.outbox import Move
from connector.sync.parts import Parts


def consent(parts: Parts, connection: Transaction, _: str, rows: Sequence[Any], __: datetime) -> Mapping[str, Move]:
    """Those whose recipient said stop, on whichever record."""
    stopped = phones.opted_out(connection, parts.org, [row.to_number for row in rows])
    reason = "the recipient asked for no messages: a record that holds this number says so"
    held = Failure("OPTED_OUT", reason, opted_out=True)
    return {row.id: Move(row.id, State.HELD, "consent", held) for row in rows if row.to_number in stopped}
