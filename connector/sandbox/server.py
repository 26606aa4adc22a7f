"""Serves the pretend world: the org on one port, the providers on another, the message centre on a third if wanted."""

import signal
import socket
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

import uvicorn
from starlette.types import ASGIApp

from connector.sandbox.certificate import Tls
from connector.sandbox.faults import Faults
from connector.sandbox.ledger import Ledger
from connector.sandbox.org.app import app as org_app
from connector.sandbox.org.control import Control
from connector.sandbox.org.org import Org
from connector.sandbox.providers import app as providers_app
from connector.sandbox.providers.smpp.server import SmscServer
from connector.sandbox.seed import plant

_START_LIMIT = 20.0


class _Server:
    """One application on one port of the loopback, in a thread with an event loop of its own."""

    def __init__(self, application: ASGIApp, port: int, tls: Tls | None = None) -> None:
        self._socket = _listening(port)
        self.port = int(self._socket.getsockname()[1])
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"
        config = uvicorn.Config(
            application,
            http="h11",
            loop="asyncio",
            ws="none",
            lifespan="off",
            log_level="critical",
            access_log=False,
            server_header=False,
            timeout_keep_alive=60,
            timeout_graceful_shutdown=1,
            ssl_certfile=str(tls.certificate) if tls else None,
            ssl_keyfile=str(tls.key) if tls else None,
        )
        self._uvicorn = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=self._uvicorn.run, kwargs={"sockets": [self._socket]}, name=f"sandbox-{self.port}", daemon=True
        )

    def start(self) -> None:
        """Serve; returns once connections are taken."""
        self._thread.start()
        deadline = time.monotonic() + _START_LIMIT
        while not self._uvicorn.started:
            if not self._thread.is_alive() or time.monotonic() > deadline:
                raise RuntimeError(f"The sandbox did not start on port {self.port} within {_START_LIMIT:.0f} seconds.")
            time.sleep(0.005)

    def stop(self) -> None:
        """End the server; requests under way have a second."""
        self._uvicorn.should_exit = True
        self._thread.join(10)
        self.close()

    def close(self) -> None:
        """Give the port back."""
        self._socket.close()


def _listening(port: int) -> socket.socket:
    # The protocol is named so that asyncio sees TCP and turns Nagle's algorithm off: else each answer waits 40 ms.
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind(("127.0.0.1", port))
    except OSError:
        listening.close()
        raise
    listening.listen(512)
    return listening


class Sandbox:
    """The pretend world, in this process. Enter it to serve it; port 0 takes any free port.

    `speed` is how fast messages live at the providers (1.0: tenths of a second). `tls` serves the org by https. With a
    `smsc_port` the message centre of SMPP accounts is served too, at `smsc_port` of the instance.
    """

    def __init__(
        self,
        org_port: int = 0,
        providers_port: int = 0,
        *,
        smsc_port: int | None = None,
        seed: int = 1,
        speed: float = 1.0,
        tls: Tls | None = None,
    ) -> None:
        self.number = seed
        self.faults = Faults(seed)
        self.ledger = Ledger()
        self.org = Org(seed)
        self.providers = providers_app(self.faults, self.ledger, speed=speed, seed=seed)
        self._org_server = _Server(org_app(self.org, self.faults, Control(self).routes()), org_port, tls)
        self._smsc_server: SmscServer | None = None
        try:
            self._providers_server = _Server(self.providers, providers_port)
            if smsc_port is not None:
                self._smsc_server = SmscServer(self.providers.smpp, _listening(smsc_port))
        except OSError:
            self._org_server.close()
            raise
        self.smsc_port = self._smsc_server.port if self._smsc_server else None
        self.org_url = self._org_server.url
        self.providers_url = self._providers_server.url

    def seed(self, wishes: dict[str, Any]) -> dict[str, Any]:
        """Queue `messages` with their contacts; `first` is the lowest serial, the other wishes are those of `plant`."""
        known = {"messages": int, "seed": int, "bad": bool, "first": int, "countries": list}
        for name, value in wishes.items():
            if name not in known or type(value) is not known[name]:
                raise ValueError(f"The wish {name!r}: {value!r} is not understood; known are {sorted(known)}.")
        if wishes.get("messages", 0) < 1:
            raise ValueError("Say how many `messages` to queue: a whole number from 1 up.")
        return plant(self.org.insert, **{"seed": self.number, **wishes})

    def reset(self) -> None:
        """Forget every record, message, session, rule and count."""
        self.org.reset()
        self.providers.reset()

    def __enter__(self) -> Self:
        self._org_server.start()
        self._providers_server.start()
        if self._smsc_server:
            self._smsc_server.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._org_server.stop()
        self._providers_server.stop()
        if self._smsc_server:
            self._smsc_server.stop()
        self.providers.close()
        self.org.close()


def serve(
    org_port: int,
    providers_port: int,
    *,
    seed: int,
    smsc_port: int | None = None,
    tls: Tls | None = None,
    speed: float = 1.0,
    ready: Callable[[Sandbox], None],
) -> None:
    """Serve until SIGTERM or SIGINT; `ready` is called once all ports take connections. For the main thread."""
    asked_to_stop = threading.Event()
    previous = {
        number: signal.signal(number, lambda *_: asked_to_stop.set()) for number in (signal.SIGTERM, signal.SIGINT)
    }
    try:
        with Sandbox(org_port, providers_port, smsc_port=smsc_port, seed=seed, speed=speed, tls=tls) as sandbox:
            ready(sandbox)
            asked_to_stop.wait()
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
