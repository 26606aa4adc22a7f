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
from connector.store.routes import Page
from connector.sync.answers import Answer
from connector.sync.breakers import PROBE_SIZE, Standing
from connector.sync.parts import Parts

log = structlog.get_logger()

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
    closed = parts.breakers.those(Standing.CLOSED)
    moves = []
    for move in answer.moves:
        names = route[move.message_id]
        to = _next(parts, account, names, messages[move.message_id], closed) if move.to is State.CLAIMED else None
        moves.append(_passed_on(move, to, at_once=to in _further_on(names, account)) if to else move)
    return replace(answer, moves=tuple(moves))


def _passed_on(move: Move, to: str, *, at_once: bool) -> Move:
    return replace(
        move, account=to, cause=routes.onward(move.cause, to), not_before=None if at_once else move.not_before
    )


def _next(parts: Parts, account: str, route: Sequence[str], message: Message, among: frozenset[str]) -> str | None:
    """The next account of a message's route that is among those and takes it; those further on come first."""
    names = [*_further_on(route, account), *route]
    return next((name for name in names if name != account and _takes(parts, name, message, among)), None)


def _further_on(route: Sequence[str], account: str) -> Sequence[str]:
    return route[route.index(account) + 1 :]


def _takes(parts: Parts, account: str, message: Message, among: frozenset[str]) -> bool:
    provider = parts.providers.get(account)
    if provider is None or account not in among:
        return False
    can = provider.account_capability()
    if message.channel not in can.channels or not can.serves(message.channel, message.country):
        return False
    return provider.refuse(message) is None


def leave(parts: Parts, account: str) -> int:
    """Gives what is due at an account that may not be sent to, to the next accounts that take it; gives how many.

    What no account with a closed breaker takes finds out, a few at a time, whether one that failed too is back.

    Raises:
        LeaseHeld: this process lost its lease; nothing was changed.
    """
    left, page = 0, Page()
    closed = parts.breakers.those(Standing.CLOSED) - {account}
    while closed and not parts.stopping.is_set():
        rows, given = _hand_over(parts, account, closed, page)
        left += given
        if len(rows) < page.size:
            break
        page = replace(page, after=rows[-1].id)
    perhaps_back = parts.breakers.those(Standing.HALF_OPEN) - {account}
    if perhaps_back and not parts.stopping.is_set():
        left += _hand_over(parts, account, perhaps_back, Page(size=PROBE_SIZE))[1]
    if left:
        log.info("left_for_other_accounts", account=account, size=left)
    return left


def _hand_over(parts: Parts, account: str, among: frozenset[str], page: Page) -> tuple[Sequence[Any], int]:
    now = parts.clock()
    ways: dict[str, str] = {}
    with parts.database.begin() as connection:
        parts.tenure.check(connection, now)
        rows = routes.waiting(connection, account, among, now, page)
        for row in rows:
            if to := _next(parts, account, row.accounts, outbox.as_message(row), among):
                ways[row.id] = to
        routes.reroute(connection, ways, f"breaker of {account} open", now)
    return rows, len(ways)


def own_share(parts: Parts, connection: Transaction, account: str, rows: Sequence[Any], now: datetime) -> Sequence[Any]:
    """The rows that a recovering account sends itself; the rest is given to accounts further on in their routes.

    A message's lot decides, not chance, and it only ever goes on, so none goes back and forth.
    """
    share = parts.breakers.share(account)
    if share >= 1.0:
        return rows
    closed = parts.breakers.those(Standing.CLOSED)
    ways: dict[str, str] = {}
    for row in rows:
        drawn, further_on = lot(row.id), _further_on(row.accounts, account)
        if drawn < share or not further_on:
            continue
        message = outbox.as_message(row)
        to = next((name for name in further_on if _takes(parts, name, message, closed)), None)
        if to is not None and drawn < parts.breakers.share(to):
            ways[row.id] = to
    routes.reroute(connection, ways, f"share of {account} {share:.0%}", now)
    return [row for row in rows if row.id not in ways]
