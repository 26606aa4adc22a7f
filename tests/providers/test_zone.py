"""The zone of an account's dates is one of the tz database, whichever the account's provider."""

from typing import Any

import pytest

from connector import settings
from connector.model.errors import SettingsError

ACCOUNTS: dict[str, dict[str, Any]] = {
    "smsclouds": {"provider": "smsclouds", "token": "t"},
    "smpp": {
        "provider": "smsclouds",
        "protocol": "smpp",
        "host": "localhost",
        "tls": False,
        "system_id": "u",
        "password": "p",
    },
    "optimum": {"provider": "optimum"},
}


def account(name: str, zone: str) -> Any:
    """The options of an account with this zone."""
    return settings.of({"accounts": {name: {**ACCOUNTS[name], "zone": zone}}}).account_options()[name]


@pytest.mark.parametrize("zone", ["Mexico", "America", "Mars/Base", ""])
@pytest.mark.parametrize("name", ACCOUNTS)
def test_what_is_no_zone_is_refused_with_the_settings(name: str, zone: str) -> None:
    """A folder of zones, as any other name that is none, is refused where it stands, with what to write."""
    with pytest.raises(SettingsError) as refused:
        account(name, zone)
    assert f"there is no time zone {zone!r}; write one such as America/Mexico_City" in str(refused.value)
    assert f"[accounts.{name}] zone" in str(refused.value)


@pytest.mark.parametrize("name", ACCOUNTS)
def test_a_zone_is_taken_as_it_stands(name: str) -> None:
    """A zone that exists is the account's."""
    assert account(name, "Asia/Kolkata").zone == "Asia/Kolkata"
