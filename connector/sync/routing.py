"""Outbox → another account of the route: what certainly never left, what waits behind a breaker, what is not its share.

A route is the list of accounts that can take a message (`connector.mapping.fit`), in the mapping's order. An unknown
outcome never changes accounts: it is not claimed, and nothing here looks at anything else.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import structlog

from connector.model.messages import Message
from connector.model.states import State
from connector.providers.base import Batch
from connector.store import outbox, routes
from connector.store.db import Transaction
from connector.store.outbox import Move
from connector.sync.answers import Answer
from connector.sync.parts import Parts

log = structlog.get_logger()

_AT_ONCE = 1000
_LOTS = 2**64


def lot(message_id: str) -> float:
    """A message's place in [0, 1), always the same: an account with a share of `s` sends those below `s`."""
    return int.from_bytes(hashlib.sha256(message_id.encode()).digest()[:8]) / _LOTS


def fail_over(parts: Parts, account: str, batch: Batch, route: Mapping[str, Sequence[str]], answer: Answer) -> Answer:
    """The answer, its messages given to the next account that takes them where they certainly never left this one.

    An account further on in the route gets a message at once. One before it, which has failed the message already,
    gets it after the wait that the answer asks for, so that two accounts that are down do not play ball.
    `route` is our id to the accounts' names.
    """
    if not answer.elsewhere:
        return answer
    messages = {message.id: message for message in batch.messages}
    closed = parts.breakers.closed()
    moves = []
    for move in answer.moves:
        to = _next(parts, account, route, messages[move.message_id], closed) if move.to is State.CLAIMED else None
        moves.append(_passed_on(move, account, route[move.message_id], to) if to else move)
    return replace(answer, moves=tuple(moves))


def _passed_on(move: Move, account: str, route: Sequence[str], to: str) -> Move:
    further_on = route.index(to) > _place(route, account)
    return replace(
        move,
        account=to,
        cause=routes.onward(move.cause, to),
        not_before=None if further_on else move.not_before,
    )


def _next(
    parts: Parts, account: str, route: Mapping[str, Sequence[str]], message: Message, closed: frozenset[str]
) -> str | None:
    """The next account of the message's route that takes it, those further on first."""
    names = route[message.id]
    place = _place(names, account)
    return next((name for name in (*names[place + 1 :], *names[:place]) if _takes(parts, name, message, closed)), None)


def _place(route: Sequence[str], account: str) -> int:
    return route.index(account) if account in route else 0


def _takes(parts: Parts, account: str, message: Message, closed: frozenset[str]) -> bool:
    provider = parts.providers.get(account)
    if provider is None or account not in closed:
        return False
    can = provider.account_capability()
    if message.channel not in can.channels or (can.countries is not None and message.country not in can.countries):
        return False
    return provider.refuse(message) is None


def leave(parts: Parts, account: str) -> int:
    """Gives what waits at an account that may not be sent to, to the next accounts that take it; gives how many.

    When a message may be sent stays as it is.

    Raises:
        LeaseHeld: this process lost its lease; nothing was changed.
    """
    closed = parts.breakers.closed() - {account}
    after, left = "", 0
    while closed and not parts.stopping.is_set():
        now = parts.clock()
        with parts.database.begin() as connection:
            parts.tenure.check(connection, now)
            rows = routes.waiting(connection, account, closed, after, _AT_ONCE)
            named = {row.id: row.accounts for row in rows}
            found = {row.id: _next(parts, account, named, outbox.as_message(row), closed) for row in rows}
            ways = {message_id: to for message_id, to in found.items() if to is not None}
            routes.reroute(connection, ways, f"breaker of {account} open", now)
        left += len(ways)
        if len(rows) < _AT_ONCE:
            break
        after = rows[-1].id
    if left:
        log.info("left_for_other_accounts", account=account, size=left)
    return left


def own_share(parts: Parts, connection: Transaction, account: str, rows: Sequence[Any], now: datetime) -> Sequence[Any]:
    """The rows that a recovering account sends itself; the rest is given to accounts further on in their routes.

    A message's lot decides, not chance, and it only ever goes on, so none comes back and forth.
    """
    share = parts.breakers.share(account)
    if share >= 1.0:
        return rows
    closed = parts.breakers.closed()
    ways: dict[str, str] = {}
    for row in rows:
        drawn = lot(row.id)
        further_on = row.accounts[_place(row.accounts, account) + 1 :]
        if drawn < share or not further_on:
            continue
        message = outbox.as_message(row)
        to = next((name for name in further_on if _takes(parts, name, message, closed)), None)
        if to is not None and drawn < parts.breakers.share(to):
            ways[row.id] = to
    routes.reroute(connection, ways, f"share of {account} {share:.0%}", now)
    return [row for row in rows if row.id not in ways]
