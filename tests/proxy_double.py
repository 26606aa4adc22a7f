"""A proxy on loopback that notes what it is asked to open, and opens nothing."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class ProxyDouble:
    """`url` is its address with a user and a password; `asked` the first line of each request, `said` all of it."""

    url: str
    asked: list[str] = field(default_factory=list)
    said: list[bytes] = field(default_factory=list)


@contextmanager
def refusing_proxy() -> Iterator[ProxyDouble]:
    """One that refuses every tunnel."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        double = ProxyDouble(f"http://user:word@127.0.0.1:{server.getsockname()[1]}")

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    said = connection.recv(65536)
                    double.said.append(said)
                    double.asked.append(said.split(b"\r\n")[0].decode())
                    connection.sendall(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n")

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield double
        server.shutdown(socket.SHUT_RDWR)
        thread.join(5)
        assert not thread.is_alive()
