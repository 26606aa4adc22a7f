"""Messages that wait for their date (guide, "Scheduled messages"). Without a guid an operation acts on all of them."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from connector.sandbox.providers.nrs360.asking import Answer, Asked, Operation, answered
from connector.sandbox.providers.nrs360.book import Book
from connector.sandbox.providers.nrs360.channels import SMS
from connector.sandbox.providers.nrs360.errors import Refusal
from connector.sandbox.providers.nrs360.news import News
from connector.sandbox.providers.nrs360.parameters import ANY, MOMENT, TEXT, WHOLE, Parameter, check
from connector.sandbox.providers.nrs360.times import moment, opening

_FIRST = 100
_SELECTION = (Parameter("guid", ANY), Parameter("type", TEXT, among=("SMS", "MAILING")))
_LIST = (*_SELECTION, Parameter("sendingId", WHOLE))
_UPDATE = (*_SELECTION, Parameter("scheduleDate", MOMENT, required=True, missing=121, wrong=121))


class Scheduled:
    """The scheduled messages of a book. A message's guid is its number in the book, counted from 100."""

    def __init__(self, book: Book, news: News) -> None:
        self.book = book
        self.news = news

    def operations(self) -> list[Operation]:
        """The three operations of the section."""
        path = "/scheduled"
        return [("GET", path, self.listed), ("PUT", path, self.update), ("DELETE", path, self.delete)]

    def listed(self, asked: Asked) -> Answer:
        """``GET /scheduled``: the content is shown for a single guid alone."""
        given = asked.fields() if asked.body else _in_query(asked)
        check(given, _LIST)
        found = self._chosen(given)
        sending_id = given.get("sendingId")
        if sending_id is not None:
            found = [message for message in found if self.book.of_sending[message].id == sending_id]
        single = len(found) == 1 and len(_guids(given.get("guid"))) == 1
        result: Any = self._show(found[0], whole=True) if single else [self._show(message) for message in found]
        return answered({"result": result, "total": len(found)})

    def update(self, asked: Asked) -> Answer:
        """``PUT /scheduled``: a date that is past sends at once."""
        given = asked.fields()
        check(given, _UPDATE)
        found, now = self._chosen(given), self.book.world.now()
        at = moment(given["scheduleDate"]) or now
        for message in found:
            schedule = replace(self.book.extras.schedules[message], at=at, updated=now)
            self.book.extras.schedules[message] = schedule
            self.book.starts[message] = opening(max(now, at), schedule.available)
            self.book.extras.moved.add(message)
            self.news.plan(message)
        return answered({"result": True, "updated": len(found)})

    def delete(self, asked: Asked) -> Answer:
        """``DELETE /scheduled``: nothing of these messages will be sent."""
        given = asked.fields() if asked.body else {}
        check(given, _SELECTION)
        found = self._chosen(given)
        self.book.extras.moved.update(found)
        self.book.extras.cancelled.update(found)
        for message in found:
            del self.book.extras.schedules[message]
        return answered({"result": True, "deleted": len(found)})

    def _chosen(self, given: Mapping[str, Any]) -> list[int]:
        """The waiting messages that a request names. Raises Refusal(120) for a guid that does not wait."""
        waiting = self._waiting()
        guids = _guids(given.get("guid"))
        for guid in guids:
            if guid - _FIRST not in waiting:
                raise Refusal(120)
        chosen = [guid - _FIRST for guid in dict.fromkeys(guids)] or list(waiting)
        kind = given.get("type")
        return [message for message in chosen if kind in (None, self.book.channel(message).listed)]

    def _waiting(self) -> dict[int, None]:
        """The messages whose date is still to come; those that have gone out are scheduled no more."""
        now, schedules = self.book.world.now(), self.book.extras.schedules
        for message in [message for message in schedules if self.book.starts[message] <= now]:
            del schedules[message]
        return dict.fromkeys(schedules)

    def _show(self, message: int, *, whole: bool = False) -> dict[str, Any]:
        schedule, sending = self.book.extras.schedules[message], self.book.of_sending[message]
        shown: dict[str, Any] = {"guid": str(message + _FIRST), "type": sending.channel.listed}
        if whole:
            shown["content"] = self._content(message)
        else:
            shown["sending_id"] = sending.id
        dates = (("created_at", schedule.created), ("updated_at", schedule.updated), ("scheduled_at", schedule.at))
        return {**shown, **{name: _written(at) for name, at in dates}}

    def _content(self, message: int) -> dict[str, Any]:
        sending, schedule = self.book.of_sending[message], self.book.extras.schedules[message]
        content: dict[str, Any] = {"to": self.book.numbers[message], "from": self.book.senders[message]}
        if sending.channel is SMS:
            content["encoding"] = schedule.encoding
        return {
            **content,
            "message": self.book.texts[message],
            "campaignId": sending.campaign_id,
            "sendingId": sending.id,
        }


def _in_query(asked: Asked) -> dict[str, Any]:
    """The parameters of a list asked without a body: ``guid=100``, ``guid=100,101`` or ``guid[]=100&guid[]=101``."""
    given: dict[str, Any] = {name: text for name, text in asked.query.items() if name not in ("guid", "guid[]")}
    texts = [*asked.query.getlist("guid"), *asked.query.getlist("guid[]")]
    if texts:
        given["guid"] = [guid for text in texts for guid in text.split(",")]
    if given.get("sendingId", "").isdecimal():
        given["sendingId"] = int(given["sendingId"])
    return given


def _guids(given: Any) -> list[int]:
    """The guids in a parameter, which takes one or an array; none stand for all. Raises Refusal(120)."""
    guids = given if isinstance(given, list) else [] if given is None else [given]
    if not all(isinstance(guid, str | int) and not isinstance(guid, bool) and str(guid).isdecimal() for guid in guids):
        raise Refusal(120)
    return [int(guid) for guid in guids]


def _written(at: float) -> str:
    return datetime.fromtimestamp(int(at), UTC).strftime("%Y-%m-%d %H:%M:%S")
