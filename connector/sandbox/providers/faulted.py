"""Endpoints that faults can befall: each request is counted, then meets its fault, then is checked and answered."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import unquote_plus

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from connector.sandbox.drop import DroppedConnection
from connector.sandbox.faults import Fault
from connector.sandbox.ledger import serials_in
from connector.sandbox.providers.answers import Refused
from connector.sandbox.providers.pushing import FORM
from connector.sandbox.providers.world import World

Endpoint = Callable[[Request], Awaitable[Response]]
_GARBAGE = (
    "<!DOCTYPE html><html><head><title>Maintenance</title></head><body><h1>We will be back soon</h1></body></html>"
)


@dataclass(frozen=True)
class Front:
    """The outside of one provider: how it refuses a caller it does not know and how it words an error of the server.

    `expire` takes back every token that was given out; a provider whose credentials are fixed has nothing to do there.
    """

    target: str
    world: World
    authenticated: Callable[[Request], bool]
    unauthorized: Callable[[], Response]
    broken: Callable[[int], Response]
    expire: Callable[[], None] = lambda: None

    def route(self, method: str, path: str, act: Endpoint) -> Route:
        """The route of one operation, named ``<METHOD> <path>``."""
        return Route(path, self.endpoint(f"{method} {path.replace(':int', '')}", act), methods=[method])

    def endpoint(self, operation: str, act: Endpoint) -> Endpoint:
        """`act` with counting, faults and authentication before it; `operation` is ``<METHOD> <route template>``."""

        async def answer(request: Request) -> Response:
            self.world.ledger.request(self.target, operation)
            fault = self.world.faults.take(self.target, operation)
            if fault is None:
                return await self._admit(request, act)
            fault.destroyed.extend(await _at_stake(request))
            return await self._meet(fault, request, act)

        return answer

    async def _admit(self, request: Request, act: Endpoint) -> Response:
        if not self.authenticated(request):
            return self.unauthorized()
        try:
            return await act(request)
        except Refused as refused:
            return refused.answer

    async def _meet(self, fault: Fault, request: Request, act: Endpoint) -> Response:
        if fault.kind == "slow":
            await asyncio.sleep(fault.seconds)
            return await self._admit(request, act)
        if fault.kind == "status":
            return self._status(fault)
        if fault.kind == "garbage":
            return HTMLResponse(fault.body or _GARBAGE)
        if fault.kind == "expire_tokens":
            self.expire()
            return self.unauthorized()
        if fault.kind == "drop_after":
            await self._admit(request, act)
        return DroppedConnection()

    def _status(self, fault: Fault) -> Response:
        response = Response(fault.body, fault.status) if fault.body else self.broken(fault.status)
        response.status_code = fault.status
        if fault.status in (429, 503):
            response.headers["Retry-After"] = str(max(1, round(fault.seconds)))
        return response


async def _at_stake(request: Request) -> list[str]:
    """The serials in the body, or the address when there are none: what a fault destroys."""
    body = (await request.body()).decode("utf-8", "replace")
    if request.headers.get("content-type", "").startswith(FORM):
        body = unquote_plus(body)
    return serials_in(body) or [request.url.path + _query(request)]


def _query(request: Request) -> str:
    return f"?{request.url.query}" if request.url.query else ""
