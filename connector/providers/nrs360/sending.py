"""Messages into the request that sends them (guide: "Send SMS Message")."""

import base64
import math
import re
from collections.abc import Hashable, Mapping
from datetime import UTC, datetime
from urllib.parse import quote

from connector.model.failures import Failure, Fault, Retry
from connector.model.messages import Channel, Message
from connector.model.text import Segments, measure
from connector.providers.base import Batch, Request, campaign_with_reference
from connector.providers.nrs360.codes import ENCODINGS
from connector.providers.nrs360.operations.sms import SMS, SendSMS
from connector.providers.nrs360.options import NRS360Options

MARKS_OF_PLACEHOLDERS = frozenset("{}[]")
PLACEHOLDER = re.compile(r"\{[^{}]*\}|\[[^\[\]]*\]")
WHOLE_TEXT_AS_VALUE = "{v0}"
LONGEST_NUMERIC_SENDER = 15
LONGEST_NAMED_SENDER = 11


def refusal(settings: NRS360Options, message: Message) -> Failure | None:
    """Why the message cannot be sent: not an SMS, no text, too long, no sender, or a text that reads as a template."""
    if message.channel is not Channel.SMS:
        reason = f"360NRS accounts send SMS only, and this message is for {message.channel}; mend the mapping's route"
        return Failure("channel", reason, Fault.MAPPING, Retry.WHEN_MENDED)
    return _sender_refusal(settings, message) or _text_refusal(settings, message.text)


def _sender_refusal(settings: NRS360Options, message: Message) -> Failure | None:
    sender = sender_of(settings, message)
    if not sender:
        reason = "the message has no sender; name one in the mapping or in the account's settings"
        return Failure("no_sender", reason, Fault.MAPPING, Retry.WHEN_MENDED)
    longest = LONGEST_NUMERIC_SENDER if sender.isdecimal() else LONGEST_NAMED_SENDER
    if len(sender) > longest:
        reason = f"the sender has {len(sender)} characters, and 360NRS takes 15 digits or 11 letters; shorten it"
        return Failure("sender_too_long", reason, Fault.MAPPING, Retry.WHEN_MENDED)
    return None


def _text_refusal(settings: NRS360Options, text: str) -> Failure | None:
    if not text:
        return Failure("no_text", "the text is empty; fill it in on the record", Fault.MESSAGE)
    try:
        parts = segments_of(settings, text).parts
    except ValueError as error:
        return Failure("unsendable_character", str(error), Fault.MESSAGE)
    if parts > settings.max_parts:
        reason = f"the text needs {parts} parts and {settings.max_parts} are allowed; shorten it"
        return Failure("too_long", reason, Fault.MESSAGE)
    if not settings.merge_values and PLACEHOLDER.search(text):
        reason = "the text holds braces or brackets that 360NRS would read as a placeholder; take them out"
        return Failure("placeholder", reason, Fault.MESSAGE)
    return None


def group_of(settings: NRS360Options, message: Message) -> Hashable:
    """What messages must share to travel in one request."""
    return (
        message.channel,
        sender_of(settings, message),
        message.campaign or settings.campaign,
        segments_of(settings, message.text).encoding,
        _template(settings, message),
        _expiry(settings, message),
    )


def send_request(account: str, settings: NRS360Options, batch: Batch) -> Request:
    """The request for a batch of one group; what comes from data travels in `sub`, never in the template."""
    first = batch.messages[0]
    template = _template(settings, first)
    merged = bool(_values(settings, first, template))
    asked = SendSMS(
        to=[message.to.removeprefix("+") for message in batch.messages],
        sender=sender_of(settings, first),
        message=template,
        encoding=ENCODINGS[segments_of(settings, first.text).encoding],
        parts=settings.max_parts,
        campaign_name=campaign_with_reference(first.campaign or settings.campaign, batch.reference),
        sub=[_substitutions(_values(settings, message, template)) for message in batch.messages] if merged else None,
        notification_url=_notification_urls(account, settings, batch) or None,
        expiration_date=_expiry(settings, first),
    )
    return SMS.send.request(asked, headers=authorization(settings))


def authorization(settings: NRS360Options) -> Mapping[str, str]:
    """The header of every request: HTTP Basic (guide: "Authentication")."""
    pair = f"{settings.username}:{settings.api_password.get_secret_value()}"
    return {"authorization": f"Basic {base64.b64encode(pair.encode()).decode()}", "accept": "application/json"}


def sender_of(settings: NRS360Options, message: Message) -> str:
    """The sender label: the message's own, else the account's; a number loses its plus."""
    sender = (message.sender or settings.sender or "").strip()
    return sender[1:] if sender[:1] == "+" and sender[1:].isdecimal() else sender


def segments_of(settings: NRS360Options, text: str) -> Segments:
    """What the text measures in the alphabets this account may send in.

    Raises:
        ValueError: none of them holds it.
    """
    return measure(text, settings.encodings, gsm_pt_part=settings.gsm_pt_part)


def _template(settings: NRS360Options, message: Message) -> str:
    """The text with placeholders where the values go; a literal that could be read as a placeholder makes the whole
    text the one value."""
    if not settings.merge_values:
        return message.text
    if any(MARKS_OF_PLACEHOLDERS.intersection(piece) for piece in message.pieces):
        return WHOLE_TEXT_AS_VALUE
    return "".join(f"{piece}{{v{place}}}" for place, piece in enumerate(message.pieces[:-1])) + message.pieces[-1]


def _values(settings: NRS360Options, message: Message, template: str) -> tuple[str, ...]:
    if not settings.merge_values:
        return ()
    return (message.text,) if template == WHOLE_TEXT_AS_VALUE else message.values


def _substitutions(values: tuple[str, ...]) -> dict[str, str]:
    return {f"v{place}": value for place, value in enumerate(values)}


def _expiry(settings: NRS360Options, message: Message) -> datetime | None:
    """`expires_at` in UTC, rounded up: rounded down it could be past, which refuses the request."""
    if message.expires_at is None:
        return None
    step = settings.expiry_step
    rounded = math.ceil(message.expires_at.timestamp() / step) * step
    return datetime.fromtimestamp(rounded, UTC)


def _notification_urls(account: str, settings: NRS360Options, batch: Batch) -> list[str]:
    """Our delivery hook with each message's id; only the escapes of the guide's own example are used."""
    if settings.public_url is None or settings.hook_secret is None or not settings.delivery_notifications:
        return []
    secret = quote(settings.hook_secret.get_secret_value(), safe="")
    hook = f"{settings.public_url.rstrip('/')}/hooks/{quote(account, safe='')}/{secret}/delivery"
    return [f"{hook}?message={quote(message.id, safe='')}&sender=%p&phone=%P&status=%d" for message in batch.messages]
