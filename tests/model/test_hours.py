"""Hours: read off the recipient's own clock, through every change of it."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.model.hours import NEVER, is_open, opens
from connector.model.phone import zones_of

ZONES = (
    "Europe/Madrid", "America/New_York", "America/Mexico_City", "Australia/Lord_Howe", "Asia/Kolkata", "Asia/Kathmandu",
    "Africa/Casablanca", "Pacific/Kiritimati", "Pacific/Pago_Pago", "America/St_Johns", "UTC",
)  # fmt: skip
CHANGES = (
    datetime(2026, 3, 29, 1, tzinfo=UTC),  # Madrid springs forward
    datetime(2026, 10, 25, 1, tzinfo=UTC),  # and falls back
    datetime(2026, 3, 8, 7, tzinfo=UTC),  # New York
    datetime(2026, 11, 1, 6, tzinfo=UTC),
    datetime(2026, 10, 3, 15, 30, tzinfo=UTC),  # Lord Howe, by half an hour
    datetime(2026, 2, 15, 2, tzinfo=UTC),  # Casablanca, for Ramadan
)
DAY, NIGHT = (time(8), time(21)), (time(21), time(8))
minutes = st.integers(0, 24 * 60 - 1).map(lambda minute: time(minute // 60, minute % 60))
moments = st.builds(
    lambda near, away: near + timedelta(minutes=away), st.sampled_from(CHANGES), st.integers(-2000, 2000)
)


def madrid(text: str) -> datetime:
    """A time on Madrid's clocks, as a moment."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Europe/Madrid")).astimezone(UTC)


@settings(max_examples=150, deadline=None)
@given(minutes, minutes, st.lists(st.sampled_from(ZONES), min_size=1, max_size=3, unique=True), moments)
def test_it_opens_at_the_first_minute_at_which_it_is_open_everywhere(
    start: time, end: time, zones: list[str], now: datetime
) -> None:
    """What is told is the first minute at which every clock stands within its hours, found minute by minute."""

    def everywhere(moment: datetime) -> bool:
        return all(is_open(start, end, zone, moment) for zone in zones)

    at = opens(start, end, zones, now)
    if at is None:
        assert everywhere(now)
        return
    ahead = int(min(at - now, timedelta(days=3)) / timedelta(minutes=1))
    assert not any(everywhere(now + timedelta(minutes=minute)) for minute in range(ahead))
    assert at == NEVER or (at > now and everywhere(at))


@given(minutes, minutes, st.sampled_from(ZONES), moments)
def test_open_is_what_the_clock_on_the_wall_says(start: time, end: time, zone: str, moment: datetime) -> None:
    """Within [start, end) of the local day, or outside of [end, start) where the end lies on the next day."""
    wall = moment.astimezone(ZoneInfo(zone)).strftime("%H:%M")
    first, last = f"{start:%H:%M}", f"{end:%H:%M}"
    expected = True if first == last else first <= wall < last if first < last else not last <= wall < first
    assert is_open(start, end, zone, moment) is expected


@pytest.mark.parametrize(
    ("hours", "now", "at"),
    [
        (DAY, "2026-11-21 07:59", "2026-11-21 08:00"),
        (DAY, "2026-11-21 08:00", None),
        (DAY, "2026-11-21 20:59", None),
        (DAY, "2026-11-21 21:00", "2026-11-22 08:00"),
        (DAY, "2026-03-28 23:00", "2026-03-29 08:00"),  # a night of one hour less
        (DAY, "2026-10-24 23:00", "2026-10-25 08:00"),  # and one of one hour more
        (NIGHT, "2026-11-21 12:00", "2026-11-21 21:00"),
        (NIGHT, "2026-11-21 23:59", None),
        (NIGHT, "2026-11-22 00:00", None),
        (NIGHT, "2026-11-22 08:00", "2026-11-22 21:00"),
        ((time(9), time(9)), "2026-11-21 03:00", None),
        ((time(2, 30), time(4)), "2026-03-29 01:00", "2026-03-29 03:00"),  # 02:30 never comes on that day
    ],
)
def test_by_hand(hours: tuple[time, time], now: str, at: str | None) -> None:
    """Days, nights across midnight, the same time twice, and the nights on which the clocks change."""
    assert opens(*hours, ["Europe/Madrid"], madrid(now)) == (madrid(at) if at else None)


def test_a_clock_put_back_closes_and_opens_twice() -> None:
    """Where the hours begin within the hour that comes twice, each coming counts as the clock shows it."""
    begins = time(2, 30), time(12)
    first = datetime(2026, 10, 25, 0, 0, tzinfo=UTC)  # 02:00 in summer time
    assert opens(*begins, ["Europe/Madrid"], first) == first + timedelta(minutes=30)
    again = first + timedelta(hours=1)  # 02:00 once more, in winter time
    assert opens(*begins, ["Europe/Madrid"], again) == again + timedelta(minutes=30)


def test_hours_without_a_common_moment_never_open() -> None:
    """One hour in the morning is never the same in Hawaii and in New York."""
    both = ["America/New_York", "Pacific/Honolulu"]
    now = datetime(2026, 11, 21, 5, tzinfo=UTC)
    assert opens(time(8), time(9), both, now) == NEVER
    assert opens(time(8), time(21), both, now) not in (None, NEVER)


@pytest.mark.parametrize(
    ("number", "zones"),
    [
        ("+524498987282", {"America/Mexico_City"}),
        ("+526641234567", {"America/Tijuana"}),
        ("+12125550123", {"America/New_York"}),
        ("+34612345678", {"Europe/Madrid", "Atlantic/Canary"}),
        ("+80012345678", {"UTC"}),
        ("", {"UTC"}),
    ],
)
def test_the_zones_of_a_number(number: str, zones: set[str]) -> None:
    """An area's zone where the number tells it, all of its country's where it does not, else UTC."""
    assert set(zones_of(number)) == zones
    assert all(ZoneInfo(zone) for zone in zones_of(number))
