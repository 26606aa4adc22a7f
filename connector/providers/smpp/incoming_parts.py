"""The parts of a person's long text: which text each is of, and the text again (3GPP TS 23.040, 9.2.3.24.1; SMPP 3.4,
5.3.2.22 to 24)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from connector.providers.smpp.alphabets import Alphabet, text_of
from connector.providers.smpp.pdus import PDU

MISSING = "[…]"
"""Stands in a text where parts of it never came."""
_EIGHT_BITS, _SIXTEEN_BITS = 0x00, 0x08
"""Information elements by which parts are known to belong together (9.2.3.24.1 and 9.2.3.24.8)."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a part stands: the `number`-th of `total`, of the text that the phone calls `reference`. `by` is the width
    of the reference, or ``sar``: two texts to which two ways gave one number are two."""

    by: str
    reference: int
    total: int
    number: int


def place_of(pdu: PDU, header: bytes) -> Place | None:
    """The place of a deliver_sm's text, by its user data header or else by its sar_* parameters; None for a text of one
    part, and for numbers that cannot be, which the standard has ignored."""
    by_header = _in_header(header)
    if by_header is not None:
        return by_header
    reference = pdu.integer("sar_msg_ref_num")
    total, number = pdu.integer("sar_total_segments"), pdu.integer("sar_segment_seqnum")
    return None if reference is None else _sound("sar", reference, total or 0, number or 0)


def _in_header(header: bytes) -> Place | None:
    for kind, value in _elements(header):
        if kind == _EIGHT_BITS and len(value) == 3:
            return _sound("8", value[0], value[1], value[2])
        if kind == _SIXTEEN_BITS and len(value) == 4:
            return _sound("16", int.from_bytes(value[:2]), value[2], value[3])
    return None


def _elements(header: bytes) -> Iterator[tuple[int, bytes]]:
    """The information elements of a header without its length: each a kind, a length and a value."""
    place = 0
    while place + 2 <= len(header):
        end = place + 2 + header[place + 1]
        yield header[place], header[place + 2 : end]
        place = end


def _sound(by: str, reference: int, total: int, number: int) -> Place | None:
    return Place(by, reference, total, number) if 1 <= number <= total and total > 1 else None


def as_stored(place: Place, alphabet: Alphabet, octets: bytes) -> dict[str, Any]:
    """A part as `text_from` reads it back. Octets as digits, for a part may begin or end inside a character."""
    return {"number": place.number, "total": place.total, "alphabet": alphabet, "octets": octets.hex()}


def text_from(parts: Sequence[Mapping[str, Any]]) -> str:
    """The text of stored parts, at least one and one a place, in whatever order; `MISSING` stands in every gap.

    Octets of neighbours in one alphabet are joined first, so that a character that was cut in two is whole again.
    """
    by_number = {part["number"]: part for part in parts}
    places = range(1, parts[0]["total"] + 1)
    pieces = []
    for alphabet, numbers in groupby(
        places, lambda number: by_number[number]["alphabet"] if number in by_number else None
    ):
        octets = b"".join(bytes.fromhex(by_number[number]["octets"]) for number in numbers if alphabet)
        pieces.append(text_of(Alphabet(alphabet), octets) if alphabet else MISSING)
    return "".join(pieces)
