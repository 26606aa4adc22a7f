"""Asking Smsclouds what became of messages (guide: "Messages: ID and Status DLR")."""

from collections.abc import Iterator, Sequence

import structlog

from connector.model.errors import ExchangeError, MayHaveLeft, Unreadable
from connector.model.messages import News, NewsKind, OpenBatch, OpenMessage
from connector.providers.base import Conversation, Request, Response, news_key, reference_in
from connector.providers.smsclouds.answers import given
from connector.providers.smsclouds.codes import CAMPAIGNS_WITHOUT_MESSAGES, FAILURES, MESSAGES, NAME
from connector.providers.smsclouds.dates import time_of
from connector.providers.smsclouds.operations.campaigns import CampaignMessage, Campaigns, ShowMessages
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
        try:
            response = yield _messages_of(settings, batch.provider_batch)
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
    response = yield _messages_of(settings, batch.provider_batch)
    if response is None or response.status != 404:
        reference, rows = _rows_of_campaign(response)
        numbered = [(row, e164_of(row.cellphone)) for row in rows]
        yield [_status(settings, batch, reference, row, phone) for row, phone in numbered if phone is not None]


def _messages_of(settings: SmscloudsOptions, campaign: str) -> Request:
    return Campaigns.messages.request(ShowMessages(campaign=int(campaign)), headers=authorization(settings))


def _news_of_campaign(settings: SmscloudsOptions, batch: OpenBatch, response: Response | None) -> list[News]:
    reference, rows = _rows_of_campaign(response)
    return list(_news_of_rows(settings, batch, reference, rows))


def _rows_of_campaign(response: Response | None) -> tuple[str | None, list[CampaignMessage]]:
    """Our reference in the campaign's name, and its rows; no rows while the campaign has none to show."""
    campaign = Campaigns.messages.read(given(response))
    if (campaign.campaign_status or "").strip().lower() in CAMPAIGNS_WITHOUT_MESSAGES:
        return None, []
    if campaign.data is None:
        raise Unreadable("Smsclouds answered without the list of messages that the guide gives")
    return reference_in(campaign.name), campaign.data


def _news_of_rows(
    settings: SmscloudsOptions, batch: OpenBatch, reference: str | None, rows: Sequence[CampaignMessage]
) -> Iterator[News]:
    wanted = {message.to: message for message in batch.messages}
    for row in rows:
        message = wanted.get(e164_of(row.cellphone) or "")
        if message is not None and _says_more(row, message):
            yield _status(settings, batch, reference, row, message.to)


def _says_more(row: CampaignMessage, message: OpenMessage) -> bool:
    """Whether the row tells a state we do not have, or the message's id, by which its replies are known."""
    return MESSAGES.get(_word(row)) is not message.state or message.provider_id is None


def _word(row: CampaignMessage) -> str:
    return (row.status or "").strip().lower()


def _status(
    settings: SmscloudsOptions,
    batch: OpenBatch,
    reference: str | None,
    row: CampaignMessage,
    phone: str,
) -> News:
    word = _word(row)
    state = MESSAGES.get(word)
    return News(
        NewsKind.STATUS,
        news_key(NAME, "status", batch.provider_batch, row.id, row.cellphone, word),
        time_of(row.sent_date, settings.zone),
        state,
        word,
        FAILURES.get(state) if state else None,
        reference=reference,
        provider_id=str(row.id) if row.id else None,
        provider_batch=batch.provider_batch,
        phone=phone,
        raw=row.model_dump(by_alias=True, exclude_unset=True),
    )
