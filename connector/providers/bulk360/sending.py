"""Messages into the request that sends them (guide: "Sending Normal Text Messages")."""

import re
from collections.abc import Collection, Hashable, Mapping

from connector.model.failures import Failure, Fault, Retry
from connector.model.messages import Channel, Message
from connector.providers.base import Batch
from connector.providers.bulk360.codes import TITLE
from connector.providers.bulk360.operations import LONGEST_TO, WHATSAPP_PREFIX, Messages, SendMessage
from connector.providers.bulk360.options import SENDER, Bulk360Options
from connector.providers.exchange import Request
from connector.providers.refusals import channel_refusal, text_refusal

CHANNELS = frozenset({Channel.SMS, Channel.WHATSAPP})
MALAYSIA = "+60"
IN_FRONT = {"MY": "RM0 "}
"""What Bulk360 puts in front of an SMS to Malaysia, by itself."""
ACCEPTS_JSON = {"accept": "application/json"}


def refusal(settings: Bulk360Options, message: Message) -> Failure | None:
    """Why the message cannot be sent: another channel, a sender that is none, no text, or a text too long."""
    return (
        channel_refusal(TITLE, message, CHANNELS)
        or _sender_refusal(sender_of(settings, message))
        or (_whatsapp_refusal if message.channel is Channel.WHATSAPP else _sms_refusal)(settings, message)
    )


def _sender_refusal(sender: str | None) -> Failure | None:
    if sender is None or re.fullmatch(SENDER, sender):
        return None
    reason = "Bulk360 takes a sender of at most 11 letters and digits and nothing else; mend it in the mapping"
    return Failure("sender", reason, Fault.MAPPING, Retry.WHEN_MENDED)


def _sms_refusal(settings: Bulk360Options, message: Message) -> Failure | None:
    return text_refusal(as_it_arrives(message), max_parts=settings.max_parts)


def _whatsapp_refusal(settings: Bulk360Options, message: Message) -> Failure | None:
    if len(message.text) <= settings.longest_whatsapp:
        return text_refusal(message.text, max_parts=None)
    reason = f"the text has {len(message.text)} characters and {settings.longest_whatsapp} are allowed; shorten it"
    return Failure("too_long", reason, Fault.MESSAGE)


def as_it_arrives(message: Message) -> str:
    """The SMS with what Bulk360 puts in front of it; an empty one stays empty."""
    return IN_FRONT["MY"] + message.text if message.text and message.to.startswith(MALAYSIA) else message.text


def sender_of(settings: Bulk360Options, message: Message) -> str | None:
    """The sender that travels: the message's own, else the account's; none in Malaysia, and none on WhatsApp."""
    if message.channel is not Channel.SMS or message.to.startswith(MALAYSIA):
        return None
    return (message.sender or settings.sender or "").strip() or None


def group_of(settings: Bulk360Options, message: Message) -> Hashable:
    """What messages must share to travel in one request: the text, and the sender. SMS and WhatsApp may be mixed."""
    return message.text, sender_of(settings, message)


def has_room(batch: Collection[Message], message: Message) -> bool:
    """Whether one number more fits into `to`."""
    return sum(len(recipient_of(one)) + 1 for one in batch) + len(recipient_of(message)) <= LONGEST_TO


def recipient_of(message: Message) -> str:
    """The number as `to` names it."""
    number = message.to.removeprefix("+")
    return WHATSAPP_PREFIX + number if message.channel is Channel.WHATSAPP else number


def send_request(settings: Bulk360Options, batch: Batch, headers: Mapping[str, str]) -> Request:
    """The send of a batch of one group. The guide has no field for our reference."""
    first = batch.messages[0]
    asked = SendMessage(
        to=",".join(recipient_of(message) for message in batch.messages),
        sender=sender_of(settings, first),
        text=first.text,
    )
    return Messages.send.request(asked, path=settings.send_path, headers=headers)
