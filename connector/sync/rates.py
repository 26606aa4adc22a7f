"""How fast an account may be sent to: a token bucket each, in messages and in requests a second."""

import threading
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from connector.providers.account import AccountOptions


class _Bucket:
    """Fills by `a_second` tokens a second and holds a second's worth, one at least; without a rate it is bottomless."""

    def __init__(self, a_second: float | None, now: datetime) -> None:
        self._a_second = a_second
        self._holds = max(1.0, a_second or 0.0)
        self._tokens = self._holds
        self._at = now

    def left(self, now: datetime, most: int) -> int:
        if self._a_second is None:
            return most
        passed = max(0.0, (now - self._at).total_seconds())  # none, when the clock was set back
        self._tokens = min(self._holds, self._tokens + passed * self._a_second)
        self._at = now
        return min(most, int(self._tokens))

    def take(self, number: int) -> None:
        self._tokens -= number


class Rates:
    """What each account may still send this second, in memory. Thread-safe.

    Only requests that send are counted. What is over stays claimed, without an attempt, until its second has come: an
    attempt that is committed leaves at once, so that a crash leaves few in doubt.
    """

    def __init__(self, options: Mapping[str, AccountOptions], clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        now = clock()
        self._messages = {name: _Bucket(chosen.messages_a_second, now) for name, chosen in options.items()}
        self._requests = {name: _Bucket(chosen.requests_a_second, now) for name, chosen in options.items()}
        self._asked_to_wait: dict[str, tuple[datetime, timedelta]] = {}

    def left(self, account: str, messages: int, requests: int) -> tuple[int, int]:
        """How many of so many messages, and of so many requests, the account may send now."""
        with self._lock:
            now = self._clock()
            since, wait = self._asked_to_wait.get(account, (now, timedelta()))
            if since <= now < since + wait:
                return 0, 0
            return self._messages[account].left(now, messages), self._requests[account].left(now, requests)

    def take(self, account: str, messages: int, requests: int) -> None:
        """Counts what is about to leave."""
        with self._lock:
            self._messages[account].take(messages)
            self._requests[account].take(requests)

    def wait(self, account: str, seconds: float) -> None:
        """The provider asks for fewer requests (429): the account sends none for so long."""
        with self._lock:
            self._asked_to_wait[account] = self._clock(), timedelta(seconds=seconds)
