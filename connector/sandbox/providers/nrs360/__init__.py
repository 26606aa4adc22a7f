"""The pretend 360NRS (guide: 360NRS REST API): every operation of the guide, behind HTTP Basic ``sandbox:sandbox``."""

import asyncio
import base64
from collections.abc import Iterator
from typing import Any

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from connector.sandbox.providers.faulted import Endpoint, Front
from connector.sandbox.providers.nrs360 import reports
from connector.sandbox.providers.nrs360.account import Cash
from connector.sandbox.providers.nrs360.asking import Act, Answer, Asked, Operation, answered
from connector.sandbox.providers.nrs360.blacklist import Blacklists
from connector.sandbox.providers.nrs360.book import Book
from connector.sandbox.providers.nrs360.contacts import Contacts
from connector.sandbox.providers.nrs360.errors import Refusal, server_error
from connector.sandbox.providers.nrs360.groups import Groups
from connector.sandbox.providers.nrs360.news import News
from connector.sandbox.providers.nrs360.request import read
from connector.sandbox.providers.nrs360.send import accept
from connector.sandbox.providers.nrs360.times import filter_date
from connector.sandbox.providers.world import World

_CREDENTIALS = "Basic " + base64.b64encode(b"sandbox:sandbox").decode()
_BALANCE = 100_000.0
_PATIENCE = 5.0


class Nrs360:
    """One account at 360NRS and everything that was sent through it."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.reset()

    def reset(self) -> None:
        """A new account: nothing sent, full balance, no address for events."""
        self.book = Book(self.world)
        self.cash = Cash(_BALANCE)
        self.news = News(self.book)
        self.blacklists = Blacklists(self.world)
        groups = Groups()
        self.contacts = Contacts(self.world, groups)
        sections = (self, self.cash, self.blacklists, groups, self.contacts)
        self._acts: dict[tuple[str, str], Act] = {
            (method, path): act for section in sections for method, path, act in section.operations()
        }

    def fates(self) -> Iterator[tuple[str, str]]:
        """The text of every message accepted and the name of its last event, ``accepted`` before the first."""
        now = self.world.now()
        for message, text in enumerate(list(self.book.texts)):
            happened = self.book.happened(message, now)
            yield text, happened[-1][0] if happened else "accepted"

    def configure(self, given: dict[str, Any]) -> None:
        """Set `events_url`, `balance` (EUR) and `shares` (of outcomes, from 0 to 1).

        Raises ValueError with what is wrong; nothing is set then.
        """
        shares = given.get("shares", self.book.shares)
        unknown = sorted(set(given) - {"events_url", "balance", "shares"})
        if unknown:
            raise ValueError(f"nrs360 has no settings {unknown}; it has events_url, balance and shares.")
        if not isinstance(shares, dict) or set(shares) - set(self.book.shares):
            raise ValueError(f"The shares of nrs360 are an object with keys out of {sorted(self.book.shares)}.")
        self.news.events_url = given.get("events_url", self.news.events_url)
        self.cash.balance = float(given.get("balance", self.cash.balance))
        self.book.shares = shares

    def routes(self) -> list[BaseRoute]:
        """The routes under ``/api/rest``; anything else is 404 in the guide's words."""
        front = Front("nrs360", self.world, _knows, Refusal(103).response, server_error)
        return [
            *(
                Route(
                    path,
                    front.endpoint(f"{method} {path.replace(':int', '')}", self._act(method, path)),
                    methods=[method],
                )
                for method, path in self._acts
            ),
            Route("/{path:path}", _nowhere, methods=["GET", "POST", "PUT", "PATCH", "DELETE"]),
        ]

    def _act(self, method: str, path: str) -> Endpoint:
        """What answers at a route: looked up with each request, for a reset puts a new account behind it."""

        async def answer(request: Request) -> Response:
            asked = Asked(request.path_params, request.query_params, await request.body())
            try:
                given = self._acts[method, path](asked)
            except Refusal as refusal:
                return refusal.response()
            if given.after:
                await asyncio.wait(map(asyncio.wrap_future, given.after), timeout=_PATIENCE)
            return given.response

        return answer

    def operations(self) -> list[Operation]:
        """What is sent and shown of it."""
        return [
            ("POST", "/sms", self.send),
            ("GET", "/sms/{id}", self.show),
            ("GET", "/campaigns", self.campaigns),
            ("GET", "/sendings/{id:int}/reports/events", self.events),
        ]

    def send(self, asked: Asked) -> Answer:
        """``POST /sms``."""
        accepted = accept(self.book, self.cash, read(asked.fields(), self.world.now()))
        return answered(accepted.answer, accepted.status, self.news.expect(accepted.messages))

    def show(self, asked: Asked) -> Answer:
        """``GET /sms/<ID>,<ID>``."""
        return answered(reports.shown(self.book, asked.path["id"]))

    def campaigns(self, asked: Asked) -> Answer:
        """``GET /campaigns``."""
        before, after = _period(asked)
        return answered(
            reports.campaigns(self.book, asked.query.get("name"), asked.query.get("channel"), before, after)
        )

    def events(self, asked: Asked) -> Answer:
        """``GET /sendings/<sendingId>/reports/events``, streamed."""
        sending = self.book.sendings.get(asked.path["id"])
        if sending is None:
            raise Refusal(404)
        report = reports.events_report(self.book, sending, *_period(asked))
        return Answer(StreamingResponse(report, media_type="text/csv"))


def _knows(request: Request) -> bool:
    return request.headers.get("authorization") == _CREDENTIALS


async def _nowhere(request: Request) -> Response:
    return Refusal(404).response() if _knows(request) else Refusal(103).response()


def _period(asked: Asked) -> tuple[float | None, float | None]:
    before, after = (filter_date(name, asked.query.get(name)) for name in ("beforeDate", "afterDate"))
    return before, after
