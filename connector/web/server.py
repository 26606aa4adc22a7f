"""The web server: uvicorn with an event loop to itself, in a thread of its own."""

import socket
import threading
import time

import uvicorn
from starlette.applications import Starlette

from connector.model.errors import SettingsError

_START_SECONDS = 10.0
_DRAIN_SECONDS = 10


class HookServer:
    """Serves an app from `start` to `stop`. With port 0 the system chooses one; `port` tells which.

    Raises:
        SettingsError: nothing can listen at that address.
    """

    def __init__(self, app: Starlette, host: str, port: int) -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        try:
            self.listening = socket.create_server((host, port), family=family, backlog=2048)
        except OSError as error:
            raise SettingsError(
                f"the receiver cannot listen at {host} port {port}: {error.strerror or error}. "
                "Choose another port, or stop what listens there."
            ) from error
        # inherited by what it accepts: with Nagle's delay, an answer in two pieces waits 40 ms for the other side's ACK
        self.listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.port: int = self.listening.getsockname()[1]
        # no access log: the path holds the secret. No proxy headers: the receiver believes only whom it is told to.
        config = uvicorn.Config(
            app,
            access_log=False,
            log_config=None,
            proxy_headers=False,
            server_header=False,
            lifespan="on",
            ws="none",
            timeout_graceful_shutdown=_DRAIN_SECONDS,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [self.listening]}, name="webhooks", daemon=True
        )

    def start(self) -> None:
        """Returns when the app answers.

        Raises:
            SettingsError: it does not come up.
        """
        self._thread.start()
        deadline = time.monotonic() + _START_SECONDS
        while not self._server.started:
            if not self._thread.is_alive() or time.monotonic() > deadline:
                raise SettingsError(f"the receiver did not start within {_START_SECONDS:g} seconds; see the log.")
            time.sleep(0.005)

    def stop(self) -> None:
        """Takes no more requests, answers those under way, and returns when the last one is stored."""
        self._server.should_exit = True
        if self._thread.is_alive():
            self._thread.join(_DRAIN_SECONDS + 5)
        self.listening.close()
