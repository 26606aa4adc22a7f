"""What WhatsApp's conversations tell (guide: "Show the messages in a conversation"): what became of the messages we
sent, and what their people answered. WhatsApp is in no event, report or campaign."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial

from connector.model.failures import Failure, Fault
from connector.model.messages import News, NewsKind, OpenBatch, OpenMessage
from connector.model.states import State
from connector.providers.base import Conversation, news_key
from connector.providers.nrs360.codes import NAME, READ
from connector.providers.nrs360.credentials import authorization
from connector.providers.nrs360.operations.shapes import next_page
from connector.providers.nrs360.operations.whatsapp import Conversation as Told
from connector.providers.nrs360.operations.whatsapp import (
    ConversationMessage,
    ListConversations,
    ListMessages,
    WhatsApp,
)
from connector.providers.nrs360.options import NRS360Options
from connector.providers.nrs360.turns import answered
from connector.providers.one_by_one import OneByOne
from connector.providers.operation import Asked

FAILED = Failure(
    "failed", "WhatsApp could not deliver the message; check that the number has WhatsApp", Fault.RECIPIENT
)
MESSAGES_A_PAGE = 1000


def statuses(settings: NRS360Options, batch: OpenBatch, *, known_too: bool = False) -> Conversation[None]:
    """Asks each open message's conversation for it; one without the provider's id cannot be told from others.
    `known_too`: tells the state that we know already as well. One conversation's trouble is raised at the end."""
    asking = OneByOne(NAME)
    for message in batch.messages:
        sender = (message.sender or settings.whatsapp_sender or "").removeprefix("+")
        if message.provider_id is None or not sender:
            continue
        news_of = partial(_news_of, message=message, known_too=known_too)
        with asking.apart(message=message.id):
            yield from _tell(settings, sender, message.to.removeprefix("+"), news_of, until=message.provider_id)
    asking.end()


def replies(settings: NRS360Options, since: datetime, until: datetime) -> Conversation[None]:
    """What people wrote to the account's WhatsApp sender in [since, until). One conversation's trouble is raised at the
    end, so that the same time is asked for again.

    A conversation whose session ended before `since` holds nothing new: a session lasts for a day after the person's
    last message.
    """
    if settings.whatsapp_sender is None:
        return
    sender, asking = settings.whatsapp_sender.removeprefix("+"), OneByOne(NAME)
    news_of = partial(_reply, sender=sender, since=since, until=until)
    asked: Asked | None = ListConversations(sender=sender, limit=MESSAGES_A_PAGE)
    while asked is not None:
        response = yield WhatsApp.conversations.request(asked, headers=authorization(settings))
        listed = WhatsApp.conversations.read(answered(response))
        for conversation in listed.data:
            if _may_hold_news(conversation, since):
                with asking.apart(conversation=conversation.to):
                    yield from _tell(settings, sender, conversation.to, news_of)
        asked = next_page(asked, listed)
    asking.end()


def _tell(
    settings: NRS360Options,
    sender: str,
    to: str,
    news_of: Callable[[ConversationMessage], Iterator[News]],
    *,
    until: str | None = None,
) -> Conversation[None]:
    """A conversation's news, a page at a time: of the pages up to the message `until`, which is among the newest, or of
    all; none where there is no such conversation."""
    asked: Asked | None = ListMessages(sender=sender, to=to, limit=None if until else MESSAGES_A_PAGE)
    while asked is not None:
        response = answered((yield WhatsApp.messages.request(asked, headers=authorization(settings))))
        if response.status == 404:
            return
        page = WhatsApp.messages.read(response)
        if news := [told for row in page.data for told in news_of(row)]:
            yield news
        asked = None if any(row.id == until for row in page.data) else next_page(asked, page)


def _news_of(row: ConversationMessage, message: OpenMessage, *, known_too: bool) -> Iterator[News]:
    if row.id != message.provider_id:
        return
    steps = (
        ("sent", row.sent_at, State.SENT, None),
        ("delivered", row.delivered_at, State.DELIVERED, None),
        (READ, row.read_at, None, None),
        ("failed", row.failed_at, State.UNDELIVERED, FAILED),
    )
    for word, at, state, failure in steps:
        if at is None or (state is message.state and not known_too):
            continue
        yield News(
            NewsKind.STATUS,
            news_key(NAME, "whatsapp", row.id, word, at),
            at if isinstance(at, datetime) else None,
            state,
            word,
            failure,
            provider_id=row.id,
            phone=message.to,
            raw={"id": row.id, "type": row.type, word: str(at)},
        )


def _may_hold_news(conversation: Told, since: datetime) -> bool:
    ends = conversation.session_expires_at
    if isinstance(ends, datetime):
        return ends >= since
    return conversation.is_session_active is not False  # no session and no end of one: its person never wrote


def _reply(row: ConversationMessage, sender: str, since: datetime, until: datetime) -> Iterator[News]:
    at, text = row.sent_at, row.content
    theirs = bool(row.msisdn) and row.msisdn != sender
    if not theirs or not isinstance(at, datetime) or not since <= at < until:
        return
    raw = {"id": row.id, "type": row.type, "reactions": list(row.reactions or ())}
    yield News(
        NewsKind.REPLY,
        news_key(NAME, "whatsapp", row.id),
        at.astimezone(UTC),
        word=row.type or "",
        phone=f"+{(row.msisdn or '').removeprefix('+')}",
        text=text if isinstance(text, str) else f"[{row.type or 'no text'}]",
        raw=raw if text is None or isinstance(text, str) else {**raw, "content": text},
    )
