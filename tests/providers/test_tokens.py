"""One token an account, over real sockets and threads: had once, shared, renewed in time and when turned away."""

import json
import logging
import ssl
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs

from connector import settings
from connector.app import build
from connector.model.errors import ExchangeError, NeverLeft, Refused, Throttled
from connector.model.failures import Failure, Fault, Retry
from connector.providers.exchange import Request, Response
from connector.providers.talk import Line, raise_for_status
from connector.providers.tokens import Token, TokenGrant, TokenKeeper

SEND = Request("POST", "send", json={}, sends=True)
THREADS = 16
TLS = ssl.create_default_context()


class Grant(TokenGrant):
    """A grant that reads ``{"token", "lives"}``, and whose refusals are whosever fault `fault` says."""

    fault = Fault.ACCOUNT

    def request(self) -> Request:
        """POST /token."""
        return Request("POST", "token", json={"secret": "the-secret"}, needs_token=False)

    def read(self, response: Response) -> Token:
        """What the answer says."""
        raise_for_status(response, read_failure=Failure("no", "not you", self.fault) if response.body else None)
        body = response.json()
        return Token(SecretStr(body["token"]), body["lives"])


class Provider:
    """A provider's server: gives tokens, and takes sends that bear the one it gave last and has not taken back."""

    def __init__(self) -> None:
        self.given = 0
        self.good: str | None = None
        self.lives = 3600.0
        self.sent: list[str | None] = []
        self.turned_away = 0
        self.refusing: Callable[[], tuple[int, bytes, dict[str, str]]] | None = None
        self.slow = 0.0
        self.takes_no_token = False
        self._lock = threading.Lock()

    def answer(self, path: str, authorization: str | None) -> tuple[int, bytes, dict[str, str]]:
        """Status, body and headers."""
        if path == "/token":
            threading.Event().wait(self.slow)
            with self._lock:
                self.given += 1
                if self.refusing:
                    return self.refusing()
                self.good = f"token-{self.given}"
                return 200, json.dumps({"token": self.good, "lives": self.lives}).encode(), {}
        with self._lock:
            if self.takes_no_token or (path == "/send" and authorization != f"Bearer {self.good}"):
                self.turned_away += 1
                return 401, b"", {}
            self.sent.append(authorization)
            return 200, b"{}", {}


@pytest.fixture
def provider() -> Iterator[tuple[Provider, str]]:
    """A provider and its address."""
    behaviour = Provider()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            """Answers; status 0 closes the connection instead."""
            self.rfile.read(int(self.headers["content-length"] or 0))
            status, body, headers = behaviour.answer(self.path, self.headers["authorization"])
            if not status:
                self.close_connection = True
                return
            self.send_response(status)
            for name, value in {**headers, "content-length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: Any) -> None:
            """Says nothing."""

    class Server(ThreadingHTTPServer):
        request_queue_size = 128
        daemon_threads = True

    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield behaviour, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join(10)


class Seconds:
    """A clock that is put forward by hand."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def sending(address: str, keeper: TokenKeeper, request: Request = SEND) -> int | ExchangeError:
    """One request over a line of its own: the status, or how it ended."""
    with httpx.HTTPTransport(verify=TLS) as transport:
        try:
            return Line(transport, address, keeper).ask(request).status
        except ExchangeError as error:
            return error


def all_at_once(address: str, keeper: TokenKeeper) -> list[int | ExchangeError]:
    """The same from many threads, let go together."""
    gate = threading.Barrier(THREADS)

    def one() -> int | ExchangeError:
        gate.wait(10)
        return sending(address, keeper)

    with ThreadPoolExecutor(THREADS) as threads:
        return [flight.result(20) for flight in [threads.submit(one) for _ in range(THREADS)]]


def test_many_threads_ask_for_one_token(provider: tuple[Provider, str]) -> None:
    """However many need it first, it is asked for once, and every request bears it."""
    behaviour, address = provider
    behaviour.slow = 0.2
    keeper = TokenKeeper(Grant())
    assert all_at_once(address, keeper) == [200] * THREADS
    assert all_at_once(address, keeper) == [200] * THREADS
    assert behaviour.given == 1
    assert behaviour.sent == ["Bearer token-1"] * 2 * THREADS


@pytest.mark.parametrize(("lives", "used"), [(3600.0, 3540.0), (120.0, 60.0), (10.0, 5.0)])
def test_it_is_kept_until_shortly_before_its_end(provider: tuple[Provider, str], lives: float, used: float) -> None:
    """A minute before, or after half of a short life, a new one is had."""
    behaviour, address = provider
    behaviour.lives = lives
    seconds = Seconds()
    keeper = TokenKeeper(Grant(), seconds)
    sending(address, keeper)
    seconds.now += used - 0.1
    sending(address, keeper)
    assert behaviour.given == 1
    seconds.now += 0.2
    assert all_at_once(address, keeper) == [200] * THREADS
    assert behaviour.given == 2
    assert behaviour.sent[-1] == "Bearer token-2"


def test_its_life_is_counted_from_before_it_was_asked_for(provider: tuple[Provider, str]) -> None:
    """An answer that takes long does not lengthen the token's life."""
    behaviour, address = provider
    seconds = Seconds()

    class Slow(Grant):
        def read(self, response: Response) -> Token:
            """Takes an hour."""
            seconds.now += 3600
            return super().read(response)

    keeper = TokenKeeper(Slow(), seconds)
    sending(address, keeper)
    sending(address, keeper)
    assert behaviour.given == 2


def test_a_token_taken_back_is_renewed_once_for_all(provider: tuple[Provider, str]) -> None:
    """401 proves that nothing was done: each request is made again with the one new token, and all are answered."""
    behaviour, address = provider
    keeper = TokenKeeper(Grant())
    sending(address, keeper)
    behaviour.good, behaviour.slow = None, 0.1
    assert all_at_once(address, keeper) == [200] * THREADS
    assert behaviour.given == 2
    assert 1 <= behaviour.turned_away <= THREADS
    assert behaviour.sent == ["Bearer token-1"] + ["Bearer token-2"] * THREADS


def test_a_request_is_made_again_only_once(provider: tuple[Provider, str]) -> None:
    """Turned away with a new token too, the answer is handed on; there is no loop."""
    behaviour, address = provider
    behaviour.takes_no_token = True
    assert sending(address, TokenKeeper(Grant())) == 401
    assert (behaviour.turned_away, behaviour.given, behaviour.sent) == (2, 2, [])


def test_a_stream_s_request_is_made_again_too(provider: tuple[Provider, str]) -> None:
    """A report asked for with a token that was taken back is asked for again."""
    behaviour, address = provider
    keeper = TokenKeeper(Grant())
    sending(address, keeper)
    behaviour.good = None
    assert sending(address, keeper, Request("POST", "send", json={}, stream=True)) == 200


def test_what_needs_no_token_goes_without(provider: tuple[Provider, str]) -> None:
    """Asking for a token by hand does not ask for one first."""
    behaviour, address = provider
    assert sending(address, TokenKeeper(Grant()), Request("POST", "bare", json={}, needs_token=False)) == 200
    assert (behaviour.given, behaviour.sent) == (0, [None])


@pytest.mark.parametrize("fault", [Fault.ACCOUNT, Fault.MESSAGE, Fault.UNKNOWN])
def test_wrong_credentials_are_the_account_s_fault(provider: tuple[Provider, str], fault: Fault) -> None:
    """No message is rejected for them, whoever the adapter blames, and nothing is sent."""
    behaviour, address = provider
    behaviour.refusing = lambda: (400, b"no", {})
    grant = Grant()
    grant.fault = fault
    ended = sending(address, TokenKeeper(grant))
    assert isinstance(ended, Refused)
    assert (ended.failure.fault, ended.status) == (Fault.ACCOUNT, 400)
    assert fault is Fault.ACCOUNT or ended.failure.retry is Retry.WHEN_MENDED
    assert behaviour.sent == []


@pytest.mark.parametrize("answer", [(0, b"", {}), (500, b"", {}), (503, b"<html>", {}), (200, b"<html>", {})])
def test_a_token_that_cannot_be_had_means_that_nothing_left(
    provider: tuple[Provider, str], answer: tuple[int, bytes, dict[str, str]]
) -> None:
    """A broken connection, a server's fault or nonsense leaves no doubt of the send; the next one asks again."""
    behaviour, address = provider
    behaviour.refusing = lambda: answer
    keeper = TokenKeeper(Grant())
    assert isinstance(sending(address, keeper), NeverLeft)
    assert behaviour.sent == []
    behaviour.refusing = None
    assert sending(address, keeper) == 200


def test_nobody_listening_means_that_nothing_left() -> None:
    """The same where no connection is made."""
    assert isinstance(sending("http://127.0.0.1:9", TokenKeeper(Grant())), NeverLeft)


def test_a_renewal_that_fails_means_that_nothing_left(provider: tuple[Provider, str]) -> None:
    """The request was turned away, and cannot be made again: it was not done."""
    behaviour, address = provider
    keeper = TokenKeeper(Grant())
    sending(address, keeper)
    behaviour.good, behaviour.refusing = None, lambda: (500, b"", {})
    assert isinstance(sending(address, keeper), NeverLeft)
    assert len(behaviour.sent) == 1


def test_not_now_says_how_long_to_wait(provider: tuple[Provider, str]) -> None:
    """429 is the wait it asks for, not a fault of the account."""
    behaviour, address = provider
    behaviour.refusing = lambda: (429, b"", {"retry-after": "7"})
    ended = sending(address, TokenKeeper(Grant()))
    assert isinstance(ended, Throttled)
    assert ended.wait == 7


def test_those_that_wait_end_as_the_one_that_asks(provider: tuple[Provider, str]) -> None:
    """A token endpoint that fails slowly is not asked by one thread after another."""
    behaviour, address = provider
    behaviour.refusing, behaviour.slow = lambda: (400, b"no", {}), 0.5
    ended = all_at_once(address, TokenKeeper(Grant()))
    assert all(isinstance(one, Refused) for one in ended)
    assert behaviour.given == 1


def test_it_is_never_shown(provider: tuple[Provider, str], caplog: pytest.LogCaptureFixture) -> None:
    """Neither in a log, at any level, nor in what is printed of a token or an error."""
    behaviour, address = provider
    keeper = TokenKeeper(Grant())
    caplog.set_level(logging.INFO)
    with capture_logs() as logs:
        sending(address, keeper)
        behaviour.good, behaviour.refusing = None, lambda: (0, b"", {})
        ended = sending(address, keeper)
    assert isinstance(ended, NeverLeft)
    shown = f"{caplog.text} {logs} {Token(SecretStr('token-1'), 1.0)!r} {ended}"
    assert "token-1" not in shown
    assert "the-secret" not in shown


def test_an_account_s_lines_share_its_token() -> None:
    """Two threads of the connector, each with its own line to Bulk360, ask for one token between them."""
    asked: list[tuple[str, str | None]] = []
    lock = threading.Lock()

    def provider(request: httpx.Request) -> httpx.Response:
        with lock:
            asked.append((request.url.path, request.headers.get("authorization")))
        if request.url.path == "/oauth/token":
            return httpx.Response(200, json={"token_type": "Bearer", "expires_in": 3600, "access_token": "jwt"})
        return httpx.Response(200, json={"code": 200, "desc": "OK", "to": "60123240066", "ref": "E1"})

    account = {"provider": "bulk360", "app_key": "key", "app_secret": "secret"}
    app = build(settings.of({"accounts": {"a": account, "b": account}}), transport=httpx.MockTransport(provider))
    send = Request("POST", "api/bulk360/v2.0", form={"to": "60123240066", "text": "Hi"}, sends=True)
    app.lines("a").ask(send)
    with ThreadPoolExecutor(1) as another:
        another.submit(lambda: app.lines("a").ask(send)).result(10)
    app.lines("b").ask(send)
    app.close()
    tokens = [path for path, _ in asked if path == "/oauth/token"]
    assert len(tokens) == 2, "one an account"
    assert [bearer for path, bearer in asked if path != "/oauth/token"] == ["Bearer jwt"] * 3
