"""Landing SMS into the request that sends them (guide: "Send Landing SMS message"): a text with a link to a page."""

from collections.abc import Hashable

from connector.model.failures import Failure, Fault, Retry
from connector.model.messages import Message, merge
from connector.model.text import Segments
from connector.providers.base import Batch, campaign_with_reference
from connector.providers.exchange import Request
from connector.providers.nrs360.codes import ENCODINGS
from connector.providers.nrs360.credentials import authorization
from connector.providers.nrs360.merging import MARKS_OF_PLACEHOLDERS, PLACEHOLDER, marked
from connector.providers.nrs360.operations.sms import MAX_LANDING_PARTS, Landing, SendLandingSMS
from connector.providers.nrs360.options import NRS360Options
from connector.providers.nrs360.sms import expiry, segments_of, sender_of, sender_refusal

LINK = "{LAND_URL}"
"""Where the link goes in the text; a text of a mapping that does not say where has it at its end."""


def refusal(settings: NRS360Options, message: Message) -> Failure | None:
    """Why the message cannot be sent: no sender, no page, no text, too long, or other marks of a template in it."""
    if unsent := sender_refusal(settings, message):
        return unsent
    if page_of(settings, message) == (None, None):
        reason = (
            "a landing SMS needs its page; give a template's id in the mapping or as the account's landing_template"
        )
        return Failure("no_page", reason, Fault.MAPPING, Retry.WHEN_MENDED)
    return _text_refusal(settings, message)


def _text_refusal(settings: NRS360Options, message: Message) -> Failure | None:
    if not message.text:
        return Failure("no_text", "the text is empty; fill it in on the record", Fault.MESSAGE)
    rest = tuple(piece.replace(LINK, "") for piece in _pieces(message))
    whole = not settings.merge_values and PLACEHOLDER.search(merge(rest, message.values))
    if whole or any(MARKS_OF_PLACEHOLDERS.intersection(piece) for piece in rest):
        reason = f"the text holds braces or brackets other than {LINK}, which 360NRS would read; take them out"
        return Failure("placeholder", reason, Fault.MESSAGE)
    try:
        parts = _segments(settings, message).parts
    except ValueError as error:
        return Failure("unsendable_character", str(error), Fault.MESSAGE)
    allowed = min(settings.max_parts, MAX_LANDING_PARTS)
    if parts <= allowed:
        return None
    return Failure("too_long", f"the text needs {parts} parts and {allowed} are allowed; shorten it", Fault.MESSAGE)


def group_of(settings: NRS360Options, message: Message) -> Hashable:
    """What messages must share to travel in one request."""
    return (
        message.channel,
        sender_of(settings, message),
        message.campaign or settings.campaign,
        _segments(settings, message).encoding,
        _template(settings, message),
        page_of(settings, message),
        expiry(settings, message),
    )


def send_request(settings: NRS360Options, batch: Batch) -> Request:
    """The request for a batch of one group; what comes from data travels in `sub`, never in the template."""
    first = batch.messages[0]
    template_id, html = page_of(settings, first)
    merged = settings.merge_values and first.values
    asked = SendLandingSMS(
        to=[message.to.removeprefix("+") for message in batch.messages],
        sender=sender_of(settings, first),
        message=_template(settings, first),
        encoding=ENCODINGS[_segments(settings, first).encoding],
        parts=min(settings.max_parts, MAX_LANDING_PARTS),
        campaign_name=campaign_with_reference(first.campaign or settings.campaign, batch.reference),
        sub=[{f"v{n}": value for n, value in enumerate(m.values)} for m in batch.messages] if merged else None,
        expiration_date=expiry(settings, first),
        template_id=template_id,
        template_body=html,
    )
    return Landing.send.request(asked, headers=authorization(settings))


def page_of(settings: NRS360Options, message: Message) -> tuple[int | None, str | None]:
    """The page: its template's id (``content.template``, else the account's), or its HTML (``content.html``)."""
    template, html = message.content.get("template"), message.content.get("html")
    if isinstance(html, str) and html and template is None:
        return None, html
    return (template if isinstance(template, int) else settings.landing_template), None


def _pieces(message: Message) -> tuple[str, ...]:
    if any(LINK in piece for piece in message.pieces):
        return message.pieces
    return (*message.pieces[:-1], f"{message.pieces[-1]} {LINK}")


def _template(settings: NRS360Options, message: Message) -> str:
    pieces = _pieces(message)
    return marked(pieces) if settings.merge_values else merge(pieces, message.values)


def _segments(settings: NRS360Options, message: Message) -> Segments:
    link = "x" * settings.landing_link
    return segments_of(settings, merge(tuple(piece.replace(LINK, link) for piece in _pieces(message)), message.values))
