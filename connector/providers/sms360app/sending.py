"""A message into the request that sends it (guide: "API configuration for client")."""

import zlib
from collections.abc import Hashable

from connector.model.errors import UnreadablePhone
from connector.model.failures import Failure, Fault, Retry
from connector.model.messages import Channel, Message
from connector.model.phone import read_phone
from connector.providers.base import Batch
from connector.providers.exchange import Request
from connector.providers.numbers import number_in
from connector.providers.refusals import channel_refusal, no_sender, text_refusal
from connector.providers.sms360app.codes import TITLE
from connector.providers.sms360app.operations import Messages, SendMessage
from connector.providers.sms360app.options import SMS360AppOptions, bare


def channels_of(settings: SMS360AppOptions) -> frozenset[Channel]:
    """What the account's numbers send on; a number that the settings do not list sends SMS."""
    return frozenset({Channel.SMS, *settings.channels.values()})


def refusal(settings: SMS360AppOptions, message: Message) -> Failure | None:
    """Why the message cannot be sent: a channel without a number, a sender of another channel, a number that the
    account's form cannot write, no text, or a text too long."""
    return (
        channel_refusal(TITLE, message, channels_of(settings))
        or _sender_refusal(settings, message)
        or _number_refusal(settings, message)
        or text_refusal(message.text, max_parts=settings.max_parts if message.channel is Channel.SMS else None)
    )


def _sender_refusal(settings: SMS360AppOptions, message: Message) -> Failure | None:
    sender = sender_of(settings, message)
    if not sender:
        return no_sender()
    sends = settings.channel_of_number.get(bare(sender), Channel.SMS)
    if sends is message.channel:
        return None
    reason = f"the sender sends {sends} and the message is for {message.channel}; mend the mapping's sender or channel"
    return Failure("sender_channel", reason, Fault.MAPPING, Retry.WHEN_MENDED)


def _number_refusal(settings: SMS360AppOptions, message: Message) -> Failure | None:
    if settings.number_format != "national" or message.country == settings.region:
        return None
    reason = (
        f"this account writes numbers of {settings.region} only, and this one is of {message.country or 'no country'}; "
        "mend the number or the mapping's route"
    )
    return Failure("country", reason, Fault.MAPPING, Retry.WHEN_MENDED)


def group_of(settings: SMS360AppOptions, message: Message) -> Hashable:
    """What a request is made of besides the number; no two messages ever share one."""
    return message.channel, sender_of(settings, message), message.text


def send_request(settings: SMS360AppOptions, batch: Batch) -> Request:
    """The send of a batch of one. The guide has no field for our reference.

    The client id is chosen by the attempt's reference, which spreads messages evenly and keeps an attempt's request
    the same however often it is built.

    Raises:
        ValueError: the batch holds more than one message.
    """
    (message,) = batch.messages
    place = zlib.crc32(batch.reference.encode()) % len(settings.client_ids)
    asked = SendMessage(
        client_id=settings.client_ids[place].get_secret_value(),
        sender_number=sender_of(settings, message),
        receiver_number=written(settings, message.to),
        message_body=message.text,
    )
    return Messages.send.request(asked, path=settings.send_path)


def sender_of(settings: SMS360AppOptions, message: Message) -> str:
    """The message's own registered number, else the account's for its channel; empty where there is none."""
    return (message.sender or "").strip() or settings.sender_of_channel.get(message.channel, "")


def written(settings: SMS360AppOptions, e164: str) -> str:
    """A number in the account's form.

    Raises:
        UnreadablePhone: a number that has no national form.
    """
    if settings.number_format == "e164":
        return e164
    return e164[1:] if settings.number_format == "digits" else read_phone(e164, None).national


def e164_of(settings: SMS360AppOptions, number: str) -> str | None:
    """A number as 360 SMS App writes it, in E.164; None where it holds none.

    The guide's own example has the plus. Without it the digits are national where the account has a region in which
    they make a number, else they begin with the country code.
    """
    text = number.strip()
    digits = text.removeprefix("+")
    if not (digits.isascii() and digits.isdecimal()) or digits.startswith("0"):
        return number_in(text, settings.region)
    if settings.region is not None and digits is text:
        try:
            return read_phone(text, settings.region).e164
        except UnreadablePhone:
            return f"+{digits}"
    return f"+{digits}"
