"""Which message news is about where it names none: by its number, as far as that proves anything."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from connector.model.messages import NewsKind
from connector.model.states import State
from connector.store import inbox
from connector.store.db import Transaction
from connector.sync.parts import Parts

_WITHIN = timedelta(days=30)
"""News that names no message is taken to be of one sent to its number within this time."""


def by_number(parts: Parts, connection: Transaction, rows: Sequence[Any], now: datetime) -> dict[str, str]:
    """News id to message id, for news that names no message we know: replies, and statuses of providers that settle
    by number."""
    found: dict[str, str] = {}
    for account in sorted({row.account for row in rows if row.phone}):
        mine = [row for row in rows if row.account == account and row.phone]
        found |= _answered(connection, account, [row for row in mine if row.kind == NewsKind.REPLY], now - _WITHIN)
        provider = parts.providers.get(account)
        if provider and provider.capability.settles_by_number:
            nameless = [row for row in mine if row.kind == NewsKind.STATUS and not _is_named(row)]
            found |= _the_only_one(connection, account, nameless, now - _WITHIN)
    return found


def _is_named(row: Any) -> bool:
    """Whether news names its message by something of ours, or its batch: what is to come is not to be guessed."""
    return bool(row.message_ref or row.reference or row.provider_batch)


def _answered(connection: Transaction, account: str, replies: Sequence[Any], since: datetime) -> dict[str, str]:
    """A reply: the newest message its account sent to that number."""
    if not replies:
        return {}
    latest = inbox.latest_to(connection, account, [row.phone for row in replies], since)
    return {row.id: latest[row.phone] for row in replies if row.phone in latest}


def _the_only_one(connection: Transaction, account: str, rows: Sequence[Any], since: datetime) -> dict[str, str]:
    """A status with an id that nobody told us, or with none: the one open message to its number that it can be of.

    Two such messages, one whose answer is still to come, or two ids for one message prove nothing.
    """
    if not rows:
        return {}
    open_to = inbox.open_to(connection, account, [row.phone for row in rows], since)
    found: dict[str, str] = {}
    ids: defaultdict[str, set[str | None]] = defaultdict(set)
    for row in rows:
        able = [one for one in open_to.get(row.phone, ()) if not (row.provider_id and one.provider_id)]
        if len(able) == 1 and able[0].state != State.ATTEMPTING:
            found[row.id] = able[0].id
            ids[able[0].id].add(row.provider_id)
    return {news: message for news, message in found.items() if len(ids[message]) == 1}


def overtaken(parts: Parts, connection: Transaction, rows: Sequence[Any], matched: Mapping[str, str]) -> set[str]:
    """News ids of statuses that waited for their message while a later one moved it: where the last word received
    wins, theirs is no longer it."""
    waited = [row for row in rows if row.tries and row.id in matched and _last_word_wins(parts, row.account)]
    if not waited:
        return set()
    heard_last = inbox.last_statuses(connection, {matched[row.id] for row in waited})
    return {row.id for row in waited if (last := heard_last.get(matched[row.id])) and row.received_at < last}


def _last_word_wins(parts: Parts, account: str) -> bool:
    provider = parts.providers.get(account)
    return bool(provider and provider.capability.last_word_wins)
