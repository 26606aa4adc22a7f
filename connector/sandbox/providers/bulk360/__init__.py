"""The pretend Bulk360 (guide: Bulk360 API V2.0): token, SMS and WhatsApp, delivery notifications.

The key and the secret are ``sandbox``. Other methods than POST get the web server's own 405.
"""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from connector.sandbox.faults import STATUSES
from connector.sandbox.providers.account import Account
from connector.sandbox.providers.answers import json_answer, told_in_body
from connector.sandbox.providers.bulk360.book import Book, Shares
from connector.sandbox.providers.bulk360.codes import Refusal, coded
from connector.sandbox.providers.bulk360.request import read
from connector.sandbox.providers.bulk360.send import accept, answer
from connector.sandbox.providers.bulk360.tokens import Tokens, invalid_client
from connector.sandbox.providers.faulted import Front
from connector.sandbox.providers.webhook import Transport, Webhook

# The guide's code for an account that may not send, by what is the matter with it.
_STANDINGS = {"unverified": 403, "suspended": 412, "observed": 413}


class Settings(BaseModel):
    """What the control API may set.

    `token_seconds` is how long a token lives from now on, `standing` the account's state, `unapproved` and `banned`
    words that a text must not hold (406; 407, which suspends the account). `always_200` gives refusals of a send the
    HTTP status 200: the guide says that the code in the body tells, and nothing of the HTTP status.
    """

    model_config = ConfigDict(extra="forbid")

    dn_url: str | None = None
    dn_transport: Transport = "form"
    balance: float = Field(100_000.0, ge=0)
    shares: Shares = Shares()
    token_seconds: int = Field(3600, ge=1)
    standing: Literal["active", "unverified", "suspended", "observed"] = "active"
    unapproved: list[str] = []
    banned: list[str] = []
    always_200: bool = False


class Bulk360(Account[Settings, Book]):
    """One account at Bulk360 and everything that was sent through it."""

    def reset(self) -> None:
        """A new account: nothing sent, full balance, no token given out, no address for notifications."""
        self.settings = Settings()
        self.book = Book(self.world, self.settings.balance)
        self.tokens = Tokens()
        self.notifications = Webhook(self.world, "bulk360", STATUSES, self.settings.dn_transport)

    def apply(self, given: dict[str, Any]) -> None:
        """Take over where notifications go and how, the shares, and a balance that was named."""
        self.notifications.url, self.notifications.transport = self.settings.dn_url, self.settings.dn_transport
        self.book.shares = self.settings.shares
        if "balance" in given:
            self.book.balance = self.settings.balance

    def routes(self) -> list[BaseRoute]:
        """The two addresses of the guide, behind its base address."""
        doors = Front("bulk360", self.world, lambda _: True, invalid_client, coded, self._expire_tokens)
        inside = Front("bulk360", self.world, self._knows, lambda: coded(401), coded, self._expire_tokens)
        send = told_in_body(self.send, lambda: self.settings.always_200)
        return [doors.route("POST", "/oauth/token", self.token), inside.route("POST", "/api/bulk360/v2.0", send)]

    async def token(self, request: Request) -> Response:
        """``POST /oauth/token``."""
        content_type = request.headers.get("content-type", "")
        return self.tokens.grant(await request.body(), content_type, self.world.now(), self.settings.token_seconds)

    async def send(self, request: Request) -> Response:
        """``POST /api/bulk360/v2.0``."""
        if self.settings.standing != "active":
            raise Refusal(_STANDINGS[self.settings.standing])
        asked = read(await request.body(), request.headers.get("content-type", ""))
        if any(words in asked.text for words in self.settings.banned):
            self.settings.standing = "suspended"
            raise Refusal(407)
        balance = self.book.balance
        accepted = accept(self.book, asked, self.settings.unapproved)
        await self.book.tell(self.notifications, accepted.messages)
        content = answer(asked, accepted.rows, balance, self.world.seed)
        code = content.get("code", 200)
        return json_answer(content, 200 if self.settings.always_200 else code)

    def _knows(self, request: Request) -> bool:
        return self.tokens.knows(request.headers.get("authorization", ""), self.world.now())

    def _expire_tokens(self) -> None:
        self.tokens.expire()
