"""What is sent next: chosen, and its attempts committed, before any of it leaves."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import orjson
import structlog

from connector.model.caps import Spent
from connector.model.failures import Failure, Fault
from connector.model.states import State
from connector.providers.account import AccountOptions
from connector.providers.base import Batch, Provider
from connector.providers.exchange import Request
from connector.store import attempts, caps, outbox, schedule, sendable
from connector.store.attempts import AttemptStart
from connector.store.caps import Spender
from connector.store.db import Transaction, new_id
from connector.store.outbox import Move
from connector.sync.breakers import PROBE_SIZE, Standing
from connector.sync.gates import through
from connector.sync.lineup import Chosen, Lineup, room
from connector.sync.parts import CLAIM_MARGIN, Parts
from connector.sync.routing import leave, own_share
from connector.sync.schedule import to_hand_over
from connector.sync.settle import settle

log = structlog.get_logger()

NO_REQUEST = Failure(
    "NO_REQUEST",
    "the connector could not make a request of this message; that is a mistake of its own, and its log has more",
    Fault.UNKNOWN,
)


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


def plan(
    parts: Parts, account: str, provider: Provider[AccountOptions], lineup: Lineup, *, under_way: int = 0
) -> list[Planned]:
    """Chooses what is sent next, from what is left of the line-up or read anew, and commits the attempts.

    `under_way` is how many requests of the account have not ended yet.

    Raises:
        LeaseHeld: this process lost its lease; nothing was changed.
    """
    now = parts.clock()
    standing = parts.breakers.standing(account)
    if standing is Standing.OPEN:
        if not under_way:
            leave(parts, account)
        return []
    probing = standing is Standing.HALF_OPEN
    wanted, most = room(provider)
    left, requests = (PROBE_SIZE, 1) if probing else parts.rates.left(account, wanted, most)
    if not left or not requests:
        return []
    holds_until = now + timedelta(seconds=provider.settings.longest_answer) + CLAIM_MARGIN
    if left < wanted or not lineup.lasts(now):
        with parts.database.read() as connection:
            # whether the account is back is not for those to decide that it was closed for: they may be at fault
            rows = sendable.ready(connection, account, now, holds_until, left, least_tried=probing)
        lineup.read(provider, rows, now, None if probing else parts.timing.linger)
    planned: list[Planned] = []
    if not lineup.rows and not probing:
        planned = _held_ahead(parts, provider, now, holds_until)
    while not planned and (chosen := lineup.take(provider, requests, under_way)).rows:
        planned = _committed(parts, provider, chosen, now, holds_until, probing=probing)
    parts.rates.take(account, sum(len(each.batch.messages) for each in planned), len(planned))
    if probing and planned:
        parts.breakers.probe(account)
    return planned


def _committed(
    parts: Parts,
    provider: Provider[AccountOptions],
    chosen: Chosen,
    now: datetime,
    holds_until: datetime,
    *,
    probing: bool,
) -> list[Planned]:
    """The attempts of the next batches, of which all that has changed since it was read is left out."""
    account = provider.account
    with parts.database.begin() as connection:
        parts.tenure.check(connection, now)
        rows = sendable.still_ready(connection, account, now, holds_until, chosen.rows)
        mine = rows if probing else own_share(parts, connection, account, rows, now)
        batches, moves = _let_through(parts, connection, account, mine, chosen, now)
        return _begun(parts, connection, provider, batches, moves, {row.id: row for row in mine}, now)


def _held_ahead(
    parts: Parts, provider: Provider[AccountOptions], now: datetime, holds_until: datetime
) -> list[Planned]:
    """The attempts of messages that the provider is given before their date, to hold."""
    if not provider.settings.schedule_ahead:
        return []
    with parts.database.begin() as connection:
        parts.tenure.check(connection, now)
        rows = to_hand_over(parts, connection, provider, now, holds_until, _singles(parts, provider))
        batches = [Batch(new_id(), (outbox.as_message(row),), row.send_at) for row in rows]
        return _begun(parts, connection, provider, batches, [], {row.id: row for row in rows}, now)


def _begun(
    parts: Parts,
    connection: Transaction,
    provider: Provider[AccountOptions],
    batches: Sequence[Batch],
    moves: list[Move],
    rows: Mapping[str, Any],
    now: datetime,
) -> list[Planned]:
    """The attempts of these batches, written; and with them the moves of what they leave out."""
    account = provider.account
    planned: list[Planned] = []
    for batch in batches:
        try:
            planned.append(_prepared(provider, batch, rows, now + CLAIM_MARGIN))
        except Exception:  # a bug in an adapter must not keep back all that its account has to send
            log.exception("no_request_made", account=account, attempt=batch.reference)
            moves += [Move(each, State.REJECTED, "no request", NO_REQUEST) for each in _at_fault(provider, batch)]
    attempts.begin(connection, [_start(parts, account, provider, plan) for plan in planned], now)
    schedule.hand_over(connection, account, _ahead(planned))
    caps.spend(connection, _spent(provider, planned, rows), now)
    moves += [
        Move(message.id, State.ATTEMPTING, "dispatch", account=account, attempt_id=plan.batch.reference)
        for plan in planned
        for message in plan.batch.messages
    ]
    settle(parts, connection, moves, now)
    return planned


def _at_fault(provider: Provider[AccountOptions], batch: Batch) -> list[str]:
    """Which messages of a batch that no request could be made of are at fault: all, where none is by itself.

    The others stay claimed, and are sent with what is chosen next.
    """
    alone = []
    for message in batch.messages:
        try:
            provider.send(Batch(new_id(), (message,), batch.scheduled_for))
        except Exception:  # noqa: BLE001  # told with the batch's own
            alone.append(message.id)
    return alone or [message.id for message in batch.messages]


def _singles(parts: Parts, provider: Provider[AccountOptions]) -> int:
    """How many messages that the provider is to hold are committed at once: each has a request of its own."""
    _, most = room(provider)
    return min(parts.rates.left(provider.account, most, most))


def _ahead(planned: Sequence[Planned]) -> Iterator[tuple[str, datetime]]:
    """The messages that the provider is to hold, each with its date."""
    for plan in planned:
        if plan.batch.scheduled_for:
            yield from ((message.id, plan.batch.scheduled_for) for message in plan.batch.messages)


def _spent(
    provider: Provider[AccountOptions], planned: Sequence[Planned], rows: Mapping[str, Any]
) -> Iterator[tuple[str, Spender, Spent]]:
    """What each planned attempt spends of the caps, message by message."""
    for plan in planned:
        for message in plan.batch.messages:
            row = rows[message.id]
            spender = Spender(provider.account, row.mapping, row.campaign)
            yield plan.batch.reference, spender, caps.cost(row, provider.settings.price_a_part or 0)


def _let_through(
    parts: Parts,
    connection: Transaction,
    account: str,
    rows: Sequence[Any],
    chosen: Chosen,
    now: datetime,
) -> tuple[list[Batch], list[Move]]:
    """What of the chosen batches may be sent this very moment, and the moves of what may not."""
    passed, moves = through(parts, connection, account, rows, now)
    free = {row.id for row in passed}
    moves += [
        Move(each, State.REJECTED, "provider limits", chosen.misfits[each]) for each in chosen.misfits if each in free
    ]
    batches = []
    for batch in chosen.batches:
        messages = tuple(message for message in batch.messages if message.id in free)
        if messages:
            batches.append(replace(batch, messages=messages))
    return batches, moves


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
