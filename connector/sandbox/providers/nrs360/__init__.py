"""The pretend 360NRS (guide: 360NRS REST API): the SMS operations, behind HTTP Basic ``sandbox:sandbox``."""

import asyncio
import base64
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from connector.sandbox.providers.faulted import Endpoint, Front
from connector.sandbox.providers.nrs360 import reports
from connector.sandbox.providers.nrs360.blacklist import Blacklists
from connector.sandbox.providers.nrs360.book import Book
from connector.sandbox.providers.nrs360.errors import Refusal, server_error
from connector.sandbox.providers.nrs360.news import News
from connector.sandbox.providers.nrs360.request import read
from connector.sandbox.providers.nrs360.send import Cash, accept
from connector.sandbox.providers.nrs360.times import filter_date, written
from connector.sandbox.providers.world import World

_CREDENTIALS = "Basic " + base64.b64encode(b"sandbox:sandbox").decode()
_BALANCE = 100_000.0
_PATIENCE = 5.0
_CREATED = datetime(2020, 1, 1, tzinfo=UTC).timestamp()


def _json(content: Any, status: int = 200) -> Response:
    return Response(orjson.dumps(content), status, media_type="application/json")


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

        def route(method: str, path: str, act: Endpoint) -> Route:
            operation = f"{method} {path.replace(':int', '')}"
            return Route(path, front.endpoint(operation, _refusing(act)), methods=[method])

        return [
            route("POST", "/sms", self.send),
            route("GET", "/sms/{id}", self.show),
            route("GET", "/campaigns", self.campaigns),
            route("GET", "/sendings/{id:int}/reports/events", self.events),
            route("GET", "/account", self.account),
            route("GET", "/v2/blacklist/{type}", self.blacklist),
            route("PUT", "/v2/blacklist/{type}", self.add_to_blacklist),
            route("DELETE", "/v2/blacklist/{type}", self.remove_from_blacklist),
            Route("/{path:path}", _nowhere, methods=["GET", "POST", "PUT", "PATCH", "DELETE"]),
        ]

    async def send(self, request: Request) -> Response:
        """``POST /sms``."""
        accepted = accept(self.book, self.cash, read(await request.body(), self.world.now()))
        early = self.news.expect(accepted.messages)
        if early:
            await asyncio.wait(map(asyncio.wrap_future, early), timeout=_PATIENCE)
        return _json(accepted.answer, accepted.status)

    async def show(self, request: Request) -> Response:
        """``GET /sms/<ID>,<ID>``."""
        return _json(reports.shown(self.book, request.path_params["id"]))

    async def campaigns(self, request: Request) -> Response:
        """``GET /campaigns``."""
        asked = request.query_params
        before, after = _period(request)
        return _json(reports.campaigns(self.book, asked.get("name"), asked.get("channel"), before, after))

    async def events(self, request: Request) -> Response:
        """``GET /sendings/<sendingId>/reports/events``, streamed."""
        sending = self.book.sendings.get(request.path_params["id"])
        if sending is None:
            raise Refusal(404)
        return StreamingResponse(reports.events_report(self.book, sending, *_period(request)), media_type="text/csv")

    async def account(self, request: Request) -> Response:
        """``GET /account``. The guide names what is returned and shows no sample; the keys are a guess."""
        return _json(
            {
                "data": {
                    "username": "sandbox",
                    "email": "sandbox@example.com",
                    "timezone": "Europe/Madrid",
                    "language": "es",
                    "balance": round(self.cash.balance, 4),
                    "createdAt": written(_CREATED),
                    "country": "ES",
                    "currency": "EUR",
                }
            }
        )

    async def blacklist(self, request: Request) -> Response:
        """``GET /v2/blacklist/{type}``."""
        return _json(self.blacklists.page(request.path_params["type"], request.query_params))

    async def add_to_blacklist(self, request: Request) -> Response:
        """``PUT /v2/blacklist/{type}``."""
        return _json(self.blacklists.add(request.path_params["type"], await request.body()))

    async def remove_from_blacklist(self, request: Request) -> Response:
        """``DELETE /v2/blacklist/{type}``."""
        self.blacklists.remove(request.path_params["type"], await request.body())
        return Response(status_code=204)


def _knows(request: Request) -> bool:
    return request.headers.get("authorization") == _CREDENTIALS


def _refusing(act: Endpoint) -> Endpoint:
    async def answer(request: Request) -> Response:
        try:
            return await act(request)
        except Refusal as refusal:
            return refusal.response()

    return answer


async def _nowhere(request: Request) -> Response:
    return Refusal(404).response() if _knows(request) else Refusal(103).response()


def _period(request: Request) -> tuple[float | None, float | None]:
    asked = request.query_params
    return filter_date("beforeDate", asked.get("beforeDate")), filter_date("afterDate", asked.get("afterDate"))
