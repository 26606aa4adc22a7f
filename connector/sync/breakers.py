"""A breaker an account: after failures in a row it is left alone, tried with one batch, then given its share back."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

import structlog

from connector.providers.account import AccountOptions
from connector.sync.alarms import Alarms

log = structlog.get_logger()

PROBE_SIZE = 10
"""Messages that find out whether an account is back; few, for an answer that is lost leaves all of them in doubt."""
LONGEST_PAUSE = timedelta(minutes=15)
FIRST_SHARE = 0.1
"""What an account that just recovered gets of the messages that another account could send as well."""
SHARE_DOUBLES = timedelta(minutes=1)


class Standing(StrEnum):
    """Whether an account may be sent to. `HALF_OPEN`: with one batch, which decides."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


@dataclass(slots=True)
class _Breaker:
    limit: int
    first_pause: timedelta
    pause: timedelta = field(init=False)
    failures: int = 0
    open_until: datetime | None = None
    probing: bool = False
    recovered_at: datetime | None = None
    shut: bool = False

    def __post_init__(self) -> None:
        self.pause = self.first_pause

    def standing(self, now: datetime) -> Standing:
        if self.shut or (self.open_until is not None and now < self.open_until):
            return Standing.OPEN
        return Standing.CLOSED if self.open_until is None else Standing.HALF_OPEN

    def share(self, now: datetime) -> float:
        if self.recovered_at is None:
            return 1.0
        doublings = max(0, (now - self.recovered_at) // SHARE_DOUBLES)
        return min(1.0, FIRST_SHARE * (1 << min(doublings, 10)))

    def fail(self, now: datetime) -> bool:
        """Counts a failure; whether it opened the breaker (again)."""
        if self.open_until is not None:
            # what was under way when the breaker opened says nothing new; only the probe's own end does
            return self.probing and self._open(now, longer=True)
        self.failures += 1
        recovering = self.share(now) < 1.0
        if recovering:
            self.recovered_at = now
        return self.failures >= self.limit and self._open(now, longer=recovering)

    def work(self, now: datetime) -> bool:
        """Counts a success; whether it closed the breaker."""
        if self.open_until is None:
            self.failures = 0
            if self.recovered_at is not None and self.share(now) >= 1.0:
                self.recovered_at, self.pause = None, self.first_pause
            return False
        if not self.probing:
            return False
        self.open_until, self.probing, self.failures, self.recovered_at = None, False, 0, now
        return True

    def probe(self, now: datetime) -> None:
        # open meanwhile, so that nothing follows the probe before its end; one whose end is never told runs out
        self.probing, self.open_until = True, now + self.pause

    def _open(self, now: datetime, *, longer: bool) -> bool:
        if longer:
            self.pause = min(self.pause * 2, max(LONGEST_PAUSE, self.first_pause))
        else:
            self.pause = self.first_pause
        self.open_until, self.probing, self.recovered_at = now + self.pause, False, None
        return True


class Breakers:
    """The breakers of all accounts, in memory: a new process finds out anew. Thread-safe.

    ``closed → open`` after `AccountOptions.breaker_failures` failures in a row, for `AccountOptions.breaker_pause`
    seconds; then ``half-open``: one batch goes, and either closes the breaker or opens it for twice as long, up to 15
    minutes. A closed one gets a tenth of its share at first, doubling each minute; a failure starts that over.
    """

    def __init__(self, options: Mapping[str, AccountOptions], clock: Callable[[], datetime], alarms: Alarms) -> None:
        self._clock = clock
        self._alarms = alarms
        self._lock = threading.Lock()
        self._all = {
            account: _Breaker(chosen.breaker_failures, timedelta(seconds=chosen.breaker_pause))
            for account, chosen in options.items()
        }

    def standing(self, account: str) -> Standing:
        """Whether the account may be sent to now."""
        with self._lock:
            return self._all[account].standing(self._clock())

    def those(self, standing: Standing) -> frozenset[str]:
        """The accounts whose breaker stands so."""
        with self._lock:
            now = self._clock()
            return frozenset(name for name, breaker in self._all.items() if breaker.standing(now) is standing)

    def tried_again_at(self, account: str) -> datetime | None:
        """When an open breaker lets its next batch, or lookup, through; None where it is not open, or is shut."""
        with self._lock:
            breaker = self._all[account]
            is_open = breaker.standing(self._clock()) is Standing.OPEN
            return breaker.open_until if is_open and not breaker.shut else None

    def share(self, account: str) -> float:
        """What the account gets of the messages that another account could send as well: over 0, up to 1."""
        with self._lock:
            return self._all[account].share(self._clock())

    def failed(self, account: str, reason: str) -> None:
        """A request of the account failed, and by the account's or its provider's fault."""
        with self._lock:
            breaker = self._all[account]
            opened, failures, pause = breaker.fail(self._clock()), breaker.failures, breaker.pause
        if opened:
            self._alarms.sound(
                f"breaker of {account}",
                f"nothing is sent through it after {failures} failures in a row, the last: {reason.rstrip('.')}. It is "
                f"tried again in {pause.total_seconds():g} s; until then messages whose route names another account go "
                "there, and the others wait.",
            )

    def worked(self, account: str) -> None:
        """The account's provider answered a request as its guide says."""
        with self._lock:
            closed = self._all[account].work(self._clock())
        if closed:
            self._alarms.settle(f"breaker of {account}")

    def probe(self, account: str) -> bool:
        """The one batch, or lookup, of a half-open breaker is about to leave; false when another was before it."""
        with self._lock:
            breaker, now = self._all[account], self._clock()
            first = breaker.standing(now) is Standing.HALF_OPEN
            if first:
                breaker.probe(now)
        if first:
            log.info("breaker_probe", account=account)
        return first

    def shut(self, account: str) -> bool:
        """Opens the breaker until `unshut`, whatever is sent meanwhile; whether that is new."""
        return self._shut(account, to=True)

    def unshut(self, account: str) -> bool:
        """Takes `shut` back; whether it was shut."""
        return self._shut(account, to=False)

    def _shut(self, account: str, *, to: bool) -> bool:
        with self._lock:
            breaker = self._all[account]
            changed, breaker.shut = breaker.shut is not to, to
        return changed
