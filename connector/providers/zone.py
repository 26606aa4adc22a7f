"""The time zone of an account's dates, as its settings name it."""

from typing import Annotated

from pydantic import AfterValidator

from connector.model.zones import is_zone


def _existing(zone: str) -> str:
    if not is_zone(zone):
        raise ValueError(f"there is no time zone {zone!r}; write one such as America/Mexico_City")
    return zone


Zone = Annotated[str, AfterValidator(_existing)]
"""A zone of the tz database; any other is refused when the settings are read."""
