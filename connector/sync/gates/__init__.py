"""Gates: what a claimed message must pass in the very moment before it is sent, in order, cheapest to explain first.

A gate looks at a whole batch in the transaction that would commit its attempts, and gives the moves of the messages
that may not go now; whatever it lets through goes on to the next.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from connector.store.db import Transaction
from connector.store.outbox import Move
from connector.sync.gates.caps import caps
from connector.sync.gates.consent import consent
from connector.sync.gates.hours import hours
from connector.sync.gates.live_fire import live_fire
from connector.sync.gates.lookup import lookup
from connector.sync.gates.validity import validity
from connector.sync.parts import Parts

Gate = Callable[[Parts, Transaction, str, Sequence[Any], datetime], Mapping[str, Move | None]]
"""(parts, transaction, account, rows as `store.sendable.ready` gives them, now) to message id and its move; None for
one that stays claimed, and that the gate has put off."""

GATES: tuple[Gate, ...] = (validity, live_fire, consent, hours, lookup, caps)
"""A lookup may cost money, so nobody is looked up whom the gates before it stop. Caps come last, for they count what
all others let through."""


def through(
    parts: Parts, connection: Transaction, account: str, rows: Sequence[Any], now: datetime
) -> tuple[list[Any], list[Move]]:
    """The rows that may be sent this very moment, and the moves of those that may not."""
    moves: list[Move] = []
    left = list(rows)
    for gate in GATES:
        if not left:
            break
        stopped = gate(parts, connection, account, left, now)
        moves.extend(move for move in stopped.values() if move is not None)
        left = [row for row in left if row.id not in stopped]
    return left, moves
