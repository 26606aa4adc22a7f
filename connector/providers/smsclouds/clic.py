"""SMS campaigns with a link whose clicks are told apart (guide: "SMS Service (SMS CLIC)").

A message is one when its content names a `link`, the ID URL of one of the account's links. The link's placeholder,
``<+DYNAMICSHORTURL_…+>``, stands in the mapping's own words; one that comes from data travels as a value, unread.
"""

import re
from collections.abc import Hashable

from connector.model.failures import Failure, Fault, Retry
from connector.model.messages import Message
from connector.providers.base import Batch, campaign_with_reference
from connector.providers.exchange import Request, Response
from connector.providers.smsclouds.addressing import authorization, number_refusal
from connector.providers.smsclouds.codes import MERGE_FIELDS
from connector.providers.smsclouds.merging import MARK_OF_PLACEHOLDERS, marked, placeholder_refusal, text_refusal
from connector.providers.smsclouds.operations.campaigns import Clic, CreateClicCampaign
from connector.providers.smsclouds.options import SmscloudsOptions
from connector.providers.smsclouds.sms import flags_of, form_of, holds, length_refusal, recipients_of

PLACEHOLDER = re.compile(r"<\+DYNAMICSHORTURL\w*\+>")
"""Where the link stands in a text (guide: "SMS Service (SMS CLIC) / Json Example")."""


def is_linked(message: Message) -> bool:
    """Whether the message is one with a link."""
    return message.content.get("link") is not None


def refusal(settings: SmscloudsOptions, message: Message) -> Failure | None:
    """Why the message cannot be sent: as any SMS; or its link has no ID, no place in the text, or no route."""
    return (
        number_refusal(message)
        or text_refusal(message.text)
        or length_refusal(settings, message.text)
        or _link_refusal(settings, message)
        or _template_refusal(settings, message)
    )


def group_of(settings: SmscloudsOptions, message: Message) -> Hashable:
    """What messages must share to travel in one request."""
    form = form_of(settings, message.text)
    return message.campaign or settings.campaign, form, _link(message), _template(settings, message)


def request(settings: SmscloudsOptions, batch: Batch) -> Request:
    """POST to the path of SMS CLIC for a batch of one group."""
    first = batch.messages[0]
    template = _template(settings, first)
    asked = CreateClicCampaign.model_validate(
        {
            "text": template,
            "recipients": recipients_of(settings, batch, template),
            "campaign_name": campaign_with_reference(first.campaign or settings.campaign, batch.reference),
            "url": _link(first),
            "route": settings.route,
            "country": settings.country,
            **flags_of(form_of(settings, first.text)),
        }
    )
    return Clic.create.request(asked, path=settings.path_of(Clic.create.name), headers=authorization(settings))


def batch_in(response: Response) -> str:
    """The campaign's id, from the answer to its creation."""
    return str(Clic.create.read(response).campaign)


def _link(message: Message) -> str:
    return str(message.content["link"]).strip()


def _link_refusal(settings: SmscloudsOptions, message: Message) -> Failure | None:
    if settings.route is None:
        reason = "Smsclouds sends links by a route only, and the account has none; set route in the settings"
        return Failure("link", reason, Fault.ACCOUNT, Retry.WHEN_MENDED)
    if re.fullmatch("[0-9]{1,18}", _link(message)) is None:
        reason = "the link is no ID URL of the account's; mend the mapping"
        return Failure("link", reason, Fault.MAPPING, Retry.WHEN_MENDED)
    if not any(PLACEHOLDER.search(piece) for piece in message.pieces):
        reason = "the text has no place for its link, such as <+DYNAMICSHORTURL_IVX4+>; mend the mapping"
        return Failure("link", reason, Fault.MAPPING, Retry.WHEN_MENDED)
    return None


def _template_refusal(settings: SmscloudsOptions, message: Message) -> Failure | None:
    """Why the text cannot be a template: unlike a plain one it cannot travel whole as a value, for its link would."""
    if not settings.merge_values:
        values = "".join(message.values)
        return placeholder_refusal(values) or placeholder_refusal(PLACEHOLDER.sub(" ", message.text))
    if len(message.values) > len(MERGE_FIELDS):
        reason = f"a text with a link has room for {len(MERGE_FIELDS)} values, and this one has {len(message.values)}"
        return Failure("too_many_values", f"{reason}; mend the mapping", Fault.MAPPING, Retry.WHEN_MENDED)
    if any(MARK_OF_PLACEHOLDERS in PLACEHOLDER.sub(" ", piece) for piece in message.pieces):
        return placeholder_refusal(MARK_OF_PLACEHOLDERS)
    if not holds(form_of(settings, message.text), marked(message)):
        reason = "the text with its placeholders is longer than Smsclouds allows; shorten it, or use fewer values"
        return Failure("too_long", reason, Fault.MESSAGE)
    return None


def _template(settings: SmscloudsOptions, message: Message) -> str:
    return marked(message) if settings.merge_values else message.text
