"""The pretend Optimum Measures: SMS, its status and voice calls, and what is told of both by ``POST`` of JSON.

The guide says nothing of authentication: HTTP Basic ``sandbox:sandbox`` and ``Bearer sandbox`` are taken unless the
setting says otherwise.
"""

import base64
import itertools
from collections.abc import Iterator
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from connector.sandbox.faults import STATUSES
from connector.sandbox.providers.answers import json_answer
from connector.sandbox.providers.faulted import Front
from connector.sandbox.providers.optimum.book import Calls, Shares, Texts
from connector.sandbox.providers.optimum.errors import SMS_PARAMETER, WrongRequest, missing, refused_call, refused_sms
from connector.sandbox.providers.optimum.request import read_call, read_question, read_sms
from connector.sandbox.providers.webhook import Webhook
from connector.sandbox.providers.world import World

_BASIC = "Basic " + base64.b64encode(b"sandbox:sandbox").decode()
_BEARER = "Bearer sandbox"
_TAKEN = {"basic or bearer": (_BASIC, _BEARER), "basic": (_BASIC,), "bearer": (_BEARER,)}
_CAMPAIGN = "fc46b682-b939-4fc2-81c3-891cfb23cd92"  # the guide's own


class Settings(BaseModel):
    """What the control API may set: where statuses and call detail records go, who may call, the voice campaigns that
    there are, and what becomes of messages and calls."""

    model_config = ConfigDict(extra="forbid")

    sms_url: str | None = None
    cdr_url: str | None = None
    authentication: Literal["basic or bearer", "basic", "bearer", "none"] = "basic or bearer"
    campaigns: list[str] = Field([_CAMPAIGN])
    shares: Shares = Shares()


class Optimum:
    """One account at Optimum Measures and everything that was sent through it."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.reset()

    def reset(self) -> None:
        """A new account: nothing sent, nobody to tell."""
        self.settings = Settings()
        self.texts = Texts(self.world, self.settings.shares)
        self.calls = Calls(self.world, self.settings.shares)
        self.statuses = Webhook(self.world, "optimum", STATUSES, "json")
        self.records = Webhook(self.world, "optimum", STATUSES, "json")
        # Messages sent without CallBack: their statuses meet faults too, and are asked for.
        self._untold = Webhook(self.world, "optimum", STATUSES, "json")
        # Two runs of the sandbox must not give one id twice to a store that outlives them.
        self._ids = itertools.count(int((self.world.now() - 1_700_000_000) * 1000))

    def fates(self) -> Iterator[tuple[str, str]]:
        """The text of every message and call and its last status, ``accepted`` before the first."""
        yield from self.texts.fates()
        yield from self.calls.fates()

    def configure(self, given: dict[str, Any]) -> None:
        """Change some of `Settings`; shares that are not named are as at first. Raises ValueError and sets nothing."""
        self.settings = settings = Settings.model_validate({**self.settings.model_dump(), **given})
        self.statuses.url, self.records.url = settings.sms_url, settings.cdr_url
        self.texts.shares = self.calls.shares = settings.shares

    def routes(self) -> list[BaseRoute]:
        """The three addresses of the guide, behind its base address; the guide names no method for ``GetStatus``, so
        that both are taken."""
        front = Front("optimum", self.world, self._knows, _unauthorized, _server_error)
        return [
            front.route("POST", "/api/SMS/Send", self.send),
            front.route("GET", "/api/SMS/GetStatus", self.status),
            front.route("POST", "/api/SMS/GetStatus", self.status_by_post),
            front.route("POST", "/api/Voice/Call", self.call),
        ]

    async def send(self, request: Request) -> Response:
        """``POST /api/SMS/Send``."""
        try:
            asked = read_sms(await request.body(), request.headers.get("content-type", ""))
        except WrongRequest as wrong:
            raise refused_sms(wrong) from wrong
        request_id = self._next_id()
        messages = self.texts.accept(request_id, asked)
        self.world.ledger.accept("optimum", [asked.text] * len(messages))
        await self.texts.tell(self.statuses if asked.callback else self._untold, messages)
        return json_answer({"ID": request_id, "Status": "Received"})

    async def status(self, request: Request) -> Response:
        """``GET /api/SMS/GetStatus?ID=``."""
        return self._shown(request.query_params.get("ID", ""))

    async def status_by_post(self, request: Request) -> Response:
        """``POST /api/SMS/GetStatus``, the ID in the body."""
        try:
            asked = read_question(await request.body(), request.headers.get("content-type", ""))
        except WrongRequest as wrong:
            raise refused_sms(wrong) from wrong
        return self._shown(asked)

    def _shown(self, request_id: str) -> Response:
        """An ID never given is refused as a missing one: the guide has no error."""
        shown = self.texts.shown(request_id)
        if shown is None:
            raise refused_sms(missing(SMS_PARAMETER, "ID"))
        return json_answer(shown)

    async def call(self, request: Request) -> Response:
        """``POST /api/Voice/Call``."""
        request_id = self._next_id()
        content_type = request.headers.get("content-type", "")
        try:
            asked = read_call(await request.body(), content_type, self.settings.campaigns)
        except WrongRequest as wrong:
            raise refused_call(wrong, request_id) from wrong
        calls = self.calls.accept(request_id, asked)
        self.world.ledger.accept("optimum", [asked.content] * len(calls))
        await self.calls.tell(self.records, calls)
        return json_answer({"ID": request_id, "Status": "Received"})

    def _next_id(self) -> str:
        return str(next(self._ids))

    def _knows(self, request: Request) -> bool:
        taken = _TAKEN.get(self.settings.authentication)
        return taken is None or request.headers.get("authorization") in taken


def _unauthorized() -> Response:
    return json_answer({"Message": "Authorization has been denied for this request."}, 401)


def _server_error(status: int) -> Response:
    return json_answer({"Message": "An error has occurred."}, status)
