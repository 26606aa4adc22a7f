"""Names of time zones as people write them."""

from zoneinfo import ZoneInfo


def is_zone(name: str) -> bool:
    """Whether the tz database has a zone of this name; `Mexico` is none, but a folder of zones."""
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # not there; no name of a file; a folder, or too long a name
        return False
    return True
