"""The one place that talks HTTP to providers, and the one function that sorts how a request can end."""

import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from email.utils import parsedate_to_datetime
from functools import lru_cache
from importlib.metadata import version
from typing import TypeVar

import httpx
import orjson

from connector.model.errors import ExchangeError, MayHaveLeft, NeverLeft, Refused, Throttled
from connector.model.failures import Failure, Fault, Retry
from connector.model.messages import News
from connector.providers.base import Conversation
from connector.providers.exchange import Request, Response
from connector.providers.tokens import TokenKeeper

IDLE_LIMIT = 2.0
"""Seconds. A kept connection idle for longer may be half closed, and its failure would read as "may have left"."""

TIMEOUT = httpx.Timeout(60.0, connect=10.0)
"""What a line waits where its account does not say."""

_HEADERS = {
    "accept": "*/*",
    "accept-encoding": "gzip, deflate",
    "user-agent": f"crm-sms-connector/{version('crm-sms-connector')}",
}

Told = TypeVar("Told")


class Talker(ABC):
    """Whoever asks one account, for one thread: a `Line` over HTTP, or a session's line. `requests` counts them."""

    requests: int

    @abstractmethod
    def ask(self, request: Request) -> Response:
        """One request, one answer.

        Raises:
            NeverLeft: it certainly did not reach the provider.
            MayHaveLeft: it may have, and no whole answer came.
            Refused, Throttled: the account is turned away.
        """

    @abstractmethod
    def close(self) -> None:
        """Gives back what it holds."""

    def converse(self, conversation: Conversation[Told]) -> Iterator[list[News]]:
        """Runs a conversation and hands on its news as they come; whatever an adapter raises ends it."""
        try:
            step = next(conversation)
            while True:
                if not isinstance(step, Request):
                    yield step
                    step = conversation.send(None)
                    continue
                try:
                    answer = self.ask(step)
                except ExchangeError as error:
                    step = conversation.throw(error)  # for the adapter knows whether the rest can be asked all the same
                else:
                    step = conversation.send(answer)
        except StopIteration:
            return

    def hear(self, conversation: Conversation[Told]) -> Told:
        """Runs a conversation to its end and gives what it returns; news in between are dropped."""
        try:
            step = next(conversation)
            while True:
                step = conversation.send(self.ask(step) if isinstance(step, Request) else None)
        except StopIteration as end:
            told: Told = end.value
            return told


class Line(Talker):
    """One connection's worth of talk to one account, owned by one thread.

    `transport` is an httpx transport built in `connector.app` (TLS context, proxy, one connection, idle connections
    dropped after `IDLE_LIMIT`). What httpx.Client does above one is nothing that a send may have (redirects, cookies,
    authentication that asks again), and takes a third of the time a request costs.
    """

    def __init__(
        self,
        transport: httpx.BaseTransport,
        base_url: str,
        tokens: TokenKeeper | None = None,
        *,
        timeout: httpx.Timeout = TIMEOUT,
    ) -> None:
        self._transport = transport
        self._base_url = base_url.rstrip("/")
        self._tokens = tokens
        self._timeout = timeout.as_dict()
        self.requests = 0

    def close(self) -> None:
        """Closes the connection."""
        self._transport.close()

    def ask(self, request: Request) -> Response:
        """One request, one answer, whatever its status.

        Where the account has short-lived tokens, one goes along. When it is turned away, which proves that nothing was
        done, the request is made once more, with a new one.

        Raises:
            NeverLeft: no connection could be made, or no token had.
            MayHaveLeft: the request was on its way and no whole answer came.
            Refused, Throttled: the account is given no token.
        """
        if self._tokens is None or not request.needs_token:
            return self._once(request)
        grant = self._tokens.grant
        token = self._tokens.token(self._once)
        answer = self._once(grant.authorized(request, token))
        if answer.lines is not None or not grant.turned_away(answer):
            return answer
        token = self._tokens.token(self._once, instead_of=token)
        return self._once(grant.authorized(request, token))

    def _once(self, request: Request) -> Response:
        self.requests += 1
        try:
            answer = self._transport.handle_request(self._built(request))
            headers = {name.lower(): value for name, value in answer.headers.items()}
            if request.stream and answer.status_code == 200:
                return Response(answer.status_code, headers, lines=_lines(answer))
            try:
                return Response(answer.status_code, headers, answer.read())
            finally:
                answer.close()
        except httpx.RequestError as error:
            raise sorted_by_end(error) from error

    def _built(self, request: Request) -> httpx.Request:
        headers = {**_HEADERS, **request.headers}
        content: bytes | None = None
        if request.json is not None:
            content = orjson.dumps(request.json)
            headers.setdefault("content-type", "application/json")
        timeout = self._timeout if request.timeout is None else {**self._timeout, "read": request.timeout}
        return httpx.Request(
            request.method,
            _address(f"{self._base_url}/{request.path.lstrip('/')}"),
            params=dict(request.query) or None,
            headers=headers,
            content=content,
            data=dict(request.form) if request.form is not None else None,
            extensions={"timeout": timeout},
        )


_NOT_CONNECTED = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,  # it refused to open the tunnel, which is asked for before the request
    httpx.UnsupportedProtocol,
)


@lru_cache(maxsize=256)
def _address(url: str) -> httpx.URL:
    """A URL taken apart, kept: an account's sends go to few of them, and the taking apart costs as much as the rest."""
    return httpx.URL(url)


def _lines(answer: httpx.Response) -> Iterator[str]:
    try:
        yield from answer.iter_lines()
    except httpx.RequestError as error:
        raise MayHaveLeft(f"the report broke off: {type(error).__name__}") from error
    finally:
        answer.close()


def sorted_by_end(error: httpx.RequestError) -> NeverLeft | MayHaveLeft:
    """Whether a request that got no answer, or one that cannot be decoded, can have reached the other side.

    Only a connection that was never made proves that it cannot: refused, no such host, TLS failure, no connection in
    time, a proxy that makes none. Everything after it (reset, closed, read or write timeout) leaves doubt. See httpx,
    `_exceptions.py`.
    """
    name = type(error).__name__
    if isinstance(error, _NOT_CONNECTED):
        return NeverLeft(f"no connection was made ({name}: {error})")
    return MayHaveLeft(f"the connection broke before an answer came ({name}: {error})")


def raise_for_status(response: Response, *, read_failure: Failure | None = None) -> None:
    """Sorts an answer by its HTTP status, for every provider alike; returns for 2xx.

    `read_failure` is what the adapter read from the body by its guide's table; its fault and retry win over the
    status's own.

    Raises:
        Throttled: 429 (and 503 with Retry-After): nothing was done.
        MayHaveLeft: any other 5xx, for the request may have been acted on before the fault.
        Refused: 3xx and 4xx: the answer is no.
    """
    status = response.status
    if 200 <= status < 300:
        return
    wait = retry_after(response.headers)
    if status == 429 or (status == 503 and wait is not None):
        failure = read_failure or Failure(
            str(status), "the provider asks for fewer requests", Fault.PROVIDER, Retry.LATER
        )
        raise Throttled(failure, status=status, wait=wait or 0.0)
    if status >= 500:
        raise MayHaveLeft(f"HTTP {status} after the request was sent" + (f" ({read_failure})" if read_failure else ""))
    if read_failure is None or (status in (401, 403) and read_failure.fault is Fault.UNKNOWN):
        # a code that no table knows does not make the messages' fault of what is the credentials'
        read_failure = _plain_failure(response)
    raise Refused(read_failure, status=status)


def _plain_failure(response: Response) -> Failure:
    status = response.status
    if status == 403 and response.is_markup:
        # by its address or by one text: taken for the text's, an address that is blocked would reject every message
        reason = (
            f"something before the provider turned the request away ({response.looks()}); "
            "ask the provider whether it blocks this machine's address, or what it minds in a text"
        )
        return Failure("403", reason, Fault.ACCOUNT, Retry.WHEN_MENDED)
    if status in (401, 403):
        return Failure(
            str(status),
            "the provider does not accept the account's credentials; check them in the settings",
            Fault.ACCOUNT,
            Retry.WHEN_MENDED,
        )
    if status == 404 or 300 <= status < 400:
        return Failure(
            str(status),
            f"there is no such address at the provider; check base_url ({response.looks()})",
            Fault.ACCOUNT,
            Retry.WHEN_MENDED,
        )
    return Failure(str(status), f"the provider refused the request; it answered with {response.looks()}", Fault.UNKNOWN)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait by the Retry-After header (RFC 9110, 10.2.3), in either of its forms; None without one."""
    value = headers.get("retry-after")
    if value is None:
        return None
    if value.strip().isdigit():
        return float(value)
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except ValueError:
        return None
