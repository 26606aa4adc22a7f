"""What is sent next: chosen, and its attempts committed, before any of it leaves."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson

from connector.model.caps import Spent
from connector.model.messages import Message
from connector.model.states import State
from connector.providers.account import AccountOptions
from connector.providers.base import Batch, Provider
from connector.providers.exchange import Request
from connector.store import attempts, caps, outbox, schedule
from connector.store.attempts import AttemptStart
from connector.store.caps import Spender
from connector.store.db import Transaction, new_id
from connector.store.outbox import Move
from connector.sync.answers import BATCH_REFUSED
from connector.sync.breakers import PROBE_SIZE, Standing
from connector.sync.gates import through
from connector.sync.parts import CLAIM_MARGIN, Parts
from connector.sync.routing import leave, own_share
from connector.sync.schedule import to_hand_over
from connector.sync.settle import settle

_LEAST_SHARE = 12
"""Messages a sender is given at once where a request takes fewer: a commit costs the same for one as for all."""


@dataclass(frozen=True, slots=True)
class Planned:
    """A batch whose attempt is committed, and the request that will carry it.

    It leaves before `leaves_before` or not at all: its claims hold for the longest answer after that, and no longer.
    """

    batch: Batch
    request: Request
    leaves_before: datetime
    tries: dict[str, int]
    route: dict[str, list[str]]


def plan(parts: Parts, account: str, provider: Provider[AccountOptions]) -> list[Planned]:
    """Chooses what is sent next and commits the attempts, in one transaction.

    Raises:
        LeaseHeld: this process lost its lease; nothing was changed.
    """
    now = parts.clock()
    settings = provider.settings
    standing = parts.breakers.standing(account)
    if standing is Standing.OPEN:
        leave(parts, account)
        return []
    probing = standing is Standing.HALF_OPEN
    room, requests = (PROBE_SIZE, 1) if probing else parts.rates.left(account, *_room(provider))
    if not room or not requests:
        return []
    holds_until = now + timedelta(seconds=settings.longest_answer) + CLAIM_MARGIN
    with parts.database.begin() as connection:
        parts.tenure.check(connection, now)
        rows = outbox.ready(connection, account, now, holds_until, room)
        if rows:
            rows = rows if probing else own_share(parts, connection, account, rows, now)
            refused = {row.id: row.tries for row in rows if row.failure_code == BATCH_REFUSED}
            messages, moves = _sendable(parts, connection, provider, rows, now)
            batches = _batches(provider, messages, refused)
            if not probing:
                batches = _worth_sending(provider, batches, rows, now, parts.timing.linger)
        else:
            requests = 0 if probing else _singles(parts, provider)
            rows = to_hand_over(parts, connection, provider, now, holds_until, requests)
            batches, moves = [Batch(new_id(), (outbox.as_message(row),), row.send_at) for row in rows], []
        if not rows:
            return []
        by_id = {row.id: row for row in rows}
        planned = [
            _prepared(provider, batch, by_id, now + CLAIM_MARGIN) for batch in _at_once(provider, batches)[:requests]
        ]
        attempts.begin(connection, [_start(parts, account, provider, plan) for plan in planned], now)
        schedule.hand_over(connection, account, _ahead(planned))
        caps.spend(connection, _spent(provider, planned, by_id), now)
        moves += [
            Move(message.id, State.ATTEMPTING, "dispatch", account=account, attempt_id=plan.batch.reference)
            for plan in planned
            for message in plan.batch.messages
        ]
        settle(parts, connection, moves, now)
    parts.rates.take(account, sum(len(each.batch.messages) for each in planned), len(planned))
    if probing and planned:
        parts.breakers.probe(account)
    return planned


def _room(provider: Provider[AccountOptions]) -> tuple[int, int]:
    """How many messages, in how many requests, are committed at once: a full request a sender, or several small ones.

    All of them are in doubt when the process dies before it noted the first answer.
    """
    senders, full = provider.settings.senders, _full(provider)
    whole = full * max(1, _LEAST_SHARE // full)  # else what is read would end within a request that more wait to fill
    return senders * whole, senders * _LEAST_SHARE


def _at_once(provider: Provider[AccountOptions], batches: Sequence[Batch]) -> list[Batch]:
    """Those of the batches that are committed now: one a sender however full it is, and small ones up to a share each.

    How full a request is depends on the messages too: with one text a request, texts of their own travel alone.
    """
    chosen: list[Batch] = []
    messages = 0
    for batch in batches:
        messages += len(batch.messages)
        if len(chosen) >= provider.settings.senders and messages > provider.settings.senders * _LEAST_SHARE:
            break
        chosen.append(batch)
    return chosen


def _singles(parts: Parts, provider: Provider[AccountOptions]) -> int:
    """How many messages that the provider is to hold are committed at once: each has a request of its own."""
    most = provider.settings.senders * _LEAST_SHARE
    return min(parts.rates.left(provider.account, most, most))


def _ahead(planned: Sequence[Planned]) -> Iterator[tuple[str, datetime]]:
    """The messages that the provider is to hold, each with its date."""
    for plan in planned:
        if plan.batch.scheduled_for:
            yield from ((message.id, plan.batch.scheduled_for) for message in plan.batch.messages)


def _full(provider: Provider[AccountOptions]) -> int:
    return min(provider.settings.batch_size, provider.account_capability().batch_ceiling)


def _spent(
    provider: Provider[AccountOptions], planned: Sequence[Planned], rows: Mapping[str, Any]
) -> Iterator[tuple[str, Spender, Spent]]:
    """What each planned attempt spends of the caps, message by message."""
    for plan in planned:
        for message in plan.batch.messages:
            row = rows[message.id]
            spender = Spender(provider.account, row.mapping, row.campaign)
            yield plan.batch.reference, spender, caps.cost(row, provider.settings.price_a_part or 0)


def _worth_sending(
    provider: Provider[AccountOptions], batches: Sequence[Batch], rows: Sequence[Any], now: datetime, linger: timedelta
) -> list[Batch]:
    """The batches that are full, and those that nothing has joined for a moment: a full one costs everybody less.

    What keeps growing waits for four such moments at most.
    """
    full = _full(provider)
    since = {row.id: row.state_at for row in rows}
    worth = []
    for batch in batches:
        joined = [since[message.id] for message in batch.messages]
        if len(joined) >= full or max(joined) <= now - linger or min(joined) <= now - 4 * linger:
            worth.append(batch)
    return worth


def _sendable(
    parts: Parts, connection: Transaction, provider: Provider[AccountOptions], rows: Sequence[Any], now: datetime
) -> tuple[list[Message], list[Move]]:
    """The messages that may be sent this very moment, and the moves of those that may not."""
    passed, moves = through(parts, connection, provider.account, rows, now)
    messages: list[Message] = []
    for row in passed:
        message = outbox.as_message(row)
        failure = provider.refuse(message)
        if failure is None:
            messages.append(message)
        else:
            moves.append(Move(row.id, State.REJECTED, "provider limits", failure))
    return messages, moves


def _batches(
    provider: Provider[AccountOptions], messages: Sequence[Message], refused: Mapping[str, int]
) -> list[Batch]:
    """Messages of one group together, at most a batch a request, a number at most once in each.

    `refused` counts how often a message's whole batch was refused: its next one is a quarter as large each time, so
    that the one that is at fault ends up alone and the others go through.
    """
    full = _full(provider)
    filling: dict[Any, list[dict[str, Message]]] = {}
    for message in messages:
        size = max(1, full >> 2 * refused.get(message.id, 0))
        open_ones = filling.setdefault((size, provider.group(message)), [])
        for batch in open_ones:
            if len(batch) < size and message.to not in batch and provider.has_room(batch.values(), message):
                batch[message.to] = message
                break
        else:
            open_ones.append({message.to: message})
    return [Batch(new_id(), tuple(batch.values())) for batches in filling.values() for batch in batches]


def _prepared(
    provider: Provider[AccountOptions], batch: Batch, rows: Mapping[str, Any], leaves_before: datetime
) -> Planned:
    mine = [rows[message.id] for message in batch.messages]
    return Planned(
        batch,
        provider.send(batch),
        leaves_before,
        tries={row.id: row.tries for row in mine},
        route={row.id: row.accounts for row in mine},
    )


def _start(parts: Parts, account: str, provider: Provider[AccountOptions], plan: Planned) -> AttemptStart:
    body = orjson.dumps([plan.request.path, dict(plan.request.query), plan.request.json, plan.request.form])
    return AttemptStart(
        reference=plan.batch.reference,
        run=parts.run,
        account=account,
        provider=provider.name,
        size=len(plan.batch.messages),
        body_hash=hashlib.sha256(body).hexdigest(),
    )
