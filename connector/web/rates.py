"""How often is too often: of those who do not know a secret, and of an account's own webhooks.

Two limits, for two reasons. Requests that are turned away cost a comparison and a line in the log, so a peer may make
a few of them a minute, and what is above that is neither logged nor told apart. A webhook that knows its secret is
never turned away for what its neighbours do: behind one proxy, guesses and news come from one address.

The limit of an account may lose no news, for most providers tell everything once. So a webhook is stored before it is
counted, and the one above the rate is kept like the rest: its 429 only tells the sender to slow down, and the same news
told again changes nothing. Only who goes on regardless, for a whole burst more, is turned away unread; the rates by
default are far above what a provider pushes.
"""

import math
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_network

import structlog

from connector.web.senders import Address

_PEERS_REMEMBERED = 10_000
_IPV6_OF_ONE_PEER = 64
_ROUNDING = 1e-6  # seconds are floats: who waits as told must not miss the token by a hair

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Rate:
    """`a_second` in the long run, `burst` at once; both more than 0."""

    a_second: float
    burst: int


TURNED_AWAY = Rate(1.0, 60)
TAKEN = Rate(2000.0, 10_000)


class Bucket:
    """A token bucket that can be overdrawn by as much as it holds. `now` is in seconds and never runs backwards."""

    def __init__(self, rate: Rate, now: float) -> None:
        self._rate = rate
        self._level = float(rate.burst)
        self._filled = now

    def take(self, now: float) -> int:
        """Counts one: 0 when it is within the rate, else the whole seconds after which the next one is."""
        self._fill(now)
        within = self._level >= 1 - _ROUNDING
        self._level = max(self._level - 1, -float(self._rate.burst))
        return 0 if within else self._wait()

    def overdrawn(self, now: float) -> int:
        """0 while it can still be overdrawn, else the whole seconds after which the next one is within the rate."""
        self._fill(now)
        return 0 if self._level - 1 >= -self._rate.burst - _ROUNDING else self._wait()

    def _fill(self, now: float) -> None:
        self._level = min(self._level + (now - self._filled) * self._rate.a_second, float(self._rate.burst))
        self._filled = now

    def _wait(self) -> int:
        return max(1, math.ceil((1 - self._level) / self._rate.a_second))


class Allowances:
    """Counts the webhooks of each account. Logs once when an account comes above its rate, and not for each webhook."""

    def __init__(self, accounts: Iterable[str], rate: Rate, ticks: Callable[[], float]) -> None:
        self._ticks = ticks
        self._buckets = {account: Bucket(rate, ticks()) for account in accounts}
        self._above: set[str] = set()

    def take(self, account: str) -> int:
        """Counts one: 0, or the seconds for which the sender is asked to wait."""
        wait = self._buckets[account].take(self._ticks())
        if wait and account not in self._above:
            _log.warning("an account's webhooks come faster than [web] webhooks_a_second", account=account)
        (self._above.add if wait else self._above.discard)(account)
        return wait

    def overdrawn(self, account: str) -> int:
        """0, or the seconds to wait where the account's webhooks are not even read."""
        return self._buckets[account].overdrawn(self._ticks())


class Peers:
    """Counts the requests of each peer that are turned away. The peers seen last are remembered, up to a number."""

    def __init__(self, rate: Rate, ticks: Callable[[], float]) -> None:
        self._rate = rate
        self._ticks = ticks
        self._buckets: OrderedDict[str, Bucket] = OrderedDict()

    def turned_away(self, origin: Address | None) -> int:
        """Counts one: 0, or the seconds to wait where the peer was turned away too often."""
        peer = _peer(origin)
        bucket = self._buckets.pop(peer, None) or Bucket(self._rate, self._ticks())
        self._buckets[peer] = bucket
        if len(self._buckets) > _PEERS_REMEMBERED:
            self._buckets.popitem(last=False)
        return bucket.take(self._ticks())


def _peer(origin: Address | None) -> str:
    # whoever has one address of IPv6 has its whole network
    if isinstance(origin, IPv6Address):
        return str(ip_network((origin, _IPV6_OF_ONE_PEER), strict=False))
    return str(origin)
