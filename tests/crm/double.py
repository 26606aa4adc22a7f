"""A pretend org of a few lines, which answers what a test tells it to: for faults that no healthy org shows."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson


@dataclass(frozen=True)
class Asked:
    """One request as the org saw it."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """The body as JSON."""
        return orjson.loads(self.body)


@dataclass(frozen=True)
class Answer:
    """What the org says. `drop` closes the connection with no answer."""

    status: int = 200
    body: Any = b""
    headers: tuple[tuple[str, str], ...] = ()
    drop: bool = False


def refused(status: int, code: str, message: str = "no", fields: tuple[str, ...] = ()) -> Answer:
    """The array of one error with which the org refuses a whole call."""
    return Answer(status, [{"message": message, "errorCode": code, "fields": list(fields)}])


def failed(code: str, message: str = "no", fields: tuple[str, ...] = ()) -> dict[str, Any]:
    """The result of one record that was refused."""
    return {"success": False, "errors": [{"statusCode": code, "message": message, "fields": list(fields)}]}


def done(record_id: str = "a00000000000001AAA") -> dict[str, Any]:
    """The result of one record that was written."""
    return {"id": record_id, "success": True, "errors": []}


class OrgDouble:
    """Answers the token endpoint by `grant`, and everything else by `answer`; both are to be replaced by a test."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.logins = 0
        self.grant: Callable[[Asked], Answer] = self._granted
        self.answer: Callable[[Asked], Answer] = lambda _: Answer(200, [])
        self._lock = threading.Lock()
        double = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def __getattr__(self, name: str) -> Any:
                if name.startswith("do_"):
                    return lambda: double.serve(self)
                raise AttributeError(name)

            def log_message(self, *args: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request: Any, client_address: Any) -> None:
                pass  # a client that stopped waiting is what some tests are about

        self._server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)

    def __enter__(self) -> "OrgDouble":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def serve(self, handler: BaseHTTPRequestHandler) -> None:
        """Answers one request."""
        parts = urlsplit(handler.path)
        body = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        headers = {name.lower(): value for name, value in handler.headers.items()}
        asked = Asked(handler.command, parts.path, query, headers, body)
        with self._lock:
            if parts.path.endswith("/oauth2/token"):
                self.logins += 1
            else:
                self.asked.append(asked)
        answer = self.grant(asked) if parts.path.endswith("/oauth2/token") else self.answer(asked)
        if answer.drop:
            handler.close_connection = True
            return
        content = answer.body if isinstance(answer.body, bytes) else orjson.dumps(answer.body)
        handler.send_response(answer.status)
        for name, value in (("Content-Length", str(len(content))), *answer.headers):
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(content)

    def _granted(self, asked: Asked) -> Answer:
        body = {"access_token": f"token-{self.logins}", "id": f"{self.url}/id/00D000000000001EAA/005000000000001AAA"}
        return Answer(200, body)
