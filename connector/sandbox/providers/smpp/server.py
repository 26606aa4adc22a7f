"""Serves the message centre on a port of the loopback, in a thread with an event loop of its own."""

import asyncio
import socket
import threading

from connector.sandbox.providers.smpp import Smsc
from connector.sandbox.providers.smpp.session import Session

_START_LIMIT = 20.0


class SmscServer:
    """Takes connections on `listening` from `start` to `stop`."""

    def __init__(self, smsc: Smsc, listening: socket.socket) -> None:
        self.port = int(listening.getsockname()[1])
        self._smsc = smsc
        self._socket = listening
        self._started = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ending: asyncio.Event | None = None
        self._thread = threading.Thread(target=self._run, name=f"sandbox-smpp-{self.port}", daemon=True)

    def start(self) -> None:
        """Serve; returns once connections are taken."""
        self._thread.start()
        if not self._started.wait(_START_LIMIT):
            raise RuntimeError(f"The message centre did not start on port {self.port} in {_START_LIMIT:.0f} seconds.")

    def stop(self) -> None:
        """Cut every connection and end."""
        if self._loop is not None and self._ending is not None:
            self._loop.call_soon_threadsafe(self._ending.set)
        self._thread.join(10)
        self.close()

    def close(self) -> None:
        """Give the port back."""
        self._socket.close()

    def _run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        self._loop, self._ending = asyncio.get_running_loop(), asyncio.Event()
        server = await asyncio.start_server(self._session, sock=self._socket)
        self._started.set()
        await self._ending.wait()
        server.close()
        # asyncio.run ends the sessions that are left: their tasks are cancelled

    async def _session(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await Session(self._smsc, reader, writer).serve()
