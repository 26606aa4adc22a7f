"""Parts of a person's long text → one reply: when the last of them is told, or none came for long enough."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

import structlog

from connector.model.messages import News, NewsKind
from connector.providers.base import news_key
from connector.providers.smpp.incoming_parts import text_from
from connector.store import inbox, reply_parts
from connector.store.db import Transaction
from connector.store.reply_parts import Wholes

log = structlog.get_logger()

WAITS = timedelta(minutes=5)
"""How long the parts that came wait for another one."""
COMES_AGAIN = timedelta(days=1)
"""How long a part that is told again is one whose acknowledgement was lost. Later it is one of a new text: the phones
count their texts from 0 to 255 and begin anew."""
COMES_AGAIN_THOUGH_ACKNOWLEDGED = timedelta(minutes=10)
"""The same, of a part that the very session has acknowledged which tells it again. Its sequence number tells nothing,
for a part told again has a new one; but the acknowledgement went over the connection that this part came by, so it
arrived, and the SMSC has nothing to repeat. What it may do is overlook one that came late, and repeat it soon. After
that the same words are a person's second text: one reply told twice does less harm than one that is lost."""
_AT_ONCE = 50
"""Replies that are joined at once; each is of 255 parts at most."""


def make_room(
    connection: Transaction, account: str, parts: Sequence[News], acknowledged: Collection[str], now: datetime
) -> None:
    """Lets parts count that are told as they were told long ago; called before they are kept. `acknowledged` are the
    keys of parts that the session which tells them now has acknowledged before."""
    for age, keys in (
        (COMES_AGAIN, [part.key for part in parts if part.key not in acknowledged]),
        (COMES_AGAIN_THOUGH_ACKNOWLEDGED, [part.key for part in parts if part.key in acknowledged]),
    ):
        if keys:
            reply_parts.let_come_again(connection, account, keys, now - age)


def join(connection: Transaction, wholes: Wholes, now: datetime) -> dict[tuple[str, str], datetime]:
    """Makes a reply of each of which every part is told, or the newest is old; gives until when each other waits."""
    if not wholes:
        return {}
    waits: dict[tuple[str, str], datetime] = {}
    ready: dict[tuple[str, str], int] = {}
    for whole in reply_parts.told(connection, wholes):
        until = whole.newest + WAITS
        if whole.places < _total(whole.word) and until > now:
            waits[whole.account, whole.provider_id] = until
        else:
            ready[whole.account, whole.provider_id] = whole.parts
    names = sorted(ready)
    for start in range(0, len(names), _AT_ONCE):
        _reply(connection, {name: ready[name] for name in names[start : start + _AT_ONCE]}, now)
    return waits


def _reply(connection: Transaction, ready: dict[tuple[str, str], int], now: datetime) -> None:
    """Keeps the replies and settles their parts. Of two parts with one place the later is left: it is of another text
    to which the phone gave the same number."""
    parts: defaultdict[tuple[str, str], list[Any]] = defaultdict(list)
    for row in reply_parts.waiting(connection, ready.keys()):
        parts[row.account, row.provider_id].append(row)
    replies: defaultdict[tuple[str, str], list[News]] = defaultdict(list)
    settled: list[tuple[str, str | None]] = []
    for name, rows in parts.items():
        if len(rows) < ready[name]:
            continue  # somebody else has the others at hand: whoever looks next has them all
        first = list({row.word: row for row in reversed(rows)}.values())
        replies[rows[0].account, rows[0].provider].append(_joined(first))
        settled += [(row.id, None) for row in first]
    for (account, provider), told in replies.items():
        inbox.keep(connection, account, provider, told, now)
    inbox.settle(connection, settled, now)


def _joined(rows: Sequence[Any]) -> News:
    """The reply that these parts are; its key is theirs, so that they become one reply and never two."""
    told, total = sorted(row.raw["number"] for row in rows), _total(rows[0].word)
    text = text_from([row.raw for row in rows])
    if len(told) < total:
        log.warning("reply_incomplete", account=rows[0].account, told=told, total=total)
    addresses = {name: rows[0].raw[name] for name in ("source_addr", "destination_addr")}
    return News(
        NewsKind.REPLY,
        news_key("joined", *sorted(row.id for row in rows)),
        phone=rows[0].phone,
        text=text,
        raw={**addresses, "text": text, "parts": told, "total": total},
    )


def _total(word: str) -> int:
    return int(word.rpartition("/")[2])
