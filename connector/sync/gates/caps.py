"""The gate of caps: what would go over one waits until there is room again."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from connector.model.caps import WINDOWS, Cap, Period, Spent, room_at
from connector.model.failures import Failure, Retry
from connector.model.states import State
from connector.store import caps as spending
from connector.store.caps import CAP_REACHED
from connector.store.db import Transaction
from connector.store.outbox import Move
from connector.sync.parts import Parts


def caps(parts: Parts, connection: Transaction, account: str, rows: Sequence[Any], now: datetime) -> Mapping[str, Move]:
    """Those that would go over a cap, the best rank spending first.

    At most five statements. Nobody else can spend meanwhile: the transaction holds the lease's row.
    """
    mine = [cap for cap in parts.caps if any(cap.covers(account, row.mapping) for row in rows)]
    if not mine:
        return {}
    price = parts.providers[account].settings.price_a_part or 0
    tally = _Tally(connection, mine, rows, now)
    over: dict[str, tuple[Cap, int]] = {}
    for row in rows:
        cost = spending.cost(row, price)
        full = tally.take(account, row, cost)
        if full is not None:
            over[row.id] = full, cost.of(full.unit)
    return _held(parts, connection, tally, over, now) if over else {}


class _Tally:
    """What has been spent of each cap, and of a campaign's under each: read once, then counted on."""

    def __init__(self, connection: Transaction, mine: Sequence[Cap], rows: Sequence[Any], now: datetime) -> None:
        self.caps = mine
        self.now = now
        self.taken: list[tuple[str, str, Spent]] = []
        self._spent: dict[tuple[Cap, str], int] = defaultdict(int)
        if any(cap.period is not Period.CAMPAIGN for cap in mine):
            hour, day = (now - WINDOWS[period] for period in (Period.HOUR, Period.DAY))
            for spender, in_hour, in_day in spending.spent_since(connection, hour, day):
                for cap in self._covering(spender.account, spender.mapping, Period.HOUR):
                    self._spent[cap, ""] += in_hour.of(cap.unit)
                for cap in self._covering(spender.account, spender.mapping, Period.DAY):
                    self._spent[cap, ""] += in_day.of(cap.unit)
        campaigns = sorted({row.campaign for row in rows if row.campaign})
        if campaigns and any(cap.period is Period.CAMPAIGN for cap in mine):
            for spender, amount in spending.spent_by_campaigns(connection, campaigns):
                for cap in self._covering(spender.account, spender.mapping, Period.CAMPAIGN):
                    self._spent[cap, spender.campaign or ""] += amount.of(cap.unit)

    def _covering(self, account: str, mapping: str, period: Period) -> list[Cap]:
        return [cap for cap in self.caps if cap.period is period and cap.covers(account, mapping)]

    def take(self, account: str, row: Any, cost: Spent) -> Cap | None:
        """Spends what a message costs, or gives the cap that keeps it from being spent: the longest-lasting one."""
        keys = [
            (cap, row.campaign if cap.period is Period.CAMPAIGN else "")
            for cap in self.caps
            if cap.covers(account, row.mapping) and (cap.period is not Period.CAMPAIGN or row.campaign)
        ]
        full = [key for key in keys if self._spent[key] + cost.of(key[0].unit) > key[0].most]
        if full:
            lasting = list(Period)
            return max(full, key=lambda key: lasting.index(key[0].period))[0]
        for key in keys:
            self._spent[key] += cost.of(key[0].unit)
        self.taken.append((account, row.mapping, cost))
        return None


def _held(
    parts: Parts, connection: Transaction, tally: _Tally, over: Mapping[str, tuple[Cap, int]], now: datetime
) -> Mapping[str, Move]:
    """Each is held until there will be room, those already held for the same cap going first."""
    waits = {cap for cap, _ in over.values() if cap.period in WINDOWS}
    spent = _spent_by(connection, tally, waits)
    needed = _in_line(parts, connection, waits, now)
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


def _spent_by(connection: Transaction, tally: _Tally, waits: set[Cap]) -> dict[Cap, list[tuple[datetime, int]]]:
    """When how much of each cap was spent, what this batch takes included."""
    moments: dict[Cap, list[tuple[datetime, int]]] = {cap: [] for cap in waits}
    if not waits:
        return moments
    told = [
        (at, spender.account, spender.mapping, amount)
        for at, spender, amount in spending.timeline(connection, tally.now - max(WINDOWS[cap.period] for cap in waits))
    ]
    told += [(tally.now, account, mapping, amount) for account, mapping, amount in tally.taken]
    for at, account, mapping, amount in told:
        for cap in waits:
            if at > tally.now - WINDOWS[cap.period] and cap.covers(account, mapping):
                moments[cap].append((at, amount.of(cap.unit)))
    return moments


def _in_line(parts: Parts, connection: Transaction, waits: set[Cap], now: datetime) -> dict[Cap, int]:
    """How much of each cap the messages want that are already held for one."""
    needed = dict.fromkeys(waits, 0)
    if not waits:
        return needed
    for spender, messages, segments in spending.in_line(connection, now):
        provider = parts.providers.get(spender.account)
        price = (provider.settings.price_a_part or 0) if provider else 0
        wanted = Spent(messages, segments, spending.money(segments, price))
        for cap in waits:
            if cap.covers(spender.account, spender.mapping):
                needed[cap] += wanted.of(cap.unit)
    return needed
