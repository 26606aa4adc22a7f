"""Records what the main job asks of the network and the database, so that the floor can do just that and no more."""

import threading
from dataclasses import dataclass, field
from typing import Any

import httpx
import requests
from sqlalchemy import Engine, event

from connector.crm.http import PlainLoopback

WRITES = ("INSERT", "UPDATE", "DELETE")


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as it left. `path` begins behind host and port."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass(slots=True)
class Recording:
    """All requests to the org and to the providers, and all statements that write, in their order."""

    org: list[Asked] = field(default_factory=list)
    providers: list[Asked] = field(default_factory=list)
    statements: list[tuple[str, Any] | None] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def watch(self, engine: Engine) -> None:
        """Records the statements that write, and (as None) each commit."""

        @event.listens_for(engine, "before_cursor_execute")
        def statement(_: Any, __: Any, sql: str, parameters: Any, *___: Any) -> None:
            if sql.lstrip().upper().startswith(WRITES):
                with self.lock:
                    self.statements.append((sql, parameters))

        @event.listens_for(engine, "commit")
        def commit(_: Any) -> None:
            with self.lock:
                if self.statements and self.statements[-1] is not None:
                    self.statements.append(None)


class ProviderTransport(httpx.BaseTransport):
    """Sends as httpx does, and keeps what it sent."""

    def __init__(self, recording: Recording) -> None:
        self._recording = recording
        self._inner = httpx.HTTPTransport(limits=httpx.Limits(keepalive_expiry=2.0))

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        body = request.read()
        headers = {name: value for name, value in request.headers.items() if name in ("authorization", "content-type")}
        with self._recording.lock:
            self._recording.providers.append(Asked(request.method, request.url.raw_path.decode(), headers, body))
        return self._inner.handle_request(request)

    def close(self) -> None:
        self._inner.close()


class OrgTransport(PlainLoopback):
    """Sends as requests does, and keeps what it sent."""

    def __init__(self, recording: Recording) -> None:
        super().__init__(pool_maxsize=8)
        self._recording = recording

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        body = request.body or b""
        kept = Asked(
            request.method or "GET",
            request.path_url,
            {name: value for name, value in request.headers.items() if name.lower() == "content-type"},
            body.encode() if isinstance(body, str) else bytes(body),
        )
        with self._recording.lock:
            self._recording.org.append(kept)
        return super().send(request, *args, **kwargs)
