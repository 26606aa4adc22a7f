"""A provider's own word on numbers: its blacklist, read whole every few hours, page by page.

A number that is newly on it is stopped by the provider's voice, and one that went off it is free of that voice again.
What we put there ourselves is no word of the provider's: it comes off when nobody else stops the number any more.
"""

import hashlib
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

import structlog

from connector.model.consent import ConsentSource, ConsentWord, provider_voice
from connector.model.messages import News
from connector.store import blacklist, cursors
from connector.store import consent as ledger
from connector.store.db import Transaction
from connector.sync.consent import Reach, standing_but_of_records, tell, write_starts, write_stops
from connector.sync.parts import Parts

log = structlog.get_logger()

_STOPS_AT_ONCE = 1000
_ASKED_ONE_BY_ONE = 200
_ON_IT = "on its blacklist"
_OFF_IT = "no longer on its blacklist"


def hear_blacklist(parts: Parts, account: str, every: timedelta) -> int:
    """Reads an account's blacklist when `every` has passed since it was last read whole; gives how many words were new.

    A number that a whole reading did not show is asked for by itself before its stop is lifted, for a list that changes
    while its pages are read leaves rows out.

    Raises:
        ExchangeError: the list could not be read to its end; the stops that were read are kept, and none is lifted.
    """
    began = parts.clock()
    name = f"blacklist {account}"
    with parts.database.read() as connection:
        kept = cursors.get(connection, name)
    if kept is not None and abs(began - datetime.fromisoformat(kept["at"])) < every:
        return 0
    seen, changed = _Numbers(), 0
    for page in parts.line(account).converse(parts.providers[account].blacklisted()):
        changed += _take_in(parts, account, page, began)
        seen.add(news.phone for news in page if news.phone)
        if parts.stopping.is_set():
            return changed
    lifted, whole = _take_back(parts, account, seen)
    if whole:
        with parts.database.begin() as connection:
            cursors.keep(connection, name, {"at": began.isoformat(), "numbers": len(seen)}, parts.clock())
    return changed + lifted


class _Numbers:
    """Which numbers a list showed: eight bytes each, for it may show a million.

    Two numbers that look alike here would leave a stop standing, once in 10^13 readings of a million.
    """

    def __init__(self) -> None:
        self._marks = array("Q")
        self._sorted = True

    def __len__(self) -> int:
        return len(self._marks)

    def __contains__(self, number: str) -> bool:
        if not self._sorted:
            self._marks, self._sorted = array("Q", sorted(self._marks)), True
        mark = _mark(number)
        place = bisect_left(self._marks, mark)
        return place < len(self._marks) and self._marks[place] == mark

    def add(self, numbers: Iterable[str]) -> None:
        self._marks.extend(map(_mark, numbers))
        self._sorted = False


def _mark(number: str) -> int:
    return int.from_bytes(hashlib.blake2b(number.encode(), digest_size=8).digest())


def _take_in(parts: Parts, account: str, page: Sequence[News], began: datetime) -> int:
    """Stops the numbers of a page that are there by the provider's word; gives how many words were new."""
    entries = {news.phone: news for news in page if news.phone}
    voice, now = provider_voice(account), parts.clock()
    with parts.database.begin() as connection:
        calls = blacklist.newest(connection, account, list(entries))
        standing = ledger.standing(connection, parts.org, list(entries))
        said = {number: voices.get(voice) for number, voices in standing.items()}
        words = [
            _stop(account, news, now)
            for number, news in entries.items()
            if not _is_ours(calls.get(number), began) and _is_new(said.get(number), news)
        ]
        reach = Reach.of(parts)
        tell(reach, connection, words, now)
        fresh = [word.number for word in words if (known := said.get(word.number)) is None or not known.stopped]
        write_stops(reach, connection, fresh, now)
    if words:
        log.info("blacklist_heard", account=account, stopped=len(words))
    return len(words)


def _stop(account: str, news: News, now: datetime) -> ConsentWord:
    evidence = {"account": account, "word": _ON_IT, "since": news.at.isoformat() if news.at else None}
    number, voice = str(news.phone), provider_voice(account)
    return ConsentWord(number, voice, True, ConsentSource.PROVIDER, min(news.at or now, now), evidence)


def _is_ours(call: Any | None, began: datetime) -> bool:
    """Whether a number is on the list because we put it there, or were taking it off while the list was read."""
    if call is None or call.standing == "parked":
        return False
    return bool(call.blocked or call.standing == "due" or call.settled_at >= began)


def _is_new(known: Any | None, news: News) -> bool:
    """Whether an entry says what the provider's voice has not said yet; a person may have lifted it since."""
    if known is None:
        return True
    if known.stopped:
        return not _says(known, _ON_IT)
    return _says(known, _OFF_IT) or news.at is None or news.at > known.at


def _says(word: Any, what: str) -> bool:
    """Whether a word of the ledger was read from the list, as standing on it or off it."""
    return bool(word.evidence.get("word") == what)


def _take_back(parts: Parts, account: str, seen: _Numbers) -> tuple[int, bool]:
    """Lifts the stops whose numbers the list shows no more; how many, and whether all could be asked for."""
    voice = provider_voice(account)
    lifted, asked, after = 0, 0, 0
    while True:
        with parts.database.read() as connection:
            rows = ledger.stops_of(connection, parts.org, voice, after, _STOPS_AT_ONCE)
        if not rows:
            return lifted, True
        after = rows[-1].id
        missing = [row for row in rows if _says(row, _ON_IT) and row.number not in seen]
        gone = []
        for row in missing:
            if asked == _ASKED_ONE_BY_ONE or parts.stopping.is_set():
                break
            asked += 1
            if not _is_listed(parts, account, row.number):
                gone.append(row)
        with parts.database.begin() as connection:
            lifted += _lift(parts, connection, account, gone)
        if asked == _ASKED_ONE_BY_ONE or parts.stopping.is_set():
            return lifted, False


def _is_listed(parts: Parts, account: str, number: str) -> bool:
    pages = parts.line(account).converse(parts.providers[account].blacklisted(number))
    return any(news.phone == number for page in pages for news in page)


def _lift(parts: Parts, connection: Transaction, account: str, gone: Sequence[Any]) -> int:
    now, voice = parts.clock(), provider_voice(account)
    evidence = {"account": account, "word": _OFF_IT}
    standing = ledger.standing(connection, parts.org, [row.number for row in gone])
    stops = {row.number: row for row in gone if standing[row.number][voice].id == row.id}
    reach = Reach.of(parts)
    words = [ConsentWord(number, voice, False, ConsentSource.PROVIDER, now, evidence) for number in stops]
    tell(reach, connection, words, now)
    free = [number for number in stops if len(standing_but_of_records(standing[number])) == 1]
    write_starts(reach, connection, {number: stops[number].at for number in free}, now)
    if words:
        log.info("blacklist_heard", account=account, lifted=len(words))
    return len(words)
