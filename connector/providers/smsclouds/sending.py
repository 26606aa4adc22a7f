"""Messages into the request that sends them (guide: "Send Messages MT")."""

from collections.abc import Hashable, Mapping
from dataclasses import replace

from connector.model.failures import Failure, Fault, Retry
from connector.model.messages import Channel, Encoding, Message
from connector.model.text import fits, measure
from connector.providers.base import Batch, Request, campaign_with_reference
from connector.providers.smsclouds.codes import LIMITS, MERGE_FIELDS, Form
from connector.providers.smsclouds.operations.campaigns import Campaigns, CreateCampaign, Recipient
from connector.providers.smsclouds.options import SmscloudsOptions

MARK_OF_PLACEHOLDERS = "<+"
WHOLE_TEXT_AS_VALUE = MERGE_FIELDS[0][0]
COUNTRY_CODE = "+52"
NATIONAL_DIGITS = 10


def refusal(settings: SmscloudsOptions, message: Message) -> Failure | None:
    """Why the message cannot be sent: not an SMS, not Mexican, no text, too long, or a text that reads as a
    placeholder where there is no merge value to carry it."""
    if message.channel is not Channel.SMS:
        reason = (
            f"Smsclouds accounts send SMS only, and this message is for {message.channel}; mend the mapping's route"
        )
        return Failure("channel", reason, Fault.MAPPING, Retry.WHEN_MENDED)
    national = message.to.removeprefix(COUNTRY_CODE)
    if national == message.to or len(national) != NATIONAL_DIGITS:
        reason = f"Smsclouds sends to Mexico only, and the number is of {message.country or 'no country'}"
        return Failure("country", f"{reason}; mend the number or the mapping's route", Fault.MAPPING, Retry.WHEN_MENDED)
    return _text_refusal(settings, message.text)


def _text_refusal(settings: SmscloudsOptions, text: str) -> Failure | None:
    if not text:
        return Failure("no_text", "the text is empty; fill it in on the record", Fault.MESSAGE)
    if not fits(text, Encoding.UCS2):
        return Failure("unsendable_character", "the text holds half a character; change it", Fault.MESSAGE)
    if form_of(settings, text) is None:
        allowed, units = _allowed_forms(settings, text)
        longest = max((LIMITS[form] for form in allowed), default=0)
        reason = f"the text is {units} characters long, and {longest} of its alphabet are allowed; shorten it"
        return Failure("too_long", reason, Fault.MESSAGE)
    if not settings.merge_values and MARK_OF_PLACEHOLDERS in text:
        reason = f"the text holds {MARK_OF_PLACEHOLDERS!r}, which Smsclouds would read as a placeholder; take it out"
        return Failure("placeholder", reason, Fault.MESSAGE)
    return None


def group_of(settings: SmscloudsOptions, message: Message) -> Hashable:
    """What messages must share to travel in one request."""
    form = form_of(settings, message.text)
    return message.channel, message.campaign or settings.campaign, form, _template(settings, message)


def send_request(settings: SmscloudsOptions, batch: Batch) -> Request:
    """POST /api/v3/campaign for a batch of one group; what comes from data travels in the recipients' fields."""
    first = batch.messages[0]
    template = _template(settings, first)
    form = form_of(settings, first.text)
    asked = CreateCampaign(
        text=template,
        recipients=[
            Recipient(national_of(message.to), *_values(settings, message, template)) for message in batch.messages
        ],
        campaign_name=campaign_with_reference(first.campaign or settings.campaign, batch.reference),
        route=settings.route,
        country=settings.country,
        long_message=form is Form.LONG or None,
        encode=form is Form.ENCODE or None,
        encode_2=form is Form.ENCODE_2 or None,
        encode_3=form is Form.ENCODE_3 or None,
    )
    request = Campaigns.create.request(asked, headers=authorization(settings))
    return replace(request, timeout=settings.send_timeout)


def authorization(settings: SmscloudsOptions) -> Mapping[str, str]:
    """The headers of every request (guide: "User Credentials")."""
    return {
        "authorization": f"Bearer {settings.token.get_secret_value()}",
        "content-type": "application/json",
        "accept": "application/json",
    }


def national_of(e164: str) -> str:
    """The ten digits Smsclouds knows a Mexican number by."""
    return e164.removeprefix(COUNTRY_CODE)


def e164_of(cellphone: object) -> str | None:
    """The number Smsclouds wrote, as E.164; None where it is not ten digits, with or without the country code."""
    digits = str(cellphone).strip().removeprefix("+")
    if len(digits) == NATIONAL_DIGITS + 2 and digits.startswith(COUNTRY_CODE[1:]):
        digits = digits[2:]
    return f"{COUNTRY_CODE}{digits}" if len(digits) == NATIONAL_DIGITS and digits.isdecimal() else None


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


def _template(settings: SmscloudsOptions, message: Message) -> str:
    """The text with placeholders where the values go.

    The whole text becomes the one value where the pieces cannot be a template: more values than there are fields, a
    literal that could be read as a placeholder, or placeholders that make the template longer than the text may be.
    """
    if not settings.merge_values:
        return message.text
    if len(message.values) > len(MERGE_FIELDS) or any(MARK_OF_PLACEHOLDERS in piece for piece in message.pieces):
        return WHOLE_TEXT_AS_VALUE
    marks = [mark for mark, _ in MERGE_FIELDS[: len(message.values)]]
    template = "".join(piece + mark for piece, mark in zip(message.pieces, marks, strict=False)) + message.pieces[-1]
    form = form_of(settings, message.text)
    encoding = Encoding.GSM7 if form in (Form.PLAIN, Form.LONG) else Encoding.UCS2
    if form is not None and measure(template, (encoding,)).units > LIMITS[form]:
        return WHOLE_TEXT_AS_VALUE
    return template


def _values(settings: SmscloudsOptions, message: Message, template: str) -> tuple[str, ...]:
    if not settings.merge_values:
        return ()
    return (message.text,) if template == WHOLE_TEXT_AS_VALUE else message.values
