"""Keeps the store from growing for ever."""

from datetime import datetime, timedelta

from connector.store import caps, housekeeping, lookups, typed_sends
from connector.sync.parts import Parts

_AT_ONCE = 2000


def housekeep(parts: Parts, keep_days: int) -> int:
    """Drops what ended more than `keep_days` ago and owes nobody anything; gives how many rows went."""
    before = parts.clock() - timedelta(days=keep_days)
    gone = _drop_messages(parts, before) + _drop_attempts(parts, before) + _drop_news(parts, before)
    with parts.database.begin() as connection:
        caps.forget(connection, before)
        gone += typed_sends.drop_old(connection, before)
        longest = max(
            (mapping.lookup.keep for mapping in parts.mappings.values() if mapping.lookup), default=timedelta()
        )
        gone += lookups.drop_old(connection, min(before, parts.clock() - longest))
    return gone


def _drop_messages(parts: Parts, before: datetime) -> int:
    # looked for outside the writer's transaction: it takes seconds where millions are kept
    gone, last_words = 0, parts.last_words()
    while not parts.stopping.is_set():
        with parts.database.read() as connection:
            ids = housekeeping.old(connection, before, _AT_ONCE, last_words=last_words)
        if not ids:
            break
        with parts.database.begin() as connection:
            gone += housekeeping.drop(connection, ids, before, last_words=last_words)
    return gone


def _drop_attempts(parts: Parts, before: datetime) -> int:
    gone = 0
    while not parts.stopping.is_set():
        with parts.database.read() as connection:
            ids = housekeeping.old_attempts(connection, before, _AT_ONCE)
        if not ids:
            break
        with parts.database.begin() as connection:
            gone += housekeeping.drop_attempts(connection, ids)
    return gone


def _drop_news(parts: Parts, before: datetime) -> int:
    gone = dropped = 0
    while not parts.stopping.is_set():
        with parts.database.begin() as connection:
            dropped = housekeeping.drop_old_news(connection, before, _AT_ONCE)
        gone += dropped
        if not dropped:
            break
    return gone
