"""What the network knows of a number (guide: "HLR API")."""

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import JsonValue

from connector.providers.base import Conversation
from connector.providers.smsclouds.addressing import authorization, national_of
from connector.providers.smsclouds.answers import given
from connector.providers.smsclouds.operations.lookups import Lookups, ShowHLR
from connector.providers.smsclouds.options import SmscloudsOptions


@dataclass(frozen=True, slots=True)
class Looked:
    """What was told of a number (E.164): `fields` as the account's `hlr_fields` name them, and the answer whole."""

    number: str
    fields: Mapping[str, JsonValue]
    whole: JsonValue


def looked_up(settings: SmscloudsOptions, number: str) -> Conversation[Looked]:
    """GET /api/v3/hlr/{ten digits} for a Mexican number in E.164.

    Raises:
        ValueError: a number that is not Mexican; the guide has no other.
        Refused, MayHaveLeft, Unreadable: Smsclouds said no, or something that is no JSON.
    """
    asked = ShowHLR(cellphone=national_of(number))
    response = yield Lookups.show.request(asked, headers=authorization(settings))
    whole = Lookups.show.read(given(response)).root
    return Looked(number, {name: _at(whole, path) for name, path in settings.hlr_fields.items()}, whole)


def _at(whole: JsonValue, path: str) -> JsonValue:
    """What stands at ``data.0.carrier``; None where the path leads nowhere."""
    found = whole
    for step in path.split("."):
        if isinstance(found, dict):
            found = found.get(step)
        elif isinstance(found, list) and step.isdecimal() and int(step) < len(found):
            found = found[int(step)]
        else:
            return None
    return found
