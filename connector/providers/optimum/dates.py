"""Optimum Measures' dates: ``2017-07-16 12:08:56.690`` with no zone; the account's zone is a setting."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo


def time_of(written: object, zone: str) -> datetime | None:
    """The time in UTC; None where nothing, or something else, is written."""
    try:
        read = datetime.fromisoformat(str(written or "").strip())
        return (read if read.tzinfo else read.replace(tzinfo=ZoneInfo(zone))).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
