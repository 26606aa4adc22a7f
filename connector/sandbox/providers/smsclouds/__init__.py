"""The pretend Smsclouds (guide: Api Smsclouds V3.0): every HTTP operation, behind ``Authorization: Bearer sandbox``."""

from collections.abc import Iterable, Iterator
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from connector.sandbox.providers.answers import json_answer
from connector.sandbox.providers.faulted import Endpoint, Front
from connector.sandbox.providers.smsclouds.account import Account
from connector.sandbox.providers.smsclouds.book import STOPS, Book
from connector.sandbox.providers.smsclouds.calls import Calls
from connector.sandbox.providers.smsclouds.clic import read_clic
from connector.sandbox.providers.smsclouds.dates import parsed, written
from connector.sandbox.providers.smsclouds.email import read_email
from connector.sandbox.providers.smsclouds.errors import Refusal
from connector.sandbox.providers.smsclouds.fields import json_object
from connector.sandbox.providers.smsclouds.hlr import HLR_PRICE, looked_up
from connector.sandbox.providers.smsclouds.inbound import Inbound
from connector.sandbox.providers.smsclouds.mail import Mail
from connector.sandbox.providers.smsclouds.news import News
from connector.sandbox.providers.smsclouds.request import CampaignRequest, read_campaign
from connector.sandbox.providers.smsclouds.responses import responses
from connector.sandbox.providers.smsclouds.routes import COUNTRIES, country_rows, route_rows
from connector.sandbox.providers.smsclouds.voice import read_voice
from connector.sandbox.providers.webhook import over
from connector.sandbox.providers.world import World

# The guide names no prices of these services.
_EMAIL_PRICE, _CALL_PRICE = 0.01, 0.1
_VOICE_STATUSES = {"word": False, "number": True}
_SETTINGS = frozenset(
    {"responses_url", "smpp_responses_url", "keyword_url", "keyword", "balance", "shares", "token_expires"}
    | {"voice_status"}
)


class Smsclouds:
    """One account at Smsclouds and everything that was sent through it."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.reset()

    def reset(self) -> None:
        """A new account: nothing sent, full balance, a token that is good for a year, no address for responses."""
        self.book = Book(self.world)
        self.news = News(self.book)
        self.inbound = Inbound(self.book)
        self.calls = Calls(self.world)
        self.mail = Mail(self.world)
        self.account = Account(self.world)

    def fates(self) -> Iterator[tuple[str, str]]:
        """The text of every message accepted and its status, in the guide's word."""
        yield from self.book.fates()
        yield from self.calls.fates()
        yield from self.mail.fates()
        for text in list(self.inbound.automatic):
            yield text, "sent"

    def configure(self, given: dict[str, Any]) -> None:
        """Set `responses_url`, `smpp_responses_url`, `keyword_url`, `keyword`, `balance`, `token_expires` (a date as
        the guide writes it), `voice_status` (word or number: how a voice campaign's status is shown) and `shares`
        (failed, retried, replies, keywords; each from 0 to 1).

        Raises ValueError with what is wrong; nothing is set then.
        """
        unknown = sorted(set(given) - _SETTINGS)
        if unknown:
            raise ValueError(f"smsclouds has no settings {unknown}; it has {sorted(_SETTINGS)}.")
        shares = given.get("shares", {})
        known = {*self.book.shares, "keywords"}
        if not isinstance(shares, dict) or set(shares) - known:
            raise ValueError(f"The shares of smsclouds are an object with keys out of {sorted(known)}.")
        shown = given.get("voice_status", "word")
        if shown not in _VOICE_STATUSES:
            raise ValueError(f"The voice_status of smsclouds is one of {sorted(_VOICE_STATUSES)}.")
        if "token_expires" in given:
            self.account.token_expires = parsed(given["token_expires"])
        self.account.credit = float(given.get("balance", self.account.credit))
        self.calls.numbers = _VOICE_STATUSES[shown] if "voice_status" in given else self.calls.numbers
        self._listen(given)
        self._share(shares)

    def _listen(self, given: dict[str, Any]) -> None:
        self.news.responses_url = given.get("responses_url", self.news.responses_url)
        self.inbound.smpp.url = given.get("smpp_responses_url", self.inbound.smpp.url)
        self.inbound.keywords.url = given.get("keyword_url", self.inbound.keywords.url)
        self.inbound.keyword = given.get("keyword", self.inbound.keyword)

    def _share(self, shares: dict[str, float]) -> None:
        self.inbound.share = shares.get("keywords", self.inbound.share)
        self.book.shares |= {name: share for name, share in shares.items() if name != "keywords"}
        self.calls.share_failed = self.book.shares["failed"]

    def routes(self) -> list[BaseRoute]:
        """The routes under the account's base address; anything else is 404 in the guide's words."""
        front = Front("smsclouds", self.world, self._knows, lambda: Refusal(401).answer, _server_error)
        operations: Iterable[tuple[str, str, Endpoint]] = (
            ("GET", "/api/v1/user", self.user),  # Starlette answers HEAD by the same
            ("GET", "/api/v3/user/countries", self.countries),
            ("GET", "/api/v3/user/routes", self.user_routes),
            ("POST", "/api/v3/campaign", self.campaign),
            ("POST", "/api/v3/smsclic/campaign", self.clic_campaign),
            ("GET", "/api/v3/campaign/{id:int}/messages", self.messages),
            ("POST", "/api/v3/responses", self.responses),
            ("POST", "/api/v3/response", self.responses),
            ("POST", "/api/v1/email", self.email),
            ("POST", "/api/v3/voice", self.voice),
            ("GET", "/api/v3/voice/{id:int}", self.voice_status),
            ("POST", "/api/v3/voice/{id:int}/cancel", self.voice_cancel),
            ("GET", "/api/v3/hlr/{number}", self.hlr),
        )
        return [
            *(front.route(*operation) for operation in operations),
            Route("/{path:path}", self._nowhere, methods=["GET", "POST", "PUT", "PATCH", "DELETE"]),
        ]

    def control_routes(self) -> list[BaseRoute]:
        """What people do by telephone and in the account's pages, with whole paths: not part of the guide."""
        return [
            Route("/sandbox/smsclouds/received", self.received, methods=["POST"]),
            Route("/sandbox/smsclouds/campaigns/{id:int}", self.stop, methods=["POST"]),
        ]

    async def stop(self, request: Request) -> Response:
        """A person stops an SMS campaign: ``?status=paused``, or another of `STOPS`; ``inserted`` lets it go on."""
        campaign = self.book.campaigns.get(request.path_params["id"])
        word = request.query_params.get("status")
        if campaign is None or word not in ("inserted", *STOPS):
            sentence = f"An SMS campaign that was accepted takes a status out of {['inserted', *STOPS]}."
            return json_answer({"error": sentence}, 400)
        self.book.stop(campaign, word if word in STOPS else None)
        return json_answer({"status": word})

    async def received(self, request: Request) -> Response:
        """Somebody texts a keyword or answers a message of an SMPP account: see `Inbound.receive`."""
        try:
            self.inbound.receive(orjson.loads(await request.body()))
        except ValueError as error:
            return json_answer({"error": str(error)}, 400)
        return json_answer({"status": "ok"}, 202)

    async def user(self, request: Request) -> Response:
        """``GET api/v1/user``."""
        return json_answer(self.account.shown())

    async def countries(self, request: Request) -> Response:
        """``GET api/v3/user/countries``."""
        return json_answer(country_rows())

    async def user_routes(self, request: Request) -> Response:
        """``GET api/v3/user/routes``."""
        return json_answer(route_rows())

    async def campaign(self, request: Request) -> Response:
        """``POST api/v3/campaign``."""
        asked = read_campaign(await _given(request), self.world.now())
        return json_answer(await self._accept(asked))

    async def clic_campaign(self, request: Request) -> Response:
        """``POST api/v3/smsclic/campaign``; in the guide's example its dates have no time of day."""
        asked = read_clic(await _given(request), self.world.now())
        answer = await self._accept(asked)
        start = written(asked.schedule or self.world.now()) or ""
        return json_answer(answer | {"scheduled_date": start[:10], "token_expires": answer["token_expires"][:10]})

    async def _accept(self, asked: CampaignRequest) -> dict[str, Any]:
        self.account.charge(asked.parts * asked.route.price)
        campaign = self.book.add(asked)
        self.world.ledger.accept("smsclouds", asked.texts)
        await over(self.news.expect(campaign) + self.inbound.expect(campaign))
        return {
            "message": "Completado Correctamente",
            "campaign": campaign.id,
            "campaign_name": asked.name,
            "route": asked.route.name,
            "country": COUNTRIES[asked.route.country],
            "scheduled_date": written(asked.schedule),
            "recipients_count": len(asked.cellphones),
            "encode": asked.encode,
            "long_message": asked.long_message,
            "balance": self.account.balance,
            "token_expires": written(self.account.token_expires),
        }

    async def messages(self, request: Request) -> Response:
        """``GET api/v3/campaign/ID_Campaign/messages``."""
        campaign = self.book.campaigns.get(request.path_params["id"])
        if campaign is None:
            raise Refusal(404)
        return json_answer(self.book.shown(campaign, self.account.balance))

    async def responses(self, request: Request) -> Response:
        """``POST api/v3/responses`` (in the request line of the guide: ``api/v3/response``)."""
        return json_answer(responses(self.book, await _given(request)))

    async def email(self, request: Request) -> Response:
        """``POST api/v1/email``."""
        asked = read_email(await _given(request), self.world.now())
        self.account.charge(len(asked.emails) * _EMAIL_PRICE)
        answer = self.mail.add(asked)
        self.world.ledger.accept("smsclouds", asked.texts)
        return json_answer(answer)

    async def voice(self, request: Request) -> Response:
        """``POST api/v3/voice``."""
        asked = read_voice(await _given(request), self.world.now())
        self.account.charge(len(asked.cellphones) * _CALL_PRICE)
        campaign = self.calls.add(asked)
        self.world.ledger.accept("smsclouds", asked.spoken)
        return json_answer(self.calls.accepted(campaign, self.account.balance))

    async def voice_status(self, request: Request) -> Response:
        """``GET api/v3/voice/ID``."""
        return json_answer(self.calls.shown(self.calls.find(request.path_params["id"])))

    async def voice_cancel(self, request: Request) -> Response:
        """``POST api/v3/voice/ID/cancel``."""
        return json_answer(self.calls.cancel(self.calls.find(request.path_params["id"])))

    async def hlr(self, request: Request) -> Response:
        """``GET api/v3/hlr/NUMBER``."""
        answer = looked_up(self.world, request.path_params["number"])
        self.account.charge(HLR_PRICE)
        return json_answer(answer)

    def _knows(self, request: Request) -> bool:
        return self.account.knows(request)

    async def _nowhere(self, request: Request) -> Response:
        return Refusal(404 if self._knows(request) else 401).answer


async def _given(request: Request) -> dict[str, Any]:
    return json_object(await request.body(), request.headers.get("content-type", ""))


def _server_error(status: int) -> Response:
    return Refusal(status).answer
