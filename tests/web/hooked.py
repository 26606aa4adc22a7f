"""A receiver on a real port, an adapter that reads a made-up guide, and raw sockets to it."""

import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, cast

from pydantic import SecretStr

from connector.model.errors import Refused, Unreadable
from connector.model.failures import Failure
from connector.model.messages import News, NewsKind
from connector.providers.base import HookAnswer, HookRequest, Provider
from connector.web.commit import Kept
from connector.web.receiver import receiver
from connector.web.senders import HookedAccount, Network
from connector.web.server import HookServer
from tests.conftest import Clock

SECRET = "s3cret/of the path"
IN_PATH = "s3cret%2Fof%20the%20path"
PATH = f"/hooks/main/{IN_PATH}/status"


class FakeAdapter:
    """Reads ``status``: a form or query with an id, told as a status whose key is that id."""

    name = "fake"

    def __init__(self) -> None:
        self.asked: list[HookRequest] = []

    def hook(self, request: HookRequest) -> HookAnswer:
        self.asked.append(request)
        if request.name == "silent":
            return HookAnswer((), "nothing to keep")
        if request.name != "status":
            raise Refused(Failure("404", "only `status` is known"), status=404)
        told = request.form or request.query
        if "mistake" in told:
            raise KeyError(told["mistake"])
        if "html" in told:
            raise Unreadable("a page about +34600111222 that no guide describes")
        if "id" not in told:
            raise Refused(Failure("400", "no id in what +34600111222 said"), status=400)
        news = News(NewsKind.STATUS, told["id"], word="DELIVERED", text=told.get("text"), raw=dict(told))
        return HookAnswer((news,), "OK " + told["id"])


@dataclass
class Shelf:
    """Keeps what it is given, a commit at a time; refuses while `broken`, and always what holds `poison`."""

    commits: list[list[Kept]] = field(default_factory=list)
    broken: Exception | None = None
    poison: str | None = None
    gate: threading.Event = field(default_factory=threading.Event)
    tried: int = 0

    def __post_init__(self) -> None:
        self.gate.set()

    def keep(self, together: Sequence[Kept]) -> None:
        self.tried += 1
        self.gate.wait(10)
        if self.broken:
            raise self.broken
        if self.poison in {news.key for kept in together for news in kept.news}:
            raise ValueError(self.poison)
        self.commits.append(list(together))

    @property
    def keys(self) -> list[str]:
        return [news.key for commit in self.commits for kept in commit for news in kept.news]


@dataclass
class Hooked:
    """A receiver that runs, and its two ends."""

    server: HookServer
    adapter: FakeAdapter
    shelf: Shelf

    def post(self, body: str, path: str = PATH, *headers: str) -> tuple[int, str]:
        """Status and body of the answer to a form."""
        kind = "Content-Type: application/x-www-form-urlencoded"
        return self.ask("POST", path, body.encode(), kind, *headers)

    def get(self, path: str, *headers: str) -> tuple[int, str]:
        """Status and body of the answer to a query."""
        return self.ask("GET", path, b"", *headers)

    def ask(self, method: str, path: str, body: bytes = b"", *headers: str) -> tuple[int, str]:
        """Status and body of the answer to a whole request, over a connection of its own."""
        lines = [f"{method} {path} HTTP/1.1", "Host: x", "Connection: close", *headers]
        if body:
            lines.append(f"Content-Length: {len(body)}")
        return self.raw("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body)

    def raw(self, request: bytes) -> tuple[int, str]:
        """Status and body of the answer to these very bytes."""
        with self.connection() as line:
            line.sendall(request)
            return read_answer(line)

    def connection(self) -> socket.socket:
        """A connection to the receiver."""
        return socket.create_connection(("127.0.0.1", self.server.port), timeout=10)


def read_answer(line: socket.socket) -> tuple[int, str]:
    """Status and body of one answer, read until the other side closes."""
    answer = b""
    while piece := line.recv(65536):
        answer += piece
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split(b" ")[1]), body.decode()


def account(adapter: FakeAdapter, *secrets: str, networks: tuple[Network, ...] = ()) -> HookedAccount:
    """An account of the fake provider."""
    return HookedAccount(cast("Provider[Any]", adapter), tuple(SecretStr(secret) for secret in secrets), networks)


@contextmanager
def running(
    *secrets: str, shelf: Shelf | None = None, networks: tuple[Network, ...] = (), **told: Any
) -> Iterator[Hooked]:
    """A receiver with the account ``main``, for as long as this is open."""
    adapter, kept = FakeAdapter(), shelf or Shelf()
    accounts = {"main": account(adapter, *(secrets or (SECRET,)), networks=networks)}
    keep = told.pop("keep", kept.keep)
    server = HookServer(receiver(accounts, keep, clock=told.pop("clock", Clock()), **told), "127.0.0.1", 0)
    server.start()
    try:
        yield Hooked(server, adapter, kept)
    finally:
        kept.gate.set()
        server.stop()


def until(true: Callable[[], object], seconds: float = 8.0) -> None:
    """Waits for `true`, and fails when it has not come by then."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "what the test waits for never came"
        time.sleep(0.005)
