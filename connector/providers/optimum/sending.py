"""Messages into the request that sends them or calls (guide: "Send SMS", "Voice Call")."""

import base64
from collections.abc import Hashable, Mapping

from connector.model.capability import ContentRule
from connector.model.failures import Failure, Fault, Retry
from connector.model.messages import Channel, Message
from connector.providers.base import Batch
from connector.providers.exchange import Request
from connector.providers.numbers import number_in
from connector.providers.optimum.codes import TITLE
from connector.providers.optimum.operations import (
    SMS,
    CallWithCampaign,
    CallWithMessage,
    Destination,
    SendSMS,
    Voice,
)
from connector.providers.optimum.options import OptimumOptions
from connector.providers.refusals import channel_refusal, no_sender, text_refusal

CHANNELS = frozenset({Channel.SMS, Channel.VOICE})

CONTENT: Mapping[Channel, ContentRule] = {
    Channel.VOICE: ContentRule(frozenset({"language", "campaign"}), (("language", "campaign"),))
}
"""What a call says beyond its text (guide: "Voice Call")."""


def content_of(settings: OptimumOptions) -> Mapping[Channel, ContentRule]:
    """The guide's; a call needs nothing where the account's settings name a language."""
    return {Channel.VOICE: ContentRule(CONTENT[Channel.VOICE].takes)} if settings.language else CONTENT


def refusal(settings: OptimumOptions, message: Message) -> Failure | None:
    """Why the message cannot be sent: another channel, no sender, no text, a text too long, a call in no language."""
    unsent = channel_refusal(TITLE, message, CHANNELS)
    if unsent is None and not sender_of(settings, message):
        unsent = no_sender()
    if unsent is not None or campaign_of(message):
        return unsent
    is_sms = message.channel is Channel.SMS
    unsent = text_refusal(message.text, max_parts=settings.max_parts if is_sms else None)
    if unsent is None and not is_sms and not language_of(settings, message):
        reason = "the call has no language; name one, such as es-MX, in the mapping or in the account's settings"
        unsent = Failure("no_language", reason, Fault.MAPPING, Retry.WHEN_MENDED)
    return unsent


def group_of(settings: OptimumOptions, message: Message) -> Hashable:
    """What messages must share to travel in one request, which holds one text, or the campaign that stands for it."""
    sender = sender_of(settings, message)
    if message.channel is Channel.SMS:
        return message.channel, sender, message.text
    campaign = campaign_of(message)
    return message.channel, sender, campaign or (message.text, language_of(settings, message))


def send_request(settings: OptimumOptions, batch: Batch) -> Request:
    """POST /api/SMS/Send with our reference as ReferenceID, or POST /api/Voice/Call, which has no field for it."""
    first = batch.messages[0]
    headers, sender = authorization(settings), sender_of(settings, first)
    destination = [Destination(MobileNo=written(settings, message.to)) for message in batch.messages]
    if first.channel is Channel.SMS:
        sms = SendSMS(
            destination=destination,
            message=first.text,
            sender=sender,
            reference_id=batch.reference,
            callback="Yes" if settings.callback else "No",
        )
        return SMS.send.request(sms, path=settings.send_path, headers=headers)
    if campaign := campaign_of(first):
        campaign_call = CallWithCampaign(destination=destination, campaign_id=campaign, sender=sender)
        return Voice.call_with_campaign.request(campaign_call, path=settings.call_path, headers=headers)
    call = CallWithMessage(
        destination=destination, message=first.text, sender=sender, locale=language_of(settings, first)
    )
    return Voice.call_with_message.request(call, path=settings.call_path, headers=headers)


def authorization(settings: OptimumOptions) -> Mapping[str, str]:
    """The headers of every request, by the account's `authentication`."""
    accept = {"accept": "application/json"}
    if settings.authentication == "basic" and settings.password is not None:
        pair = f"{settings.username}:{settings.password.get_secret_value()}"
        return {**accept, "authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}
    if settings.authentication == "bearer" and settings.token is not None:
        return {**accept, "authorization": f"Bearer {settings.token.get_secret_value()}"}
    if settings.authentication == "header" and settings.header_value is not None:
        return {**accept, settings.header_name.lower(): settings.header_value.get_secret_value()}
    return accept


def sender_of(settings: OptimumOptions, message: Message) -> str:
    """The message's own sender, else the account's for its channel; a number with a plus as the account writes it."""
    own = settings.caller if message.channel is Channel.VOICE else settings.sender
    sender = (message.sender or own or "").strip()
    return written(settings, sender) if sender[:1] == "+" and sender[1:].isdecimal() else sender


def campaign_of(message: Message) -> str:
    """The campaign that a call plays instead of a text (``content.campaign``); empty where there is none."""
    return str(message.content.get("campaign") or "").strip() if message.channel is Channel.VOICE else ""


def language_of(settings: OptimumOptions, message: Message) -> str:
    """The language that a call's text is spoken in (``content.language``, else the account's), es_MX written as es-MX;
    empty where none is."""
    return str(message.content.get("language") or settings.language or "").strip().replace("_", "-")


def written(settings: OptimumOptions, e164: str) -> str:
    """A number as Optimum Measures wants it: 0016175551212."""
    return settings.number_prefix + e164.removeprefix("+")


def e164_of(number: object) -> str | None:
    """A number as Optimum Measures writes it, in E.164; None where it is none."""
    digits = str(number).strip().removeprefix("+").removeprefix("00")
    return f"+{digits}" if digits and digits.isascii() and digits.isdecimal() else number_in(str(number))
