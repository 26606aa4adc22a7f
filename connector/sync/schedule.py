"""Which messages a provider is given before they are due, to be held by it until their date.

What is decided when a message is sent (consent, hours, caps, live fire, pauses) is decided here for its date, as far as
it can be known; what changes until then, `connector.sync.schedule_watch` takes back. So a message is only given to who
gives it back, only while it is watched, and one a request, for what is cancelled is a request's message.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from connector.mapping.record_mapping import RecordMapping
from connector.model.messages import Channel
from connector.model.states import State
from connector.providers.account import AccountOptions
from connector.providers.base import Provider
from connector.store import cursors, outbox, schedule
from connector.store.db import Transaction
from connector.sync.gates import through
from connector.sync.parts import Parts

WATCHED_EVERY = timedelta(seconds=60)
_LEAST_AHEAD = 5 * WATCHED_EVERY
"""A message that is due sooner waits with us: it would hardly be watched before it goes out."""
_UNWATCHED_AFTER = 3 * WATCHED_EVERY
_HELD_AT_MOST = 10_000
"""Messages that a provider holds of an account; their records are read every `WATCHED_EVERY`, 400 a request."""
_TRIES = 5
"""A message that has been taken back so often waits with us: something changes it again and again."""


def ahead(parts: Parts, account: str, channel: Channel, mapping: str) -> timedelta:
    """How long before its date a message may be given to an account: not at all where a cap counts what is sent, or
    where its record could not be told that the message is held again."""
    provider, asks = parts.providers.get(account), parts.mappings.get(mapping)
    if provider is None or asks is None or not provider.settings.schedule_ahead:
        return timedelta()
    if channel not in provider.account_capability().cancels_scheduled or not _can_be_held_again(asks):
        return timedelta()
    if any(cap.covers(account, mapping) for cap in parts.caps):
        return timedelta()
    return timedelta(seconds=provider.settings.schedule_ahead)


def _can_be_held_again(mapping: RecordMapping) -> bool:
    """Whether what is written for `held` stands over what the provider's answer wrote: else a record that we told so
    would look as if a person had changed it, and its message would not go out again."""
    held = mapping.statuses.get(State.HELD)
    from_the_claim = set(mapping.while_held()) - {each.field for each in (held.set if held is not None else ())}
    answers = [mapping.statuses[state] for state in schedule.HANDED_OVER if state in mapping.statuses]
    return not any(each.field in from_the_claim for answer in answers for each in answer.set)


def furthest(parts: Parts, mapping: RecordMapping) -> timedelta:
    """How long before its date a mapping's message may be given to any account of its routes."""
    return max(
        (ahead(parts, name, channel, mapping.name) for name in mapping.accounts() for channel in Channel),
        default=timedelta(),
    )


def to_hand_over(
    parts: Parts,
    connection: Transaction,
    provider: Provider[AccountOptions],
    now: datetime,
    claimed_until: datetime,
    most: int,
) -> list[Any]:
    """Messages, at most `most`, to be given to an account's provider now, the soonest first; locked.

    Those that could not be sent if now were their date are left to us until it has come.
    """
    account = provider.account
    longest = timedelta(seconds=provider.settings.schedule_ahead)
    if longest < _LEAST_AHEAD or not _watched(parts, connection, account, now):
        return []
    room = min(most, _HELD_AT_MOST - schedule.count(connection, account))
    if room <= 0:
        return []
    channels = sorted(provider.account_capability().cancels_scheduled)
    due = (now + _LEAST_AHEAD, now + longest)
    rows = schedule.early(connection, account, channels, due, now, claimed_until, room)
    chosen = {row.id for row in _sendable_then(parts, connection, provider, rows)}
    for row in rows:
        if row.id not in chosen:
            outbox.put_off(connection, [row.id], row.send_at)
    return [row for row in rows if row.id in chosen]


def _sendable_then(
    parts: Parts, connection: Transaction, provider: Provider[AccountOptions], rows: Sequence[Any]
) -> Iterable[Any]:
    """Those that would pass all gates at their date."""
    able = [
        row
        for row in rows
        if row.tries < _TRIES
        and ahead(parts, provider.account, Channel(row.channel), row.mapping)
        and provider.refuse(outbox.as_message(row)) is None
    ]
    for at in sorted({row.send_at for row in able}):
        passed, _ = through(parts, connection, provider.account, [row for row in able if row.send_at == at], at)
        yield from passed


def watched(parts: Parts, connection: Transaction, account: str, now: datetime) -> None:
    """Notes that what the account's provider holds was looked through, and could be taken back."""
    cursors.keep(connection, _cursor(account), {"run": parts.run, "at": now.isoformat()}, now)


def _watched(parts: Parts, connection: Transaction, account: str, now: datetime) -> bool:
    """Whether this process watches what the account's provider holds; a single pass does not, nor one in trouble."""
    kept = cursors.get(connection, _cursor(account))
    if kept is None or kept["run"] != parts.run:
        return False
    return now - datetime.fromisoformat(kept["at"]) <= _UNWATCHED_AFTER


def _cursor(account: str) -> str:
    return f"scheduled {account}"
