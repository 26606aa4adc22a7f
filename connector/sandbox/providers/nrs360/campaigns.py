"""What 360NRS shows of what was sent: messages by id, the list of campaigns, certificates."""

import re
from typing import Any

from starlette.responses import Response

from connector.sandbox.providers.nrs360.asking import BASE, Answer, Asked, Operation, answered
from connector.sandbox.providers.nrs360.book import Book, Sending
from connector.sandbox.providers.nrs360.channels import MAILING, SMS, Channel
from connector.sandbox.providers.nrs360.errors import Refusal
from connector.sandbox.providers.nrs360.times import filter_date, written

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
_PROCESSED = ("sent", "rejected")


class Campaigns:
    """Shows the book."""

    def __init__(self, book: Book) -> None:
        self.book = book

    def operations(self) -> list[Operation]:
        """The four operations that show what was sent."""
        return [
            ("GET", "/sms/certificates/{id}", self.sms_certificate),
            ("GET", "/mailing/certificates/{id}", self.mailing_certificate),
            ("GET", "/sms/{id}", self.messages),
            ("GET", "/campaigns", self.listed),
        ]

    def messages(self, asked: Asked) -> Answer:
        """``GET /sms/<ID>,<ID>``: unknown ones are left out; 404 when none is known."""
        ids = asked.path["id"].split(",")
        found = [message for message in (self.book.find(text, SMS) for text in ids) if message is not None]
        if not found:
            raise Refusal(404)
        now = self.book.world.now()
        return answered({"data": [_message(self.book, message, now) for message in found]})

    def listed(self, asked: Asked) -> Answer:
        """``GET /campaigns``. A sending without a campaign name makes no campaign; WhatsApp has none here."""
        channel = asked.query.get("channel")
        if channel is not None and channel not in CHANNELS:
            raise Refusal(422, f"The channel field must be one of {', '.join(CHANNELS)}.")
        before, after = filter_date("beforeDate", asked.query), filter_date("afterDate", asked.query)
        pieces = asked.query.get("name", "*").split("*")
        wanted = re.compile(".*".join(map(re.escape, pieces)), re.DOTALL)
        now = self.book.world.now()
        return answered(
            {
                "data": [
                    _campaign(self.book, sending, now)
                    for sending in list(self.book.sendings.values())
                    if sending.campaign
                    and wanted.fullmatch(sending.campaign)
                    and sending.channel.name in ([channel] if channel else CHANNELS)
                    and (before is None or sending.created < before)
                    and (after is None or sending.created > after)
                ]
            }
        )

    def sms_certificate(self, asked: Asked) -> Answer:
        """``GET /sms/certificates/<ID>``."""
        return self._certificate(asked.path["id"], SMS)

    def mailing_certificate(self, asked: Asked) -> Answer:
        """``GET /mailing/certificates/<ID>``."""
        return self._certificate(asked.path["id"], MAILING)

    def _certificate(self, message_id: str, channel: Channel) -> Answer:
        """A PDF; 404 for a message that was not sent as certified. The guide does not show the document."""
        message = self.book.find(message_id, channel)
        if message is None or message not in self.book.extras.certified:
            raise Refusal(404)
        document = f"%PDF-1.4\n% Certificate of {channel.name} {message_id}\n%%EOF\n".encode()
        return Answer(Response(document, media_type="application/pdf"))


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
    # A recipient opens and clicks once in this world.
    totals["opened_unique"], totals["clicked_unique"] = totals["opened"], totals["clicked"]
    return {
        "id": sending.id,
        "campaignName": sending.campaign,
        "status": "OPENED",
        "channel": sending.channel.name,
        "total": sending.total,
        "processed": sum(totals[name] for name in _PROCESSED),
        "totalSmsParts": sending.parts if sending.channel is SMS else 0,
        "cost": round(sending.parts * sending.channel.price, 3),
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
