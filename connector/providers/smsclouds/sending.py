"""Messages into the requests that send them, each channel by its own section of the guide."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass, replace

from connector.model.failures import Failure, Fault, Retry
from connector.model.messages import Channel, Message
from connector.providers.base import Batch
from connector.providers.exchange import Request, Response
from connector.providers.smsclouds import clic, emails, sms, voice
from connector.providers.smsclouds.options import SmscloudsOptions


@dataclass(frozen=True, slots=True)
class Way:
    """How the messages of one channel are refused, grouped and sent, and where an answer names their campaign."""

    refusal: Callable[[SmscloudsOptions, Message], Failure | None]
    group_of: Callable[[SmscloudsOptions, Message], Hashable]
    request: Callable[[SmscloudsOptions, Batch], Request]
    batch_in: Callable[[Response], str]


SMS = Way(sms.refusal, sms.group_of, sms.request, sms.batch_in)
SMS_CLIC = Way(clic.refusal, clic.group_of, clic.request, clic.batch_in)
VOICE = Way(voice.refusal, voice.group_of, voice.request, voice.batch_in)
EMAIL = Way(emails.refusal, emails.group_of, emails.request, emails.batch_in)


def way_of(message: Message) -> Way | None:
    """The message's way, by its channel, and for an SMS by whether it has a link; None for any other channel."""
    if message.channel is Channel.SMS:
        return SMS_CLIC if clic.is_linked(message) else SMS
    return {Channel.VOICE: VOICE, Channel.EMAIL: EMAIL}.get(message.channel)


def refusal(settings: SmscloudsOptions, message: Message) -> Failure | None:
    """Why the message cannot be sent: a channel Smsclouds does not have, or its own way's reason."""
    way = way_of(message)
    if way is not None:
        return way.refusal(settings, message)
    reason = (
        f"Smsclouds sends SMS, voice and email, and this message is for {message.channel}; mend the mapping's route"
    )
    return Failure("channel", reason, Fault.MAPPING, Retry.WHEN_MENDED)


def group_of(settings: SmscloudsOptions, message: Message) -> Hashable:
    """What messages must share to travel in one request."""
    way = _way(message)
    return way, way.group_of(settings, message)


def send_request(settings: SmscloudsOptions, batch: Batch) -> Request:
    """The request of a batch of one group."""
    return replace(_way(batch.messages[0]).request(settings, batch), timeout=settings.send_timeout)


def batch_in(batch: Batch, response: Response) -> str:
    """Smsclouds' id of the batch, from the answer to its send.

    Raises:
        Unreadable: the answer has none.
    """
    return _way(batch.messages[0]).batch_in(response)


def _way(message: Message) -> Way:
    way = way_of(message)
    if way is None:
        raise ValueError(f"{message.channel} was refused and yet is being sent; this is a fault of the connector")
    return way
