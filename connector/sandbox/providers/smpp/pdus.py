"""Octets of SMPP 3.4 (3.1, 3.2 and 5.3), read and written."""

import struct
from dataclasses import dataclass

from connector.sandbox.providers.smpp.codes import RESPONSE, Command, Refusal, Status, Tag

HEADER = 16
LONGEST = 1 << 17
"""Octets of a PDU: message_payload holds 64 KiB (5.3.2.32)."""
_HEADER = struct.Struct(">IIII")
_PARAMETER = struct.Struct(">HH")


@dataclass(frozen=True, slots=True)
class Pdu:
    """One PDU as it came: command_id, command_status, sequence_number and what stands behind them."""

    command: int
    status: int
    number: int
    body: bytes = b""

    @property
    def answers(self) -> bool:
        """Whether it answers one of ours."""
        return bool(self.command & RESPONSE)


def length_of(header: bytes) -> int:
    """The command_length of a header, which need not be one that can be."""
    return int(_HEADER.unpack(header)[0])


def pdu_of(octets: bytes) -> Pdu:
    """A whole PDU."""
    _, command, status, number = _HEADER.unpack_from(octets)
    return Pdu(command, status, number, octets[HEADER:])


def written(command: int, number: int, body: bytes = b"", status: int = Status.ROK) -> bytes:
    """The octets of a PDU."""
    return _HEADER.pack(HEADER + len(body), command, status, number) + body


def answer(asked: Pdu, body: bytes = b"", status: int = Status.ROK) -> bytes:
    """The octets of the answer to what was asked; what is refused has no body."""
    return written(asked.command | RESPONSE, asked.number, b"" if status else body, status)


def nack(number: int, status: Status) -> bytes:
    """A generic_nack (4.3.1)."""
    return written(Command.GENERIC_NACK, number, status=status)


def c_octets(text: str) -> bytes:
    """A C-octet string."""
    return text.encode("ascii") + b"\0"


def parameter(tag: Tag, value: bytes) -> bytes:
    """An optional parameter."""
    return _PARAMETER.pack(tag, len(value)) + value


class Body:
    """A PDU's body: its mandatory fields are read in turn, its optional parameters at the end."""

    def __init__(self, octets: bytes) -> None:
        self._left = octets

    def number(self) -> int:
        """A field of one octet."""
        return self.octets(1)[0]

    def octets(self, count: int) -> bytes:
        """A field of so many octets. Raises Refusal(RINVCMDLEN) where there are fewer."""
        if len(self._left) < count:
            raise Refusal(Status.RINVCMDLEN)
        taken, self._left = self._left[:count], self._left[count:]
        return taken

    def text(self, most: int, refused: Status = Status.RINVCMDLEN) -> str:
        """A C-octet string of at most `most` octets with its NULL. Raises Refusal: longer, not ended, not ASCII."""
        taken, ended, left = self._left.partition(b"\0")
        if not ended:
            raise Refusal(Status.RINVCMDLEN)
        if len(taken) >= most or not taken.isascii():
            raise Refusal(refused)
        self._left = left
        return taken.decode("ascii")

    def parameters(self) -> dict[int, bytes]:
        """The optional parameters by their tags. Raises Refusal: RINVOPTPARSTREAM."""
        found: dict[int, bytes] = {}
        while self._left:
            if len(self._left) < _PARAMETER.size:
                raise Refusal(Status.RINVOPTPARSTREAM)
            tag, length = _PARAMETER.unpack_from(self._left)
            value = self._left[_PARAMETER.size : _PARAMETER.size + length]
            if len(value) < length:
                raise Refusal(Status.RINVOPTPARSTREAM)
            found[tag] = value
            self._left = self._left[_PARAMETER.size + length :]
        return found

    def end(self) -> None:
        """Nothing may be left. Raises Refusal(RINVCMDLEN)."""
        if self._left:
            raise Refusal(Status.RINVCMDLEN)
