"""What may stand in the bodies of ``POST /api/SMS/Send``, ``POST /api/SMS/GetStatus`` and ``POST /api/Voice/Call``.

The guide's tables of parameters are empty and its samples are not valid JSON: the samples' names are read as one
object, all of them required but `ReferenceID` and `CallBack`. A voice call has a `Message`, which needs a `Locale`, or
a `CampaignID`; both together are error 5003.
"""

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import orjson

from connector.sandbox.providers.optimum.errors import (
    CALL_PARAMETER,
    EITHER_OF_TWO,
    INVALID_CAMPAIGN,
    SMS_PARAMETER,
    WrongRequest,
    invalid_json,
    missing,
)

_DESTINATION = "Destination/Mobile No"
_SMS = frozenset({"Destination", "Message", "Sender", "ReferenceID", "CallBack"})
_CALL = frozenset({"Destination", "Message", "CampaignID", "Sender", "Locale"})


@dataclass(frozen=True)
class SmsRequest:
    """A text for one or several numbers; `reference` is empty when the caller gave none."""

    numbers: list[str]
    text: str
    reference: str
    callback: bool


@dataclass(frozen=True)
class CallRequest:
    """A call of one or several numbers: `content` is the text to be spoken or the campaign's id."""

    numbers: list[str]
    content: str


def read_sms(body: bytes, content_type: str) -> SmsRequest:
    """The SMS in `body`. Raises WrongRequest for the first thing that is wrong."""
    given = _json_object(body, content_type, _SMS)
    numbers = _numbers(given, SMS_PARAMETER)
    text = _text(given, "Message", SMS_PARAMETER)
    _text(given, "Sender", SMS_PARAMETER)
    reference = given.get("ReferenceID", "")
    if not isinstance(reference, str):
        raise missing(SMS_PARAMETER, "ReferenceID")
    callback = given.get("CallBack", "No")
    if callback not in ("Yes", "No"):
        raise missing(SMS_PARAMETER, "CallBack")
    return SmsRequest(numbers, text, reference, callback == "Yes")


def read_call(body: bytes, content_type: str, campaigns: Collection[str]) -> CallRequest:
    """The call in `body`. Raises WrongRequest for the first thing that is wrong."""
    given = _json_object(body, content_type, _CALL)
    numbers = _numbers(given, CALL_PARAMETER)
    _text(given, "Sender", CALL_PARAMETER)
    if "Message" in given and "CampaignID" in given:
        raise WrongRequest(EITHER_OF_TWO, "Message or CampaignID, either of the two should be present")
    content = given.get("Message", given.get("CampaignID"))
    if not isinstance(content, str) or not content:
        raise missing(CALL_PARAMETER, "Message or CampaignID")
    if "Message" in given:
        _text(given, "Locale", CALL_PARAMETER)
    elif not _is_campaign(content, campaigns):
        raise WrongRequest(INVALID_CAMPAIGN, "Invalid Campaign")
    return CallRequest(numbers, content)


def read_question(body: bytes, content_type: str) -> str:
    """The ID whose status is asked for. Raises WrongRequest where there is none."""
    return _text(_json_object(body, content_type, {"ID"}), "ID", SMS_PARAMETER)


def _json_object(body: bytes, content_type: str, known: Collection[str]) -> dict[str, Any]:
    if content_type.partition(";")[0].strip().lower() != "application/json":
        raise invalid_json()
    try:
        given = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise invalid_json() from None
    if not isinstance(given, dict) or set(given) - set(known):
        raise invalid_json()
    return given


def _numbers(given: dict[str, Any], error_id: str) -> list[str]:
    """The numbers as they are: one that is not written internationally fails later, not here."""
    destinations = given.get("Destination")
    if not isinstance(destinations, list) or not destinations:
        raise missing(error_id, _DESTINATION)
    for destination in destinations:
        if not isinstance(destination, dict) or set(destination) - {"MobileNo"}:
            raise invalid_json()
        if not isinstance(destination.get("MobileNo"), str) or not destination["MobileNo"]:
            raise missing(error_id, _DESTINATION)
    return [destination["MobileNo"] for destination in destinations]


def _text(given: dict[str, Any], key: str, error_id: str) -> str:
    value = given.get(key)
    if not isinstance(value, str) or not value:
        raise missing(error_id, key)
    return value


def _is_campaign(content: str, campaigns: Collection[str]) -> bool:
    try:
        return str(uuid.UUID(content)) in campaigns
    except ValueError:
        return False
