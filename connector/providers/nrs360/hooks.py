"""News that 360NRS pushes (guide: "Event Notifications", "Delivery notifications")."""

import orjson

from connector.model.errors import Refused
from connector.model.failures import Failure, Fault
from connector.model.messages import News, NewsKind
from connector.providers.base import HookAnswer, HookRequest, news_key, reference_in
from connector.providers.nrs360.codes import NAME, event_of
from connector.providers.nrs360.lookups import HOOK
from connector.providers.nrs360.options import NRS360Options
from connector.providers.nrs360.report import time_of
from connector.providers.numbers import number_in
from connector.providers.webhooks import Carrier, Webhook, WebhookField, no_such_webhook

FORM_SUBMITTED = "form_submitted"

WEBHOOKS = (
    Webhook(
        "events",
        "Event Notifications",
        "An event, on any channel; a form's answers are a reply. Sent again up to 5 times on any answer but 200.",
        (Carrier.FORM,),
        (
            WebhookField("event", "delivered", "what happened", required=True),
            WebhookField("id", "XXXXXXXXXXXXX", "the message's id, as the send answered it; empty for the website's"),
            WebhookField("channel", "sms", "sms, mailing, landing or text2speech"),
            WebhookField("contactId", 12, "the contact"),
            WebhookField("campaignId", 123456, "the campaign; 0 without a name"),
            WebhookField("campaignName", "Spring ~01JEXAMPLE", "the campaign's name, which ends in our reference"),
            WebhookField("formId", 7, "the form, for events of forms"),
            WebhookField("extra", '{"url": "https%3A%2F%2Fexample.com"}', "JSON: a form's values, a clicked address"),
            WebhookField("smtpResponse", "250 OK", "the recipient's mail server, for events of mailings"),
            WebhookField("eventDate", "2021-07-19T15:00:33+00:00", "when it happened"),
        ),
    ),
    Webhook(
        "delivery",
        "Delivery notifications",
        "The final status of a message, at the notification address that was sent with it.",
        (Carrier.QUERY,),
        (
            WebhookField("status", "delivered", "the guide's %d", required=True),
            WebhookField("message", "01JEXAMPLE", "our id of the message, put into the address by the connector"),
            WebhookField("phone", "34666555444", "the guide's %P"),
            WebhookField("sender", "360NRS", "the guide's %p"),
        ),
    ),
    Webhook(
        HOOK,
        "Email validation",
        "How far a validation of e-mail addresses is, at the notification address that it was begun with.",
        (Carrier.JSON,),
        (WebhookField("data", {"id": 2, "status": "finished"}, "the validation, as `Show a validation` has it", True),),
    ),
)


def heard(settings: NRS360Options, request: HookRequest) -> HookAnswer:
    """The news in a webhook named ``events`` (POST form), ``delivery`` (GET) or ``validation`` (POST JSON).

    Raises:
        Refused: another name (404), or a body without what the guide gives it (400).
    """
    if request.name == "events":
        return HookAnswer((_event(request),))
    if request.name == "delivery":
        return HookAnswer((_delivery(settings, request),))
    if request.name == HOOK:
        return HookAnswer((_validation(request),))
    raise no_such_webhook("360NRS", WEBHOOKS)


def _event(request: HookRequest) -> News:
    form = request.form
    word = form.get("event", "").strip()
    if not word:
        raise Refused(Failure("400", "an event notification has no `event`", Fault.PROVIDER), status=400)
    event, at, provider_id = event_of(word), form.get("eventDate", ""), form.get("id", "").strip()
    named = (provider_id, form.get("contactId", ""), form.get("campaignId", ""))
    answers = _form_answers(form.get("extra", "")) if word.lower() == FORM_SUBMITTED else None
    return News(
        NewsKind.STATUS if answers is None else NewsKind.REPLY,
        news_key(NAME, "event", *named, word, at, form.get("extra", "")),
        time_of(at),
        event.state,
        word,
        event.failure,
        reference=reference_in(form.get("campaignName")),
        provider_id=provider_id or None,
        text=answers,
        opted_out=event.opted_out,
        raw=dict(form),
    )


def _form_answers(extra: str) -> str | None:
    """What a person has filled into a form, a line a field; None where `extra` holds no such thing."""
    try:
        values = orjson.loads(extra)["formValues"]
        return "\n".join(f"{name}: {value}" for name, value in values.items())
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError):
        return None


def _delivery(settings: NRS360Options, request: HookRequest) -> News:
    """Our id came back in `message`; the words of %d are not in the guide, so a setting can name more of them."""
    query = request.query
    message, phone = query.get("message", "").strip(), query.get("phone", "").strip().removeprefix("+")
    word = query.get("status", "").strip()
    if not word or not (message or phone):
        raise Refused(Failure("400", "a delivery notification lacks `status` or `message`", Fault.PROVIDER), status=400)
    event = event_of(word)
    words = {known.lower(): state for known, state in settings.delivery_words.items()}
    return News(
        NewsKind.STATUS,
        news_key(NAME, "delivery", message, phone, word.lower()),
        state=words.get(word.lower(), event.state),
        word=word,
        failure=event.failure,
        message_id=message or None,
        phone=f"+{phone}" if phone.isascii() and phone.isdecimal() else number_in(phone),
        opted_out=event.opted_out,
        raw=dict(query),
    )


def _validation(request: HookRequest) -> News:
    """That a validation goes on. What it has found is asked for, and never taken from what is pushed."""
    try:
        data = orjson.loads(request.body)["data"]
        validation, status = str(int(data["id"])), str(data["status"]).strip()
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError):
        reason = "a notification of a validation lacks `data` with its `id` and `status`"
        raise Refused(Failure("400", reason, Fault.PROVIDER), status=400) from None
    return News(
        NewsKind.LOOKUP,
        news_key(NAME, "validation", validation, status),
        time_of(str(data.get("updatedAt") or "")),
        word=status,
        provider_id=validation,
        raw=data,
    )
