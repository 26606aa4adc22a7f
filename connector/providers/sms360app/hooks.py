"""News that 360 SMS App pushes (guide: "Configuration Details")."""

from collections.abc import Mapping

from connector.model.messages import News, NewsKind
from connector.providers.base import HookAnswer, HookRequest, news_key
from connector.providers.numbers import IN_FRONT
from connector.providers.pushed import fields_of, unreadable_push
from connector.providers.sms360app.codes import NAME, STATUSES, TITLE, WITHOUT_NUMBERS, delivery_failure
from connector.providers.sms360app.options import SMS360AppOptions
from connector.providers.sms360app.sending import e164_of
from connector.providers.status_words import ENDED_BADLY, state_of
from connector.providers.webhooks import Carrier, Webhook, WebhookField, no_such_webhook

WEBHOOKS = (
    Webhook(
        "incoming",
        "Incoming messages webhook URL",
        "A message that a person sent to one of the account's numbers.",
        (Carrier.JSON, Carrier.FORM),
        (
            WebhookField("sms_id", "SMc9f85ebf1dad31975abae63cd56a194c", "the incoming message's own id"),
            WebhookField("delivery_status", "received", "always `received`"),
            WebhookField("body", "Hi", "the text; missing where a picture came alone"),
            WebhookField("to", "+19292968422", "the account's number that it was sent to"),
            WebhookField("from", "+447897027482", "whose message it is; `whatsapp:` may stand in front", required=True),
        ),
    ),
    Webhook(
        "delivery",
        "Delivery call back URL",
        "The status of a message that was sent.",
        (Carrier.JSON, Carrier.FORM),
        (
            WebhookField("sms_id", "ee9c3afceead4bcfa9", "the message, by the id that its send was answered", True),
            WebhookField("delivery_status", "delivered", "what became of it", required=True),
            WebhookField("error_code", "", "why not, as a code"),
            WebhookField("error_message", "", "why not, in words"),
        ),
    ),
)


def heard(settings: SMS360AppOptions, request: HookRequest) -> HookAnswer:
    """The reply in a webhook named ``incoming``, or the status in one named ``delivery``; JSON or a form, for the guide
    shows the fields alone.

    Raises:
        Refused: another name (404), or a body without what the guide gives it (400).
    """
    if request.name == "incoming":
        return HookAnswer((_reply(settings, fields_of(request)),))
    if request.name == "delivery":
        return HookAnswer((_status(settings, fields_of(request)),))
    raise no_such_webhook(TITLE, WEBHOOKS)


def _reply(settings: SMS360AppOptions, told: Mapping[str, str]) -> News:
    """`sms_id` is the reply's own id, not that of the message it answers, so it stays in the key alone. Of a reply that
    no number names, and of one without a text, a picture for example, all that is told is kept."""
    sender, text = told.get("from", "").strip(), told.get("body", "")
    channel = IN_FRONT.match(sender)
    by_id = channel is not None and channel[1].lower() in WITHOUT_NUMBERS
    phone = None if by_id else e164_of(settings, sender)
    if (phone is None and not by_id) or not ("body" in told or told.get("sms_id")):
        raise unreadable_push("an incoming message lacks `body` and `sms_id`, or `from` is no number")
    return News(
        NewsKind.REPLY,
        news_key(NAME, "reply", told.get("sms_id", ""), phone or sender, told.get("to", ""), text),
        word=told.get("delivery_status", ""),
        phone=phone,
        text=text,
        raw=dict(told),
    )


def _status(settings: SMS360AppOptions, told: Mapping[str, str]) -> News:
    message, word = told.get("sms_id", "").strip(), told.get("delivery_status", "").strip().lower()
    if not message or not word:
        raise unreadable_push("a delivery callback lacks `sms_id` or `delivery_status`")
    code = told.get("error_code", "").strip()
    state = state_of(word, STATUSES, settings)
    return News(
        NewsKind.STATUS,
        news_key(NAME, "status", message, word, code),
        state=state,
        word=word,
        failure=delivery_failure(word, code, told.get("error_message", "")) if state in ENDED_BADLY else None,
        provider_id=message,
        raw=dict(told),
    )
