"""The receiver of webhooks: checks who sends, reads what it says, and answers only once it is stored.

Exactly 200 is the answer to what is stored, for 360NRS sends an event again on any other (guide: "Event
Notifications"), and most providers send nothing twice.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from urllib.parse import parse_qsl, unquote

import structlog
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from connector.log import masked
from connector.model.errors import Refused, StoreError, Unreadable
from connector.providers.base import HookAnswer, HookRequest
from connector.web.commit import GroupCommit, Keep, Kept
from connector.web.rates import TAKEN, TURNED_AWAY, Allowances, Peers, Rate
from connector.web.senders import HookedAccount, Network, Senders

_FIELDS_LIMIT = 1000
_FORM = "application/x-www-form-urlencoded"
_REASON_LENGTH = 300

_log = structlog.get_logger()


class _TurnedAway(Exception):
    """The request is answered with `status` and is not looked at any further."""

    def __init__(self, status: int, sentence: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(sentence)
        self.status = status
        self.sentence = sentence
        # what is left of the body is not read, so the connection cannot be used again
        self.headers = {"Connection": "close", **(headers or {})}


_NOT_FOUND = "There is nothing here."


def receiver(
    accounts: Mapping[str, HookedAccount],
    keep: Keep,
    *,
    clock: Callable[[], datetime],
    body_limit: int = 65_536,
    body_seconds: float = 10.0,
    trusted_proxies: Sequence[Network] = (),
    turned_away: Rate = TURNED_AWAY,
    taken: Rate = TAKEN,
    ticks: Callable[[], float] = time.monotonic,
) -> Starlette:
    """The app: ``/hooks/{account}/{secret}/{hook}`` (GET, POST) and ``GET /healthz``.

    `keep` stores many webhooks' news in one transaction, on a thread of its own. `body_limit` is in bytes, of body and
    query alike; `body_seconds` is how long a body may take. X-Forwarded-For is believed from `trusted_proxies` only.
    `turned_away` is how often a peer may be, `taken` how often an account's webhooks are (see `connector.web.rates`);
    `ticks` are the seconds they are counted in.

    Answers 200 with the adapter's own words once the news is durable; 404 for an account, secret, hook or address that
    is none of ours, all alike; 405; 408 for a body that does not come; 413 for one too large; 400 for what the adapter
    cannot read; 429 above a rate, with Retry-After; 503 when it cannot be stored, so that the provider tries again.

    Raises:
        SettingsError: an account without a usable secret.
    """
    hooks = _Hooks(
        accounts,
        Senders(accounts, trusted_proxies),
        Peers(turned_away, ticks),
        Allowances(accounts, taken, ticks),
        GroupCommit(keep),
        clock,
        body_limit,
        body_seconds,
    )

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        hooks.commits.start()
        try:
            yield
        finally:
            await asyncio.to_thread(hooks.commits.stop)

    return Starlette(
        routes=[Route("/healthz", hooks.health), Route("/hooks/{rest:path}", hooks.take, methods=["GET", "POST"])],
        lifespan=lifespan,
    )


class _Hooks:
    def __init__(
        self,
        accounts: Mapping[str, HookedAccount],
        senders: Senders,
        peers: Peers,
        allowances: Allowances,
        commits: GroupCommit,
        clock: Callable[[], datetime],
        body_limit: int,
        body_seconds: float,
    ) -> None:
        self._accounts = accounts
        self._senders = senders
        self._peers = peers
        self._allowances = allowances
        self.commits = commits
        self._clock = clock
        self._body_limit = body_limit
        self._body_seconds = body_seconds

    async def health(self, _: Request) -> Response:
        """Whether news is being stored; 200 all the while, for only requests can show that the store is back."""
        status = "store_failing" if self.commits.failing else "ok"
        return JSONResponse({"status": status, "waiting": self.commits.waiting})

    async def take(self, request: Request) -> Response:
        """One webhook, answered."""
        try:
            account, hook = self._sender(request)
            if wait := self._allowances.overdrawn(account):
                raise _too_many(wait)
            answer = await self._read(account, hook, request)
            if answer.news:
                provider = self._accounts[account].provider.name
                await self.commits.keep(Kept(account, provider, answer.news, self._clock()))
            if wait := self._allowances.take(account):
                raise _too_many(wait)
        except _TurnedAway as no:
            return PlainTextResponse(no.sentence, no.status, headers=no.headers)
        except StoreError:
            return PlainTextResponse("The news could not be stored. Please send it again.", 503)
        except ClientDisconnect:
            return PlainTextResponse("The request did not arrive whole.", 400)
        return PlainTextResponse(answer.body)

    def _sender(self, request: Request) -> tuple[str, str]:
        if request.method not in {"GET", "POST"}:
            raise _TurnedAway(405, "Only GET and POST are taken here.", {"Allow": "GET, POST"})
        account, secret, hook = _place(request)
        known = self._senders.know(account, secret)
        peer = request.client.host if request.client else None
        origin = self._senders.origin(peer, request.headers.getlist("x-forwarded-for"))
        if known and self._senders.allow(account, origin):
            return account, hook
        if wait := self._peers.turned_away(origin):
            raise _too_many(wait)
        _log.warning(
            "webhook turned away",
            account=account if account in self._accounts else None,
            reason="its address is not among the account's hook_addresses" if known else "no such account or secret",
            peer=peer,
        )
        raise _TurnedAway(404, _NOT_FOUND)

    async def _read(self, account: str, hook: str, request: Request) -> HookAnswer:
        try:
            asked = await self._asked(hook, request)
            return self._accounts[account].provider.hook(asked)
        except (Refused, Unreadable) as no:
            missing = isinstance(no, Refused) and no.status == 404
            self._note(account, str(no))
            raise _TurnedAway(404 if missing else 400, _NOT_FOUND if missing else "This cannot be read.") from no
        except (_TurnedAway, ClientDisconnect) as no:
            self._note(account, str(no) or "the request did not arrive whole")
            raise
        except Exception as error:
            # an adapter's mistake: 500 makes the provider come again, perhaps after the mending
            self._note(account, f"the adapter failed with {type(error).__name__}; please report it", mistake=True)
            raise _TurnedAway(500, "This could not be worked on. Please send it again.") from error

    def _note(self, account: str, reason: str, *, mistake: bool = False) -> None:
        self._allowances.take(account)
        note = _log.error if mistake else _log.warning
        note("webhook not taken", account=account, reason=masked(reason[:_REASON_LENGTH]))

    async def _asked(self, hook: str, request: Request) -> HookRequest:
        query: bytes = request.scope["query_string"]
        if len(query) > self._body_limit:
            raise _TurnedAway(413, f"The query is larger than {self._body_limit} bytes.")
        body = await self._body(request)
        content_type = request.headers.get("content-type", "")
        form = body if content_type.partition(";")[0].strip().lower() == _FORM else b""
        return HookRequest(hook, request.method, _fields(query), _fields(form), body, content_type)

    async def _body(self, request: Request) -> bytes:
        too_large = _TurnedAway(413, f"The body is larger than {self._body_limit} bytes.")
        length = request.headers.get("content-length", "0")
        if not length.isdecimal() or int(length[:20]) > self._body_limit:
            raise too_large
        body = bytearray()
        try:
            async with asyncio.timeout(self._body_seconds):
                async for piece in request.stream():
                    body += piece
                    if len(body) > self._body_limit:
                        raise too_large
        except TimeoutError:
            raise _TurnedAway(408, f"The body did not arrive within {self._body_seconds:g} seconds.") from None
        return bytes(body)


def _too_many(wait: int) -> _TurnedAway:
    return _TurnedAway(429, f"Too many requests. Please come again in {wait} seconds.", {"Retry-After": str(wait)})


def _place(request: Request) -> tuple[str, str, str]:
    # from the path as it was sent: a secret may hold a slash, which travels as %2F
    parts = request.scope["raw_path"].decode("ascii", "replace").split("/")
    if len(parts) != 5:
        return "", "", ""
    account, secret, hook = (unquote(part) for part in parts[2:])
    return account, secret, hook


def _fields(urlencoded: bytes) -> dict[str, str]:
    text = urlencoded.decode("latin-1")
    try:
        try:
            return dict(parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=_FIELDS_LIMIT))
        except UnicodeDecodeError:
            # not UTF-8: the older pages of these providers' countries are Latin-1, in which every byte is a character
            return dict(parse_qsl(text, keep_blank_values=True, encoding="latin-1", max_num_fields=_FIELDS_LIMIT))
    except ValueError:
        raise _TurnedAway(400, f"There are more than {_FIELDS_LIMIT} fields.") from None
