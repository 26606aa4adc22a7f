"""The pretend providers on a real port, and somebody to push to, both on loopback."""

import http.server
import json
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from connector.sandbox.faults import Faults
from connector.sandbox.ledger import Ledger
from connector.sandbox.providers import ProvidersApp, app
from tests.sandbox.providers.running import Providers, Receiver, until

# Plain HTTP needs no certificates, and loading them for each client costs more than a test.
NO_CERTIFICATES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


class Stage:
    """The ASGI app that is served; each test puts a world of its own on it."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.world: ProvidersApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert self.world is not None
        await self.world(scope, receive, send)


@pytest.fixture(scope="session")
def stage() -> Iterator[Stage]:
    """One server for all tests: starting and stopping one costs more than most tests."""
    # asyncio switches Nagle's delay off only where the protocol is named; socket.create_server does not name it.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    served = Stage(f"http://127.0.0.1:{listener.getsockname()[1]}")
    server = uvicorn.Server(uvicorn.Config(served, http="h11", lifespan="off", log_config=None))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    until(lambda: server.started)
    yield served
    server.should_exit = True
    thread.join(timeout=5)


@pytest.fixture
def providers(stage: Stage) -> Iterator[Providers]:
    """A world of seed 7, twenty times as fast as the demo's."""
    stage.world = world = app(Faults(7), Ledger(), speed=20.0, seed=7)
    url = stage.url
    with (
        httpx.Client(base_url=f"{url}/nrs360/api/rest", auth=("sandbox", "sandbox"), verify=NO_CERTIFICATES) as nrs,
        httpx.Client(
            base_url=f"{url}/smsclouds", headers={"Authorization": "Bearer sandbox"}, verify=NO_CERTIFICATES
        ) as clouds,
        httpx.Client(base_url=url, verify=NO_CERTIFICATES) as control,
    ):
        yield Providers(world, url, nrs, clouds, control)
    world.close()


def _fields(query: str) -> dict[str, str]:
    return {key: values[0] for key, values in parse_qs(query, True).items()}


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """An HTTP server that keeps connections open, as a web server does."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Without it each answer waits for the other side's delayed acknowledgement.
        disable_nagle_algorithm = True

        def setup(self) -> None:
            super().setup()
            told.connections += 1

        def do_GET(self) -> None:
            self.take(_fields(urlsplit(self.path).query))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers["Content-Type"] == "application/json":
                self.take(json.loads(body))
            else:
                assert self.headers["Content-Type"] == "application/x-www-form-urlencoded"
                self.take(_fields(body.decode()))

        def take(self, fields: dict[str, str]) -> None:
            with lock:
                status, body = told.answers.pop(0) if len(told.answers) > 1 else told.answers[0]
                told.taken.append(fields)
                told.times.append(time.monotonic())
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    lock = threading.Lock()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    told = Receiver(f"http://127.0.0.1:{server.server_port}/told")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield told
    server.shutdown()
    server.server_close()
    thread.join(timeout=5)
