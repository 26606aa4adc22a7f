"""WhatsApp messages into the request that sends them: templates (guide: "Send WhatsApp template"), and texts into a
conversation that its person has begun (guide: "Send a message to a conversation")."""

from collections.abc import Hashable, Sequence
from typing import Any

from connector.model.failures import Failure, Fault, Retry
from connector.model.messages import Message
from connector.providers.base import Batch, campaign_with_reference
from connector.providers.exchange import Request
from connector.providers.nrs360.credentials import authorization
from connector.providers.nrs360.operations.whatsapp import SendMessage, SendTemplate, TemplateMessage, WhatsApp
from connector.providers.nrs360.options import NRS360Options
from connector.providers.refusals import no_sender, text_refusal


def refusal(settings: NRS360Options, message: Message) -> Failure | None:
    """Why the message cannot be sent: no template nor a text for a conversation, or no sender."""
    unsent: Failure | None = None
    if in_conversation(message):
        unsent = text_refusal(message.text, max_parts=None)
    elif not _template(message):
        reason = "a WhatsApp message needs its template; name it in the mapping, `whatsapp: {template: …}`"
        unsent = Failure("no_template", reason, Fault.MAPPING, Retry.WHEN_MENDED)
    return unsent or (None if sender_of(settings, message) else no_sender())


def group_of(settings: NRS360Options, message: Message) -> Hashable:
    """What messages must share to travel in one request: all but the values that fill the template. A text into a
    conversation shares it with none."""
    if in_conversation(message):
        return message.channel, message.id
    campaign = message.campaign or settings.campaign
    return message.channel, sender_of(settings, message), campaign, _template(message)


def send_request(settings: NRS360Options, batch: Batch) -> Request:
    """The request for a batch of one group; the template's variables are filled by their positions."""
    first = batch.messages[0]
    if in_conversation(first):
        written = SendMessage(sender=sender_of(settings, first), to=first.to.removeprefix("+"), content=first.text)
        return WhatsApp.send_message.request(written, headers=authorization(settings))
    asked = SendTemplate(
        template_id=_template(first),
        sender=sender_of(settings, first),
        messages=[_recipient(message) for message in batch.messages],
        campaign_name=campaign_with_reference(first.campaign or settings.campaign, batch.reference),
    )
    return WhatsApp.send_template.request(asked, headers=authorization(settings))


def in_conversation(message: Message) -> bool:
    """Whether the mapping says that the person's conversation is open (``content.conversation``), which is asked for
    nowhere: 360NRS refuses the text where it is not."""
    return str(message.content.get("conversation") or "").strip().lower() not in ("", "false", "no", "0")


def sender_of(settings: NRS360Options, message: Message) -> str:
    """The message's own sender, else the account's for WhatsApp; digits without a plus."""
    return (message.sender or settings.whatsapp_sender or "").strip().removeprefix("+")


def _template(message: Message) -> int:
    template = message.content.get("template")
    return template if isinstance(template, int) else 0


def _recipient(message: Message) -> TemplateMessage:
    return TemplateMessage(
        to=message.to.removeprefix("+"),
        header_fields=_filled(message, "header"),
        body_fields=_filled(message, "body"),
        call_to_action_fields=_filled(message, "buttons"),
    )


def _filled(message: Message, part: str) -> list[str] | None:
    values: Sequence[Any] = message.content.get(part) or ()
    return [str(value) for value in values] or None
