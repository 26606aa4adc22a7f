"""The time zones of countries, for recipients of whom nothing else is known: tz's own table, zone.tab."""

from functools import cache
from importlib.resources import files
from pathlib import Path
from zoneinfo import TZPATH


def zones_of_country(country: str) -> tuple[str, ...]:
    """The time zones (IANA) of a country (ISO alpha-2), all of them, for nothing tells which; UTC alone where the table
    knows no such country."""
    return _zones().get(country.upper(), ("UTC",))


@cache
def _zones() -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for line in _table().splitlines():
        if line and not line.startswith("#"):
            country, _, zone = line.split("\t")[:3]
            found[country] = (*found.get(country, ()), zone)
    return found


def _table() -> str:
    """The machine's own table where it has one, as zoneinfo prefers the machine's zones too."""
    for folder in TZPATH:
        path = Path(folder) / "zone.tab"
        if path.is_file():
            return path.read_text("utf-8")
    return (files("tzdata") / "zoneinfo" / "zone.tab").read_text("utf-8")
