"""Caps: how much may be sent or looked up at most, in which period, and when there is room again. Pure."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import accumulate

from connector.model.scopes import Scope

MILLIONTHS = 1_000_000
"""Money is counted in millionths, so that no cap is passed by a rounding."""


class Unit(StrEnum):
    """What is counted."""

    MESSAGES = "messages"
    PARTS = "parts"
    MONEY = "money"
    LOOKUPS = "lookups"


class Period(StrEnum):
    """Over which time it is counted: the hour or the day that ends now, or all of a campaign."""

    HOUR = "hour"
    DAY = "day"
    CAMPAIGN = "campaign"


WINDOWS = {Period.HOUR: timedelta(hours=1), Period.DAY: timedelta(days=1)}


@dataclass(frozen=True, slots=True)
class Spent:
    """What was spent at a moment, or is wanted; `money` in millionths."""

    messages: int = 0
    parts: int = 0
    money: int = 0
    lookups: int = 0

    def __add__(self, other: "Spent") -> "Spent":
        return Spent(
            self.messages + other.messages,
            self.parts + other.parts,
            self.money + other.money,
            self.lookups + other.lookups,
        )

    def __mul__(self, times: int) -> "Spent":
        return Spent(self.messages * times, self.parts * times, self.money * times, self.lookups * times)

    def of(self, unit: Unit) -> int:
        """How much of one unit."""
        amount: int = getattr(self, unit.value)
        return amount


@dataclass(frozen=True, slots=True)
class Cap:
    """At most `most` (money in millionths) of `unit` in `period`, for one account, one mapping or everything."""

    scope: Scope
    name: str
    unit: Unit
    period: Period
    most: int

    def __str__(self) -> str:
        most = f"{self.most / MILLIONTHS:g}" if self.unit is Unit.MONEY else f"{self.most:,}"
        whose = self.scope.value if self.scope is Scope.EVERYTHING else f"the {self.scope} {self.name}"
        return f"{most} {self.unit} {'an' if self.period is Period.HOUR else 'a'} {self.period} for {whose}"

    def covers(self, account: str, mapping: str) -> bool:
        """Whether a message of this mapping that goes through this account counts; no mapping is empty."""
        return self.unit is not Unit.LOOKUPS and self.holds_for(account, mapping)

    def covers_lookups(self, account: str) -> bool:
        """Whether a lookup at this account counts, which belongs to no mapping and no campaign."""
        counted = self.unit in (Unit.LOOKUPS, Unit.MONEY) and self.period is not Period.CAMPAIGN
        return counted and self.holds_for(account, "")

    def holds_for(self, account: str, mapping: str) -> bool:
        """Whether it is a cap of this account, of this mapping, or of everything."""
        return self.scope is Scope.EVERYTHING or self.name == (account if self.scope is Scope.ACCOUNT else mapping)


def room_at(spent: Sequence[tuple[datetime, int]], most: int, window: timedelta, need: int, now: datetime) -> datetime:
    """When `need` more units will have fitted under a cap, if all that waits goes out as soon as there is room.

    `spent` is (when, how much) within the window that ends at `now`; `most` and `need` are at least 1.
    """
    return next(rooms_at(spent, most, window, [need], now))


def rooms_at(
    spent: Sequence[tuple[datetime, int]], most: int, window: timedelta, needs: Sequence[int], now: datetime
) -> Iterator[datetime]:
    """As `room_at`, for many needs at once."""
    moments = sorted(spent)
    freed = list(accumulate((amount for _, amount in moments), initial=0))
    free = most - freed[-1]
    for need in needs:
        rounds, rest = divmod(need - 1, most)
        leave = bisect_right(freed, rest - free)
        moment = now if leave == 0 else max(now, moments[leave - 1][0] + window)
        yield moment + rounds * window
