"""What the network knows of a number (guide: "HLR API")."""

from pydantic import JsonValue

from connector.model.errors import Unreadable
from connector.model.lookups import LOOKUP_WORDS, LookedUp
from connector.providers.base import Conversation
from connector.providers.smsclouds.addressing import authorization, national_of
from connector.providers.smsclouds.answers import given
from connector.providers.smsclouds.operations.lookups import Lookups, ShowHLR
from connector.providers.smsclouds.options import SmscloudsOptions

_TRUTHS = {"true": True, "false": False}


def look_up(settings: SmscloudsOptions, number: str) -> Conversation[LookedUp]:
    """GET /api/v3/hlr/{ten digits} for a Mexican number in E.164.

    The guide shows no answer: the account's `hlr_fields` say where in it what stands. Those named as a word of ours
    (``valid``, ``line_type``, ``carrier``, ``country``) are that, ``valid`` where it is true or false.

    Raises:
        ValueError: a number that is not Mexican; the guide has no other.
        Refused, Throttled, MayHaveLeft, Unreadable: Smsclouds said no, or something that is no JSON.
    """
    asked = ShowHLR(cellphone=national_of(number))
    response = yield Lookups.show.request(asked, headers=authorization(settings))
    if response is None:
        raise Unreadable("Smsclouds was asked for a lookup and gave no answer")
    whole = Lookups.show.read(given(response)).root
    told = {name: _at(whole, path) for name, path in settings.hlr_fields.items()}
    return LookedUp(
        valid=_truth(told.get("valid")),
        line_type=_word(told.get("line_type")),
        carrier=_word(told.get("carrier")),
        country=_word(told.get("country")),
        fields={name: value for name, value in told.items() if name not in LOOKUP_WORDS},
        raw=whole,
    )


def _truth(value: JsonValue) -> bool | None:
    return value if isinstance(value, bool) else _TRUTHS.get(str(value).strip().lower())


def _word(value: JsonValue) -> str | None:
    return str(value).strip() or None if isinstance(value, str | int | float) else None


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
