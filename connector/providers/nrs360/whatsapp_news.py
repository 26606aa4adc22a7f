"""What WhatsApp's conversations tell (guide: "Show the messages in a conversation"): what became of the messages we
sent, and what their people answered. WhatsApp is in no event, report or campaign."""

from collections.abc import Iterator
from datetime import UTC, datetime

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
    ConversationMessages,
    ListConversations,
    ListMessages,
    WhatsApp,
)
from connector.providers.nrs360.options import NRS360Options
from connector.providers.nrs360.turns import answered
from connector.providers.operation import Asked

FAILED = Failure(
    "failed", "WhatsApp could not deliver the message; check that the number has WhatsApp", Fault.RECIPIENT
)
MESSAGES_A_PAGE = 1000


def statuses(settings: NRS360Options, batch: OpenBatch, *, known_too: bool = False) -> Conversation[None]:
    """Asks each open message's conversation for it; one without the provider's id cannot be told from others.
    `known_too`: tells the state that we know already as well."""
    for message in batch.messages:
        sender = (message.sender or settings.whatsapp_sender or "").removeprefix("+")
        if message.provider_id is None or not sender:
            continue
        for page in (yield from _pages(settings, sender, message.to.removeprefix("+"), until=message.provider_id)):
            rows = [row for row in page.data if row.id == message.provider_id]
            if news := [told for row in rows for told in _news_of(row, message, known_too=known_too)]:
                yield news


def replies(settings: NRS360Options, since: datetime, until: datetime) -> Conversation[None]:
    """What people wrote to the account's WhatsApp sender in [since, until).

    A conversation whose session ended before `since` holds nothing new: a session lasts for a day after the person's
    last message.
    """
    if settings.whatsapp_sender is None:
        return
    sender = settings.whatsapp_sender.removeprefix("+")
    asked: Asked | None = ListConversations(sender=sender, limit=MESSAGES_A_PAGE)
    while asked is not None:
        response = yield WhatsApp.conversations.request(asked, headers=authorization(settings))
        listed = WhatsApp.conversations.read(answered(response))
        for conversation in listed.data:
            if _may_hold_news(conversation, since):
                for page in (yield from _pages(settings, sender, conversation.to)):
                    if news := [_reply(row) for row in page.data if _is_reply(row, sender, since, until)]:
                        yield news
        asked = next_page(asked, listed)


def _pages(
    settings: NRS360Options, sender: str, to: str, *, until: str | None = None
) -> Conversation[list[ConversationMessages]]:
    """A conversation's pages: those up to the message `until`, which is among the newest, or all; none where there is
    no such conversation."""
    pages: list[ConversationMessages] = []
    asked: Asked | None = ListMessages(sender=sender, to=to, limit=None if until else MESSAGES_A_PAGE)
    while asked is not None:
        response = answered((yield WhatsApp.messages.request(asked, headers=authorization(settings))))
        if response.status == 404:
            break
        page = WhatsApp.messages.read(response)
        pages.append(page)
        asked = None if any(row.id == until for row in page.data) else next_page(asked, page)
    return pages


def _news_of(row: ConversationMessage, message: OpenMessage, *, known_too: bool) -> Iterator[News]:
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


def _is_reply(row: ConversationMessage, sender: str, since: datetime, until: datetime) -> bool:
    theirs = bool(row.msisdn) and row.msisdn != sender
    return theirs and isinstance(row.sent_at, datetime) and since <= row.sent_at < until


def _reply(row: ConversationMessage) -> News:
    return News(
        NewsKind.REPLY,
        news_key(NAME, "whatsapp", row.id),
        row.sent_at.astimezone(UTC) if isinstance(row.sent_at, datetime) else None,
        word=row.type or "",
        phone=f"+{(row.msisdn or '').removeprefix('+')}",
        text=row.content if row.content is not None else f"[{row.type or 'no text'}]",
        raw={"id": row.id, "type": row.type, "reactions": list(row.reactions)},
    )
