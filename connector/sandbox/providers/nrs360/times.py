"""Dates and times of day as 360NRS writes them, and `availableTimes` (guide, "Send SMS Message", errors 183 to 196)."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from connector.sandbox.providers.nrs360.errors import Refusal

_HOUR = re.compile(r"([01]\d|2[0-3]):[0-5]\d$")
# The guide says "too short" (196) and names no figure.
_SHORTEST = timedelta(minutes=15)


def moment(text: str | None) -> float | None:
    """Seconds since 1970 of a UTC date written ``YYYYmmddHHiiss``; None for None. Raises ValueError."""
    if text is None:
        return None
    if not re.fullmatch(r"\d{14}", text):
        raise ValueError("A date is 14 digits.")
    return datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=UTC).timestamp()


def is_moment(value: Any) -> bool:
    """Whether `value` is a date as `moment` reads it."""
    try:
        moment(value)
    except (TypeError, ValueError):
        return False
    return True


def written(at: float | None) -> str | None:
    """ISO 8601 to the second in UTC, as in ``2018-12-27T11:31:16+00:00``."""
    return None if at is None else _second(int(at))


@lru_cache(maxsize=4096)  # a report of a million rows has few different seconds
def _second(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat()


def filter_date(name: str, query: Mapping[str, str]) -> float | None:
    """Seconds since 1970 of an ISO 8601 filter; None without one. Raises Refusal(422), also for a ``+`` that came as
    a space."""
    text = query.get(name)
    if text is None:
        return None
    try:
        date = datetime.fromisoformat(text)
    except ValueError:
        raise Refusal(422, f"The {name} field must be a date in ISO 8601 format.") from None
    return (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp()


@dataclass(frozen=True)
class Window:
    """Hours in which messages go out: ISO weekdays (1 is Monday; None is every day), minutes since midnight UTC."""

    day: int | None
    opens: int
    closes: int


def windows(given: Any) -> list[Window]:
    """The windows of `availableTimes`. Raises Refusal with 183 to 189, 194 or 196."""
    if not isinstance(given, list):
        raise Refusal(183)
    if not given:
        raise Refusal(194)
    return [_window(item) for item in given]


def _window(item: Any) -> Window:
    if not isinstance(item, dict) or "from" not in item or "to" not in item:
        raise Refusal(189)
    day = item.get("day")
    if day is not None and (not isinstance(day, int) or isinstance(day, bool)):
        raise Refusal(184)
    if day is not None and not 1 <= day <= 7:
        raise Refusal(185)
    opens, closes = _minutes(item["from"], 186), _minutes(item["to"], 187)
    if opens > closes:
        raise Refusal(188)
    if closes - opens < _SHORTEST.total_seconds() / 60:
        raise Refusal(196)
    return Window(day, opens, closes)


def _minutes(text: Any, code: int) -> int:
    if not isinstance(text, str) or not _HOUR.match(text):
        raise Refusal(code)
    return int(text[:2]) * 60 + int(text[3:])


def opening(at: float, allowed: Sequence[Window]) -> float:
    """The first moment from `at` (seconds since 1970) on that lies in one of the windows; `at` when there are none."""
    if not allowed:
        return at
    start = datetime.fromtimestamp(at, UTC)
    midnight = start.replace(hour=0, minute=0, second=0, microsecond=0)
    dates = [midnight + timedelta(days=days) for days in range(8)]
    return min(
        max(start, date + timedelta(minutes=window.opens))
        for date in dates
        for window in allowed
        if window.day in (None, date.isoweekday()) and date + timedelta(minutes=window.closes) > start
    ).timestamp()
