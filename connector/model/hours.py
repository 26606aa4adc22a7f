"""Hours in which messages may arrive, read off the recipient's own clock, whatever daylight saving does to it."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

NEVER = datetime.max.replace(tzinfo=UTC)
"""What `opens` gives where the zones' hours have no moment in common within a week."""

_DAY = timedelta(days=1)
_AHEAD = 8
"""Days looked ahead: one more than a week, for the local day may be behind."""


def is_open(start: time, end: time, zone: str, moment: datetime) -> bool:
    """Whether a clock on the wall in `zone` stands in [start, end) at `moment` (aware).

    An end before the start lies on the next day; the same time twice means always.
    """
    if start == end:
        return True
    wall = moment.astimezone(ZoneInfo(zone)).time()
    return start <= wall < end if start < end else wall >= start or wall < end


def opens(start: time, end: time, zones: Sequence[str], now: datetime) -> datetime | None:
    """None when it is open in every one of `zones` at `now` (aware); else when that is so next, in UTC, or `NEVER`.

    A clock passes into its hours when it shows their start, or when it is put forward or back into them.
    """

    def everywhere(moment: datetime) -> bool:
        return all(is_open(start, end, zone, moment) for zone in zones)

    if everywhere(now):
        return None
    for ahead in range(-1, _AHEAD):
        day = now.date() + ahead * _DAY
        moments = {moment for zone in zones for moment in _starts(start, zone, day)}
        for moment in sorted(moments):
            if moment > now and everywhere(moment):
                return moment
    return NEVER


@lru_cache(maxsize=4096)
def _starts(start: time, zone: str, day: date) -> tuple[datetime, ...]:
    """The moments of a local day at which its hours can begin, in UTC."""
    local = ZoneInfo(zone)
    shown = (datetime.combine(day, start, local).replace(fold=fold).astimezone(UTC) for fold in (0, 1))
    return (*(moment for moment in shown if moment.astimezone(local).time() == start), *_changes(local, day))


def _changes(local: ZoneInfo, day: date) -> Iterator[datetime]:
    """When the clock was put forward or back on a local day, in UTC, to the second."""
    midnight = datetime.combine(day, time(), local).astimezone(UTC)
    for hour in range(25):
        before, after = midnight + timedelta(hours=hour - 1), midnight + timedelta(hours=hour)
        if before.astimezone(local).utcoffset() == after.astimezone(local).utcoffset():
            continue
        while after - before > timedelta(seconds=1):
            middle = (before + (after - before) / 2).replace(microsecond=0)
            if middle.astimezone(local).utcoffset() == before.astimezone(local).utcoffset():
                before = middle
            else:
                after = middle
        yield after
