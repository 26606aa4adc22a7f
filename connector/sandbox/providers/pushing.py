"""Pushes of news to whoever the account names, over connections that stay open."""

import http.client
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit
from zlib import crc32

_STALE = (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError, http.client.CannotSendRequest)
Settle = Callable[[int, bytes], None]
FORM = "application/x-www-form-urlencoded"
JSON = "application/json"


@dataclass(frozen=True)
class Push:
    """One request to make. `settle` gets the status and the body of the answer, or 0 and nothing when none came.

    Pushes about the same thing (`about`) leave one after the other, as they were put.
    """

    method: str
    url: str
    settle: Settle
    body: bytes | None = None
    content_type: str = FORM
    about: str = ""


class Pushes:
    """Daemon threads, each with its own open connection a host and its own queue without limit."""

    def __init__(self, threads: int = 16, timeout: float = 10.0) -> None:
        self._queues: list[queue.SimpleQueue[Push | None]] = [queue.SimpleQueue() for _ in range(threads)]
        self._threads: list[threading.Thread] = []
        self._timeout = timeout
        self._lock = threading.Lock()
        self._closed = False

    def put(self, push: Push) -> None:
        """Queue a push; the threads start with the first one."""
        with self._lock:
            if self._closed:
                return
            while len(self._threads) < len(self._queues):
                mine = self._queues[len(self._threads)]
                thread = threading.Thread(target=self._run, args=[mine], name="sandbox-push", daemon=True)
                self._threads.append(thread)
                thread.start()
        self._queues[crc32(push.about.encode()) % len(self._queues)].put(push)

    def close(self) -> None:
        """End the threads after the push each is at; what is still queued is dropped."""
        with self._lock:
            self._closed = True
        for waiting in self._queues:
            waiting.put(None)
        for thread in self._threads:
            thread.join(timeout=self._timeout)

    def _run(self, mine: "queue.SimpleQueue[Push | None]") -> None:
        connections: dict[str, http.client.HTTPConnection] = {}
        while (push := mine.get()) is not None and not self._closed:
            push.settle(*self._send(connections, push))
        for connection in connections.values():
            connection.close()

    def _send(self, connections: dict[str, http.client.HTTPConnection], push: Push) -> tuple[int, bytes]:
        address = urlsplit(push.url)
        kept = connections.pop(address.netloc, None)
        for connection in (kept, None) if kept else (None,):
            try:
                line = connection or _connect(address, self._timeout)
                answer = _exchange(line, address, push)
            except _STALE:
                continue  # an idle connection that the other side had closed: once more, on a fresh one
            except (OSError, ValueError, http.client.HTTPException):
                return 0, b""
            connections[address.netloc] = line
            return answer
        return 0, b""


def _connect(address: SplitResult, timeout: float) -> http.client.HTTPConnection:
    kind = http.client.HTTPSConnection if address.scheme == "https" else http.client.HTTPConnection
    return kind(address.hostname or "", address.port, timeout=timeout)


def _exchange(connection: http.client.HTTPConnection, address: SplitResult, push: Push) -> tuple[int, bytes]:
    target = (address.path or "/") + (f"?{address.query}" if address.query else "")
    headers = {"Content-Type": push.content_type} if push.body is not None else {}
    try:
        connection.request(push.method, target, body=push.body, headers=headers)
        response = connection.getresponse()
        return response.status, response.read()
    except Exception:
        connection.close()
        raise
