"""Asking Smsclouds what became of messages (guide: "Messages: ID and Status DLR", "Blaster (RoboCall) Status")."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import structlog

from connector.model.errors import Unreadable
from connector.model.failures import Failure
from connector.model.messages import News, NewsKind, OpenBatch, OpenMessage
from connector.model.states import State
from connector.providers.base import Conversation, news_key, reference_in
from connector.providers.exchange import Request, Response
from connector.providers.one_by_one import OneByOne
from connector.providers.operation import Told
from connector.providers.smsclouds.addressing import authorization, e164_of
from connector.providers.smsclouds.answers import given
from connector.providers.smsclouds.codes import (
    CALL_FAILURES,
    CALLS,
    CALLS_NOT_BEGUN,
    CAMPAIGNS_WITHOUT_MESSAGES,
    EMAIL_BATCH,
    FAILURES,
    MESSAGES,
    NAME,
    VOICE_BATCH,
)
from connector.providers.smsclouds.dates import time_of
from connector.providers.smsclouds.operations.campaigns import Campaigns, ShowMessages
from connector.providers.smsclouds.operations.voice import NamedVoiceCampaign, Voice
from connector.providers.smsclouds.options import SmscloudsOptions

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Row:
    """What a campaign tells of one number. `identity` is what tells it from other news; `at` is as it was written."""

    phone: str | None
    state: State | None
    word: str
    failure: Failure | None
    provider_id: str | None
    reference: str | None
    at: str | None
    identity: tuple[object, ...]
    told: Told


def statuses(settings: SmscloudsOptions, open_batches: Sequence[OpenBatch]) -> Conversation[None]:
    """Asks for each batch whose campaign is known and has a status; rows are matched by cellphone.

    One batch's trouble (5xx, an unreadable or refused question) does not keep the others waiting; it is raised at the
    end.
    """
    asking = OneByOne(NAME)
    for batch in open_batches:
        if question := _asked(settings, batch):
            with asking.apart(campaign=batch.provider_batch):
                yield from _ask(settings, batch, *question)
    asking.end()


def _ask(
    settings: SmscloudsOptions, batch: OpenBatch, request: Request, read: Callable[[Response], Iterator[Row]]
) -> Conversation[None]:
    response = yield request
    if response is not None and response.status == 404:
        log.warning("campaign_not_known", provider=NAME, campaign=batch.provider_batch)
    elif news := list(_news_of_rows(settings, batch, read(given(response)))):
        yield news


def shown(settings: SmscloudsOptions, batch: OpenBatch) -> Conversation[None]:
    """Asks for one batch's campaign: every row, whether its cellphone is ours or not."""
    asked = _asked(settings, batch)
    if asked is None:
        return
    request, read = asked
    response = yield request
    if response is None or response.status != 404:
        yield [_status(settings, batch, row, row.phone) for row in read(given(response)) if row.phone is not None]


def _asked(settings: SmscloudsOptions, batch: OpenBatch) -> tuple[Request, Callable[[Response], Iterator[Row]]] | None:
    """The request that tells of the batch, and what reads its answer; None where nothing can be asked."""
    name = batch.provider_batch
    if name is None or name.startswith(EMAIL_BATCH):
        return None
    headers = authorization(settings)
    if name.startswith(VOICE_BATCH):
        voice_campaign = NamedVoiceCampaign(voice_campaign=int(name.removeprefix(VOICE_BATCH)))
        return Voice.show.request(voice_campaign, headers=headers), _calls
    return Campaigns.messages.request(ShowMessages(campaign=int(name)), headers=headers), _messages


def _messages(response: Response) -> Iterator[Row]:
    """The rows of an SMS campaign; none while it has none to show."""
    campaign = Campaigns.messages.read(response)
    if (campaign.campaign_status or "").strip().lower() in CAMPAIGNS_WITHOUT_MESSAGES:
        return
    if campaign.data is None:
        raise Unreadable("Smsclouds answered without the list of messages that the guide gives")
    reference = reference_in(campaign.name)
    for row in campaign.data:
        word = (row.status or "").strip().lower()
        state = MESSAGES.get(word)
        yield Row(
            e164_of(row.cellphone),
            state,
            word,
            FAILURES.get(state) if state else None,
            str(row.id) if row.id else None,
            reference,
            row.sent_date,
            ("status", row.id, row.cellphone, word),
            row,
        )


def _calls(response: Response) -> Iterator[Row]:
    """The rows of a voice campaign; none before it has begun. What a cancelled one has not called is cancelled."""
    campaign = Voice.show.read(response)
    overall = CALLS.get(_word(campaign.status))
    if campaign.voice_messages is None and _word(campaign.status) not in CALLS_NOT_BEGUN:
        raise Unreadable("Smsclouds answered without the list of calls that the guide gives")
    reference = reference_in(campaign.name)
    for row in campaign.voice_messages or ():
        word = _word(row.voice_message_status)
        state = CALLS.get(word)
        if overall is State.CANCELLED and state is not State.SENT:
            state = overall
        yield Row(
            e164_of(row.cellphone),
            state,
            word,
            CALL_FAILURES.get(state) if state else None,
            f"{VOICE_BATCH}{row.voice_message}" if row.voice_message else None,
            reference,
            row.sent_date,
            ("call", row.voice_message, row.cellphone, word, state),
            row,
        )


def _word(status: str | int | None) -> str:
    return "" if status is None else str(status).strip().lower()


def _news_of_rows(settings: SmscloudsOptions, batch: OpenBatch, rows: Iterator[Row]) -> Iterator[News]:
    wanted = {message.to: message for message in batch.messages}
    for row in rows:
        message = wanted.get(row.phone or "")
        if message is not None and _says_more(row, message):
            yield _status(settings, batch, row, message.to)


def _says_more(row: Row, message: OpenMessage) -> bool:
    """Whether the row tells a state we do not have, or the message's id, by which its replies are known."""
    return row.state is not message.state or message.provider_id is None


def _status(settings: SmscloudsOptions, batch: OpenBatch, row: Row, phone: str) -> News:
    kind, *identity = row.identity
    return News(
        NewsKind.STATUS,
        news_key(NAME, kind, batch.provider_batch, *identity),
        time_of(row.at, settings.zone),
        row.state,
        row.word,
        row.failure,
        reference=row.reference,
        provider_id=row.provider_id,
        provider_batch=batch.provider_batch,
        phone=phone,
        raw=row.told.model_dump(by_alias=True, exclude_unset=True),
    )
