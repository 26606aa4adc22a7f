"""The caps of lookups: what may be asked now is counted before it leaves, and what would go over waits for room."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from connector.model.caps import Cap, Spent
from connector.store import caps as spending
from connector.store import lease, lookups
from connector.store.caps import Spender
from connector.store.db import Database, Transaction, new_id
from connector.sync.allowance import Allowance, Providers, Shortage, lookup_cost, shortage
from connector.sync.parts import LEASE_NAME, Parts

_PUT_OFF_AT_ONCE = 2000
"""Lookups that are put off in one transaction, which holds the lease's row; the others' turn comes with the next."""


def covering(caps: Sequence[Cap], account: str) -> list[Cap]:
    """Those of the caps that lookups at an account count under."""
    return [cap for cap in caps if cap.covers_lookups(account)]


def spend(
    providers: Providers, connection: Transaction, account: str, spent_as: str, number: int, now: datetime
) -> None:
    """Writes down what so many lookups are about to spend, under an id, in the transaction that commits them."""
    cost = lookup_cost(providers, account) * number
    spending.spend(connection, [(spent_as, Spender(account, ""), cost)], now)


def within_caps(parts: Parts, connection: Transaction, account: str, rows: Sequence[Any], now: datetime) -> list[Any]:
    """The first of these due lookups, as many as the caps let through; all others that are due wait until there is
    room, one behind the other."""
    caps = covering(parts.caps, account)
    if not caps:
        return list(rows)
    allowance = Allowance(connection, caps, (), now)
    spender, cost = Spender(account, ""), lookup_cost(parts.providers, account)
    full = None
    passed = []
    for row in rows:
        full = allowance.take(spender, cost)
        if full is not None:
            break
        passed.append(row)
    if full is not None:
        due = lookups.due(connection, account, "due", now, len(passed) + _PUT_OFF_AT_ONCE)
        left = due[len(passed) :]
        rooms = allowance.rooms(parts.providers, full, [cost.of(full.unit)] * len(left))
        put_off = [(row, at, _reason(full, account, at)) for row, at in zip(left, rooms, strict=True)]
        lookups.put_off(connection, account, put_off)
    return passed


@dataclass(frozen=True, slots=True)
class Asking:
    """Lookups that a person asks for, counted before they leave."""

    spent_as: str
    at: datetime
    cost: Spent


def begin(
    database: Database, caps: Sequence[Cap], providers: Providers, account: str, number: int, now: datetime
) -> Asking | Shortage:
    """Counts lookups that a person asks for, or tells which cap forbids them. It has no lease and takes turns with
    whoever has it, so that a daemon beside it and this one cannot both spend the last of a cap."""
    asking, spender = Asking(new_id(), now, lookup_cost(providers, account) * number), Spender(account, "")
    with database.begin() as connection:
        lease.take_turns(connection, LEASE_NAME, now)
        short = shortage(connection, providers, covering(caps, account), spender, asking.cost, now)
        if short is None:
            spending.spend(connection, [(asking.spent_as, spender, asking.cost)], now)
    return short or asking


def cost_nothing(database: Database, asking: Asking) -> None:
    """Gives back what lookups spent that were certainly not made."""
    with database.begin() as connection:
        spending.give_back(connection, asking.spent_as, asking.at, asking.cost)


def _reason(cap: Cap, account: str, at: datetime) -> str:
    return (
        f"the cap of {cap} is reached, and the recipient is to be looked up at {account} first; that goes on when "
        f"there is room again, about {at:%Y-%m-%d %H:%M} UTC"
    )
