"""The reports of a sending as CSV (guide, "Events report by sending" and "Keystroke report"), made as they are read."""

import csv
import io
from collections.abc import Iterable, Iterator
from typing import Any

from starlette.responses import StreamingResponse

from connector.sandbox.providers.nrs360.asking import Answer, Asked, Operation
from connector.sandbox.providers.nrs360.book import Book, Sending
from connector.sandbox.providers.nrs360.channels import MAILING, SMS, VOICE
from connector.sandbox.providers.nrs360.details import call_seconds, clicked, contact_id, key_pressed
from connector.sandbox.providers.nrs360.errors import Refusal
from connector.sandbox.providers.nrs360.times import filter_date, written

_HEAD = (
    "campaignName",
    "campaignId",
    "sendingId",
    "contactId",
    "event",
    "phone",
    "email",
    "landline",
    "countryIso",
)
_VOICE_TAIL = ("callDurationSeconds", "createdAt")
_TAIL = ("browser", "os", "url", "createdAt")
_KEYS = ("phonenumber", "key", "message")
_COUNTRIES = {"34": "ES", "52": "MX", "44": "GB", "60": "MY", "1": "US"}
_BROWSED = frozenset({"opened", "clicked"})
_ROWS_A_CHUNK = 2000
Row = tuple[Any, ...]


class Reports:
    """The reports on the sendings of a book."""

    def __init__(self, book: Book) -> None:
        self.book = book

    def operations(self) -> list[Operation]:
        """The two reports."""
        acts = {"events": self.events, "keys": self.keys}
        return [("GET", f"/sendings/{{id:int}}/reports/{name}", act) for name, act in acts.items()]

    def events(self, asked: Asked) -> Answer:
        """``GET /sendings/<sendingId>/reports/events``, streamed."""
        return _streamed(events_report(self.book, self._sending(asked), *_period(asked)))

    def keys(self, asked: Asked) -> Answer:
        """``GET /sendings/<sendingId>/reports/keys``, streamed; 404 for a sending that calls nobody."""
        sending = self._sending(asked)
        if sending.channel is not VOICE:
            raise Refusal(404)
        return _streamed(keys_report(self.book, sending, *_period(asked)))

    def _sending(self, asked: Asked) -> Sending:
        sending = self.book.sendings.get(asked.path["id"])
        if sending is None:
            raise Refusal(404)
        return sending


def events_report(book: Book, sending: Sending, before: float | None, after: float | None) -> Iterator[bytes]:
    """CSV with a head line, some thousand rows at a time; voice has columns of its own."""
    tail = _VOICE_TAIL if sending.channel is VOICE else _TAIL
    return _chunks((*_HEAD, *tail), _events(book, sending, before, after))


def keys_report(book: Book, sending: Sending, before: float | None, after: float | None) -> Iterator[bytes]:
    """CSV with a head line and a row for each key that was pressed."""
    return _chunks(_KEYS, _pressed(book, sending, before, after))


def _events(book: Book, sending: Sending, before: float | None, after: float | None) -> Iterator[Row]:
    now = min(book.world.now(), before or float("inf"))
    mailing, voice, plain = sending.channel is MAILING, sending.channel is VOICE, sending.channel is SMS
    for message in sending.messages():
        recipient = book.numbers[message]
        reached = ("", recipient, "", "") if mailing else (recipient, "", "", _country(recipient))
        for name, at in book.happened(message, now):
            if after is not None and at <= after:
                continue
            head = (sending.campaign, sending.campaign_id, sending.id, contact_id(recipient), name, *reached)
            if voice:
                yield (*head, call_seconds(book, message) if name == "delivered" else 0, written(at))
            else:
                yield (*head, *(("", "", "") if plain else _browsed(book, message, name)), written(at))


def _browsed(book: Book, message: int, event: str) -> Row:
    if event not in _BROWSED:
        return "", "", ""
    return "Firefox", "Android", clicked(book, message) if event == "clicked" else ""


def _pressed(book: Book, sending: Sending, before: float | None, after: float | None) -> Iterator[Row]:
    now = min(book.world.now(), before or float("inf"))
    for message in sending.messages():
        answered = [at for name, at in book.happened(message, now) if name == "delivered" and at > (after or 0)]
        key = key_pressed(book, message) if answered else None
        if key is not None:
            yield book.numbers[message], key, book.texts[message]


def _chunks(head: Row, rows: Iterable[Row]) -> Iterator[bytes]:
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(head)
    written_rows = 1
    for row in rows:
        table.writerow(row)
        written_rows += 1
        if written_rows >= _ROWS_A_CHUNK:
            yield text.getvalue().encode()
            text.seek(0)
            text.truncate()
            written_rows = 0
    yield text.getvalue().encode()


def _streamed(report: Iterator[bytes]) -> Answer:
    return Answer(StreamingResponse(report, media_type="text/csv"))


def _period(asked: Asked) -> tuple[float | None, float | None]:
    return filter_date("beforeDate", asked.query), filter_date("afterDate", asked.query)


def _country(number: str) -> str:
    return _COUNTRIES.get(number[:2]) or _COUNTRIES.get(number[:1], "")
