"""Replies that Smsclouds pushes (guide: "Receive Responses MO", option 2 and SMPP; "Keyword: automatic response")."""

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType

from connector.model.errors import Refused
from connector.model.failures import Failure, Fault
from connector.model.messages import News, NewsKind
from connector.providers.base import HookAnswer, HookRequest, news_key
from connector.providers.smsclouds.addressing import e164_of
from connector.providers.smsclouds.codes import NAME
from connector.providers.smsclouds.dates import time_of
from connector.providers.smsclouds.options import SmscloudsOptions
from connector.providers.smsclouds.replies import Zoned, reply
from connector.providers.webhooks import Carrier, Webhook, WebhookField, no_such_webhook

SMPP_RESPONSES = Webhook(
    "smpp_responses",
    "Receive Responses MO SMPP (Short Messages Per to Per)",
    "A reply to a message of an SMPP account. The guide wants a plain `ok` in answer.",
    (Carrier.QUERY,),
    (
        WebhookField("Response", "BAJA", "the text; all four names may also come in small letters"),
        WebhookField("Cellphone", 4499157710, "whose reply it is"),
        WebhookField("Message_id", 158562, "the message it answers, by the id that SMPP gave it"),
        WebhookField("Date", "2020-05-25 11:13:49", "when, in the account's time zone"),
    ),
)

ITEM = re.compile(r"([a-z]+)\[([0-9]{0,3})\]")

WEBHOOKS = (
    Webhook(
        "responses",
        "Receive Responses MO Push HTTP (Option 2)",
        "A reply. The guide wants a plain `ok` in answer.",
        (Carrier.QUERY,),
        (
            WebhookField(
                "response", "BAJA", "the text; may also come as `response[]`, for the guide calls it an array"
            ),
            WebhookField("cellphone", 4499157710, "whose reply it is; the guide also calls it `rellphone`"),
            WebhookField("rellphone", 4499157710, "the other name of `cellphone`"),
            WebhookField("message_id", 158562, "the message it answers, by Smsclouds' id"),
            WebhookField("date", "2020-05-25 11:13:49", "when, in the account's time zone"),
        ),
    ),
    SMPP_RESPONSES,
    Webhook(
        "keyword",
        "Keyword: automatic response by WSS",
        "A text that begins with one of the account's keywords. The answer is what the sender is told.",
        (Carrier.QUERY,),
        (
            WebhookField("response", "mykeyword this is a response text", "the text, which begins with the keyword"),
            WebhookField("cellphone", 4499157710, "whose text it is"),
            WebhookField("keyword", "mykeyword", "the keyword; may also come as `keyword[]`"),
            WebhookField("date", "2020-05-25 11:13:49", "when, in the account's time zone"),
        ),
    ),
)


def heard(settings: SmscloudsOptions, request: HookRequest) -> HookAnswer:
    """The reply in a webhook: ``responses`` and ``smpp_responses`` are answered with a plain ``ok``, ``keyword`` with
    what `keyword_replies` has for it, or nothing.

    Raises:
        Refused: another name (404), or neither a text nor anything that says whose it is (400).
    """
    read = _READERS.get(request.name)
    if read is None:
        raise no_such_webhook("Smsclouds", WEBHOOKS)
    return read(settings, {name.lower(): value for name, value in request.query.items()})


def heard_of_smpp(settings: Zoned, request: HookRequest) -> HookAnswer:
    """The reply in a webhook of an SMPP account, answered with a plain ``ok``.

    Raises:
        Refused: another name (404), or neither a text nor anything that says whose it is (400).
    """
    if request.name != SMPP_RESPONSES.name:
        raise no_such_webhook("Smsclouds", (SMPP_RESPONSES,))
    return _response(settings, {name.lower(): value for name, value in request.query.items()})


def _response(settings: Zoned, query: Mapping[str, str]) -> HookAnswer:
    text = _text_in(query, "response")
    phone = e164_of(query.get("cellphone") or query.get("rellphone") or "")
    message = query.get("message_id", "").strip()
    if text is None or not (message or phone):
        raise _lacking("response lacks `response`, or both `message_id` and `cellphone`")
    return HookAnswer((reply(settings, message, text, query.get("date", ""), phone=phone, raw=query),), body="ok")


def _keyword(settings: SmscloudsOptions, query: Mapping[str, str]) -> HookAnswer:
    text = _text_in(query, "response")
    phone = e164_of(query.get("cellphone", ""))
    if text is None or phone is None:
        raise _lacking("keyword lacks `response`, or `cellphone` is no number")
    keyword = _text_in(query, "keyword")
    first_word = next(iter(text.split()), "")
    received = query.get("date", "")
    at = time_of(received, settings.zone)
    key = news_key(NAME, "keyword", phone, at.isoformat() if at else received, text)
    news = News(NewsKind.REPLY, key, at, phone=phone, text=text, raw=dict(query))
    return HookAnswer((news,), body=settings.keyword_reply(first_word if keyword is None else keyword))


def _text_in(query: Mapping[str, str], name: str) -> str | None:
    """What the guide calls an array: as one text, or as addresses write arrays, `name[]` or `name[0]`, `name[1]` …"""
    if name in query:
        return query[name]
    items = {int(found[2] or 0): query[key] for key in query if (found := ITEM.fullmatch(key)) and found[1] == name}
    return " ".join(items[place] for place in sorted(items)) if items else None


def _lacking(what: str) -> Refused:
    return Refused(Failure("400", f"a pushed {what}", Fault.PROVIDER), status=400)


_READERS: Mapping[str, Callable[[SmscloudsOptions, Mapping[str, str]], HookAnswer]] = MappingProxyType(
    {"responses": _response, "smpp_responses": _response, "keyword": _keyword}
)
