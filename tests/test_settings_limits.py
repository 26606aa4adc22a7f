"""Caps and live-fire safety as settings."""

from typing import Any

import pytest

from connector.model.caps import Cap, Period, Unit
from connector.model.errors import SettingsError
from connector.model.scopes import Scope
from connector.settings import of

ACCOUNT = {"provider": "smsclouds", "token": "t", "base_url": "https://sms.example"}


def caps(said: dict[str, Any], **account: Any) -> tuple[Cap, ...]:
    """The caps of settings with one account."""
    return of({"accounts": {"a": ACCOUNT | account}, "caps": said}).all_caps()


def test_every_cap_is_read() -> None:
    """Units, periods and scopes as they are written; money in millionths."""
    said = {
        "everything": {"messages_a_day": 5},
        "accounts": {"a": {"money_an_hour": 0.07}},
        "mappings": {"m": {"parts_a_campaign": 9}},
    }
    assert caps(said, price_a_part=0.01) == (
        Cap(Scope.EVERYTHING, "", Unit.MESSAGES, Period.DAY, 5),
        Cap(Scope.ACCOUNT, "a", Unit.MONEY, Period.HOUR, 70_000),
        Cap(Scope.MAPPING, "m", Unit.PARTS, Period.CAMPAIGN, 9),
    )


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({"accounts": {"b": {"messages_a_day": 1}}}, "there is no account 'b'"),
        ({"everything": {"money_a_day": 5}}, r"give \[accounts.a\] its price_a_part"),
        ({"everything": {"messages_a_day": 0}}, "greater than 0"),
        ({"everything": {"messages_a_week": 1}}, "there is no such setting"),
    ],
)
def test_a_cap_that_cannot_hold_is_refused(said: dict[str, Any], sentence: str) -> None:
    """A misspelt name, money without a price, nothing at all: each with what to do."""
    with pytest.raises(SettingsError, match=sentence):
        caps(said)


def test_listed_numbers_are_read_as_people_write_them() -> None:
    """With blanks and in E.164 alike; without its country code a number is refused with what to write."""
    assert of({"live": {"allow": ["+34 600 00 00 01"]}}).live.allow == ("+34600000001",)
    with pytest.raises(SettingsError, match=r"live\.allow: .*write it with \+ and the country code"):
        of({"live": {"allow": ["600000001"]}})


def test_who_may_be_sent_to_is_asked_of_the_org_unless_it_is_said() -> None:
    """The default is auto; what is said in the environment or the file is a plain yes or no."""
    assert of({}).live.production == "auto"
    assert of({"live": {"production": "true"}}).live.production is True
    assert of({}).live.send_backlog is False
