"""Smsclouds' dates: ``YYYY-MM-DD HH:mm:ss`` with no zone; the account's zone is a setting."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

FORMAT = "%Y-%m-%d %H:%M:%S"
LENGTH = len("YYYY-MM-DD HH:mm:ss")


def time_of(written: object, zone: str) -> datetime | None:
    """The time in UTC; None where nothing, or something else, is written."""
    text = str(written).strip()
    if len(text) != LENGTH:
        return None
    try:  # not strptime, which costs more than all else that is read of a campaign's row
        return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    except ValueError:
        return None


def local(at: datetime, zone: str) -> datetime:
    """An aware time as the account's zone tells it, without naming the zone."""
    return at.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
