"""Which accounts of a route can take a message: its channel, its country, its length."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache

from connector.model.capability import NO_CONTENT, AccountCapability, Capability
from connector.model.failures import Failure, Fault, Retry
from connector.model.messages import Channel, Encoding
from connector.model.text import Segments, measure


class Misfit(Exception):
    """No account of the route can take the message; `failure` says why, in a sentence."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.failure = Failure(code, reason, Fault.MESSAGE, Retry.WHEN_MENDED)


@dataclass(frozen=True, slots=True)
class Fit:
    """The accounts that can take the message, in the route's order, and the first one's encoding and parts.

    `held_reason` is set when only accounts without an adapter are left: then nothing is known of encoding and parts.
    """

    accounts: tuple[str, ...]
    encoding: Encoding | None = None
    parts: int = 0
    held_reason: str | None = None


def first_fit(
    route: Sequence[AccountCapability], channel: Channel, country: str, text: str, content: Collection[str] = ()
) -> Fit:
    """The accounts of a route that can take the message; `content` are the keys of what it says beyond its text.

    Raises:
        Misfit: none can; the reason is the last account's.
    """
    accounts: list[str] = []
    waiting: list[str] = []
    first: Segments | None = None
    misfit: Misfit | None = None
    for account in route:
        if account.capability is None or channel in account.capability.channels_to_come:
            waiting.append(account.account)
            continue
        try:
            segments = _segments(account.account, account.capability, channel, country, text)
            _has_content(account.account, account.capability, channel, content)
        except Misfit as found:
            misfit = found
            continue
        first = first if accounts else segments
        accounts.append(account.account)
    if accounts:
        return Fit(tuple(accounts), first.encoding if first else None, first.parts if first else 0)
    if waiting:
        return Fit(tuple(waiting), held_reason=_no_adapter(waiting, channel))
    raise misfit or Misfit("no_route", "the route names no account")


def _no_adapter(accounts: list[str], channel: Channel) -> str:
    names = " and ".join(f"`{name}`" for name in accounts)
    return f"the connector does not send {channel} through the account {names} yet; the message waits for it"


def _segments(account: str, capability: Capability, channel: Channel, country: str, text: str) -> Segments | None:
    """The parts of an SMS; None for a channel that has none. Raises Misfit."""
    if channel not in capability.channels:
        carried = ", ".join(sorted(capability.channels))
        raise Misfit("channel_not_carried", f"the account `{account}` does not carry {channel}; it carries {carried}")
    if not capability.serves(channel, country):
        served = ", ".join(sorted(capability.countries or ()))
        raise Misfit("country_not_served", f"the account `{account}` sends to {served} only, and the number is of "
                     f"{country or 'no single country'}")  # fmt: skip
    if channel is not Channel.SMS:
        return None
    try:
        arriving = capability.put_in_front.get(country, "") + text
        segments = _measured(arriving, capability.encodings, capability.gsm_pt_part)
    except ValueError as error:
        raise Misfit("text_not_encodable", f"the account `{account}` cannot send this text: {error}") from None
    _check_length(account, capability, segments)
    return segments


def _has_content(account: str, capability: Capability, channel: Channel, content: Collection[str]) -> None:
    missing = capability.content.get(channel, NO_CONTENT).missing(content)
    if missing:
        reason = f"the account `{account}` sends no {channel} without {' or '.join(missing)}"
        raise Misfit("content_missing", f"{reason}; fill the fields that the mapping makes it of")


@lru_cache(maxsize=4_096)
def _measured(text: str, encodings: tuple[Encoding, ...], gsm_pt_part: int) -> Segments:
    return measure(text, encodings, gsm_pt_part=gsm_pt_part)


def _check_length(account: str, capability: Capability, segments: Segments) -> None:
    limits = capability.plain_limits.get(segments.encoding)
    if limits is not None and segments.units > limits[1]:
        raise Misfit(
            "text_too_long",
            f"the text has {segments.units} characters in {segments.encoding}; the account `{account}` takes at most "
            f"{limits[1]}. Shorten it",
        )
    if segments.parts > capability.max_parts:
        raise Misfit(
            "text_too_long",
            f"the text needs {segments.parts} parts in {segments.encoding}; the account `{account}` takes at most "
            f"{capability.max_parts}. Shorten it",
        )
