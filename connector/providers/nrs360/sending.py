"""Messages into the request that sends them, each channel by its own section of the guide."""

from collections.abc import Hashable, Mapping
from dataclasses import replace

from connector.model.failures import Failure
from connector.model.messages import Channel, Message
from connector.providers.base import Batch
from connector.providers.exchange import Request
from connector.providers.nrs360 import emails, landing, sms, voice, whatsapp
from connector.providers.nrs360.codes import REPLY_ADDRESS_NOT_VERIFIED, SENDER_NOT_VERIFIED
from connector.providers.nrs360.options import NRS360Options
from connector.providers.refusals import channel_refusal

CHANNELS = frozenset({Channel.SMS, Channel.WHATSAPP, Channel.VOICE, Channel.LANDING, Channel.EMAIL})


def refusal(settings: NRS360Options, message: Message) -> Failure | None:
    """Why the message cannot be sent: another channel, or what the channel's own section says."""
    match message.channel:
        case Channel.SMS:
            return sms.refusal(settings, message)
        case Channel.WHATSAPP:
            return whatsapp.refusal(settings, message)
        case Channel.VOICE:
            return voice.refusal(settings, message)
        case Channel.LANDING:
            return landing.refusal(settings, message)
        case Channel.EMAIL:
            return emails.refusal(settings, message)
    return channel_refusal("360NRS", message, CHANNELS)


def group_of(settings: NRS360Options, message: Message) -> Hashable:
    """What messages must share to travel in one request."""
    match message.channel:
        case Channel.WHATSAPP:
            return whatsapp.group_of(settings, message)
        case Channel.VOICE:
            return voice.group_of(settings, message)
        case Channel.LANDING:
            return landing.group_of(settings, message)
        case Channel.EMAIL:
            return emails.group_of(settings, message)
    return sms.group_of(settings, message)


def send_request(account: str, settings: NRS360Options, batch: Batch) -> Request:
    """The request for a batch of one group."""
    match batch.messages[0].channel:
        case Channel.WHATSAPP:
            return whatsapp.send_request(settings, batch)
        case Channel.VOICE:
            return voice.send_request(settings, batch)
        case Channel.LANDING:
            return landing.send_request(settings, batch)
        case Channel.EMAIL:
            return emails.send_request(settings, batch)
    return sms.send_request(account, settings, batch)


def own_codes(settings: NRS360Options, message: Message) -> frozenset[str]:
    """Errors that are of what the message itself names, a sender or a reply address, where the account's settings would
    have named another."""
    rest = {name: value for name, value in message.content.items() if name != "reply_to"}
    account_s = _names(settings, replace(message, sender=None, content=rest))
    return frozenset(code for code, name in _names(settings, message).items() if name != account_s[code])


def _names(settings: NRS360Options, message: Message) -> Mapping[str, str]:
    """What a message travels with that must be verified, by the error of one that is not."""
    match message.channel:
        case Channel.SMS | Channel.LANDING:
            return {SENDER_NOT_VERIFIED: sms.sender_of(settings, message)}
        case Channel.WHATSAPP:
            return {SENDER_NOT_VERIFIED: whatsapp.sender_of(settings, message)}
        case Channel.EMAIL:
            return {
                SENDER_NOT_VERIFIED: emails.from_of(settings, message),
                REPLY_ADDRESS_NOT_VERIFIED: emails.reply_to_of(settings, message),
            }
    return {}
