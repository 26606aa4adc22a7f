"""Time zones are known by their names in the tz database, and by nothing else that lies beside them."""

import pytest

from connector.model.zones import is_zone


@pytest.mark.parametrize("name", ["UTC", "America/Mexico_City", "Asia/Kolkata", "America/Argentina/Ushuaia"])
def test_a_zone_is_known_by_its_name(name: str) -> None:
    """What the tz database calls a zone is one."""
    assert is_zone(name)


@pytest.mark.parametrize(
    "name",
    ["Mexico", "America/Argentina", "Mars/Base", "", ".", "../UTC", "/UTC", "UTC/", "zone.tab", "U\0TC", "x" * 5000],
)
def test_what_is_no_zone_is_told_and_never_raised(name: str) -> None:
    """A folder of zones, a way out of the database, another file and a name no file can have are no zones."""
    assert not is_zone(name)
