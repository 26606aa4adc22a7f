"""SMS into the request that sends them (guide: "Send SMS Message")."""

import math
from collections.abc import Hashable
from datetime import UTC, datetime
from urllib.parse import quote

from connector.model.failures import Failure, Fault, Retry
from connector.model.messages import Message
from connector.model.text import Segments, measure
from connector.providers.base import Batch, campaign_with_reference
from connector.providers.exchange import Request
from connector.providers.nrs360.codes import ENCODINGS
from connector.providers.nrs360.credentials import authorization
from connector.providers.nrs360.merging import placeholder_refusal, substitutions, template_of
from connector.providers.nrs360.operations.sms import SMS, SendSMS
from connector.providers.nrs360.options import NRS360Options
from connector.providers.refusals import no_sender

LONGEST_NUMERIC_SENDER = 15
LONGEST_NAMED_SENDER = 11


def refusal(settings: NRS360Options, message: Message) -> Failure | None:
    """Why the message cannot be sent: no text, too long, no sender, or a text that reads as a template."""
    return sender_refusal(settings, message) or _text_refusal(settings, message.text)


def sender_refusal(settings: NRS360Options, message: Message) -> Failure | None:
    """That there is no sender, or a longer one than 15 digits or 11 letters."""
    sender = sender_of(settings, message)
    if not sender:
        return no_sender()
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
    return placeholder_refusal(settings, text)


def group_of(settings: NRS360Options, message: Message) -> Hashable:
    """What messages must share to travel in one request."""
    return (
        message.channel,
        sender_of(settings, message),
        message.campaign or settings.campaign,
        segments_of(settings, message.text).encoding,
        template_of(settings, message),
        expiry(settings, message),
    )


def send_request(account: str, settings: NRS360Options, batch: Batch) -> Request:
    """The request for a batch of one group; what comes from data travels in `sub`, never in the template."""
    first = batch.messages[0]
    template = template_of(settings, first)
    asked = SendSMS(
        to=[message.to.removeprefix("+") for message in batch.messages],
        sender=sender_of(settings, first),
        message=template,
        encoding=ENCODINGS[segments_of(settings, first.text).encoding],
        parts=settings.max_parts,
        campaign_name=campaign_with_reference(first.campaign or settings.campaign, batch.reference),
        sub=substitutions(settings, batch, template),
        notification_url=_notification_urls(account, settings, batch) or None,
        schedule_date=batch.scheduled_for,
        expiration_date=expiry(settings, first),
    )
    return SMS.send.request(asked, headers=authorization(settings))


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


def expiry(settings: NRS360Options, message: Message) -> datetime | None:
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
