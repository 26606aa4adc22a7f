"""Times as people type them."""

from datetime import UTC, datetime, timedelta

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st

from connector.cli.times import moment

NOW = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("2026-11-01", datetime(2026, 11, 1, tzinfo=UTC)),
        ("2026-11-01T08:00Z", datetime(2026, 11, 1, 8, tzinfo=UTC)),
        ("2026-11-01T08:00", datetime(2026, 11, 1, 8, tzinfo=UTC)),
        ("2026-11-01T08:00+02:00", datetime(2026, 11, 1, 6, tzinfo=UTC)),
        ("7d", NOW - timedelta(days=7)),
        ("24h", NOW - timedelta(hours=24)),
        ("2w", NOW - timedelta(weeks=2)),
    ],
)
def test_a_time_is_read(typed: str, meant: datetime) -> None:
    """Dates, times with and without a zone, and how long ago."""
    assert moment(typed, NOW) == meant


@pytest.mark.parametrize("typed", ["", "yesterday", "7", "d", "-7d", "2026-13-01", "7 d", "١٢d2"])
def test_what_is_no_time_is_refused(typed: str) -> None:
    """Anything else is refused with an example of what can be typed."""
    with pytest.raises(typer.BadParameter, match="2026-11-01T08:00Z"):
        moment(typed, NOW)


@given(st.datetimes(timezones=st.just(UTC)))
def test_every_time_is_itself(at: datetime) -> None:
    """A time written in ISO 8601 reads as itself."""
    assert moment(at.isoformat(), NOW) == at
