"""The bodies of ``POST /sms``, ``/landingsms``, ``/mailing``, ``/voice`` and ``/voiceAudio``: what the tables cannot
say, and one form for what is to be sent."""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from connector.sandbox.providers.gsm import Alphabet
from connector.sandbox.providers.nrs360 import tables
from connector.sandbox.providers.nrs360.channels import LANDING, MAILING, SMS, VOICE, Channel
from connector.sandbox.providers.nrs360.errors import Refusal
from connector.sandbox.providers.nrs360.merge import VARIABLE, translate
from connector.sandbox.providers.nrs360.parameters import check, is_url
from connector.sandbox.providers.nrs360.times import Window, moment, windows

LANDING_PLACEHOLDER = "{LAND_URL}"
_LONGEST_SPEECH = 500
_COUNTRY = re.compile(r"[A-Z]{2}")
# The guide shows an mp3 and names no other format.
_AUDIO = (".mp3", ".wav")
Fitting = Callable[[str], tuple[str, int]]


@dataclass(frozen=True)
class SendRequest:
    """A request whose every parameter is in order. Times are seconds since 1970; recipients are yet to be judged.

    `fit` gives a merged text as it goes out and its parts, or raises Refusal. `page` is the HTML behind the text.
    """

    channel: Channel
    to: list[Any]
    text: str
    fit: Fitting
    sender: str = ""
    schedule: float | None = None
    expires: float | None = None
    notifications: list[str] = field(default_factory=list)
    campaign: str | None = None
    tags: list[str] = field(default_factory=list)
    sub: Sequence[Mapping[str, Any]] = ()
    available: tuple[Window, ...] = ()
    otp: Mapping[str, Any] = field(default_factory=dict)
    certified: bool = False
    encoding: str = ""
    page: str = ""
    untracked: frozenset[str] = frozenset()


def read_sms(given: Mapping[str, Any], now: float) -> SendRequest:
    """Guide, "Send SMS Message". Raises Refusal with the guide's code for the first thing that is wrong."""
    check(given, tables.SMS)
    _check_short_text(given)
    return SendRequest(
        SMS,
        text=given["message"],
        fit=_short_fitting(given),
        sender=given["from"],
        notifications=_notifications(given.get("notificationUrl"), len(given["to"])),
        available=tuple(windows(given["availableTimes"])) if "availableTimes" in given else (),
        otp=given.get("otpConfig") or {},
        encoding=given.get("encoding") or "gsm",
        **_shared(given, now),
    )


def read_landing(given: Mapping[str, Any], now: float, page: str) -> SendRequest:
    """Guide, "Send Landing SMS message"; `page` is the landing page in HTML. Raises Refusal."""
    check(given, tables.LANDING)
    _check_short_text(given)
    if LANDING_PLACEHOLDER not in given["message"]:
        raise Refusal(141)
    url = given.get("notificationUrl")
    return SendRequest(
        LANDING,
        text=given["message"],
        fit=_short_fitting(given),
        sender=given["from"],
        notifications=[url] * len(given["to"]) if url else [],
        encoding=given.get("encoding") or "gsm",
        page=page,
        **_shared(given, now),
    )


def read_mailing(given: Mapping[str, Any], now: float, page: str) -> SendRequest:
    """Guide, "Send Email message"; `page` is the body in HTML. Raises Refusal."""
    check(given, tables.MAILING)
    subject = given["subject"]
    tracked = {"opened": given.get("trackOpens"), "clicked": given.get("trackClicks")}
    return SendRequest(
        MAILING,
        text=page,
        fit=lambda body: (f"{subject}\n{body}", 1),
        sender=given["fromEmail"],
        otp=given.get("otpConfig") or {},
        page=page,
        untracked=frozenset(name for name, wanted in tracked.items() if wanted is False),
        **_shared(given, now),
    )


def read_voice(given: Mapping[str, Any], now: float) -> SendRequest:
    """Guide, "Send Voice message". Raises Refusal."""
    _check_call(given, tables.VOICE)
    if given["gender"] == "M" and given["language"] in tables.FEMALE_ONLY:
        raise Refusal(131)
    return SendRequest(VOICE, text=given["message"], fit=_speech, **_shared(given, now))


def read_voice_audio(given: Mapping[str, Any], now: float) -> SendRequest:
    """Guide, "Send Voice message with an audio file"; the file's address stands for the text. Raises Refusal."""
    _check_call(given, tables.VOICE_AUDIO)
    address = given["audioUrl"]
    if not urlsplit(address).path.lower().endswith(_AUDIO):
        raise Refusal(134)
    return SendRequest(VOICE, text=address, fit=lambda _: (address, 1), **_shared(given, now))


def campaign_of(given: Mapping[str, Any]) -> str | None:
    """The campaign's name. Raises Refusal(126) for an empty one, also where tags need one."""
    name: str | None = given.get("campaignName")
    if name == "" or (given.get("tags") and not name):
        raise Refusal(126)
    return name


def _shared(given: Mapping[str, Any], now: float) -> dict[str, Any]:
    schedule = moment(given.get("scheduleDate"))
    expires = moment(given.get("expirationDate"))
    if expires is not None and expires <= max(now, schedule or 0):
        raise Refusal(119)
    return {
        "to": given["to"],
        "schedule": schedule,
        "expires": expires,
        "campaign": campaign_of(given),
        "tags": given.get("tags") or [],
        "sub": _sub(given.get("sub"), len(given["to"])),
        "certified": given.get("certified") is True,
    }


def _check_short_text(given: Mapping[str, Any]) -> None:
    sender = given["from"]
    if len(sender) > (15 if sender.isdigit() else 11):
        raise Refusal(107)
    if given.get("splitParts") is True and VARIABLE.search(given["message"]):
        raise Refusal(142)


def _check_call(given: Mapping[str, Any], table: Any) -> None:
    if given.get("retries", 0) in (None, ""):
        raise Refusal(190)
    check(given, table)
    for country, caller in (given.get("callers") or {}).items():
        if not _COUNTRY.fullmatch(country) or not isinstance(caller, str) or not caller.isdigit():
            raise Refusal(132)


def _short_fitting(given: Mapping[str, Any]) -> Fitting:
    alphabet: Alphabet = tables.CODINGS[given.get("encoding") or "gsm"]
    allowed, split = given.get("parts") or 1, given.get("splitParts") is True

    def fit(text: str) -> tuple[str, int]:
        if given.get("trans") == 1:
            text = translate(text)
        if not text:
            raise Refusal(104)
        if alphabet.lacks(text):
            raise Refusal(113)
        if split:
            return text, -(-alphabet.length(text) // alphabet.alone)
        parts = alphabet.parts(text)
        if parts > allowed:
            raise Refusal(105)
        return text, parts

    return fit


def _speech(text: str) -> tuple[str, int]:
    if not text:
        raise Refusal(104)
    if len(text) > _LONGEST_SPEECH:
        raise Refusal(105)
    return text, 1


def _notifications(given: Any, recipients: int) -> list[str]:
    if given is None:
        return []
    urls = [given] * recipients if isinstance(given, str) else given
    if not isinstance(urls, list) or len(urls) != recipients or not all(map(is_url, urls)):
        raise Refusal(109)
    return urls


def _sub(given: Any, recipients: int) -> Sequence[Mapping[str, Any]]:
    if given is None:
        return ()
    if not isinstance(given, list) or len(given) != recipients:
        raise Refusal(422, "The sub field must contain as many items as recipients.")
    for item in given:
        if not isinstance(item, dict) or not _are_values(item.values()):
            raise Refusal(422, "The sub field must be an array of objects with substitution variables.")
    return given


def _are_values(values: Collection[Any]) -> bool:
    return all(isinstance(value, str | int | float) for value in values)
