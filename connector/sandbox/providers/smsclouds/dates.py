"""Dates without a zone, as Smsclouds writes them (``YYYY-MM-DD HH:mm:ss``): Mexico City's wall clock."""

import re
from datetime import datetime
from zoneinfo import ZoneInfo

_ZONE = ZoneInfo("America/Mexico_City")
_FORMAT = "%Y-%m-%d %H:%M:%S"
_SHAPE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")


def written(at: float | None) -> str | None:
    """Seconds since 1970 as a date; None for None."""
    return None if at is None else datetime.fromtimestamp(at, _ZONE).strftime(_FORMAT)


def parsed(text: object) -> float:
    """A date as seconds since 1970. Raises ValueError for anything not written exactly so."""
    if not isinstance(text, str) or not _SHAPE.fullmatch(text):
        raise ValueError(f"{text!r} is not a date YYYY-MM-DD HH:mm:ss")
    return datetime.strptime(text, _FORMAT).replace(tzinfo=_ZONE).timestamp()


def month_start(at: float) -> str:
    """The first moment of the month in which `at` lies."""
    return datetime.fromtimestamp(at, _ZONE).strftime("%Y-%m-01 00:00:00")
