"""Asking Smsclouds what became of messages (guide: "Messages: ID and Status DLR")."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import structlog

from connector.model.errors import ExchangeError, MayHaveLeft, Unreadable
from connector.model.messages import News, NewsKind, OpenBatch, OpenMessage
from connector.providers.base import Conversation, Request, Response, news_key, reference_in
from connector.providers.smsclouds.answers import accept
from connector.providers.smsclouds.codes import CAMPAIGNS_WITHOUT_MESSAGES, FAILURES, MESSAGES, NAME
from connector.providers.smsclouds.dates import time_of
from connector.providers.smsclouds.options import SmscloudsOptions
from connector.providers.smsclouds.sending import authorization, e164_of

log = structlog.get_logger(__name__)


def statuses(settings: SmscloudsOptions, open_batches: Sequence[OpenBatch]) -> Conversation[None]:
    """GET /api/v3/campaign/{id}/messages for each batch whose campaign is known; rows are matched by cellphone.

    One batch's trouble (5xx, an unreadable answer) does not keep the others waiting; it is raised at the end.
    """
    trouble: ExchangeError | None = None
    for batch in open_batches:
        if batch.provider_batch is None:
            continue
        path = f"api/v3/campaign/{batch.provider_batch}/messages"
        try:
            response = yield Request("GET", path, headers=authorization(settings))
            if response is not None and response.status == 404:
                log.warning("campaign_not_known", provider=NAME, campaign=batch.provider_batch)
                continue
            news = _news_of_campaign(settings, batch, response)
        except (MayHaveLeft, Unreadable) as error:
            trouble = trouble or error
            continue
        if news:
            yield news
    if trouble:
        raise trouble


def shown(settings: SmscloudsOptions, batch: OpenBatch) -> Conversation[None]:
    """GET /api/v3/campaign/{id}/messages: every row, whether its cellphone is ours or not."""
    if batch.provider_batch is None:
        return
    path = f"api/v3/campaign/{batch.provider_batch}/messages"
    response = yield Request("GET", path, headers=authorization(settings))
    if response is None or response.status != 404:
        reference, rows = _rows_of_campaign(response)
        numbered = [(row, e164_of(row.get("cellphone"))) for row in rows]
        yield [_status(settings, batch, reference, row, phone) for row, phone in numbered if phone is not None]


def _news_of_campaign(settings: SmscloudsOptions, batch: OpenBatch, response: Response | None) -> list[News]:
    reference, rows = _rows_of_campaign(response)
    return list(_news_of_rows(settings, batch, reference, rows))


def _rows_of_campaign(response: Response | None) -> tuple[str | None, list[Mapping[str, Any]]]:
    """Our reference in the campaign's name, and its rows; no rows while the campaign has none to show."""
    if response is None:
        raise Unreadable("the conversation with Smsclouds was given no answer")
    accept(response)
    body = response.json()
    if not isinstance(body, dict):
        raise Unreadable("Smsclouds answered without the campaign that the guide gives")
    if str(body.get("campaign_status", "")).strip().lower() in CAMPAIGNS_WITHOUT_MESSAGES:
        return None, []
    rows = body.get("data")
    if not isinstance(rows, list):
        raise Unreadable("Smsclouds answered without the list of messages that the guide gives")
    return reference_in(str(body.get("name") or "")), [row for row in rows if isinstance(row, dict)]


def _news_of_rows(
    settings: SmscloudsOptions, batch: OpenBatch, reference: str | None, rows: Sequence[Mapping[str, Any]]
) -> Iterator[News]:
    wanted = {message.to: message for message in batch.messages}
    for row in rows:
        message = wanted.get(e164_of(row.get("cellphone")) or "")
        if message is not None and _says_more(row, message):
            yield _status(settings, batch, reference, row, message.to)


def _says_more(row: Mapping[str, Any], message: OpenMessage) -> bool:
    """Whether the row tells a state we do not have, or the message's id, by which its replies are known."""
    return MESSAGES.get(_word(row)) is not message.state or message.provider_id is None


def _word(row: Mapping[str, Any]) -> str:
    return str(row.get("status", "")).strip().lower()


def _status(
    settings: SmscloudsOptions,
    batch: OpenBatch,
    reference: str | None,
    row: Mapping[str, Any],
    phone: str,
) -> News:
    word = _word(row)
    state = MESSAGES.get(word)
    return News(
        NewsKind.STATUS,
        news_key(NAME, "status", batch.provider_batch, row.get("id"), row.get("cellphone"), word),
        time_of(row.get("sent_date"), settings.zone),
        state,
        word,
        FAILURES.get(state) if state else None,
        reference=reference,
        provider_id=str(row["id"]) if row.get("id") else None,
        provider_batch=batch.provider_batch,
        phone=phone,
        raw=dict(row),
    )
