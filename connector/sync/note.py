"""Any news → store: matches what providers told with messages, moves them, and owes the CRM replies and opt-outs."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog

from connector.model.messages import NewsKind
from connector.model.states import State
from connector.store import attempts, inbox, lookups, outbox, phones, writes
from connector.store.db import Transaction
from connector.store.outbox import Move
from connector.store.writes import Owed
from connector.sync import joining
from connector.sync.consent import hear, stops
from connector.sync.matching import by_number, overtaken
from connector.sync.news_times import NewsTimes
from connector.sync.parts import Parts
from connector.sync.replies import Heard, reply_writes
from connector.sync.settle import settle

log = structlog.get_logger()

_AT_ONCE = 1000
_WAITS = tuple(timedelta(seconds=seconds) for seconds in (5, 30, 120, 600, 3600, 6 * 3600, 24 * 3600))
"""When news that matches no message yet is looked at again."""


@dataclass(slots=True)
class Noted:
    """What one round of noting did."""

    moved: int = 0
    replies: int = 0
    opt_outs: int = 0
    parked: int = 0
    seen: int = 0

    def __bool__(self) -> bool:
        return bool(self.moved or self.replies or self.opt_outs)


@dataclass(slots=True)
class _Sorted:
    moves: list[Move] = field(default_factory=list)
    ids: list[tuple[str, str]] = field(default_factory=list)
    settled: list[tuple[str, str | None]] = field(default_factory=list)
    parked: list[tuple[str, int, datetime | None]] = field(default_factory=list)
    heard: list[Heard] = field(default_factory=list)
    misdated: set[str] = field(default_factory=set)


def note(parts: Parts) -> Noted:
    """Works through the news in the inbox, a thousand a transaction, oldest first."""
    noted = Noted()
    while not parts.stopping.is_set():
        now = parts.clock()
        with parts.database.begin() as connection:
            rows = inbox.work(connection, now, _AT_ONCE)
            _hasten_lookups(connection, [row for row in rows if row.kind == NewsKind.LOOKUP], now)
            _join_replies(connection, [row for row in rows if row.kind == NewsKind.PART], now)
            of_messages = [row for row in rows if row.kind not in (NewsKind.LOOKUP, NewsKind.PART)]
            if of_messages:
                _note(parts, connection, of_messages, now, noted)
        if len(rows) < _AT_ONCE:
            break
    return noted


def _hasten_lookups(connection: Transaction, rows: Sequence[Any], now: datetime) -> None:
    """Lookups that their providers say go on are asked after at once."""
    for account in sorted({row.account for row in rows}):
        ids = {row.provider_id for row in rows if row.account == account and row.provider_id}
        lookups.hasten(connection, account, ids, now)
    inbox.settle(connection, [(row.id, None) for row in rows], now)


def _join_replies(connection: Transaction, rows: Sequence[Any], now: datetime) -> None:
    """Parts of replies wait for each other; whoever waited for long enough is heard without the rest."""
    waits = joining.join(connection, {(row.account, row.provider_id) for row in rows}, now)
    wholes = [(row, waits.get((row.account, row.provider_id))) for row in rows]
    inbox.park(connection, [(row.id, row.tries, until) for row, until in wholes if until])


def _note(parts: Parts, connection: Transaction, rows: Sequence[Any], now: datetime, noted: Noted) -> None:
    named = inbox.match(connection, [row.id for row in rows])
    guessed = by_number(parts, connection, [row for row in rows if row.id not in named], now)
    matched = named | guessed
    late = overtaken(parts, connection, rows, matched)
    attempts.learn_batches(connection, _named_batches(rows), now)
    times = NewsTimes.of(connection, rows, named, guessed)
    work = _sorted(parts, rows, matched, late, times, now)
    for account in sorted(work.misdated):
        log.warning("dates_cannot_be_true", account=account)  # its clock, or the `zone` of its settings
    moved = settle(parts, connection, work.moves, now)
    outbox.learn_ids(connection, work.ids)
    with_id = [row for row in rows if row.id in matched and row.kind == NewsKind.STATUS and row.provider_id]
    inbox.settle(connection, work.settled, now)
    inbox.park(connection, work.parked)
    inbox.look_again(connection, {(row.account, row.provider_id) for row in with_id}, now)
    _hear(parts, connection, work.heard, now)
    noted.seen += len(rows)
    noted.moved += len(moved)
    noted.replies += sum(1 for heard in work.heard if heard.is_reply)
    noted.opt_outs += sum(1 for heard in work.heard if heard.opted_out)
    noted.parked += len(work.parked)


def _named_batches(rows: Sequence[Any]) -> list[tuple[str, str, str]]:
    """(account, our reference, the provider's id) of batches that news names in both ways."""
    return [(row.account, row.reference, row.provider_batch) for row in rows if row.reference and row.provider_batch]


def _sorted(
    parts: Parts, rows: Sequence[Any], matched: Mapping[str, str], late: Set[str], times: NewsTimes, now: datetime
) -> _Sorted:
    work = _Sorted()
    for row in rows:
        message_id = matched.get(row.id)
        opted_out = row.opted_out or bool(row.failure and row.failure["opted_out"]) or stops(parts, row.text)
        if message_id is None and not ((row.kind == NewsKind.REPLY or opted_out) and row.phone and row.tries):
            # perhaps its message, or the answer that names it, is still to come; a person is heard the second time
            again = now + _WAITS[row.tries] if row.tries < len(_WAITS) else None
            work.parked.append((row.id, row.tries + 1, again))
            if again is None:
                log.warning("news_unmatched", account=row.account, kind=row.kind, word=row.word, news=row.id)
            continue
        if message_id is not None and row.kind == NewsKind.STATUS:
            if row.provider_id:
                work.ids.append((message_id, row.provider_id))
            if row.state is not None:
                happened_at = times.happened_at(row, message_id)
                if row.at is not None and happened_at is None:
                    work.misdated.add(row.account)
                work.moves.append(_move(parts, row, message_id, happened_at, is_late=row.id in late))
            elif not opted_out and not _moves_nothing(parts, row):
                log.info("status_word_unknown", account=row.account, word=row.word, message=message_id)
        if row.kind == NewsKind.REPLY or opted_out:
            said_at = times.said_at(row, message_id, stops=opted_out)
            work.heard.append(Heard(row, message_id, opted_out, said_at))
        work.settled.append((row.id, message_id))
    return work


def _moves_nothing(parts: Parts, row: Any) -> bool:
    """Whether the provider's guide lists the word, of which nothing more is to be said."""
    provider = parts.providers.get(row.account)
    return bool(provider and (row.word or "").strip().lower() in provider.capability.moves_nothing)


def _move(parts: Parts, row: Any, message_id: str, happened_at: datetime | None, *, is_late: bool) -> Move:
    provider = parts.providers.get(row.account)
    return Move(
        message_id,
        State(row.state),
        "status",
        inbox.failure_of(row),
        happened_at=happened_at,
        word=row.word,
        provider_id=row.provider_id,
        provider_batch=row.provider_batch,
        last_word_wins=bool(provider and provider.capability.last_word_wins and not is_late),
    )


def _hear(parts: Parts, connection: Transaction, heard: Sequence[Heard], now: datetime) -> None:
    if not heard:
        return
    ids = [item.message_id for item in heard if item.message_id]
    rows = outbox.rows(connection, ids)
    numbers = {item.number(rows) for item in heard} - {None}
    holders = phones.holders(connection, parts.org, [number for number in numbers if number])
    owed: list[Owed] = []
    for item in heard:
        owed.extend(reply_writes(parts, item, rows, holders))
    writes.owe(connection, parts.org, owed, now)
    hear(parts, connection, heard, rows, now)
