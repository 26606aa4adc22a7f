"""Watches what providers hold until its date, and takes back what may not go out as it is after all.

Looked at each time anew: the record (deleted, changed, moved), consent, live fire, validity, pauses. Nothing of it is
kept, so that a crash loses nothing; only the provider's id of a message is, before it is asked to cancel it. A message
is taken back when the provider's answer says so and not before: an answer that is lost is asked for again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import structlog

from connector.model.errors import ExchangeError, Refused, Throttled, Unreadable
from connector.model.failures import Failure, Fault, Retry
from connector.model.messages import Channel, OpenBatch, OpenMessage
from connector.model.states import State
from connector.providers.account import AccountOptions
from connector.providers.base import Provider
from connector.providers.withdrawal import Withdrawal
from connector.store import outbox, schedule
from connector.store.db import Transaction
from connector.store.outbox import Move
from connector.sync.changed_records import Ending, endings
from connector.sync.gates import Gate
from connector.sync.gates.consent import consent
from connector.sync.gates.live_fire import live_fire
from connector.sync.gates.validity import validity
from connector.sync.parts import Parts
from connector.sync.schedule import watched
from connector.sync.settle import settle

log = structlog.get_logger()

_STILL_DECIDED: tuple[Gate, ...] = (validity, live_fire, consent)
"""The gates whose answer can change while a message is held; hours and caps were asked for its date."""
_CLOCKS_APART = timedelta(minutes=5)
"""What a provider was to hold for longer than this, and holds no more, it has not sent: no clock is so far off."""
_FORGOTTEN_AFTER = timedelta(days=7)


def watch_scheduled(parts: Parts, account: str) -> int:
    """Takes back what an account's provider holds and may not go out as it is; gives how many messages were.

    Raises:
        LeaseHeld: this process lost its lease.
        CRMError, ExchangeError: the org cannot be asked now; nothing more is given to the provider until it can be.
    """
    provider, now = parts.providers[account], parts.clock()
    with parts.database.begin() as connection:
        parts.tenure.check(connection, now)
        schedule.forget(connection, account, now - _FORGOTTEN_AFTER)
        rows = schedule.held(connection, account, now)
    found = endings(parts, [row for row in rows if row.due_at > now], now)
    given = [row for row in rows if row.id not in found and row.state in schedule.HANDED_OVER]
    with parts.database.begin() as connection:
        for gate in _STILL_DECIDED:
            stopped = gate(parts, connection, account, given, now) if given else {}
            found |= {message_id: Ending(_taken_back(move)) for message_id, move in stopped.items() if move is not None}
            given = [row for row in given if row.id not in found]
    found |= {row.id: Ending(_paused(row, parts)) for row in given if row.paused}
    ended, trouble = _end(parts, provider, [row for row in rows if row.id in found], found)
    if not trouble and provider.settings.schedule_ahead:
        with parts.database.begin() as connection:
            parts.tenure.check(connection, parts.clock())
            watched(parts, connection, account, now)
    return ended


def _taken_back(move: Move) -> Move:
    return replace(move, taken_back=move.to is State.HELD)


def _paused(row: Any, parts: Parts) -> Move:
    reason = "it was taken back from the provider, for a person made it wait; it goes out when the pause is over"
    failure = Failure("PAUSED", reason, Fault.US, Retry.LATER)
    return Move(row.id, State.HELD, "pause", failure, not_before=parts.clock(), taken_back=True)


def _end(
    parts: Parts, provider: Provider[AccountOptions], rows: Sequence[Any], found: Mapping[str, Ending]
) -> tuple[int, bool]:
    """Ends each message, and takes it back first where the provider holds it; how many, and whether there was trouble.

    What ails a request that got no answer, or "not now", is the provider's: the round ends with it.
    """
    ended, failed, why = 0, 0, ""
    for row in rows:
        if parts.stopping.is_set():
            break
        try:
            ended += _end_one(parts, provider, row, found[row.id])
        except ExchangeError as error:
            failed, why = failed + 1, str(error)
            if isinstance(error, Throttled) or not isinstance(error, Refused | Unreadable):
                break
    subject = f"scheduled messages of {provider.account}"
    if failed:
        said = f"{why} Messages that may not go out after all are still held by the provider"
        parts.alarms.sound(
            subject, f"{said}, the next until {rows[0].due_at:%Y-%m-%d %H:%M} UTC; they are asked for again."
        )
    else:
        parts.alarms.settle(subject)
    return ended, bool(failed)


def _end_one(parts: Parts, provider: Provider[AccountOptions], row: Any, ending: Ending) -> bool:
    if row.state != State.CLAIMED:
        told = _withdrawal(parts, provider, row)
        if told is None:
            return False
        if told is Withdrawal.TOO_LATE:
            log.warning("scheduled_too_late", account=provider.account, message=row.id, cause=ending.move.cause)
            with parts.database.begin() as connection:
                schedule.let_go(connection, row.id)
            return False
    with parts.database.begin() as connection:
        parts.tenure.check(connection, parts.clock())
        return _commit(parts, connection, row, ending)


def _commit(parts: Parts, connection: Transaction, row: Any, ending: Ending) -> bool:
    """Moves the message, unless it went on meanwhile."""
    now = parts.clock()
    if not schedule.stands(connection, row):
        return False
    schedule.let_go(connection, row.id)
    if ending.told:
        return bool(settle(parts, connection, [ending.move], now))
    return bool(outbox.move(connection, [ending.move], now))


def _withdrawal(parts: Parts, provider: Provider[AccountOptions], row: Any) -> Withdrawal | None:
    """Asks the provider to cancel the message; None where it does not show it (yet), which proves nothing."""
    line, schedule_id = parts.line(provider.account), row.schedule_id
    far = row.due_at - parts.clock() > _CLOCKS_APART
    if schedule_id is None:
        schedule_id = line.hear(provider.find_scheduled(_batch(row)))
        if schedule_id is None:
            return None if row.due_at > parts.clock() else Withdrawal.TOO_LATE
        with parts.database.begin() as connection:
            parts.tenure.check(connection, parts.clock())
            schedule.keep_id(connection, row.id, schedule_id)
    told = line.hear(provider.cancel_scheduled(schedule_id))
    if told is Withdrawal.NOT_HELD:
        # it was listed, and nothing but its date or a cancellation, whose answer may have been lost, ends that
        return Withdrawal.WITHDRAWN if far else Withdrawal.TOO_LATE
    return told


def _batch(row: Any) -> OpenBatch:
    message = OpenMessage(row.id, row.to_number, State(row.state), row.provider_id, Channel(row.channel), row.sender)
    return OpenBatch(row.attempt_id, row.started_at, row.provider_batch, (message,))
