"""What the caps leave: read once, counted on as it is spent, and when there will be room for what does not fit."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from connector.model.caps import MILLIONTHS, WINDOWS, Cap, Period, Spent, Unit, rooms_at
from connector.providers.account import AccountOptions
from connector.providers.base import Provider
from connector.store import caps as spending
from connector.store import lookups
from connector.store.caps import Spender
from connector.store.db import Transaction

Providers = Mapping[str, Provider[AccountOptions]]


class Allowance:
    """What has been spent of each cap, and of a campaign's under each. Nobody else can spend while the transaction
    holds the lease's row, so that it stays true until the commit."""

    def __init__(self, connection: Transaction, caps: Sequence[Cap], campaigns: Collection[str], now: datetime) -> None:
        self.caps = caps
        self.now = now
        self.taken: list[tuple[Spender, Spent]] = []
        self._connection = connection
        self._spent: dict[tuple[Cap, str], int] = defaultdict(int)
        if any(cap.period is not Period.CAMPAIGN for cap in caps):
            hour, day = (now - WINDOWS[period] for period in (Period.HOUR, Period.DAY))
            for spender, in_hour, in_day in spending.spent_since(connection, hour, day):
                self._count(spender, Period.HOUR, in_hour, "")
                self._count(spender, Period.DAY, in_day, "")
        if campaigns and any(cap.period is Period.CAMPAIGN for cap in caps):
            for spender, amount in spending.spent_by_campaigns(connection, sorted(campaigns)):
                self._count(spender, Period.CAMPAIGN, amount, spender.campaign or "")

    def _count(self, spender: Spender, period: Period, amount: Spent, campaign: str) -> None:
        for cap in self.caps:
            if cap.period is period and cap.holds_for(spender.account, spender.mapping):
                self._spent[cap, campaign] += amount.of(cap.unit)

    def take(self, spender: Spender, cost: Spent) -> Cap | None:
        """Spends what something costs, or gives the cap that keeps it from being spent: the longest-lasting one."""
        keys = [
            (cap, (spender.campaign or "") if cap.period is Period.CAMPAIGN else "")
            for cap in self.caps
            if cap.holds_for(spender.account, spender.mapping)
            and (cap.period is not Period.CAMPAIGN or spender.campaign)
        ]
        full = [key for key in keys if self._spent[key] + cost.of(key[0].unit) > key[0].most]
        if full:
            lasting = list(Period)
            return max(full, key=lambda key: lasting.index(key[0].period))[0]
        for key in keys:
            self._spent[key] += cost.of(key[0].unit)
        self.taken.append((spender, cost))
        return None

    def left(self, cap: Cap) -> int:
        """How much of a cap of an hour or a day is left now."""
        return max(0, cap.most - self._spent[cap, ""])

    def spent_by(self, waits: Collection[Cap]) -> dict[Cap, list[tuple[datetime, int]]]:
        """When how much of each cap was spent, what is taken now included."""
        moments: dict[Cap, list[tuple[datetime, int]]] = {cap: [] for cap in waits}
        if not waits:
            return moments
        since = self.now - max(WINDOWS[cap.period] for cap in waits)
        told = [*spending.timeline(self._connection, since), *((self.now, *each) for each in self.taken)]
        for at, spender, amount in told:
            for cap in waits:
                if at > self.now - WINDOWS[cap.period] and cap.holds_for(spender.account, spender.mapping):
                    moments[cap].append((at, amount.of(cap.unit)))
        return moments

    def in_line(self, providers: Providers, waits: Collection[Cap]) -> dict[Cap, int]:
        """How much of each cap the messages and lookups want that already wait for one."""
        needed = dict.fromkeys(waits, 0)
        if not waits:
            return needed
        for spender, messages, segments in spending.in_line(self._connection, self.now):
            wanted = Spent(messages, segments, spending.money(segments, _price_a_part(providers, spender.account)))
            for cap in waits:
                if cap.covers(spender.account, spender.mapping):
                    needed[cap] += wanted.of(cap.unit)
        asked = [name for name in providers if any(cap.covers_lookups(name) for cap in waits)]
        for account, number in lookups.in_line(self._connection, asked, self.now).items() if asked else ():
            wanted = lookup_cost(providers, account) * number
            for cap in waits:
                if cap.covers_lookups(account):
                    needed[cap] += wanted.of(cap.unit)
        return needed

    def rooms(self, providers: Providers, cap: Cap, costs: Iterable[int]) -> list[datetime]:
        """When there will be room under a cap for each of these costs of its unit, one after the other, behind what
        already waits for it. Each is at most the cap itself."""
        needed, needs = self.in_line(providers, [cap])[cap], []
        for cost in costs:
            needed += cost
            needs.append(needed)
        return list(rooms_at(self.spent_by([cap])[cap], cap.most, WINDOWS[cap.period], needs, self.now))


@dataclass(frozen=True, slots=True)
class Shortage:
    """A cap that keeps something from being spent: how much it wants, what is left, and about when there is room; None
    where no waiting helps, for it is more than the cap itself."""

    cap: Cap
    wanted: int
    left: int
    room_at: datetime | None

    def __str__(self) -> str:
        wanted, left = (_amount(self.cap, each) for each in (self.wanted, self.left))
        if self.room_at is None:
            return f"it wants {wanted}, which is more than the cap of {self.cap} itself; raise it in the settings"
        return (
            f"the cap of {self.cap} leaves {left}, and it wants {wanted}; there is room again about "
            f"{self.room_at:%Y-%m-%d %H:%M} UTC"
        )


def shortage(
    connection: Transaction, providers: Providers, caps: Sequence[Cap], spender: Spender, cost: Spent, now: datetime
) -> Shortage | None:
    """What keeps something from being spent as a whole, of these caps; None where nothing does."""
    if not caps:
        return None
    allowance = Allowance(connection, caps, (), now)
    full = allowance.take(spender, cost)
    if full is None:
        return None
    wanted = cost.of(full.unit)
    room_at = None if wanted > full.most else allowance.rooms(providers, full, [wanted])[0]
    return Shortage(full, wanted, allowance.left(full), room_at)


def lookup_cost(providers: Providers, account: str) -> Spent:
    """What one lookup at an account costs."""
    provider = providers.get(account)
    price = (provider.settings.price_a_lookup or 0) if provider else 0
    return Spent(money=spending.money(1, price), lookups=1)


def _price_a_part(providers: Providers, account: str) -> float:
    provider = providers.get(account)
    return (provider.settings.price_a_part or 0) if provider else 0


def _amount(cap: Cap, amount: int) -> str:
    return f"{amount / MILLIONTHS:g}" if cap.unit is Unit.MONEY else f"{amount:,}"
