"""The pretend 360NRS (guide: 360NRS REST API): every operation of the guide, behind HTTP Basic ``sandbox:sandbox``."""

import asyncio
import base64
from collections.abc import Collection, Iterator
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from connector.sandbox.providers.faulted import Endpoint, Front
from connector.sandbox.providers.nrs360.account import Cash
from connector.sandbox.providers.nrs360.asking import Act, Asked, Section
from connector.sandbox.providers.nrs360.blacklist import Blacklists
from connector.sandbox.providers.nrs360.book import Book
from connector.sandbox.providers.nrs360.campaigns import Campaigns
from connector.sandbox.providers.nrs360.contacts import Contacts
from connector.sandbox.providers.nrs360.conversations import Conversations
from connector.sandbox.providers.nrs360.coverage import Coverage
from connector.sandbox.providers.nrs360.errors import Refusal, server_error
from connector.sandbox.providers.nrs360.files import Files
from connector.sandbox.providers.nrs360.forms import Forms
from connector.sandbox.providers.nrs360.groups import Groups
from connector.sandbox.providers.nrs360.lives import HABITS, OUTCOMES
from connector.sandbox.providers.nrs360.news import News
from connector.sandbox.providers.nrs360.otp import Otp
from connector.sandbox.providers.nrs360.reports import Reports
from connector.sandbox.providers.nrs360.scheduled import Scheduled
from connector.sandbox.providers.nrs360.sendings import Sendings
from connector.sandbox.providers.nrs360.templates import Templates
from connector.sandbox.providers.nrs360.validations import Validations
from connector.sandbox.providers.nrs360.whatsapp import Whatsapp, whatsapp_templates
from connector.sandbox.providers.world import World

_CREDENTIALS = "Basic " + base64.b64encode(b"sandbox:sandbox").decode()
_BALANCE = 100_000.0
_PATIENCE = 5.0
_SETTINGS = frozenset(
    {"events_url", "balance", "shares", "habits", "unverified", "blocked", "validations_fail", "templates", "senders"}
)


class Nrs360:
    """One account at 360NRS and everything that was sent through it."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.reset()

    def reset(self) -> None:
        """A new account: nothing sent, nobody known, full balance, no address for events."""
        self.book = Book(self.world)
        self.cash = Cash(_BALANCE)
        self.blacklists = Blacklists(self.world)
        self.news = News(self.book, self.blacklists)
        self.conversations = Conversations(self.book, self.cash, self.news)
        self.whatsapp = Whatsapp(self.conversations, self.cash, self.news)
        templates, otp, groups = Templates(self.world), Otp(self.world), Groups()
        contacts = Contacts(self.world, groups)
        self.validations = Validations(self.world, self.cash, contacts)
        self.sendings = Sendings(self.book, self.cash, self.news, templates, contacts, otp)
        sections: tuple[Section, ...] = (
            *(Coverage(), self.sendings, self.whatsapp, self.conversations, Scheduled(self.book, self.news)),
            *(Campaigns(self.book), Reports(self.book), self.cash, otp, self.blacklists, templates),
            *(groups, contacts, self.validations, Forms(self.world), Files()),
        )
        self._acts: dict[tuple[str, str], Act] = {
            (method, path): act for section in sections for method, path, act in section.operations()
        }

    def fates(self) -> Iterator[tuple[str, str]]:
        """The text of every message accepted and the last word of its delivery, as `Book.stands` says it."""
        now = self.world.now()
        for message, text in enumerate(list(self.book.texts)):
            yield text, self.book.stands(message, now)

    def configure(self, given: dict[str, Any]) -> None:
        """Set `events_url`, `balance` (EUR), `shares` of outcomes and `habits` of recipients (from 0 to 1), the mail
        addresses that are `unverified` or `blocked`, and whether `validations_fail`; for WhatsApp the `templates` (by
        number, each an object with the fields of `whatsapp.Template`) and the registered `senders`.

        Raises ValueError with what is wrong; nothing is set then.
        """
        unknown = sorted(set(given) - _SETTINGS)
        if unknown:
            raise ValueError(f"nrs360 has no settings {unknown}; it has {', '.join(sorted(_SETTINGS))}.")
        shares = _shares("shares", given, self.book.shares, OUTCOMES)
        habits = _shares("habits", given, self.book.habits, HABITS)
        templates = whatsapp_templates(given["templates"]) if "templates" in given else self.whatsapp.templates
        balance = float(given.get("balance", self.cash.balance))
        self.news.events_url = given.get("events_url", self.news.events_url)
        self.cash.balance = balance
        self.book.shares, self.book.habits = shares, {**dict.fromkeys(HABITS, 0.0), **habits}
        self.sendings.addresses.unverified = given.get("unverified", self.sendings.addresses.unverified)
        self.sendings.addresses.blocked = given.get("blocked", self.sendings.addresses.blocked)
        self.validations.fails = given.get("validations_fail", self.validations.fails)
        self.whatsapp.templates = templates
        self.whatsapp.senders = given.get("senders", self.whatsapp.senders)

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


def _knows(request: Request) -> bool:
    return request.headers.get("authorization") == _CREDENTIALS


async def _nowhere(request: Request) -> Response:
    return Refusal(404).response() if _knows(request) else Refusal(103).response()


def _shares(name: str, given: dict[str, Any], now: dict[str, float], known: Collection[str]) -> dict[str, float]:
    shares: Any = given.get(name, now)
    if not isinstance(shares, dict) or set(shares) - set(known):
        raise ValueError(f"The {name} of nrs360 are an object with keys out of {sorted(known)}.")
    return shares
