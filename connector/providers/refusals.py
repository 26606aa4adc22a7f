"""Refusals that do not differ from guide to guide, and what a provider says made fit to be told."""

import re
from collections.abc import Collection, Iterable

from connector.model.failures import Failure, Fault, Retry
from connector.model.messages import Channel, Encoding, Message
from connector.model.text import fits, measure

_A_NUMBER = re.compile(r"\+?\d{6,}")
_LONGEST_QUOTE = 200


def quoted(words: object, *, hiding: Iterable[str] = ()) -> str:
    """A provider's own words for an error: without numbers of six digits or more, without the texts in `hiding`, and
    at most 200 characters, for an error goes into logs."""
    told = str(words or "").strip()
    for text in hiding:
        told = told.replace(text, "…") if text else told
    return _A_NUMBER.sub("…", told)[:_LONGEST_QUOTE]


def channel_refusal(provider: str, message: Message, carried: Collection[Channel]) -> Failure | None:
    """That the account does not carry the message's channel, which is the mapping's fault."""
    if message.channel in carried:
        return None
    names = ", ".join(sorted(carried))
    reason = f"this {provider} account carries {names}, and the message is for {message.channel}; mend the route"
    return Failure("channel", reason, Fault.MAPPING, Retry.WHEN_MENDED)


def no_sender() -> Failure:
    """That a message has no sender, where the guide asks for one."""
    reason = "the message has no sender; name one in the mapping or in the account's settings"
    return Failure("no_sender", reason, Fault.MAPPING, Retry.WHEN_MENDED)


def text_refusal(text: str, *, max_parts: int | None) -> Failure | None:
    """That there is no text, that half a character stands in it, or that it needs more than `max_parts` parts in GSM-7
    or UCS-2 (None: the channel knows no parts)."""
    if not text:
        return Failure("no_text", "the text is empty; fill it in on the record", Fault.MESSAGE)
    if not fits(text, Encoding.UCS2):
        return Failure("unsendable_character", "the text holds half a character; change it", Fault.MESSAGE)
    if max_parts is None:
        return None
    parts = measure(text).parts
    if parts <= max_parts:
        return None
    reason = f"the text needs {parts} parts and {max_parts} are allowed; shorten it"
    return Failure("too_long", reason, Fault.MESSAGE)
