"""A text into the parts that carry it (SMPP 3.4, 5.2.12 and 5.3.2.22 to 24; 3GPP TS 23.040, 9.2.3.24.1)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from connector.providers.smpp.alphabets import A_PART, ALONE, Alphabet, characters
from connector.providers.smpp.pdus import UDH

Joining = Literal["udh", "sar", "payload"]
"""How the parts of a long text are known to belong together: a user data header, the sar_* parameters, or no parts at
all, for the SMSC cuts what message_payload holds."""


@dataclass(frozen=True, slots=True)
class Part:
    """The fields of one submit_sm that carry a part of the text."""

    octets: bytes
    fields: Mapping[str, int] = field(default_factory=dict)
    as_payload: bool = False

    def as_fields(self) -> dict[str, Any]:
        """What the PDU is given."""
        return {("message_payload" if self.as_payload else "short_message"): self.octets, **self.fields}


def cut(text: str, alphabet: Alphabet, joining: Joining, number: int) -> list[Part]:
    """The parts of a text; `number` (0 to 255) tells this text's parts from those of others to the same phone.

    Raises:
        ValueError: the alphabet lacks a character of the text.
    """
    whole = characters(alphabet, text)
    if sum(map(len, whole)) <= ALONE[alphabet]:
        return [Part(b"".join(whole))]
    if joining == "payload":
        return [Part(b"".join(whole), as_payload=True)]
    pieces = list(_pieces(whole, A_PART[alphabet]))
    return [_part(piece, joining, number, len(pieces), place) for place, piece in enumerate(pieces, 1)]


def parts_needed(text: str, alphabet: Alphabet) -> int:
    """How many parts the text takes on the air, however they are joined."""
    whole = characters(alphabet, text)
    if sum(map(len, whole)) <= ALONE[alphabet]:
        return 1
    return sum(1 for _ in _pieces(whole, A_PART[alphabet]))


def _pieces(whole: Sequence[bytes], room: int) -> Iterator[bytes]:
    """Characters together as long as there is room; none is cut in two."""
    piece = bytearray()
    for octets in whole:
        if len(piece) + len(octets) > room:
            yield bytes(piece)
            piece.clear()
        piece += octets
    yield bytes(piece)


def _part(piece: bytes, joining: Joining, number: int, total: int, place: int) -> Part:
    if joining == "sar":
        return Part(piece, {"sar_msg_ref_num": number, "sar_total_segments": total, "sar_segment_seqnum": place})
    return Part(bytes([5, 0, 3, number, total, place]) + piece, {"esm_class": UDH})
