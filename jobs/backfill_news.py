"""Backfills of news: what became of batches sent in a window, and the replies received in it."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from connector.model.errors import MayHaveLeft, NeverLeft, Throttled
from connector.providers.base import Conversation
from connector.store import inbox, open_batches, windows
from connector.sync.parts import Parts, backoff
from jobs.backfill import Kind, Measure, Slice, Window

_BATCHES_A_SLICE = 5
_DAY = timedelta(days=1)
_WRITES_A_CALL = 200
_TRIES = 4
_LONGEST_WAIT = 60.0


class Statuses:
    """Asks the accounts what became of the batches they sent in the window, whatever is known of them already."""

    kind = Kind.STATUSES
    unit = "batches"

    def __init__(self, parts: Parts, accounts: Sequence[str]) -> None:
        self._parts = parts
        self.lanes = tuple(name for name in accounts if parts.providers[name].capability.polls_statuses)
        self.cannot_be_asked = tuple(name for name in accounts if name not in self.lanes)

    def measure(self, lane: str, window: Window, place: str) -> Measure:
        """Batches and messages after `place` (an attempt's id); a message writes its record and its activity."""
        with self._parts.database.read() as connection:
            batches, messages = windows.count_batches(connection, lane, window.since, window.until, place)
        return Measure(batches, messages, batches, 2 * -(-messages // _WRITES_A_CALL))

    def do(self, lane: str, window: Window, place: str) -> Slice | None:
        """Asks about the next few batches. Raises ExchangeError when the account cannot be asked."""
        with self._parts.database.read() as connection:
            batches = open_batches.between(connection, lane, window.since, window.until, place, _BATCHES_A_SLICE)
        if not batches:
            return None
        sent = [batch for batch in batches if batch.messages]
        kept = ask(self._parts, lane, lambda: self._parts.providers[lane].statuses(sent)) if sent else 0
        return Slice(batches[-1].reference, len(sent), kept)


class Replies:
    """Asks the accounts for the replies they received in the window, a day at a time."""

    kind = Kind.REPLIES
    unit = "days"

    def __init__(self, parts: Parts, accounts: Sequence[str]) -> None:
        self._parts = parts
        self.lanes = tuple(name for name in accounts if parts.providers[name].account_capability().polls_replies)
        self.cannot_be_asked = tuple(name for name in accounts if name not in self.lanes)

    def measure(self, lane: str, window: Window, place: str) -> Measure:
        """Days from `place` (a time) on; how many replies there are, only asking tells."""
        days = -(-max(window.until - _start(window, place), timedelta()) // _DAY)
        return Measure(days, None, days, 0)

    def do(self, lane: str, window: Window, place: str) -> Slice | None:
        """Asks for the next day's replies. Raises ExchangeError when the account cannot be asked."""
        since = _start(window, place)
        if since >= window.until:
            return None
        until = min(since + _DAY, window.until)
        kept = ask(self._parts, lane, lambda: self._parts.providers[lane].replies(since, until))
        return Slice(until.isoformat(), 1, kept)


def _start(window: Window, place: str) -> datetime:
    return datetime.fromisoformat(place) if place else window.since


def ask(parts: Parts, account: str, conversation: Callable[[], Conversation[None]]) -> int:
    """Runs a conversation and keeps its news; gives how much was new. Asking changes nothing, so it is tried again.

    Raises:
        ExchangeError: the account cannot be asked; what it had told by then is kept.
    """
    kept = 0
    for tries in range(_TRIES):
        try:
            kept += _keep(parts, account, conversation())
        except (NeverLeft, MayHaveLeft, Throttled) as error:
            asked_for = error.wait if isinstance(error, Throttled) else 0.0
            wait = max(asked_for, backoff(tries, first=0.5).total_seconds())
            if tries == _TRIES - 1 or wait > _LONGEST_WAIT or parts.stopping.wait(wait):
                raise
        else:
            break
    return kept


def _keep(parts: Parts, account: str, conversation: Conversation[None]) -> int:
    kept = 0
    for news in parts.line(account).converse(conversation):
        now = parts.clock()
        with parts.database.begin() as connection:
            parts.tenure.check(connection, now)
            kept += inbox.keep(connection, account, parts.providers[account].name, news, now)
    return kept
