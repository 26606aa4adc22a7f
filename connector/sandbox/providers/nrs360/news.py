"""360NRS tells what happens: event notifications (POST form) and delivery notifications (GET of `notificationUrl`).

Guide, "Event Notifications" and "Delivery notifications". The words that ``%d`` stands for are missing from the guide;
the names of the events are used.
"""

from concurrent.futures import Future
from functools import partial
from typing import Any
from urllib.parse import quote, urlencode

import orjson

from connector.sandbox.faults import STATUSES, Fault
from connector.sandbox.providers.nrs360.blacklist import Blacklists
from connector.sandbox.providers.nrs360.book import Book
from connector.sandbox.providers.nrs360.details import contact_id, extra, smtp_response
from connector.sandbox.providers.nrs360.lives import OUTCOMES, Event
from connector.sandbox.providers.nrs360.times import written
from connector.sandbox.providers.pushing import Push

_RETRIES = 5
# A guide's minute lasts one second at speed 1.0.
_MINUTE = 1.0
_MOMENT = 0.05
_LEAVING = frozenset({"unsubscribed", "unsubscribed_landing", "complaint"})


class News:
    """Plans and makes the pushes of accepted messages. `events_url` is the account's; None while it has none."""

    def __init__(self, book: Book, blacklists: Blacklists) -> None:
        self.book = book
        self.world = book.world
        self.blacklists = blacklists
        self.events_url: str | None = None

    def expect(self, messages: range) -> list[Future[int]]:
        """Plan the news of `messages`. Returns a future for each push that must be over before the send is answered."""
        early = []
        for message in messages:
            fault = self.world.faults.take("nrs360", STATUSES)
            if fault is not None:
                fault.destroyed.append(self.book.id_of(message))
                early.extend(self._disturb(message, fault))
            else:
                self.plan(message)
        return early

    def plan(self, message: int) -> None:
        """Plan the pushes of a message's whole life."""
        self._plan(message, self.book.events(message))

    def _disturb(self, message: int, fault: Fault) -> list[Future[int]]:
        shifts = self.book.extras.shifts
        if fault.kind == "late":
            shifts[message] = fault.seconds
        life = self.book.events(message)
        if fault.kind == "early":
            shifts[message] = min(0.0, self.world.now() - life[0][1])
            life = self.book.events(message)
            self._plan(message, life[1:])
            return self._tell(message, life[0])
        if fault.kind == "twice":
            self._plan(message, life, behind=max(fault.seconds, _MOMENT))
        if fault.kind == "reorder" and len(life) > 1:
            self._plan(message, life[1:])
            self._plan(message, life[:1], behind=life[1][1] - life[0][1] + max(fault.seconds, _MOMENT))
        else:
            self._plan(message, life)
        return []

    def _plan(self, message: int, life: list[Event], behind: float = 0.0) -> None:
        if not self.book.channel(message).told:
            return
        for event in life:
            self.world.timetable.at(event[1] + behind, partial(self._tell, message, event))

    def _tell(self, message: int, event: Event) -> list[Future[int]]:
        if message in self.book.extras.moved and event not in self.book.events(message):
            return []  # planned before the message was given another date, or none
        if event[0] in _LEAVING:
            self._leave(message)
        told = []
        if self.events_url is not None:
            told.append(self._push(message, "POST", self.events_url, self._form(message, event)))
        if event[0] in OUTCOMES and message in self.book.extras.notifications:
            told.append(self._push(message, "GET", self._address(message, event[0]), None))
        return told

    def _leave(self, message: int) -> None:
        sending = self.book.of_sending[message]
        recipient = self.book.numbers[message]
        self.blacklists.enter(sending.channel.blacklist, recipient, sending.id, sending.campaign or None)

    def _push(self, message: int, method: str, url: str, form: bytes | None) -> Future[int]:
        first: Future[int] = Future()
        self._attempt(message, method, url, form, 0, first)
        return first

    def _attempt(
        self, message: int, method: str, url: str, form: bytes | None, retries: int, first: Future[int] | None
    ) -> None:
        def settle(status: int, _: bytes) -> None:
            self.world.ledger.push(STATUSES)
            if status == 200:
                self.world.ledger.acknowledge(STATUSES)
            elif form is not None and retries < _RETRIES:
                wait = (retries + 1) * _MINUTE / self.world.speed
                again = partial(self._attempt, message, method, url, form, retries + 1, None)
                self.world.timetable.at(self.world.now() + wait, again)
            if first is not None:
                first.set_result(status)

        self.world.pushes.put(Push(method, url, settle, form, about=str(message)))

    def _form(self, message: int, event: Event) -> bytes:
        sending = self.book.of_sending[message]
        fields: dict[str, Any] = {
            "id": self.book.id_of(message),
            "channel": sending.channel.name,
            "contactId": contact_id(self.book.numbers[message]),
            "campaignId": sending.campaign_id if sending.campaign else 0,
            "campaignName": sending.campaign,
            "event": event[0],
            "extra": orjson.dumps(extra(self.book, message, event[0])).decode(),
            "eventDate": written(event[1]),
        }
        if event[0].startswith("form_"):
            fields["formId"] = self.book.extras.forms[message]
        answer = smtp_response(sending.channel, event[0])
        if answer is not None:
            fields["smtpResponse"] = answer
        return urlencode(fields).encode()

    def _address(self, message: int, event: str) -> str:
        url = self.book.extras.notifications[message]
        for escape, value in (
            ("%p", self.book.senders[message]),
            ("%P", self.book.numbers[message]),
            ("%d", event),
        ):
            url = url.replace(escape, quote(value, safe=""))
        return url
