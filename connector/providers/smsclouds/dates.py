"""Smsclouds' dates: ``YYYY-MM-DD HH:mm:ss`` with no zone; the account's zone is a setting."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

FORMAT = "%Y-%m-%d %H:%M:%S"


def time_of(written: object, zone: str) -> datetime | None:
    """The time in UTC; None where nothing, or something else, is written."""
    try:
        return datetime.strptime(str(written).strip(), FORMAT).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    except ValueError:
        return None


def written(at: datetime, zone: str) -> str:
    """An aware time as the account's zone writes it, to the second."""
    return at.astimezone(ZoneInfo(zone)).strftime(FORMAT)
