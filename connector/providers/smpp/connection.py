"""One connection to an SMSC: whole PDUs out and in, from any thread, over TCP or TLS."""

import select
import socket
import ssl
import threading
import time
from typing import Protocol

from connector.model.errors import NeverLeft
from connector.providers.smpp.pdus import HEADER, NoPDU, header_of

_CHUNK = 65536


class LinkLost(Exception):
    """The connection is of no use any more. `begun`: some of what was to be sent had left by then."""

    def __init__(self, reason: str, *, begun: bool = True) -> None:
        super().__init__(reason)
        self.begun = begun


class Connection(Protocol):
    """What a session needs of a connection."""

    def send(self, octets: bytes, seconds: float) -> None:
        """Sends a PDU whole. Raises LinkLost."""

    def receive(self, seconds: float) -> bytes | None:
        """The next whole PDU; None after so many seconds of silence. Raises LinkLost."""

    def close(self) -> None:
        """Closes it; whoever waits for a PDU is told LinkLost."""


class SocketConnection:
    """A connection over a socket that never blocks: threads wait outside the lock, for a TLS socket bears only one
    thread at a time."""

    def __init__(self, connected: socket.socket) -> None:
        connected.setblocking(False)
        self._socket = connected
        self._lock = threading.Lock()
        self._turn = threading.Lock()
        self._read = bytearray()
        self._closed = False

    def send(self, octets: bytes, seconds: float) -> None:
        """Sends a PDU whole.

        Raises:
            LinkLost: it could not, or not within so many seconds.
        """
        deadline, left = time.monotonic() + seconds, memoryview(octets)
        with self._turn:
            while left:
                try:
                    with self._lock:
                        sent = self._socket.send(left)
                    left = left[sent:]
                except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
                    if not self._ready(select.POLLOUT, deadline - time.monotonic()):
                        raise LinkLost("the SMSC takes nothing more", begun=len(left) < len(octets)) from None
                except OSError as error:
                    raise LinkLost(_words(error), begun=len(left) < len(octets)) from error

    def receive(self, seconds: float) -> bytes | None:
        """The next whole PDU; None after so many seconds in which nothing came.

        Raises:
            LinkLost: the SMSC closed the connection, or what came is no PDU.
        """
        deadline = time.monotonic() + seconds
        while (whole := self._whole()) is None:
            try:
                with self._lock:
                    more = self._socket.recv(_CHUNK)
            except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
                left = deadline - time.monotonic()
                if left <= 0:
                    return None
                self._ready(select.POLLIN, left)
                continue
            except OSError as error:
                raise LinkLost(_words(error)) from error
            if not more:
                raise LinkLost("the SMSC closed the connection")
            self._read += more
        return whole

    def close(self) -> None:
        """Closes it; whoever waits for a PDU is told LinkLost."""
        self._closed = True
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            return  # it is closed already
        finally:
            self._socket.close()

    def _ready(self, event: int, seconds: float) -> bool:
        if seconds <= 0 or self._closed:
            return False
        poll = select.poll()
        try:
            poll.register(self._socket, event)
        except (OSError, ValueError):
            return False  # closed meanwhile: the next use of the socket says so
        return bool(poll.poll(seconds * 1000))

    def _whole(self) -> bytes | None:
        if len(self._read) < HEADER:
            return None
        try:
            length = header_of(bytes(self._read[:HEADER])).length
        except NoPDU as error:
            raise LinkLost(f"the other side does not speak SMPP: {error}") from error
        if len(self._read) < length:
            return None
        whole = bytes(self._read[:length])
        del self._read[:length]
        return whole


def connect(host: str, port: int, seconds: float, tls: ssl.SSLContext | None) -> SocketConnection:
    """A connection, over TLS where there is a context.

    Raises:
        NeverLeft: none could be made.
    """
    try:
        plain = socket.create_connection((host, port), seconds)
    except OSError as error:
        raise NeverLeft(f"no connection to the SMSC at {host}:{port} was made ({_words(error)})") from error
    try:
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return SocketConnection(plain if tls is None else tls.wrap_socket(plain, server_hostname=host))
    except OSError as error:
        plain.close()
        raise NeverLeft(f"no TLS with the SMSC at {host}:{port} ({_words(error)})") from error


def _words(error: OSError) -> str:
    return f"{type(error).__name__}: {error.strerror or error}"
