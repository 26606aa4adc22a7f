"""Times as people type them."""

import re
from datetime import UTC, datetime, timedelta

import typer

_AGO = re.compile(r"(\d{1,5})([mhdw])")
_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}


def moment(typed: str, now: datetime) -> datetime:
    """``2026-11-01`` (its midnight, UTC), ``2026-11-01T08:00Z`` (UTC without a zone), or how long ago: ``7d``, ``24h``.

    Raises:
        typer.BadParameter: it is none of these.
    """
    typed = typed.strip()
    if ago := _AGO.fullmatch(typed):
        return now - int(ago[1]) * _UNITS[ago[2]]
    try:
        read = datetime.fromisoformat(typed)
    except ValueError:
        raise typer.BadParameter(
            f"{typed!r} is no time: write 2026-11-01, 2026-11-01T08:00Z, or how long ago, such as 7d or 24h."
        ) from None
    return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)


def shown(at: datetime) -> str:
    """A time as all answers write it: to the second, in UTC."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}Z"
