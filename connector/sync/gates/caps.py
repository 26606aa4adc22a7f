"""The gate of caps: what would go over one waits until there is room again."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from connector.model.caps import WINDOWS, Cap, Period, room_at
from connector.model.failures import Failure, Retry
from connector.model.states import State
from connector.store import caps as spending
from connector.store.caps import CAP_REACHED, Spender
from connector.store.db import Transaction
from connector.store.outbox import Move
from connector.sync.allowance import Allowance
from connector.sync.parts import Parts


def caps(parts: Parts, connection: Transaction, account: str, rows: Sequence[Any], now: datetime) -> Mapping[str, Move]:
    """Those that would go over a cap, the best rank spending first.

    At most five statements. Nobody else can spend meanwhile: the transaction holds the lease's row.
    """
    mine = [cap for cap in parts.caps if any(cap.covers(account, row.mapping) for row in rows)]
    if not mine:
        return {}
    price = parts.providers[account].settings.price_a_part or 0
    allowance = Allowance(connection, mine, {row.campaign for row in rows if row.campaign}, now)
    over: dict[str, tuple[Cap, int]] = {}
    for row in rows:
        cost = spending.cost(row, price)
        full = allowance.take(Spender(account, row.mapping, row.campaign), cost)
        if full is not None:
            over[row.id] = full, cost.of(full.unit)
    return _held(parts, allowance, over, now) if over else {}


def _held(parts: Parts, allowance: Allowance, over: Mapping[str, tuple[Cap, int]], now: datetime) -> Mapping[str, Move]:
    """Each is held until there will be room, those already held for the same cap going first."""
    waits = {cap for cap, _ in over.values() if cap.period in WINDOWS}
    spent = allowance.spent_by(waits)
    needed = allowance.in_line(parts.providers, waits)
    moves: dict[str, Move] = {}
    for message_id, (cap, cost) in over.items():
        reason = f"the cap of {cap} is reached"
        if cap.period is Period.CAMPAIGN:
            reason += (
                "; raise it in the connector's settings and set the record back, if the message still shall be sent"
            )
            at = None
        elif cost > cap.most:
            reason = f"the message alone is more than the cap of {cap}; raise it, and set the record back"
            at = None
        else:
            needed[cap] += cost
            at = room_at(spent[cap], cap.most, WINDOWS[cap.period], needed[cap], now)
            reason += f"; it goes out when there is room again, about {at:%Y-%m-%d %H:%M} UTC"
        retry = Retry.LATER if at else Retry.WHEN_MENDED
        moves[message_id] = Move(
            message_id, State.HELD, "caps", Failure(CAP_REACHED, reason, retry=retry), not_before=at
        )
    return moves
