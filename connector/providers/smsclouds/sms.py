"""SMS campaigns (guide: "Send Messages MT")."""

from collections.abc import Hashable
from typing import TypedDict

from connector.model.failures import Failure, Fault
from connector.model.messages import Encoding, Message
from connector.model.text import fits, measure
from connector.providers.base import Batch, campaign_with_reference
from connector.providers.exchange import Request, Response
from connector.providers.smsclouds.addressing import authorization, national_of, number_refusal
from connector.providers.smsclouds.codes import LIMITS, Form
from connector.providers.smsclouds.merging import placeholder_refusal, template_of, text_refusal, values_of
from connector.providers.smsclouds.operations.campaigns import Campaigns, CreateCampaign, Recipient
from connector.providers.smsclouds.options import SmscloudsOptions


def refusal(settings: SmscloudsOptions, message: Message) -> Failure | None:
    """Why the message cannot be sent: not Mexican, no text, too long, or a text that reads as a placeholder where
    there is no merge value to carry it."""
    refused = number_refusal(message) or text_refusal(message.text) or length_refusal(settings, message.text)
    if refused is None and not settings.merge_values:
        return placeholder_refusal(message.text)
    return refused


def group_of(settings: SmscloudsOptions, message: Message) -> Hashable:
    """What messages must share to travel in one request."""
    form = form_of(settings, message.text)
    return message.campaign or settings.campaign, form, _template(settings, message)


def request(settings: SmscloudsOptions, batch: Batch) -> Request:
    """POST /api/v3/campaign for a batch of one group; what comes from data travels in the recipients' fields."""
    first = batch.messages[0]
    template = _template(settings, first)
    asked = CreateCampaign(
        text=template,
        recipients=recipients_of(settings, batch, template),
        campaign_name=campaign_with_reference(first.campaign or settings.campaign, batch.reference),
        route=settings.route,
        country=settings.country,
        **flags_of(form_of(settings, first.text)),
    )
    return Campaigns.create.request(asked, headers=authorization(settings))


def batch_in(response: Response) -> str:
    """The campaign's id, from the answer to its creation."""
    return str(Campaigns.create.read(response).campaign)


def length_refusal(settings: SmscloudsOptions, text: str) -> Failure | None:
    """Why no form of this account holds the text; None where one does."""
    if form_of(settings, text) is not None:
        return None
    allowed, units = _allowed_forms(settings, text)
    longest = max((LIMITS[form] for form in allowed), default=0)
    reason = f"the text is {units} characters long, and {longest} of its alphabet are allowed; shorten it"
    return Failure("too_long", reason, Fault.MESSAGE)


def form_of(settings: SmscloudsOptions, text: str) -> Form | None:
    """The first form that the account may use and that holds the merged text; None where it is too long for all."""
    allowed, units = _allowed_forms(settings, text)
    return next((form for form in allowed if units <= LIMITS[form]), None)


def _allowed_forms(settings: SmscloudsOptions, text: str) -> tuple[tuple[Form, ...], int]:
    """The forms that may carry the text's alphabet, shortest first, and the text's length in their units."""
    if fits(text, Encoding.GSM7) and (settings.plain_alphabet == "gsm-7" or text.isascii()):
        forms = (Form.PLAIN, Form.LONG) if settings.long_message else (Form.PLAIN,)
        return forms, measure(text, (Encoding.GSM7,)).units
    return tuple(sorted(settings.encodes)), measure(text, (Encoding.UCS2,)).units


def holds(form: Form | None, template: str) -> bool:
    """Whether the form holds the template itself, for the guide does not say that the limit is the merged text's."""
    encoding = Encoding.GSM7 if form in (Form.PLAIN, Form.LONG) else Encoding.UCS2
    return form is None or measure(template, (encoding,)).units <= LIMITS[form]


def _template(settings: SmscloudsOptions, message: Message) -> str:
    form = form_of(settings, message.text)
    return template_of(settings, message, holds=lambda template: holds(form, template))


def recipients_of(settings: SmscloudsOptions, batch: Batch, template: str) -> list[Recipient]:
    """Each number of the batch with what fills the template for it."""
    return [Recipient(national_of(message.to), *values_of(settings, message, template)) for message in batch.messages]


class Flags(TypedDict):
    """The fields that ask for a form; None where it is not asked for."""

    long_message: bool | None
    encode: bool | None
    encode_2: bool | None
    encode_3: bool | None


def flags_of(form: Form | None) -> Flags:
    """The fields that ask for this form."""
    return Flags(
        long_message=form is Form.LONG or None,
        encode=form is Form.ENCODE or None,
        encode_2=form is Form.ENCODE_2 or None,
        encode_3=form is Form.ENCODE_3 or None,
    )
