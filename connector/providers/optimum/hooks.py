"""News that Optimum Measures pushes (guide: "Send SMS / Call back", "Voice Call / Call back")."""

from collections.abc import Mapping

from connector.model.messages import News, NewsKind
from connector.providers.base import HookAnswer, HookRequest, news_key
from connector.providers.optimum.codes import CALL_STATUSES, NAME, TITLE, call_failure
from connector.providers.optimum.dates import time_of
from connector.providers.optimum.errors import error_id_of
from connector.providers.optimum.options import OptimumOptions
from connector.providers.optimum.sending import e164_of
from connector.providers.optimum.statuses import status_news
from connector.providers.pushed import fields_of, unreadable_push
from connector.providers.status_words import ENDED_BADLY
from connector.providers.webhooks import Carrier, Webhook, WebhookField, no_such_webhook

WEBHOOKS = (
    Webhook(
        "statuses",
        "Send SMS / Call back",
        "A new status of an SMS that asked for callbacks.",
        (Carrier.JSON, Carrier.FORM),
        (
            WebhookField("ID", "7865", "the send, by the ID that it was answered"),
            WebhookField("MobileNo", "0016175551212", "whose SMS", required=True),
            WebhookField("Status", "Delivered", "what became of it", required=True),
            WebhookField("DateTime", "2017-07-16 12:08:56.690", "when, in the zone of the account's settings"),
            WebhookField("ReferenceID", "ID09890", "our reference, as it was sent"),
            WebhookField("Error", "International Number Invalid", "why not, in words"),
            WebhookField("ErrorLogsID", "42", "why not, as an id"),
        ),
    ),
    Webhook(
        "calls",
        "Voice Call / Call back",
        "The record of a call. Of what the connector knows it names the number alone.",
        (Carrier.JSON, Carrier.FORM),
        (
            WebhookField("GUID", "a4d5b8e3-f415-45bb-a73d-14629b500240", "the call, by an id that no answer bears"),
            WebhookField("MobileNo", "0016175551212", "who was called", required=True),
            WebhookField("Status", "Answered", "Answered, Busy, NoAnswer or Failed", required=True),
            WebhookField("Calltime", "2017-07-16 12:08:56.690", "when, in the zone of the account's settings"),
            WebhookField("AnswerTime", "2017-07-16 12:08:56.690", "when it was taken"),
            WebhookField("Duration", "10", "how long it lasted"),
            WebhookField("Reason", "Blocked", "why it failed"),
        ),
    ),
)


def heard(settings: OptimumOptions, request: HookRequest) -> HookAnswer:
    """The status in a webhook named ``statuses``, or that of a call in one named ``calls``.

    Raises:
        Refused: another name (404), or a body without what the guide gives it (400).
    """
    if request.name == "statuses":
        return HookAnswer((_status(settings, fields_of(request)),))
    if request.name == "calls":
        return HookAnswer((_call(settings, fields_of(request)),))
    raise no_such_webhook(TITLE, WEBHOOKS)


def _status(settings: OptimumOptions, told: Mapping[str, str]) -> News:
    phone, word = _whose(told)
    send, reference = told.get("ID", "").strip(), told.get("ReferenceID", "").strip()
    if not (send or reference):
        raise unreadable_push("the status of an SMS lacks both `ID` and `ReferenceID`")
    return status_news(
        settings,
        send,
        phone,
        word,
        at=told.get("DateTime") or told.get("Delivery Date"),
        reference=reference or None,
        error=told.get("Error", ""),
        error_id=error_id_of(told),
        raw=told,
    )


def _call(settings: OptimumOptions, told: Mapping[str, str]) -> News:
    """Its `GUID` is in no answer, so that the number decides, where exactly one call to it is open
    (`settles_by_number`)."""
    phone, status = _whose(told)
    word, called = status.lower(), told.get("Calltime", "")
    state = CALL_STATUSES.get(word)
    return News(
        NewsKind.STATUS,
        news_key(NAME, "call", told.get("GUID", ""), phone, called, word),
        time_of(called, settings.zone) or time_of(told.get("AnswerTime"), settings.zone),
        state,
        word,
        call_failure(status, told.get("Reason", "").strip()) if state in ENDED_BADLY else None,
        provider_id=told.get("GUID", "").strip() or None,
        phone=phone,
        raw=dict(told),
    )


def _whose(told: Mapping[str, str]) -> tuple[str, str]:
    phone, word = e164_of(told.get("MobileNo", "")), told.get("Status", "").strip()
    if phone is None or not word:
        raise unreadable_push("`Status` is missing, or `MobileNo` is no number")
    return phone, word
