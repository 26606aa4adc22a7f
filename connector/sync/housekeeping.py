"""Keeps the store from growing for ever."""

from datetime import timedelta
from functools import partial

from connector.store import caps, housekeeping, lookups, typed_sends
from connector.sync.parts import Parts


def housekeep(parts: Parts, keep_days: int) -> int:
    """Drops what ended more than `keep_days` ago and owes nobody anything; gives how many rows went."""
    before = parts.clock() - timedelta(days=keep_days)
    gone = 0
    drop_messages = partial(housekeeping.drop_old, last_words=parts.last_words())
    for drop in (drop_messages, housekeeping.drop_old_news):
        while not parts.stopping.is_set():
            with parts.database.begin() as connection:
                dropped = drop(connection, before, 2000)
            gone += dropped
            if not dropped:
                break
    with parts.database.begin() as connection:
        caps.forget(connection, before)
        gone += typed_sends.drop_old(connection, before)
        longest = max(
            (mapping.lookup.keep for mapping in parts.mappings.values() if mapping.lookup), default=timedelta()
        )
        gone += lookups.drop_old(connection, min(before, parts.clock() - longest))
    return gone
