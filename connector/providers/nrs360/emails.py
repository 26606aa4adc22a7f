"""E-mails into the request that sends them (guide: "Send Email message", "Substitution variables").

What a message's content must name: `subject`. What it may: `html`, which stands in the text's place, or `template`, a
template's id, and `fields`, its variables; `from_name` and `reply_to`. The guide has variables in the body alone, so
e-mails of one request share their subject.
"""

from collections.abc import Hashable, Mapping
from dataclasses import replace
from html import escape

from connector.model.address import is_address
from connector.model.failures import Failure, Fault, Retry
from connector.model.messages import Message
from connector.providers.base import Batch, campaign_with_reference
from connector.providers.exchange import Request
from connector.providers.nrs360.credentials import authorization
from connector.providers.nrs360.merging import placeholder_refusal, substitutions, template_of
from connector.providers.nrs360.operations.mailing import Mailing, SendMailing
from connector.providers.nrs360.options import NRS360Options
from connector.providers.refusals import text_refusal


def refusal(settings: NRS360Options, message: Message) -> Failure | None:
    """Why the e-mail cannot be sent: no address, subject, sender or text, or braces that would be read as variables."""
    if not is_address(message.to):
        reason = "the recipient has no address that e-mail can go to; mend the record, or `to` in the mapping"
        return Failure("address", reason, Fault.MAPPING, Retry.WHEN_MENDED)
    if not _subject(message):
        reason = "an e-mail needs its subject; name it in the mapping, `email: {subject: …}`"
        return Failure("no_subject", reason, Fault.MAPPING, Retry.WHEN_MENDED)
    if not from_of(settings, message):
        reason = "the e-mail has no address it comes from; set email_sender in the account's settings, or a sender"
        return Failure("no_sender", reason, Fault.MAPPING, Retry.WHEN_MENDED)
    if _template(message) is not None:
        return None
    return text_refusal(message.text, max_parts=None) or placeholder_refusal(settings, _page(message).text)


def group_of(settings: NRS360Options, message: Message) -> Hashable:
    """What e-mails must share to travel in one request."""
    template = _template(message)
    body = template_of(settings, _page(message)) if template is None else tuple(sorted(_fields(message)))
    said = (
        _subject(message),
        message.content.get("from_name"),
        from_of(settings, message),
        reply_to_of(settings, message),
    )
    return message.channel, message.campaign or settings.campaign, template, body, said


def send_request(settings: NRS360Options, batch: Batch) -> Request:
    """The request for a batch of one group; what comes from data travels in `sub`, never in the body."""
    first = batch.messages[0]
    template = _template(first)
    pages = replace(batch, messages=tuple(_page(message) for message in batch.messages))
    body = template_of(settings, pages.messages[0]) if template is None else None
    asked = SendMailing(
        to=[message.to for message in batch.messages],
        from_email=from_of(settings, first),
        from_name=first.content.get("from_name"),
        reply_to=reply_to_of(settings, first),
        subject=_subject(first),
        body=body,
        template_id=template,
        campaign_name=campaign_with_reference(first.campaign or settings.campaign, batch.reference),
        sub=_variables(batch) if body is None else substitutions(settings, pages, body),
        schedule_date=batch.scheduled_for,
    )
    return Mailing.send.request(asked, headers=authorization(settings))


def _page(message: Message) -> Message:
    """The message with HTML for its text: the content's own, whole as one value, or its text made HTML."""
    html = message.content.get("html")
    if html:
        return replace(message, pieces=("", ""), values=(str(html),))
    return replace(message, pieces=_as_html(message.pieces), values=_as_html(message.values))


def _as_html(texts: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(escape(text, quote=False).replace("\n", "<br>\n") for text in texts)


def _variables(batch: Batch) -> list[dict[str, str]] | None:
    variables = [dict(_fields(message)) for message in batch.messages]
    return variables if any(variables) else None


def _fields(message: Message) -> Mapping[str, str]:
    fields: Mapping[str, str] = message.content.get("fields") or {}
    return fields


def _subject(message: Message) -> str:
    return str(message.content.get("subject") or "").strip()


def _template(message: Message) -> int | None:
    template = message.content.get("template")
    return template if isinstance(template, int) else None


def from_of(settings: NRS360Options, message: Message) -> str:
    """The sender where it is an address; else the account's."""
    sender = (message.sender or "").strip()
    return sender if is_address(sender) else settings.email_sender or ""


def reply_to_of(settings: NRS360Options, message: Message) -> str:
    """Where answers go, which the guide asks for: the content's own address, else the account's, else the sender's."""
    return str(message.content.get("reply_to") or settings.email_reply_to or from_of(settings, message))
