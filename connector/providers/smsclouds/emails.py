"""Email campaigns (guide: "Send Email").

What a message's content must name: `subject`. What it may: `header`, `template` (1, 2 or 4), `image` and `attachment`.
The guide gives an email campaign no name and no status, so that nothing tells of a
batch whose answer was lost, and an accepted email has no further word.
"""

from collections.abc import Hashable
from typing import Any

from pydantic import ValidationError

from connector.model.address import is_address
from connector.model.failures import Failure, Fault, Retry
from connector.model.messages import Message
from connector.providers.base import Batch
from connector.providers.exchange import Request, Response
from connector.providers.smsclouds.addressing import authorization
from connector.providers.smsclouds.codes import EMAIL_BATCH
from connector.providers.smsclouds.merging import placeholder_refusal, template_of, text_refusal, values_of
from connector.providers.smsclouds.operations.emails import (
    IMAGE_ALONE,
    CreateEmailCampaign,
    EmailRecipient,
    Emails,
)
from connector.providers.smsclouds.options import SmscloudsOptions

SHARED = ("subject", "header", "template", "image", "attachment")
"""What all emails of one campaign share, beside the body's template and the sender."""


def refusal(settings: SmscloudsOptions, message: Message) -> Failure | None:
    """Why the email cannot be sent: no text, no address, no subject, or a content that the guide does not have."""
    refused = text_refusal(message.text)
    if refused is None and not settings.merge_values:
        refused = placeholder_refusal(message.text)
    for name in ("subject", "header"):
        # neither has a merge value to carry what comes from data
        refused = refused or placeholder_refusal(str(message.content.get(name) or ""))
    return refused or _content_refusal(settings, message)


def group_of(settings: SmscloudsOptions, message: Message) -> Hashable:
    """What messages must share to travel in one request."""
    shared = tuple(str(message.content.get(name)) for name in SHARED)
    return template_of(settings, message), _sender(settings, message), *shared


def request(settings: SmscloudsOptions, batch: Batch) -> Request:
    """POST /api/v1/email for a batch of one group; what comes from data travels in the recipients' fields."""
    return Emails.create.request(_asked(settings, batch), headers=authorization(settings))


def batch_in(response: Response) -> str:
    """The email campaign's id, marked as one, for SMS campaigns have ids of their own."""
    return f"{EMAIL_BATCH}{Emails.create.read(response).email_campaign_id}"


def _content_refusal(settings: SmscloudsOptions, message: Message) -> Failure | None:
    if str(message.content.get("template")) == str(IMAGE_ALONE):
        reason = "template 3 shows an image alone and leaves the text out; name another template in the mapping"
        return Failure("content", reason, Fault.MAPPING, Retry.WHEN_MENDED)
    try:
        _asked(settings, Batch("", (message,)))
    except ValidationError as error:
        wrong = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(map(str, wrong["loc"])) or "content"
        if where.endswith(".email"):
            reason = "the recipient has no address that email can go to; mend the record, or `to` in the mapping"
            return Failure("address", reason, Fault.MAPPING, Retry.WHEN_MENDED)
        reason = f"Smsclouds does not take the email's {where}: {wrong['msg']}; mend the mapping"
        return Failure("content", reason, Fault.MAPPING, Retry.WHEN_MENDED)
    return None


def _asked(settings: SmscloudsOptions, batch: Batch) -> CreateEmailCampaign:
    first = batch.messages[0]
    body = template_of(settings, first)
    shared: dict[str, Any] = {name: first.content.get(name) for name in SHARED}
    recipients = [
        EmailRecipient(*(_address(message), *values_of(settings, message, body))) for message in batch.messages
    ]
    return CreateEmailCampaign.model_validate(
        {**shared, "body": body, "sender": _sender(settings, first), "recipients": recipients}
    )


def _address(message: Message) -> str:
    return message.to if is_address(message.to) else ""


def _sender(settings: SmscloudsOptions, message: Message) -> str | None:
    """The sender where it is an address; else the account's."""
    sender = (message.sender or "").strip()
    return sender if is_address(sender) else settings.email_sender
