"""What may stand in the bodies of the two requests (guide, "API configuration for client" and "for VTP")."""

import re

import orjson

from connector.sandbox.providers.pushing import JSON
from connector.sandbox.providers.sms360app.refusals import Refuse

SEND = ("clientId", "senderNumber", "receiverNumber", "messagebody")
LOOKUP = ("clientId", "phoneNumber")
_NUMBER = re.compile(r"\+?[1-9]\d{6,14}", re.ASCII)
_NATIONAL = re.compile(r"\d{10}", re.ASCII)


def read(body: bytes, content_type: str, names: tuple[str, ...], refuse: Refuse) -> dict[str, str]:
    """The fields `names` of a JSON body: each is required and text, no other is known, and numbers look like numbers.

    Raises what `refuse(400, words)` makes for the first thing that is wrong.
    """
    if content_type.partition(";")[0].strip().lower() != JSON:
        raise refuse(400, "The request has no JSON body.")
    try:
        given = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise refuse(400, "The body is not JSON.") from None
    if not isinstance(given, dict):
        raise refuse(400, "The body is not an object.")
    for name in (*names, *given):
        if name not in names:
            raise refuse(400, f"{name} is not known.")
        if not isinstance(given.get(name), str) or not given[name]:
            raise refuse(400, f"{name} is required.")
        if name.endswith("Number") and not _NUMBER.fullmatch(given[name]):
            raise refuse(400, f"{name} is not a valid number.")
    return given


def client_of(body: bytes) -> str | None:
    """The `clientId` of a body that may be anything."""
    try:
        given = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    client = given.get("clientId") if isinstance(given, dict) else None
    return client if isinstance(client, str) else None


def e164(number: str) -> str:
    """A number as the webhooks write it: ten digits without a plus sign are one of North America, as in the samples."""
    if _NATIONAL.fullmatch(number):
        return f"+1{number}"
    return f"+{number.removeprefix('+')}"
