"""Outbox → provider: commits the attempt, sends, and notes what came back."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import orjson
import structlog

from connector.model.caps import Spent
from connector.model.errors import ConnectorError, StoreError
from connector.model.failures import Fault
from connector.model.messages import Message
from connector.model.states import State
from connector.providers.base import AccountOptions, Batch, Provider, Request
from connector.store import attempts, caps, outbox
from connector.store.attempts import AttemptEnd, AttemptStart
from connector.store.caps import Spender
from connector.store.db import Transaction, new_id
from connector.store.outbox import Move
from connector.sync.answers import BATCH_REFUSED, Answer, answered, ended
from connector.sync.breakers import PROBE_SIZE, Standing
from connector.sync.consent import hear_refusals
from connector.sync.evidence import of_doubt
from connector.sync.gates import through
from connector.sync.parts import CLAIM_MARGIN, Parts
from connector.sync.routing import fail_over, leave, own_share
from connector.sync.settle import settle

log = structlog.get_logger()


@dataclass(slots=True)
class Dispatched:
    """What one round of sending did."""

    requests: int = 0
    accepted: int = 0
    unknown: int = 0

    def __bool__(self) -> bool:
        return self.requests > 0


@dataclass(frozen=True, slots=True)
class Planned:
    """A batch whose attempt is committed, and the request that will carry it."""

    batch: Batch
    request: Request
    tries: dict[str, int]
    route: dict[str, list[str]]


def dispatch(parts: Parts, account: str, senders: Executor) -> Dispatched:
    """Sends what is claimed for an account, a batch a request, as many at once as the account allows.

    Each attempt is committed before its request leaves, under the lease; a message is attempted again only when its
    request certainly never left or was turned away unread.

    Raises:
        LeaseHeld: this process lost its lease; nothing was sent.
    """
    provider = parts.providers[account]
    done = Dispatched()
    while not parts.stopping.is_set():
        planned = _plan(parts, account, provider)
        if not planned:
            return done
        flights: list[Future[Answer]] = [senders.submit(_send, parts, account, provider, plan) for plan in planned]
        for flight in flights:
            answer = flight.result()
            done.requests += 1
            done.accepted += answer.count(State.ACCEPTED)
            done.unknown += answer.count(State.UNKNOWN)
        if any(flight.result().pause for flight in flights):
            return done
    return done


def _plan(parts: Parts, account: str, provider: Provider[AccountOptions]) -> list[Planned]:
    """Chooses what is sent next and commits the attempts, in one transaction."""
    now = parts.clock()
    settings = provider.settings
    standing = parts.breakers.standing(account)
    if standing is Standing.OPEN:
        leave(parts, account)
        return []
    probing = standing is Standing.HALF_OPEN
    room = PROBE_SIZE if probing else settings.batch_size * settings.senders
    holds_until = now + timedelta(seconds=settings.longest_answer) + CLAIM_MARGIN
    with parts.database.begin() as connection:
        parts.tenure.check(connection, now)
        rows = outbox.ready(connection, account, now, holds_until, room)
        if not rows:
            return []
        rows = rows if probing else own_share(parts, connection, account, rows, now)
        refused = {row.id: row.tries for row in rows if row.failure_code == BATCH_REFUSED}
        messages, moves = _sendable(parts, connection, provider, rows, now)
        batches = _batches(provider, messages, refused)
        batches = batches[:1] if probing else _worth_sending(provider, batches, rows, now, parts.timing.linger)
        planned = [_prepared(provider, batch, rows) for batch in batches]
        attempts.begin(connection, [_start(parts, account, provider, plan) for plan in planned], now)
        caps.spend(connection, _spent(provider, planned, rows), now)
        moves += [
            Move(message.id, State.ATTEMPTING, "dispatch", account=account, attempt_id=plan.batch.reference)
            for plan in planned
            for message in plan.batch.messages
        ]
        settle(parts, connection, moves, now)
    if probing and planned:
        parts.breakers.probe(account)
    return planned


def _spent(
    provider: Provider[AccountOptions], planned: Sequence[Planned], rows: Sequence[Any]
) -> Iterator[tuple[str, Spender, Spent]]:
    """What each planned attempt spends of the caps, message by message."""
    by_id = {row.id: row for row in rows}
    for plan in planned:
        for message in plan.batch.messages:
            row = by_id[message.id]
            spender = Spender(provider.account, row.mapping, row.campaign)
            yield plan.batch.reference, spender, caps.cost(row, provider.settings.price_a_part or 0)


def _worth_sending(
    provider: Provider[AccountOptions], batches: Sequence[Batch], rows: Sequence[Any], now: datetime, linger: timedelta
) -> list[Batch]:
    """The batches that are full, and those that nothing has joined for a moment: a full one costs everybody less.

    What keeps growing waits for four such moments at most.
    """
    full = min(provider.settings.batch_size, provider.capability.batch_ceiling)
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
    full = min(provider.settings.batch_size, provider.capability.batch_ceiling)
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


def _prepared(provider: Provider[AccountOptions], batch: Batch, rows: Sequence[Any]) -> Planned:
    wanted = {message.id for message in batch.messages}
    mine = [row for row in rows if row.id in wanted]
    return Planned(
        batch,
        provider.send(batch),
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


def _send(parts: Parts, account: str, provider: Provider[AccountOptions], plan: Planned) -> Answer:
    """Talks, then notes. Whatever goes wrong here, the attempt is committed and no message is sent twice for it."""
    try:
        response = parts.line(account).ask(plan.request)
        answer = answered(plan.batch, provider.read_send(plan.batch, response))
    except ConnectorError as error:
        answer = ended(plan.batch, error, plan.tries, parts.clock())
    except Exception as error:  # a bug in an adapter must leave doubt, not a message that looks unsent
        log.exception("adapter_failed", account=account, attempt=plan.batch.reference)
        answer = ended(plan.batch, error, plan.tries, parts.clock())
    if answer.account_failed:
        parts.breakers.failed(account, answer.error or answer.outcome)
    elif answer.outcome != "throttled":
        parts.breakers.worked(account)
    answer = fail_over(parts, account, plan.batch, plan.route, answer)
    _tell(parts, account, answer)
    doubt = of_doubt(parts, account) if answer.outcome == "may_have_left" else None
    _note(parts, provider, plan, replace(answer, evidence=doubt))
    return answer


def _tell(parts: Parts, account: str, answer: Answer) -> None:
    subject = f"account {account}"
    if answer.outcome == "answered":
        parts.alarms.settle(subject)
        return
    log.warning("send_ended", account=account, outcome=answer.outcome, reason=answer.error, size=len(answer.moves))
    if answer.failure and answer.failure.fault is Fault.ACCOUNT:
        elsewhere = " Those whose route names another account go there." if any(m.account for m in answer.moves) else ""
        parts.alarms.sound(
            subject, f"{str(answer.failure).rstrip('.')}. Its messages wait until this is mended.{elsewhere}"
        )


def _note(parts: Parts, provider: Provider[AccountOptions], plan: Planned, answer: Answer) -> None:
    """Commits what became of the attempt; a store that refuses is asked again, for the answer exists only here."""
    wait = 1.0
    while True:
        now = parts.clock()
        try:
            with parts.database.begin() as connection:
                settle(
                    parts, connection, [replace(move, attempt_id=plan.batch.reference) for move in answer.moves], now
                )
                attempts.end(connection, _end(parts, provider, plan, answer, now))
                hear_refusals(parts, connection, provider.account, answer.moves, now)
        except StoreError as error:
            parts.alarms.sound("store", f"{error} Answers of providers wait in memory meanwhile.")
            if parts.stopping.wait(wait):
                log.exception(
                    "answer_lost", attempt=plan.batch.reference, outcome=answer.outcome, size=len(answer.moves)
                )
                raise
            wait = min(wait * 2, 30.0)
        else:
            parts.alarms.settle("store")
            return


def _end(parts: Parts, provider: Provider[AccountOptions], plan: Planned, answer: Answer, now: datetime) -> AttemptEnd:
    return AttemptEnd(
        attempt_id=plan.batch.reference,
        outcome=answer.outcome,
        ended_at=now,
        provider_batch=answer.provider_batch,
        error=answer.error,
        evidence=answer.evidence,
        poll_at=now + parts.first_poll(provider.account),
    )
