"""Replies, asked for (guide: "Receive Responses MO (Option 1)")."""

import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Protocol

from connector.model.messages import News, NewsKind
from connector.providers.base import Conversation, news_key, reference_in
from connector.providers.operation import Asked, Operation
from connector.providers.smsclouds.addressing import authorization
from connector.providers.smsclouds.answers import given
from connector.providers.smsclouds.codes import NAME
from connector.providers.smsclouds.dates import local, time_of
from connector.providers.smsclouds.operations.responses import (
    ByCampaigns,
    ByDate,
    ByMessages,
    FoundResponses,
    Responses,
)
from connector.providers.smsclouds.options import SmscloudsOptions

IDS_A_REQUEST = 100


def by_date(settings: SmscloudsOptions, since: datetime, until: datetime) -> Conversation[None]:
    """Replies received in [since, until), widened to whole seconds, which is all that Smsclouds' dates can say."""
    start = datetime.fromtimestamp(math.floor(since.timestamp()), UTC)
    end = datetime.fromtimestamp(math.ceil(until.timestamp()), UTC)
    asked = ByDate(since=local(start, settings.zone), to=local(end, settings.zone))
    yield from _ask(settings, Responses.by_date, asked)


def by_campaign(settings: SmscloudsOptions, campaigns: Sequence[str]) -> Conversation[None]:
    """Replies to the messages of these campaigns (Smsclouds' ids)."""
    for start in range(0, len(campaigns), IDS_A_REQUEST):
        asked = ByCampaigns(campaigns=[int(campaign) for campaign in campaigns[start : start + IDS_A_REQUEST]])
        yield from _ask(settings, Responses.by_campaigns, asked)


def by_message(settings: SmscloudsOptions, messages: Sequence[str]) -> Conversation[None]:
    """Replies to these messages (Smsclouds' ids)."""
    for start in range(0, len(messages), IDS_A_REQUEST):
        asked = ByMessages(messages=[int(message) for message in messages[start : start + IDS_A_REQUEST]])
        yield from _ask(settings, Responses.by_messages, asked)


def _ask(settings: SmscloudsOptions, operation: Operation[Any, FoundResponses], asked: Asked) -> Conversation[None]:
    path = settings.path_of(operation.name)
    response = yield operation.request(asked, path=path, headers=authorization(settings))
    if news := list(_replies(settings, operation.read(given(response)))):
        yield news


def _replies(settings: SmscloudsOptions, found: FoundResponses) -> Iterator[News]:
    for row in found.results:
        raw = row.model_dump(by_alias=True, exclude_unset=True)
        yield reply(settings, str(row.message_id or ""), str(row.response), row.received_at or "", raw=raw)


class Zoned(Protocol):
    """Settings of an account whose dates bear no zone."""

    @property
    def zone(self) -> str:
        """The zone of the account's dates."""


def reply(
    settings: Zoned,
    message: str,
    text: str,
    received: str,
    *,
    raw: Mapping[str, Any],
    phone: str | None = None,
) -> News:
    """One reply. Its key is (message_id, time, text), for that is all that a pushed and a polled one share."""
    at = time_of(received, settings.zone)
    campaign = str(raw.get("campaign_id") or "")
    return News(
        NewsKind.REPLY,
        news_key(NAME, "reply", message, at.isoformat() if at else received, text),
        at,
        reference=reference_in(str(raw.get("campaign_name") or "")),
        provider_id=message or None,
        provider_batch=campaign if campaign.isdecimal() else None,
        phone=phone,
        text=text,
        raw=dict(raw),
    )
