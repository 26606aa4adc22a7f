"""Which message news is about where it names none: by its number, as far as that proves anything."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from connector.model.messages import Channel, NewsKind
from connector.model.states import State
from connector.providers.account import AccountOptions
from connector.providers.base import Provider
from connector.store import inbox
from connector.store.db import Transaction
from connector.sync.parts import Parts

_WITHIN = timedelta(days=30)
"""News that names no message is taken to be of one sent to its number within this time."""


_CALLED_WITHIN = timedelta(days=1)
"""How long after its request a call may still be made; a later one to the number is another."""
_CLOCKS_DIFFER = timedelta(minutes=10)


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
            found |= _the_only_one(connection, provider, nameless, now - _WITHIN)
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


def _the_only_one(
    connection: Transaction, provider: Provider[AccountOptions], rows: Sequence[Any], since: datetime
) -> dict[str, str]:
    """A status with an id that nobody told us, or with none: the one open message to its number that it can be of.

    Two such messages, one whose answer is still to come, or two ids for one message prove nothing.
    """
    if not rows:
        return {}
    phones, channels = [row.phone for row in rows], provider.capability.settles_by_number
    open_to = inbox.open_to(connection, provider.account, phones, since, channels)
    found: dict[str, str] = {}
    ids: defaultdict[str, set[str | None]] = defaultdict(set)
    for row in rows:
        able = [one for one in open_to.get(row.phone, ()) if _can_be(row, one)]
        if len(able) == 1 and able[0].state != State.ATTEMPTING:
            found[row.id] = able[0].id
            ids[able[0].id].add(row.provider_id)
    return {news: message for news, message in found.items() if len(ids[message]) == 1}


def _can_be(row: Any, message: Any) -> bool:
    """Whether a status can be of an open message to its number: not both have ids of their own, and a call's record
    tells of a time at which that call can have been made."""
    if row.provider_id and message.provider_id:
        return False
    if message.channel != Channel.VOICE or row.at is None or message.began is None:
        return True
    return bool(message.began - _CLOCKS_DIFFER <= row.at <= message.began + _CALLED_WITHIN)


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
