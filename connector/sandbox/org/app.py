"""The org as an ASGI application: sessions, limits and faults around the REST API."""

import asyncio
from collections.abc import Callable
from typing import Protocol

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from connector.sandbox.drop import DroppedConnection
from connector.sandbox.faults import Fault
from connector.sandbox.org.errors import OrgError
from connector.sandbox.org.org import Org
from connector.sandbox.org.rest import bulk_ingest, bulk_query, collections, oauth, query, resources, sobjects
from connector.sandbox.org.rest.composite import Composite
from connector.sandbox.org.rest.exchange import Answer, Call, refusal
from connector.sandbox.org.rest.routing import Router

_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"]
_GARBAGE = "<html><head><title>Maintenance</title></head><body>We are down for maintenance.</body></html>"
_BROKEN = {
    429: ("REQUEST_LIMIT_EXCEEDED", "Too many requests."),
    500: ("UNKNOWN_EXCEPTION", "An unexpected error occurred. Please include this ErrorId if you contact support."),
    503: ("SERVER_UNAVAILABLE", "The server is temporarily unavailable. Please try again later."),
}
_UNVERSIONED: dict[str, Callable[[Org, Call], Answer]] = {
    "POST /services/oauth2/token": oauth.token,
    "GET /services/oauth2/token": oauth.token,
    "GET /services/oauth2/userinfo": oauth.userinfo,
    "POST /services/oauth2/userinfo": oauth.userinfo,
    "POST /services/oauth2/revoke": oauth.revoke,
    "GET /services/oauth2/revoke": oauth.revoke,
    "GET /services/data": lambda _org, _call: resources.versions(),
    "GET /services/data/": lambda _org, _call: resources.versions(),
}


class FaultSource(Protocol):
    """Decides what goes wrong; `connector.sandbox.faults.Faults` is one."""

    def take(self, target: str, operation: str) -> Fault | None:
        """The fault that befalls this operation at this target, or None."""


def router() -> Router:
    """Every route below a version, composite's included."""
    routes = [
        *resources.ROUTES,
        *query.ROUTES,
        *collections.ROUTES,
        *sobjects.ROUTES,
        *bulk_ingest.ROUTES,
        *bulk_query.ROUTES,
    ]
    return Router([*routes, *Composite(Router(routes)).routes()])


class Front:
    """Meets each request: its fault first, then its session and the day's limit, then the resource."""

    def __init__(self, org: Org, faults: FaultSource) -> None:
        self._org = org
        self._faults = faults
        self._router = router()

    async def answer(self, request: Request) -> Response:
        """The endpoint of every address."""
        call = await _call(request)
        operation = self._router.operation(call.method, call.path)
        fault = self._faults.take("org", operation)
        if fault is None:
            return _response(self._act(call, operation))
        fault.destroyed.append(call.path)
        return await self._meet(fault, call, operation)

    def _act(self, call: Call, operation: str, lock_share: float = 0.0) -> Answer:
        with self._org.lock:
            self._org.calls[operation] += 1
            unversioned = _UNVERSIONED.get(f"{call.method} {call.path}")
            if unversioned is None and call.path.startswith("/id/"):
                unversioned = oauth.userinfo
            if unversioned is not None:
                return unversioned(self._org, call)
            return self._with_session(call, lock_share)

    def _with_session(self, call: Call, lock_share: float) -> Answer:
        org = self._org
        token = oauth.session(call)
        if token is None:
            return refusal(OrgError("INVALID_AUTH_HEADER", "INVALID_HEADER_TYPE", status=401), call)
        if not org.tokens.valid(token):
            return refusal(OrgError("INVALID_SESSION_ID", "Session expired or invalid"), call)
        if org.used_requests >= org.daily_requests:
            return refusal(_limit_exceeded(), call)
        org.used_requests += 1
        org.lock_share(lock_share)
        try:
            # A handler that refuses half way must leave nothing behind.
            with org.records.transaction():
                answer = self._router.answer(org, call)
        finally:
            org.lock_share(0.0)
        usage = f"api-usage={org.used_requests}/{org.daily_requests}"
        return Answer(answer.status, answer.content, {**answer.headers, "Sforce-Limit-Info": usage}, answer.media_type)

    async def _meet(self, fault: Fault, call: Call, operation: str) -> Response:
        if fault.kind == "status":
            return _status(fault, call)
        if fault.kind == "garbage":
            return HTMLResponse(fault.body or _GARBAGE)
        if fault.kind == "limit":
            return _response(refusal(_limit_exceeded(), call))
        if fault.kind == "drop_before":
            return DroppedConnection()
        if fault.kind == "slow":
            await asyncio.sleep(fault.seconds)
        if fault.kind == "expire_tokens":
            with self._org.lock:
                self._org.tokens.expire_all()
        answer = self._act(call, operation, fault.share if fault.kind == "lock_rows" else 0.0)
        return DroppedConnection() if fault.kind == "drop_after" else _response(answer)


def _limit_exceeded() -> OrgError:
    return OrgError("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")


async def _call(request: Request) -> Call:
    body = await request.body()
    return Call(
        method=request.method,
        # An instance URL that ends in a slash, as the sf command line keeps it, makes a path begin with two.
        path="/" + request.scope["raw_path"].decode("ascii").partition("?")[0].lstrip("/"),
        origin=f"{request.url.scheme}://{request.url.netloc}",
        query=dict(request.query_params),
        headers={name.lower(): value for name, value in request.headers.items()},
        body=body,
    )


def _response(answer: Answer) -> Response:
    # As a header, for a media type of text would have a charset added, which Salesforce's CSV does not say.
    headers = {"Content-Type": answer.media_type, **answer.headers}
    response = Response(answer.body(), answer.status, headers)
    # Starlette writes names in lower case; Salesforce does not, and some clients look for them as it writes them.
    written = {name.lower().encode(): name.encode() for name in (*headers, "Content-Length")}
    response.raw_headers = [(written[name], value) for name, value in response.raw_headers]
    return response


def _status(fault: Fault, call: Call) -> Response:
    if fault.body:
        media = "text/html" if fault.body.lstrip().startswith("<") else "application/json"
        response = Response(fault.body, fault.status, media_type=media)
    else:
        code, message = _BROKEN.get(fault.status, _BROKEN[500])
        response = _response(refusal(OrgError(code, message, status=fault.status), call))
    if fault.seconds:
        response.headers["Retry-After"] = str(max(1, round(fault.seconds)))
    return response


def app(org: Org, faults: FaultSource, control: list[BaseRoute]) -> Starlette:
    """The org's application, with the control routes before its own."""
    front = Front(org, faults)
    return Starlette(routes=[*control, Route("/{path:path}", front.answer, methods=_METHODS)])
