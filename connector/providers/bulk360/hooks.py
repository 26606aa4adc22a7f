"""Delivery notifications (guide: "Delivery Notification (DN)")."""

from collections.abc import Mapping

from connector.model.failures import Failure
from connector.model.messages import News, NewsKind
from connector.model.states import State
from connector.providers.base import HookAnswer, HookRequest, news_key
from connector.providers.bulk360.codes import EXPIRED, NAME, STATUSES, TITLE, delivery_failure
from connector.providers.bulk360.operations import WHATSAPP_PREFIX
from connector.providers.numbers import number_in
from connector.providers.pushed import fields_of, unreadable_push
from connector.providers.webhooks import Carrier, Webhook, WebhookField, no_such_webhook

LONGEST_NUMBER = 15

WEBHOOKS = (
    Webhook(
        "delivery",
        "Delivery Notification (DN)",
        "What became of a message. Several may come for one message: the last one received is final.",
        (Carrier.QUERY, Carrier.FORM, Carrier.JSON),
        (
            WebhookField("status", "DELIVERED", "DELIVERED or UNDELIVERED", required=True),
            WebhookField("error-code", "000", "why, by the guide's table; missing where the telco gave none"),
            WebhookField("msisdn", "60123240066", "the recipient's number"),
            WebhookField("msgid", "5515023", "the message, by the `ref` that the send was answered with"),
        ),
    ),
)


def heard(request: HookRequest) -> HookAnswer:
    """The status in a webhook named ``delivery``, in the query of a GET or in a form or JSON object of a POST.

    Raises:
        Refused: another name (404), or no `status`, or neither `msgid` nor `msisdn` (400).
    """
    if request.name != "delivery":
        raise no_such_webhook(TITLE, WEBHOOKS)
    fields = request.query if request.method == "GET" else fields_of(request)
    word, message = fields.get("status", "").strip(), fields.get("msgid", "").strip()
    phone = _e164(fields.get("msisdn", ""))
    if not word or not (message or phone):
        raise unreadable_push("a delivery notification lacks `status`, or both `msgid` and `msisdn`")
    return HookAnswer((_status(fields, word, message, phone),))


def _status(fields: Mapping[str, str], word: str, message: str, phone: str | None) -> News:
    state, error = STATUSES.get(word.upper()), fields.get("error-code", "").strip()
    failure: Failure | None = None
    if state is State.UNDELIVERED:
        failure = delivery_failure(error)
        state = State.EXPIRED if failure.code == EXPIRED else state
    return News(
        NewsKind.STATUS,
        news_key(NAME, "delivery", message, phone or "", word.upper(), error),
        state=state,
        word=f"{word} {error}".strip(),
        failure=failure,
        provider_id=message or None,
        phone=phone,
        raw=dict(fields),
        counts_again=True,
    )


def _e164(msisdn: str) -> str | None:
    digits = msisdn.strip().removeprefix(WHATSAPP_PREFIX).removeprefix("+")
    plain = digits.isascii() and digits.isdecimal() and not digits.startswith("0") and len(digits) <= LONGEST_NUMBER
    return f"+{digits}" if plain else number_in(msisdn)
