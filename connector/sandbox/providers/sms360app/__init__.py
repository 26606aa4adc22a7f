"""The pretend 360 SMS App (guide: Open API Configuration Guide): send, verify the phone, and the two webhooks.

The guide names no paths; here they are ``POST /send`` and ``POST /lookup``. The client id is ``sandbox``.
"""

from collections import Counter
from http.client import responses
from typing import Any

from pydantic import BaseModel, ConfigDict
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from connector.sandbox.faults import REPLIES, STATUSES
from connector.sandbox.providers.account import Account
from connector.sandbox.providers.answers import json_answer, told_in_body
from connector.sandbox.providers.faulted import Endpoint, Front
from connector.sandbox.providers.sms360app.book import Book, Shares
from connector.sandbox.providers.sms360app.lookup import verify
from connector.sandbox.providers.sms360app.refusals import Refuse, lookup_refused, send_refused
from connector.sandbox.providers.sms360app.request import LOOKUP, SEND, client_of, read
from connector.sandbox.providers.webhook import Webhook, over

_SEND = "/send"
_MOST_IN_FLIGHT = 200
_UNKNOWN_CLIENT = "clientId is not valid."


class Settings(BaseModel):
    """What the control API may set.

    `sender_numbers` are the registered ones; with None any number counts as registered. `always_200` gives refusals,
    except for one request too many at a time, the HTTP status 200: the guide has a `status` in the body and says
    nothing of the HTTP status.
    """

    model_config = ConfigDict(extra="forbid")

    delivery_url: str | None = None
    incoming_url: str | None = None
    client_ids: list[str] = ["sandbox"]
    sender_numbers: list[str] | None = None
    shares: Shares = Shares()
    always_200: bool = False


class Sms360app(Account[Settings, Book]):
    """The clients of one 360 SMS App account and everything that was sent through them."""

    def reset(self) -> None:
        """A new account: nothing sent, one client, no addresses."""
        self.settings = Settings()
        self.in_flight: Counter[str] = Counter()
        self.book = Book(self.world)
        self.callbacks = Webhook(self.world, "sms360app", STATUSES, "json")
        self.incoming = Webhook(self.world, "sms360app", REPLIES, "json")

    def apply(self, given: dict[str, Any]) -> None:
        """Take over where news goes, and the shares."""
        self.callbacks.url, self.incoming.url = self.settings.delivery_url, self.settings.incoming_url
        self.book.shares = self.settings.shares

    def routes(self) -> list[BaseRoute]:
        """The two paths, behind a base address that the guide does not give."""
        sends, lookups = (self._front(refuse) for refuse in (send_refused, lookup_refused))
        send = sends.endpoint(f"POST {_SEND}", told_in_body(self.send, self._always_200))
        return [
            Route(_SEND, self._bounded(send), methods=["POST"]),
            lookups.route("POST", "/lookup", told_in_body(self.lookup, self._always_200)),
        ]

    def _front(self, refuse: Refuse) -> Front:
        return Front(
            "sms360app",
            self.world,
            lambda _: True,  # the client id stands in the body
            lambda: refuse(401, _UNKNOWN_CLIENT).answer,
            lambda status: refuse(status, responses.get(status, "error")).answer,
        )

    def _bounded(self, send: Endpoint) -> Endpoint:
        """`send` for at most 200 requests of one client at a time: "a single API allows you to send up to 200"."""

        async def answer(request: Request) -> Response:
            client = client_of(await request.body()) or ""
            in_flight = self.in_flight  # a reset makes a new one
            if in_flight[client] >= _MOST_IN_FLIGHT:
                self.world.ledger.request("sms360app", f"POST {_SEND}")
                return send_refused(429, "More than 200 messages at a time.").answer
            in_flight[client] += 1
            try:
                return await send(request)
            finally:
                in_flight[client] -= 1

        return answer

    async def send(self, request: Request) -> Response:
        """``POST /send``."""
        asked = await self._asked(request, SEND, send_refused)
        registered = self.settings.sender_numbers
        if registered is not None and asked["senderNumber"] not in registered:
            raise send_refused(400, "senderNumber is not registered.")
        message = self.book.accept(asked["senderNumber"], asked["receiverNumber"], asked["messagebody"])
        self.world.ledger.accept("sms360app", [asked["messagebody"]])
        await self._expect_reply(message)
        await self.book.tell(self.callbacks, [message])
        content = {"status": 200, "message": "success", "360_message_id": self.book.id_of(message)}
        return json_answer({"message": content})

    async def lookup(self, request: Request) -> Response:
        """``POST /lookup``."""
        asked = await self._asked(request, LOOKUP, lookup_refused)
        return json_answer(verify(self.world, asked["phoneNumber"]))

    async def _asked(self, request: Request, names: tuple[str, ...], refuse: Refuse) -> dict[str, str]:
        asked = read(await request.body(), request.headers.get("content-type", ""), names, refuse)
        if asked["clientId"] not in self.settings.client_ids:
            raise refuse(401, _UNKNOWN_CLIENT)
        return asked

    async def _expect_reply(self, message: int) -> None:
        told = self.book.teller(self.incoming, message)
        life, first = self.incoming.expect(self.book.id_of(message), self.book.reply(message), told)
        if life:
            self.world.timetable.at(life[0][0], self.world.ledger.reply)
        await over([first] if first else [])

    def _always_200(self) -> bool:
        return self.settings.always_200
