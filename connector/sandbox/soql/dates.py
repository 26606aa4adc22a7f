"""SOQL's relative date literals as half-open ranges of days ("SOQL and SOSL Reference", Date Literals).

Weeks begin on Sunday and fiscal years in January, as in an org in the en_US locale that changed nothing.
"""

import re
from calendar import monthrange
from collections.abc import Callable
from datetime import date, timedelta

Range = tuple[date, date]

_UNITS = ("DAY", "WEEK", "MONTH", "QUARTER", "YEAR", "FISCAL_QUARTER", "FISCAL_YEAR")
_COUNTED = re.compile(r"(LAST|NEXT)_N_([A-Z_]+?)S|N_([A-Z_]+?)S_AGO")
_NAMED = re.compile(r"(LAST|THIS|NEXT)_([A-Z_]+)")


def _months_later(day: date, months: int) -> date:
    month = day.year * 12 + day.month - 1 + months
    year, month = divmod(month, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def _start(unit: str, day: date) -> date:
    unit = unit.removeprefix("FISCAL_")
    starts: dict[str, Callable[[], date]] = {
        "DAY": lambda: day,
        "WEEK": lambda: day - timedelta(days=(day.weekday() + 1) % 7),
        "MONTH": lambda: day.replace(day=1),
        "QUARTER": lambda: day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1),
        "YEAR": lambda: day.replace(month=1, day=1),
    }
    return starts[unit]()


def _shift(unit: str, day: date, count: int) -> date:
    unit = unit.removeprefix("FISCAL_")
    if unit in ("DAY", "WEEK"):
        return day + timedelta(days=count * (7 if unit == "WEEK" else 1))
    return _months_later(day, count * {"MONTH": 1, "QUARTER": 3, "YEAR": 12}[unit])


def days(name: str, count: int | None, today: date) -> Range | None:
    """The days from the first to the one after the last that a literal means, or None when there is no such literal."""
    if count is None:
        return _named(name, today)
    match = _COUNTED.fullmatch(name)
    unit = match and (match[2] or match[3])
    if match is None or unit not in _UNITS:
        return None
    this = _start(unit, today)
    if match[3]:
        return _shift(unit, this, -count), _shift(unit, this, 1 - count)
    if match[1] == "LAST":
        # The counted days reach up to and include today; the other units stop before the current one.
        return _shift(unit, this, -count), (today + timedelta(days=1) if unit == "DAY" else this)
    following = _shift(unit, this, 1)
    return following, _shift(unit, following, count)


def _named(name: str, today: date) -> Range | None:
    single = {"YESTERDAY": -1, "TODAY": 0, "TOMORROW": 1}
    if name in single:
        day = today + timedelta(days=single[name])
        return day, day + timedelta(days=1)
    if name == "LAST_90_DAYS":
        return today - timedelta(days=90), today + timedelta(days=1)
    if name == "NEXT_90_DAYS":
        return today + timedelta(days=1), today + timedelta(days=91)
    match = _NAMED.fullmatch(name)
    if match is None or match[2] not in _UNITS or match[2] == "DAY":
        return None
    offset = {"LAST": -1, "THIS": 0, "NEXT": 1}[match[1]]
    this = _start(match[2], today)
    return _shift(match[2], this, offset), _shift(match[2], this, offset + 1)
