"""What became of an SMS, pushed or asked for (guide: "Send SMS / Call back", "Get Status")."""

from collections.abc import Mapping, Sequence
from typing import Any

import structlog

from connector.model.errors import Refused, Throttled, Unreadable
from connector.model.failures import Fault
from connector.model.messages import News, NewsKind, OpenBatch
from connector.providers.base import Conversation, news_key
from connector.providers.exchange import Request, Response
from connector.providers.one_by_one import OneByOne
from connector.providers.optimum.answers import CALL
from connector.providers.optimum.codes import NAME, STATUSES, TITLE, message_failure
from connector.providers.optimum.dates import time_of
from connector.providers.optimum.operations import SMS, AskStatus, Status
from connector.providers.optimum.options import OptimumOptions
from connector.providers.optimum.sending import authorization
from connector.providers.refusals import quoted
from connector.providers.status_words import ENDED_BADLY, state_of

log = structlog.get_logger(__name__)


def statuses(settings: OptimumOptions, open_batches: Sequence[OpenBatch]) -> Conversation[None]:
    """GetStatus for each SMS that travelled alone, for the answer names no number; calls are never asked for.

    One SMS's trouble does not keep the others waiting; it is raised at the end. One that Optimum Measures does not know
    is a warning; what is the account's fault, or "not now", ends it all.
    """
    each = OneByOne(NAME)
    for batch in open_batches if settings.poll_statuses else ():
        if batch.provider_batch is None or batch.provider_batch.startswith(CALL) or len(batch.messages) != 1:
            continue
        with each.apart(send=batch.provider_batch):
            yield from _ask(settings, batch, batch.provider_batch)
    each.end()


def _ask(settings: OptimumOptions, batch: OpenBatch, send: str) -> Conversation[None]:
    response = yield asking(settings, send)
    try:
        news = _polled(settings, batch, read(response))
    except Throttled:
        raise
    except Refused as refusal:
        if refusal.failure.fault is Fault.ACCOUNT and refusal.status != 404:
            raise
        log.warning("send_not_known", provider=NAME, send=send, reason=str(refusal))
        return
    if news.state is not batch.messages[0].state:
        yield [news]


def asking(settings: OptimumOptions, send: str) -> Request:
    """The question for one ID; the guide does not say by which method it is asked."""
    row = SMS.status if settings.status_method == "GET" else SMS.status_by_post
    return row.request(AskStatus(id=send), path=settings.status_path, headers=authorization(settings))


def read(response: Response | None) -> Status:
    """What is told of one ID.

    Raises:
        Refused, MayHaveLeft, Unreadable: see `connector.providers.operation.Operation.read`.
    """
    if response is None:
        raise Unreadable(f"{TITLE} was asked and gave no answer")
    return SMS.status.read(response)


def _polled(settings: OptimumOptions, batch: OpenBatch, told: Status) -> News:
    if told.id is not None and told.id != batch.provider_batch:
        raise Unreadable(f"{TITLE} was asked for one ID and told of another")
    return status_news(
        settings,
        batch.provider_batch or "",
        batch.messages[0].to,
        told.status,
        at=told.at,
        reference=batch.reference,
        error=told.error or "",
        error_id=told.error_id or "",
        raw=told.model_dump(mode="json", by_alias=True),
    )


def status_news(
    settings: OptimumOptions,
    send: str,
    phone: str,
    status: str,
    *,
    at: str | None,
    reference: str | None,
    error: str,
    error_id: str,
    raw: Mapping[str, Any],
) -> News:
    """One status. Its key is (send, number, word), for that is all that a pushed and a polled one share."""
    word = status.strip().lower()
    state = state_of(word, STATUSES, settings)
    return News(
        NewsKind.STATUS,
        news_key(NAME, "status", send or reference, phone, word),
        time_of(at, settings.zone),
        state,
        word,
        message_failure(word, quoted(error), error_id) if state in ENDED_BADLY else None,
        reference=reference,
        provider_batch=send or None,
        phone=phone,
        raw=dict(raw),
    )
