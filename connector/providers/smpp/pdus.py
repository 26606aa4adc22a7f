"""PDUs of SMPP 3.4 to octets and back: the only file that knows smpplib."""

import struct
from dataclasses import dataclass, field
from typing import Any

from smpplib import consts
from smpplib.command_codes import get_command_name
from smpplib.exceptions import UnknownCommandError
from smpplib.smpp import make_pdu

HEADER = 16
LONGEST = 1 << 17
"""Octets of the longest PDU that is read; message_payload holds 64 KiB (SMPP 3.4, 5.3.2.32)."""
LAST_NUMBER = 0x7FFFFFFF
RECEIPT = 0x04
"""esm_class of an SMSC delivery receipt (5.2.12), by the bits in `KIND`."""
ON_ITS_WAY = 0x20
"""esm_class of an intermediate delivery notification (5.2.12): a receipt of a message that has no end yet."""
KIND = 0x3C
UDH = 0x40
"""esm_class bit: the text begins with a user data header (5.2.12)."""


class NoPDU(ValueError):
    """Octets that are no PDU of SMPP 3.4."""


@dataclass(frozen=True, slots=True)
class Header:
    """The four words that begin every PDU (3.2): `command` is its id, `number` the sequence number."""

    length: int
    command: int
    status: int
    number: int

    @property
    def is_answer(self) -> bool:
        """Whether it answers one of ours."""
        return bool(self.command & 0x80000000)


@dataclass(frozen=True, slots=True)
class PDU:
    """One PDU as it came: `name` is the command's (``deliver_sm``), empty for a command that 3.4 does not have.

    `session` is which of an account's sessions it came by, counted from 1; 0 where nobody counts.
    """

    name: str
    header: Header
    fields: Any = None
    session: int = field(default=0, kw_only=True)

    def text(self, field: str) -> str:
        """A field that is a C-octet string; empty where it is left out."""
        value = getattr(self.fields, field, None)
        return value.rstrip(b"\0").decode("latin-1") if isinstance(value, bytes) else ""

    def octets(self, field: str) -> bytes:
        """A field of octets; empty where it is left out."""
        value = getattr(self.fields, field, None)
        return value if isinstance(value, bytes) else b""

    def integer(self, field: str) -> int | None:
        """A field that is a number; None where it is left out."""
        value = getattr(self.fields, field, None)
        return value if isinstance(value, int) else None


class _Numbered:
    """What smpplib asks for a sequence number."""

    def __init__(self, number: int) -> None:
        self.sequence = number

    def next_sequence(self) -> int:
        """The one number there is."""
        return self.sequence


def written(name: str, number: int, *, status: int = 0, **fields: Any) -> bytes:
    """A PDU's octets. `fields` are those of its table in SMPP 3.4, section 4; what is not given is empty."""
    made = make_pdu(name, client=_Numbered(number), status=status, **fields)
    made.sequence = number
    octets: bytes = made.generate()
    return octets


def header_of(octets: bytes) -> Header:
    """The header at the beginning of `octets`, of which there are at least 16.

    Raises:
        NoPDU: its length cannot be one.
    """
    header = Header(*struct.unpack_from(">LLLL", octets))
    if not HEADER <= header.length <= LONGEST:
        raise NoPDU(f"a PDU of {header.length} octets cannot be")
    return header


def read(octets: bytes) -> PDU:
    """One whole PDU; optional parameters that 3.4 does not list are left out.

    Raises:
        NoPDU: its body is not as its command says.
    """
    header = header_of(octets)
    try:
        name = get_command_name(header.command)
        fields = make_pdu(name, client=_Numbered(0), allow_unknown_opt_params=True)
    except UnknownCommandError:
        return PDU("", header)
    try:
        fields.parse(octets)
    except KeyError:
        pass  # an optional parameter of another command: all that must be there stands before it and has been read
    except Exception as error:
        raise NoPDU(f"{name} cannot be read: {type(error).__name__}") from error
    return PDU(name, header, fields)


def status_words(status: int) -> str:
    """What a command_status is called (5.1.3), or its number for one that 3.4 does not list."""
    words: str = consts.DESCRIPTIONS.get(status, f"status {status:#010x}")
    return words
