"""Times as SMPP writes them: those of requests (7.1.1), and those of receipts (appendix B), which bear no zone."""

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

_ZONE = ZoneInfo("America/Mexico_City")
_SHAPE = re.compile(r"(\d{12})(\d)(\d\d)([+\-R])")
_QUARTERS_A_DAY = 48


def parsed(text: str, now: float) -> float:
    """``YYMMDDhhmmsstnnp``, absolute or relative, as seconds since 1970. Raises ValueError for anything else."""
    found = _SHAPE.fullmatch(text)
    if found is None:
        raise ValueError("a time of SMPP has 16 characters, YYMMDDhhmmsstnnp")
    digits, tenths, quarters, sign = found.groups()
    if sign == "R":
        years, months, days, hours, minutes, seconds = (int(digits[at : at + 2]) for at in range(0, 12, 2))
        days += 365 * years + 30 * months
        return now + timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds).total_seconds()
    if int(quarters) > _QUARTERS_A_DAY:
        raise ValueError("no zone is more than 48 quarters of an hour away")
    local = datetime.strptime(digits, "%y%m%d%H%M%S").replace(tzinfo=UTC).timestamp() + int(tenths) / 10
    return local - int(f"{sign}{quarters}") * 900


def written(at: float) -> str:
    """``YYMMDDhhmm`` on the wall clock of Mexico City."""
    return datetime.fromtimestamp(at, _ZONE).strftime("%y%m%d%H%M")
