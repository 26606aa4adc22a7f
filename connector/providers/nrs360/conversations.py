"""Asking 360NRS what became of messages (guide: "SMS information by message id", "Events report by sending", and
"Campaigns list")."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import structlog

from connector.model.errors import Unreadable
from connector.model.messages import Channel, News, NewsKind, OpenBatch, OpenMessage
from connector.model.states import State
from connector.providers.base import Conversation, news_key, reference_in
from connector.providers.exchange import Response
from connector.providers.nrs360 import voice_keys, whatsapp_news
from connector.providers.nrs360.codes import CAMPAIGN_CHANNELS, NAME, event_of
from connector.providers.nrs360.credentials import authorization
from connector.providers.nrs360.operations.campaigns import Campaign, Campaigns, ListCampaigns
from connector.providers.nrs360.operations.reports import OfSending, Reports
from connector.providers.nrs360.operations.shapes import next_page
from connector.providers.nrs360.operations.sms import SMS, ShowSMS
from connector.providers.nrs360.options import NRS360Options
from connector.providers.nrs360.report import ReportedEvent, ReportedEvents, time_of
from connector.providers.nrs360.turns import answered, in_lists, is_absent
from connector.providers.one_by_one import OneByOne
from connector.providers.operation import Asked

log = structlog.get_logger(__name__)

IDS_A_REQUEST = 50
ANSWERED_BY_KEYS = frozenset({Channel.VOICE})
"""Channels of which no event and no notification tells what was answered (guide: "Keystroke report")."""


def statuses(settings: NRS360Options, open_batches: Sequence[OpenBatch]) -> Conversation[None]:
    """Few open SMS, or a number twice in one sending: by message id. Many, and calls: the sending's events report,
    and of calls the keys pressed. WhatsApp: the conversations.

    One batch's trouble (5xx, an unreadable or refused question) does not keep the others waiting; it is raised at the
    end.
    """
    ambiguous, asking = _ambiguous(open_batches), OneByOne(NAME)
    for batch in open_batches:
        with asking.apart(batch=batch.reference):
            if batch.channel is Channel.WHATSAPP:
                yield from whatsapp_news.statuses(settings, batch)
            else:
                yield from _ask_batch(settings, batch, ambiguous)
    asking.end()


def _ask_batch(settings: NRS360Options, batch: OpenBatch, ambiguous: set[tuple[str | None, str]]) -> Conversation[None]:
    by_id = {message.id for message in batch.messages if _asked_by_id(batch, message, ambiguous)}
    unseen = yield from _ask_by_id(settings, [message for message in batch.messages if message.id in by_id])
    rest = [message for message in batch.messages if message.id not in by_id or message.id in unseen]
    if rest and batch.provider_batch:
        yield from _ask_report(settings, batch, batch.provider_batch, {message.to: message for message in rest})
        yield from _ask_keys(settings, batch, batch.provider_batch)


def _ask_keys(settings: NRS360Options, batch: OpenBatch, sending: str) -> Conversation[None]:
    """Of calls, after their events: the keys of a call that has ended are there by then."""
    if batch.channel in ANSWERED_BY_KEYS:
        yield from voice_keys.pressed(settings, batch, sending)


def replies_to(settings: NRS360Options, ended: Sequence[OpenBatch]) -> Conversation[None]:
    """The keys pressed in calls that have ended; of a batch whose sending is not known, our reference finds it.

    One batch's trouble does not keep the others waiting; it is raised at the end.
    """
    asking = OneByOne(NAME)
    for batch in ended:
        with asking.apart(batch=batch.reference):
            for sending in (yield from _sendings_of(settings, batch)):
                yield from _ask_keys(settings, batch, sending)
    asking.end()


def resolve(settings: NRS360Options, batch: OpenBatch) -> Conversation[None]:
    """Finds the campaign that our reference names, and tells of every recipient that its events report shows. Campaigns
    know no WhatsApp."""
    wanted = {message.to: message for message in batch.messages}
    for sending in (yield from sendings_named(settings, batch)):
        yield from _ask_report(settings, batch, sending, wanted, reference=batch.reference)
        yield from _ask_keys(settings, batch, sending)


def sendings(settings: NRS360Options, since: datetime, until: datetime) -> Conversation[None]:
    """The campaigns of a time whose name ends in a reference of ours, with their sendings, a page at a time."""
    asked: Asked | None = ListCampaigns(name="*~*", after_date=since, before_date=until)
    while asked is not None:
        response = yield Campaigns.list.request(asked, headers=authorization(settings))
        page = Campaigns.list.read(answered(response))
        listed = [(campaign, reference_in(campaign.name)) for campaign in page.data]
        yield [_listed(ours, sending) for campaign, ours in listed if ours for sending in _sendings_in(campaign)]
        asked = next_page(asked, page)


def _listed(reference: str, sending: str) -> News:
    key = news_key(NAME, "sending", reference, sending)
    return News(NewsKind.STATUS, key, word="listed", reference=reference, provider_batch=sending)


def shown(settings: NRS360Options, batch: OpenBatch) -> Conversation[None]:
    """Every row of the events report of a batch's sending, which our reference finds where its id is not known. Of
    WhatsApp all that the conversations show of its messages."""
    if batch.channel is Channel.WHATSAPP:
        yield from whatsapp_news.statuses(settings, batch, known_too=True)
        return
    for sending in (yield from _sendings_of(settings, batch)):
        yield from _ask_report(settings, batch, sending, None, reference=batch.reference)


def identify(settings: NRS360Options, named: Mapping[str, str]) -> Conversation[None]:
    """Asks by ids whose messages ids are that only an event has named.

    An event carries neither our key nor a number (guide: "Receiving new notification events"), so after a lost answer
    this is what ties it to its message: its number, within the attempt that the event's campaign names.
    """
    ids = list(named)
    for start in range(0, len(ids), IDS_A_REQUEST):
        asked = ids[start : start + IDS_A_REQUEST]
        response = yield SMS.show.request(ShowSMS(id=asked), headers=authorization(settings))
        rows = [] if is_absent(response) else [row for row in _rows(response) if str(row.get("id")) in named]
        if rows:
            yield [_identified(row, named[str(row["id"])]) for row in rows]


def _identified(row: Mapping[str, Any], reference: str) -> News:
    provider_id, phone = str(row["id"]), str(row.get("to", "")).lstrip("+")
    return News(
        NewsKind.STATUS,
        news_key(NAME, "identity", provider_id),
        state=State.ACCEPTED,
        word="listed",
        reference=reference,
        provider_id=provider_id,
        provider_batch=str(row["sendingId"]) if row.get("sendingId") else None,
        phone=f"+{phone}" if phone else None,
        raw=dict(row),
    )


def _ambiguous(open_batches: Sequence[OpenBatch]) -> set[tuple[str | None, str]]:
    held = Counter((batch.provider_batch, message.to) for batch in open_batches for message in batch.messages)
    return {place for place, count in held.items() if count > 1}


def _asked_by_id(batch: OpenBatch, message: OpenMessage, ambiguous: set[tuple[str | None, str]]) -> bool:
    if message.provider_id is None or batch.channel is not Channel.SMS:
        return False
    few = len(batch.messages) <= IDS_A_REQUEST
    return few or batch.provider_batch is None or (batch.provider_batch, message.to) in ambiguous


def _ask_by_id(settings: NRS360Options, messages: Sequence[OpenMessage]) -> Conversation[set[str]]:
    """Asks by ids; returns which messages (our ids) 360NRS says it does not know."""
    unseen: set[str] = set()
    for start in range(0, len(messages), IDS_A_REQUEST):
        asked = {str(message.provider_id): message for message in messages[start : start + IDS_A_REQUEST]}
        response = yield SMS.show.request(ShowSMS(id=list(asked)), headers=authorization(settings))
        if is_absent(response):
            unseen.update(message.id for message in asked.values())
            continue
        rows = [row for row in _rows(response) if str(row.get("id")) in asked]
        if news := [told for row in rows for told in _news_of_message(row, asked[str(row["id"])])]:
            yield news
    return unseen


def _rows(response: Response | None) -> list[Mapping[str, Any]]:
    answer = answered(response)
    SMS.show.raise_for(answer)
    body = answer.json()
    if not isinstance(body, dict) or not isinstance(body.get("data"), list):
        raise Unreadable("360NRS answered without the list of data that the guide gives")
    return [row for row in body["data"] if isinstance(row, dict)]


def _news_of_message(row: Mapping[str, Any], message: OpenMessage) -> Iterator[News]:
    for told in filter(_is_mapping, row.get("events") or []):
        word, at = str(told.get("type", "")), str(told.get("date", ""))
        event = event_of(word)
        if event.state is message.state and event.state is not None:
            continue
        yield News(
            NewsKind.STATUS,
            news_key(NAME, "sms", row["id"], word, at),
            time_of(at),
            event.state,
            word,
            event.failure,
            provider_id=str(row["id"]),
            phone=message.to,
            opted_out=event.opted_out,
            raw={key: value for key, value in row.items() if key != "events"} | {"event": told},
        )


def _is_mapping(value: object) -> bool:
    return isinstance(value, Mapping)


def _ask_report(
    settings: NRS360Options,
    batch: OpenBatch,
    sending: str,
    wanted: Mapping[str, OpenMessage] | None,
    *,
    reference: str | None = None,
) -> Conversation[None]:
    response = yield Reports.events.request(OfSending(sending_id=sending), headers=authorization(settings))
    if is_absent(response):
        log.warning("sending_not_known", provider=NAME, sending=sending)
        return
    events = Reports.events.read(answered(response))
    report = ReportedEvents(events, of_emails=batch.channel is Channel.EMAIL)
    yield from in_lists(_news_of_report(report, sending, wanted, reference))
    if report.broken:
        log.warning("report_rows_skipped", provider=NAME, sending=sending, rows=report.broken)


def _news_of_report(
    report: ReportedEvents, sending: str, wanted: Mapping[str, OpenMessage] | None, reference: str | None
) -> Iterator[News]:
    for row in report:
        if wanted is None:
            yield _reported(row, sending, reference)
            continue
        message, event = wanted.get(row.recipient), event_of(row.word)
        if event.opted_out or (message is not None and _is_new(event.state, message)):
            yield _reported(row, sending, reference)


def _is_new(state: State | None, message: OpenMessage) -> bool:
    return state is None or state is not message.state


def _reported(row: ReportedEvent, sending: str, reference: str | None) -> News:
    event = event_of(row.word)
    return News(
        NewsKind.STATUS,
        news_key(NAME, "report", sending, row.recipient, row.word, row.at),
        time_of(row.at),
        event.state,
        row.word,
        event.failure,
        reference=reference or reference_in(row.campaign_name),
        provider_batch=sending,
        phone=row.recipient,
        opted_out=event.opted_out,
        raw={"event": row.word, "createdAt": row.at, "sendingId": sending, "campaignName": row.campaign_name},
    )


def _sendings_of(settings: NRS360Options, batch: OpenBatch) -> Conversation[list[str]]:
    return [batch.provider_batch] if batch.provider_batch else (yield from sendings_named(settings, batch))


def sendings_named(settings: NRS360Options, batch: OpenBatch) -> Conversation[list[str]]:
    """The sendings of the channel's campaigns whose name ends in our reference. Pages are followed by number, for the
    guide's own `links.next` is not always an address."""
    found: list[str] = []
    channel = CAMPAIGN_CHANNELS.get(batch.channel)
    asked: Asked | None = ListCampaigns(name=f"*~{batch.reference}", channel=channel) if channel else None
    while asked is not None:
        response = yield Campaigns.list.request(asked, headers=authorization(settings))
        page = Campaigns.list.read(answered(response))
        for campaign in page.data:
            if reference_in(campaign.name) == batch.reference:
                found.extend(_sendings_in(campaign))
        asked = next_page(asked, page)
    return found


def _sendings_in(campaign: Campaign) -> list[str]:
    return [str(sending.id) for sending in campaign.sendings]
