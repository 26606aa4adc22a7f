"""Asking the network about a number (guide: "HLR API")."""

from typing import ClassVar

from pydantic import JsonValue, RootModel

from connector.providers.operation import Asked, Room
from connector.providers.smsclouds.operations.fields import TenDigits
from connector.providers.smsclouds.operations.operation import SmscloudsOperation


class ShowHLR(Asked):
    """A Mexican number, ten digits."""

    cellphone: TenDigits


class HLR(RootModel[JsonValue]):
    """What is known of a number, as it came: the guide shows no answer."""


class Lookups(Room):
    """The home location register."""

    room: ClassVar[str] = "hlr"

    show = SmscloudsOperation(
        "GET", "api/v3/hlr/{cellphone}", section="HLR API", asks=ShowHLR, tells=HLR, lookups=lambda _: 1
    )
