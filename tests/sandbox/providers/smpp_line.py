"""A client of the pretend message centre that says what it likes: octets written by the tables of SMPP 3.4."""

import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from connector.sandbox.providers.smpp.server import SmscServer
from tests.sandbox.providers.running import Providers, changed, until

SUBMIT, DELIVER, UNBIND, TRANSCEIVER, ENQUIRE = 0x04, 0x05, 0x06, 0x09, 0x15
RESPONSE = 0x80000000
BIND: dict[str, Any] = {
    "system_id": "sandbox",
    "password": "sandbox",
    "system_type": "",
    "interface_version": 0x34,
    "addr_ton": 0,
    "addr_npi": 0,
    "address_range": "",
}
MESSAGE: dict[str, Any] = {
    "service_type": "",
    "source_addr_ton": 5,
    "source_addr_npi": 0,
    "source_addr": "Acme",
    "dest_addr_ton": 1,
    "dest_addr_npi": 1,
    "destination_addr": "524491234567",
    "esm_class": 0,
    "protocol_id": 0,
    "priority_flag": 0,
    "schedule_delivery_time": "",
    "validity_period": "",
    "registered_delivery": 1,
    "replace_if_present_flag": 0,
    "data_coding": 0,
    "sm_default_msg_id": 0,
    "short_message": b"Hola #000001",
    "parameters": b"",
}
"""The fields of 4.1.5 and 4.4.1, in order. Text is a C-octet string, a number an octet."""


@dataclass(frozen=True)
class Pdu:
    """What came."""

    command: int
    status: int
    number: int
    body: bytes


@dataclass(frozen=True)
class Told:
    """A deliver_sm that came."""

    number: int
    source: str
    destination: str
    esm_class: int
    data_coding: int
    octets: bytes
    parameters: bytes

    @property
    def words(self) -> dict[str, str]:
        """The fields of a receipt."""
        found = {}
        for piece in self.octets.decode("latin-1").split(" text:")[0].replace(" date:", "_date:").split(" "):
            name, _, value = piece.partition(":")
            found[name] = value
        return found


def tlv(tag: int, value: bytes) -> bytes:
    """An optional parameter."""
    return struct.pack(">HH", tag, len(value)) + value


def body_of(fields: dict[str, Any]) -> bytes:
    """The octets of fields in their order."""
    octets = b""
    for name, value in fields.items():
        if name == "short_message":
            octets += bytes([len(value)]) + value
        elif isinstance(value, bytes):
            octets += value
        else:
            octets += bytes([value]) if isinstance(value, int) else value.encode("latin-1") + b"\0"
    return octets


@dataclass
class Line:
    """One connection. What is told meanwhile is kept in `told` and acknowledged with the statuses of `answers` in turn,
    the last one for ever after; None leaves it without an answer."""

    port: int
    answers: list[int | None] = field(default_factory=lambda: [0])
    told: list[Told] = field(default_factory=list)
    order: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.socket = socket.create_connection(("127.0.0.1", self.port), 5)
        self._read = b""
        self._number = 0

    def send(self, command: int, body: bytes = b"", *, status: int = 0, number: int | None = None) -> int:
        """Sends a PDU; gives its number."""
        if number is None:
            self._number = number = self._number + 1
        self.socket.sendall(struct.pack(">IIII", 16 + len(body), command, status, number) + body)
        return number

    def next(self, seconds: float = 5.0) -> Pdu | None:
        """The next PDU that is no news; None when the connection ends or is silent for so long."""
        self.socket.settimeout(seconds)
        try:
            while True:
                header = self._take(16)
                length, command, status, number = struct.unpack(">IIII", header)
                pdu = Pdu(command, status, number, self._take(length - 16))
                self.order.append(command)
                if command != DELIVER:
                    return pdu
                self._heard(pdu)
        except (TimeoutError, EOFError, ConnectionError):
            return None

    def ask(self, command: int, body: bytes = b"") -> Pdu:
        """The answer to a request."""
        number = self.send(command, body)
        answer = self.next()
        assert answer is not None, "no answer came"
        assert answer.number == number
        return answer

    def bind(self, **changes: Any) -> int:
        """Binds as a transceiver; the status of the answer."""
        return self.ask(TRANSCEIVER, body_of(changed(BIND, **changes))).status

    def submit(self, **changes: Any) -> Pdu:
        """The answer to a submit_sm."""
        return self.ask(SUBMIT, body_of(changed(MESSAGE, **changes)))

    def sent(self, **changes: Any) -> str:
        """The id of a message that is taken."""
        answer = self.submit(**changes)
        assert answer.status == 0, f"{answer.status:#x}"
        return answer.body.rstrip(b"\0").decode()

    def hear(self, count: int, seconds: float = 5.0) -> list[Told]:
        """What was told, once there is so much of it."""

        def enough() -> bool:
            if len(self.told) < count:
                assert self.next(0.01) is None
            return len(self.told) >= count

        until(enough, seconds)
        return self.told

    def close(self) -> None:
        """Cuts it."""
        self.socket.close()

    def _take(self, count: int) -> bytes:
        while len(self._read) < count:
            more = self.socket.recv(65536)
            if not more:
                raise EOFError
            self._read += more
        taken, self._read = self._read[:count], self._read[count:]
        return taken

    def _heard(self, pdu: Pdu) -> None:
        rest = pdu.body
        texts = []
        for skipped in (0, 2, 2):  # service_type, source, destination
            text, _, rest = rest[skipped:].partition(b"\0")
            texts.append(text.decode())
        esm_class, coding, length = rest[0], rest[7], rest[9]
        octets, parameters = rest[10 : 10 + length], rest[10 + length :]
        self.told.append(Told(pdu.number, texts[1], texts[2], esm_class, coding, octets, parameters))
        status = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if status is not None:
            self.send(DELIVER | RESPONSE, b"\0", status=status, number=pdu.number)


@contextmanager
def centre(providers: Providers) -> Iterator[int]:
    """Serves the message centre of a pretend world; gives its port."""
    listening = socket.create_server(("127.0.0.1", 0))
    server = SmscServer(providers.app.smpp, listening)
    server.start()
    try:
        yield server.port
    finally:
        server.stop()
