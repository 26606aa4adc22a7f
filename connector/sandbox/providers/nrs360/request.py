"""What may stand in the body of ``POST /sms`` (guide, "Send SMS Message", table of parameters)."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from connector.sandbox.providers.gsm import GSM, GSM_PT, UTF_16, Alphabet
from connector.sandbox.providers.nrs360.errors import Refusal
from connector.sandbox.providers.nrs360.merge import VARIABLE
from connector.sandbox.providers.nrs360.times import Window, compact, windows

_CODINGS = {"gsm": GSM, "gsm-pt": GSM_PT, "utf-16": UTF_16}
_MOST_PARTS = 15
_URL = re.compile(r"https?://\S+$")
_OTP_LIMITS = {"length": (3, 10), "maxAttempts": (1, 10), "maxSecondsValidity": (30, 600)}
_KNOWN = frozenset(
    {"message", "to", "from", "encoding", "scheduleDate", "expirationDate", "parts", "notificationUrl", "trans"}
    | {"campaignName", "tags", "certified", "sub", "splitParts", "flash", "availableTimes", "otpConfig"}
)


@dataclass(frozen=True)
class SmsRequest:
    """A request whose every parameter is in order. Times are seconds since 1970; recipients are yet to be judged."""

    message: str
    to: list[Any]
    sender: str
    alphabet: Alphabet
    schedule: float | None
    expires: float | None
    parts: int
    notifications: list[str]
    trans: bool
    campaign: str | None
    tags: list[str]
    sub: list[Mapping[str, Any]]
    split: bool
    available: list[Window]
    otp: Mapping[str, Any]


def read(given: Mapping[str, Any], now: float) -> SmsRequest:
    """The request in `given`. Raises Refusal with the guide's code for the first thing that is wrong."""
    for key in given:
        if key not in _KNOWN:
            raise Refusal(422, f"The {key} field is not allowed.")
    to = _recipients(given.get("to"))
    schedule = compact(given.get("scheduleDate"), 108)
    _check_flags(given)
    _check_otp(given.get("otpConfig"))
    return SmsRequest(
        message=_message(given),
        to=to,
        sender=_sender(given.get("from")),
        alphabet=_alphabet(given.get("encoding", "gsm")),
        schedule=schedule,
        expires=_expires(given.get("expirationDate"), schedule, now),
        parts=_parts(given.get("parts", 1)),
        notifications=_notifications(given.get("notificationUrl"), len(to)),
        trans=given.get("trans", 0) == 1,
        campaign=_campaign(given),
        tags=given.get("tags", []),
        sub=_sub(given.get("sub"), len(to)),
        split=given.get("splitParts", False),
        available=windows(given["availableTimes"]) if "availableTimes" in given else [],
        otp=given.get("otpConfig") or {},
    )


def _recipients(to: Any) -> list[Any]:
    if not isinstance(to, list) or not to:
        raise Refusal(102)
    return to


def _message(given: Mapping[str, Any]) -> str:
    message = given.get("message")
    if message is None or message == "":
        raise Refusal(104)
    if not isinstance(message, str):
        raise Refusal(422, "The message field must be a string.")
    if given.get("splitParts") is True and VARIABLE.search(message):
        raise Refusal(142)
    return message


def _sender(sender: Any) -> str:
    if sender is None or sender == "":
        raise Refusal(106)
    if not isinstance(sender, str):
        raise Refusal(422, "The from field must be a string.")
    if len(sender) > (15 if sender.isdigit() else 11):
        raise Refusal(107)
    return sender


def _alphabet(encoding: Any) -> Alphabet:
    if not isinstance(encoding, str) or encoding not in _CODINGS:
        raise Refusal(113)
    return _CODINGS[encoding]


def _expires(text: Any, schedule: float | None, now: float) -> float | None:
    expires = compact(text, 119)
    if expires is not None and expires <= max(now, schedule or 0):
        raise Refusal(119)
    return expires


def _parts(parts: Any) -> int:
    if not isinstance(parts, int) or isinstance(parts, bool) or not 1 <= parts <= _MOST_PARTS:
        raise Refusal(110)
    return parts


def _notifications(given: Any, recipients: int) -> list[str]:
    if given is None:
        return []
    urls = [given] * recipients if isinstance(given, str) else given
    if not isinstance(urls, list) or len(urls) != recipients:
        raise Refusal(109)
    if not all(isinstance(url, str) and _URL.match(url) for url in urls):
        raise Refusal(109)
    return urls


def _campaign(given: Mapping[str, Any]) -> str | None:
    name, tags = given.get("campaignName"), given.get("tags")
    if name is not None and not isinstance(name, str):
        raise Refusal(422, "The campaignName field must be a string.")
    if tags is not None and (not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags)):
        raise Refusal(422, "The tags field must be an array of strings.")
    if name == "" or (tags and not name):
        raise Refusal(126)
    return name


def _sub(given: Any, recipients: int) -> list[Mapping[str, Any]]:
    if given is None:
        return []
    if not isinstance(given, list) or len(given) != recipients:
        raise Refusal(422, "The sub field must contain as many items as recipients.")
    for item in given:
        if not isinstance(item, dict) or not all(isinstance(value, str | int | float) for value in item.values()):
            raise Refusal(422, "The sub field must be an array of objects with substitution variables.")
    return given


def _check_flags(given: Mapping[str, Any]) -> None:
    for key in ("certified", "splitParts", "flash"):
        if not isinstance(given.get(key, False), bool):
            raise Refusal(422, f"The {key} field must be a boolean.")
    if given.get("trans", 0) not in (0, 1) or isinstance(given.get("trans", 0), bool | float):
        raise Refusal(422, "The trans field must be 0 or 1.")


def _check_otp(otp: Any) -> None:
    if otp is None:
        return
    if not isinstance(otp, dict) or set(otp) - {"alpha", "appId", *_OTP_LIMITS}:
        raise Refusal(422, "The otpConfig field must be an object with OTP parameters.")
    checks: list[tuple[str, Callable[[Any], bool]]] = [
        ("alpha", lambda value: isinstance(value, bool)),
        ("appId", lambda value: isinstance(value, str)),
    ]
    for key, sound in checks:
        if key in otp and not sound(otp[key]):
            raise Refusal(422, f"The otpConfig.{key} field has the wrong type.")
    for key, (least, most) in _OTP_LIMITS.items():
        value = otp.get(key, least)
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            raise Refusal(422, f"The otpConfig.{key} field must be an integer between {least} and {most}.")
