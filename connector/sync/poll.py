"""Asks the providers that must be asked: statuses of open batches, and replies by date."""

from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import TypedDict

import structlog

from connector.model.capability import LastWord
from connector.model.errors import ExchangeError, Refused
from connector.model.failures import Fault
from connector.model.messages import OpenBatch
from connector.model.states import WITH_THE_PROVIDER, State
from connector.providers.base import Conversation
from connector.store import cursors, inbox, open_batches
from connector.sync.parts import Parts

log = structlog.get_logger()

_BATCHES_AT_ONCE = 5
"""Each may hold as many messages as an account's batch_size."""
_OVERLAP = timedelta(minutes=10)
"""Replies are asked for again from this long before the last time: late ones are filed under the time they came."""
_FIRST_LOOK = timedelta(days=1)


class _Waiting(TypedDict):
    """What a batch is asked about for."""

    account: str
    states: Sequence[State]
    last_words: Collection[LastWord]


def poll_statuses(parts: Parts, account: str) -> int:
    """Asks what became of an account's open batches, those longest unasked first; gives how much news there was.

    Each batch is asked again after a growing pause, until `final_after` has passed since it was sent. Once its messages
    have ended, by whatever way that was told, or by the last word of their channel, the replies are asked for that are
    only told to who asks.
    """
    provider = parts.providers[account]
    if not provider.capability.polls_statuses:
        return 0
    told = 0
    by_batch = provider.capability.replies_by_batch
    waiting: _Waiting = {
        "account": account,
        "states": WITH_THE_PROVIDER,
        "last_words": [word for word in parts.last_words() if word[0] == account],
    }
    with parts.database.begin() as connection:
        open_batches.rest(connection, **waiting, now=parts.clock(), replies_by_batch=by_batch)
    for batches in _due(parts, account, partial(open_batches.due_for_poll, **waiting, unknown_too=True)):
        told += ask(parts, account, provider.statuses(batches))
    if by_batch:
        ended = partial(open_batches.due_for_last_look, **waiting, replies_by_batch=by_batch)
        for batches in _due(parts, account, ended):
            told += ask(parts, account, provider.replies_to(batches))
            with parts.database.begin() as connection:
                open_batches.leave_alone(connection, [batch.reference for batch in batches])
    return told


def _due(parts: Parts, account: str, find: Callable[..., list[OpenBatch]]) -> Iterator[list[OpenBatch]]:
    """The batches that `find` gives of those whose time has come, some at once, each put off until its next look."""
    while not parts.stopping.is_set():
        now = parts.clock()
        with parts.database.read() as connection:
            batches = find(connection, now=now, limit=_BATCHES_AT_ONCE)
        if not batches:
            return
        looks = [(batch.reference, _next_look(parts, account, batch, now)) for batch in batches]
        with parts.database.begin() as connection:
            open_batches.polled(
                connection, looks
            )  # before asking: a batch that always fails must not starve the others
        yield batches
        if len(batches) < _BATCHES_AT_ONCE:
            return


def _next_look(parts: Parts, account: str, batch: OpenBatch, now: datetime) -> datetime:
    age = max(timedelta(), now - batch.on_its_way_since)
    if age > parts.timing.final_after:
        return now + timedelta(days=365)
    return max(now, batch.on_its_way_since) + max(parts.first_poll(account), min(age / 2, timedelta(hours=1)))


def poll_replies(parts: Parts, account: str) -> int:
    """Asks for replies since the last time, with an overlap; gives how many were new."""
    provider = parts.providers[account]
    if not provider.capability.polls_replies:
        return 0
    name = f"replies {account}"
    now = parts.clock()
    with parts.database.read() as connection:
        kept = cursors.get(connection, name)
    since = datetime.fromisoformat(kept["until"]) - _OVERLAP if kept else now - _FIRST_LOOK
    told = ask(parts, account, provider.replies(since, now))
    with parts.database.begin() as connection:
        cursors.keep(connection, name, {"until": now.isoformat()}, now)
    return told


def ask(parts: Parts, account: str, conversation: Conversation[None]) -> int:
    """Runs a conversation and stores its news a page at a time, so that memory does not grow with what is told.

    Raises:
        ExchangeError: the provider could not be asked; what it had told by then is kept.
    """
    kept = 0
    try:
        for news in parts.line(account).converse(conversation):
            with parts.database.begin() as connection:
                kept += inbox.keep(connection, account, parts.providers[account].name, news, parts.clock())
    except Refused as error:
        if error.failure.fault is Fault.ACCOUNT:
            parts.alarms.sound(f"polls of {account}", f"{error.failure} Its statuses and replies cannot be asked for.")
        raise
    except ExchangeError as error:
        log.warning("poll_broken_off", account=account, reason=str(error), count=kept)
        raise
    parts.alarms.settle(f"polls of {account}")
    return kept
