"""Where a part of a long message stands (3GPP TS 23.040, 9.2.3.24.1; SMPP 3.4, 5.3.2.22 to 24)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from connector.sandbox.providers.smpp.codes import Refusal, Status, Tag

_EIGHT_BITS, _SIXTEEN_BITS = 0x00, 0x08
_WIDTHS = {Tag.SAR_MSG_REF_NUM: 2, Tag.SAR_TOTAL_SEGMENTS: 1, Tag.SAR_SEGMENT_SEQNUM: 1}


@dataclass(frozen=True, slots=True)
class Place:
    """The `number`-th of `total` parts of the text that is called `reference`; `by` is how the parts say so."""

    by: str
    reference: int
    total: int
    number: int

    def __str__(self) -> str:
        return f"{self.number}/{self.total}"


def place_of(parameters: Mapping[int, bytes]) -> Place | None:
    """The place that sar_* parameters give, of which there must be all or none. Raises Refusal."""
    given = {tag: parameters[tag] for tag in _WIDTHS if tag in parameters}
    if not given:
        return None
    if len(given) < len(_WIDTHS):
        raise Refusal(Status.RMISSINGOPTPARAM)
    if any(len(value) != _WIDTHS[tag] for tag, value in given.items()):
        raise Refusal(Status.RINVPARLEN)
    reference, total, number = (int.from_bytes(value) for value in given.values())
    if not 1 <= number <= total:
        raise Refusal(Status.RINVOPTPARAMVAL)
    return Place("sar", reference, total, number) if total > 1 else None


def place_in_header(octets: bytes) -> tuple[Place | None, int]:
    """The place that a user data header gives, and the header's width with its length. Raises Refusal."""
    width = octets[0] + 1 if octets else 0
    if width < 2 or width > len(octets):
        raise Refusal(Status.RINVESMCLASS)
    found = None
    for kind, value in _elements(octets[1:width]):
        if kind == _EIGHT_BITS and len(value) == 3:
            found = Place("8 bits", value[0], value[1], value[2])
        elif kind == _SIXTEEN_BITS and len(value) == 4:
            found = Place("16 bits", int.from_bytes(value[:2]), value[2], value[3])
        elif kind in (_EIGHT_BITS, _SIXTEEN_BITS):
            raise Refusal(Status.RINVESMCLASS)
    if found is not None and not 1 <= found.number <= found.total:
        raise Refusal(Status.RINVESMCLASS)
    return (found if found is None or found.total > 1 else None), width


def _elements(header: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at < len(header):
        end = at + 2 + (header[at + 1] if at + 1 < len(header) else len(header))
        if end > len(header):
            raise Refusal(Status.RINVESMCLASS)
        yield header[at], header[at + 2 : end]
        at = end
