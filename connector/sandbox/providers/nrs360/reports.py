"""What 360NRS shows of its sendings: messages by id, the list of campaigns, the report of events."""

import csv
import io
import re
from collections.abc import Iterator
from typing import Any

from connector.sandbox.providers.nrs360.asking import BASE
from connector.sandbox.providers.nrs360.book import PRICE, Book, Sending
from connector.sandbox.providers.nrs360.errors import Refusal
from connector.sandbox.providers.nrs360.times import written

CHANNELS = ("sms", "mailing", "landing", "text2speech", "apppush", "webpush")
_EVENTS = (
    "delivered",
    "opened",
    "opened_unique",
    "clicked",
    "clicked_unique",
    "unsubscribed",
    "hard_bounced",
    "complaint",
    "sent",
    "soft_bounced",
    "undelivered",
    "rejected",
    "expired",
    "unsubscribed_landing",
)
_COLUMNS = (
    "campaignName",
    "campaignId",
    "sendingId",
    "contactId",
    "event",
    "phone",
    "email",
    "landline",
    "countryIso",
    "browser",
    "os",
    "url",
    "createdAt",
)
_COUNTRIES = {"34": "ES", "52": "MX", "44": "GB", "60": "MY", "1": "US"}
_ROWS_A_CHUNK = 2000


def shown(book: Book, ids: str) -> dict[str, Any]:
    """Guide, "SMS information by message id": the messages named in `ids`, commas between. Unknown ones are left out.

    Raises Refusal(404) when none is known.
    """
    found = [message for message in map(book.find, ids.split(",")) if message is not None]
    if not found:
        raise Refusal(404)
    now = book.world.now()
    return {"data": [_message(book, message, now) for message in found]}


def _message(book: Book, message: int, now: float) -> dict[str, Any]:
    sending, number = book.of_sending[message], book.numbers[message]
    events = book.happened(message, now)
    return {
        "id": book.id_of(message),
        "from": book.senders[message],
        "to": number,
        "message": book.texts[message],
        "campaignId": sending.campaign_id,
        "sendingId": sending.id,
        "isDelivered": any(name == "delivered" for name, _ in events),
        "isClicked": False,
        "events": [
            {"type": name, "date": written(at), "isMobile": False, "browser": "", "os": ""} for name, at in events
        ],
        "customFields": {"email": "", "phone": number, "name": ""},
        "links": {"self": f"{BASE}/sms/{book.id_of(message)}"},
    }


def campaigns(
    book: Book, name: str | None, channel: str | None, before: float | None, after: float | None
) -> dict[str, Any]:
    """Guide, "Campaigns list". A sending without a campaign name makes no campaign. Raises Refusal(422)."""
    if channel is not None and channel not in CHANNELS:
        raise Refusal(422, f"The channel field must be one of {', '.join(CHANNELS)}.")
    wanted = re.compile(".*".join(map(re.escape, (name or "*").split("*"))), re.DOTALL)
    now = book.world.now()
    return {
        "data": [
            _campaign(book, sending, now)
            for sending in list(book.sendings.values())
            if sending.campaign
            and wanted.fullmatch(sending.campaign)
            and channel in (None, "sms")
            and (before is None or sending.created < before)
            and (after is None or sending.created > after)
        ]
    }


def _campaign(book: Book, sending: Sending, now: float) -> dict[str, Any]:
    return {
        "id": sending.campaign_id,
        "name": sending.campaign,
        "type": "basic",
        "createdAt": written(sending.created),
        "updatedAt": written(sending.updated),
        "links": {
            "self": f"{BASE}/campaigns/{sending.campaign_id}",
            "sendings": f"{BASE}/campaigns/{sending.campaign_id}/sendings",
        },
        "sendings": {"data": [_sending(book, sending, now)]},
    }


def _sending(book: Book, sending: Sending, now: float) -> dict[str, Any]:
    totals = book.totals(sending, now)
    return {
        "id": sending.id,
        "campaignName": sending.campaign,
        "status": "OPENED",
        "channel": "sms",
        "total": sending.total,
        "processed": totals["sent"] + totals["rejected"],
        "totalSmsParts": sending.parts,
        "cost": round(sending.parts * PRICE, 2),
        "currency": "EUR",
        "tags": sending.tags,
        "scheduledAt": written(sending.schedule),
        "expiresAt": written(sending.expires),
        "startedAt": None,
        "finishedAt": None,
        "createdAt": written(sending.created),
        "updatedAt": written(sending.updated),
        "events": {name: totals[name] for name in _EVENTS},
        "links": {
            "self": f"{BASE}/sendings/{sending.id}",
            "eventsReport": f"{BASE}/sendings/{sending.id}/reports/events",
        },
    }


def events_report(book: Book, sending: Sending, before: float | None, after: float | None) -> Iterator[bytes]:
    """Guide, "Events report by sending": CSV with a head line, made as it is read, some thousand rows at a time."""
    now = min(book.world.now(), before or float("inf"))
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(_COLUMNS)
    rows = 1
    for message in sending.messages():
        number = book.numbers[message]
        country = _country(number)
        for name, at in book.happened(message, now):
            if after is not None and at <= after:
                continue
            head = (sending.campaign, sending.campaign_id, sending.id, int(number), name, number)
            table.writerow((*head, "", "", country, "", "", "", written(at)))
            rows += 1
        if rows >= _ROWS_A_CHUNK:
            yield text.getvalue().encode()
            text.seek(0)
            text.truncate()
            rows = 0
    yield text.getvalue().encode()


def _country(number: str) -> str:
    return _COUNTRIES.get(number[:2]) or _COUNTRIES.get(number[:1], "")
