"""The pretend Smsclouds (guide: Api Smsclouds V3.0): the SMS operations, behind ``Authorization: Bearer sandbox``."""

import asyncio
from collections.abc import Iterator
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from connector.sandbox.providers.faulted import Endpoint, Front
from connector.sandbox.providers.smsclouds.book import Book
from connector.sandbox.providers.smsclouds.dates import parsed, written
from connector.sandbox.providers.smsclouds.errors import Refusal
from connector.sandbox.providers.smsclouds.news import News
from connector.sandbox.providers.smsclouds.request import CampaignRequest, json_object, read
from connector.sandbox.providers.smsclouds.responses import responses
from connector.sandbox.providers.smsclouds.routes import COUNTRIES, country_rows, route_rows
from connector.sandbox.providers.world import World

_TOKEN = "Bearer sandbox"
_BALANCE = 468_062.11
_YEAR = 365 * 86_400.0
_PATIENCE = 5.0
_SETTINGS = frozenset({"responses_url", "balance", "shares", "token_expires"})


def _json(content: Any) -> Response:
    return Response(orjson.dumps(content), media_type="application/json")


class Smsclouds:
    """One account at Smsclouds and everything that was sent through it."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.reset()

    def reset(self) -> None:
        """A new account: nothing sent, full balance, a token that is good for a year, no address for responses."""
        self.book = Book(self.world)
        self.news = News(self.book)
        self.balance = _BALANCE
        self.token_created = self.world.now()
        self.token_expires = self.token_created + _YEAR

    def fates(self) -> Iterator[tuple[str, str]]:
        """The text of every message accepted and its status, in the guide's word."""
        now = self.world.now()
        for campaign in list(self.book.campaigns.values()):
            for place, text in enumerate(campaign.request.texts):
                yield text, self.book.status(campaign, place, now)

    def configure(self, given: dict[str, Any]) -> None:
        """Set `responses_url`, `balance`, `token_expires` (a date as the guide writes it) and `shares` (failed,
        retried, replies; each from 0 to 1).

        Raises ValueError with what is wrong; nothing is set then.
        """
        unknown = sorted(set(given) - _SETTINGS)
        if unknown:
            raise ValueError(f"smsclouds has no settings {unknown}; it has {sorted(_SETTINGS)}.")
        shares = given.get("shares", {})
        if not isinstance(shares, dict) or set(shares) - set(self.book.shares):
            raise ValueError(f"The shares of smsclouds are an object with keys out of {sorted(self.book.shares)}.")
        if "token_expires" in given:
            self.token_expires = parsed(given["token_expires"])
        self.news.responses_url = given.get("responses_url", self.news.responses_url)
        self.balance = float(given.get("balance", self.balance))
        self.book.shares = {**self.book.shares, **shares}

    def routes(self) -> list[BaseRoute]:
        """The routes under the account's base address; anything else is 404 in the guide's words."""
        front = Front("smsclouds", self.world, self._knows, Refusal(401).response, _server_error)

        def route(method: str, path: str, act: Endpoint) -> Route:
            operation = f"{method} {path.replace(':int', '')}"
            return Route(path, front.endpoint(operation, _refusing(act)), methods=[method])

        return [
            route("GET", "/api/v1/user", self.user),  # Starlette answers HEAD by the same
            route("GET", "/api/v3/user/countries", self.countries),
            route("GET", "/api/v3/user/routes", self.user_routes),
            route("POST", "/api/v3/campaign", self.campaign),
            route("GET", "/api/v3/campaign/{id:int}/messages", self.messages),
            route("POST", "/api/v3/responses", self.responses),
            route("POST", "/api/v3/response", self.responses),
            Route("/{path:path}", self._nowhere, methods=["GET", "POST", "PUT", "PATCH", "DELETE"]),
        ]

    async def user(self, request: Request) -> Response:
        """``GET api/v1/user``."""
        token = {"name": "sandbox", "creation": written(self.token_created), "expires": written(self.token_expires)}
        return _json(
            {
                "data": {
                    "information": "User Found",
                    "user": "sandbox@example.com",
                    "name": "Sandbox",
                    "surname": "Account",
                    "credit": self._balance(),
                    "API_settings": [token],
                }
            }
        )

    async def countries(self, request: Request) -> Response:
        """``GET api/v3/user/countries``."""
        return _json(country_rows())

    async def user_routes(self, request: Request) -> Response:
        """``GET api/v3/user/routes``."""
        return _json(route_rows())

    async def campaign(self, request: Request) -> Response:
        """``POST api/v3/campaign``."""
        asked = read(await request.body(), request.headers.get("content-type", ""), self.world.now())
        self._charge(asked)
        campaign = self.book.add(asked)
        self.world.ledger.accept("smsclouds", asked.texts)
        early = self.news.expect(campaign)
        if early:
            await asyncio.wait(map(asyncio.wrap_future, early), timeout=_PATIENCE)
        return _json(
            {
                "message": "Completado Correctamente",
                "campaign": campaign.id,
                "campaign_name": asked.name,
                "route": asked.route.name,
                "country": COUNTRIES[asked.route.country],
                "scheduled_date": written(asked.schedule),
                "recipients_count": len(asked.cellphones),
                "encode": asked.encode,
                "long_message": asked.long_message,
                "balance": self._balance(),
                "token_expires": written(self.token_expires),
            }
        )

    async def messages(self, request: Request) -> Response:
        """``GET api/v3/campaign/ID_Campaign/messages``."""
        campaign = self.book.campaigns.get(request.path_params["id"])
        if campaign is None:
            raise Refusal(404)
        return _json(self.book.shown(campaign, self._balance()))

    async def responses(self, request: Request) -> Response:
        """``POST api/v3/responses`` (in the request line of the guide: ``api/v3/response``)."""
        given = json_object(await request.body(), request.headers.get("content-type", ""))
        return _json(responses(self.book, given))

    def _charge(self, asked: CampaignRequest) -> None:
        cost = asked.parts * asked.route.price
        if cost > self.balance:
            # The guide has no code of its own for an empty account.
            raise Refusal(422, "Saldo insuficiente.")
        self.balance -= cost

    def _balance(self) -> float:
        return round(self.balance, 3)

    def _knows(self, request: Request) -> bool:
        return request.headers.get("authorization") == _TOKEN and self.world.now() < self.token_expires

    async def _nowhere(self, request: Request) -> Response:
        return Refusal(404 if self._knows(request) else 401).response()


def _server_error(status: int) -> Response:
    return Refusal(status).response()


def _refusing(act: Endpoint) -> Endpoint:
    async def answer(request: Request) -> Response:
        try:
            return await act(request)
        except Refusal as refusal:
            return refusal.response()

    return answer
