"""deliver_sm (4.6.1): receipts, whose text is that of appendix B, and texts from people."""

from dataclasses import dataclass
from zlib import crc32

from connector.sandbox.providers.smpp.alphabets import Alphabet, cut
from connector.sandbox.providers.smpp.codes import Tag
from connector.sandbox.providers.smpp.pdus import c_octets, parameter
from connector.sandbox.providers.smpp.settings import Joining, Settings
from connector.sandbox.providers.smpp.submitting import Submission
from connector.sandbox.providers.smpp.times import written

_ALPHANUMERIC, _UNKNOWN, _INTERNATIONAL, _ISDN = 5, 0, 1, 1
_RECEIPT, _WITH_HEADER = 0x04, 0x40
_MESSAGE_STATES = {"ENROUTE": 1, "DELIVRD": 2, "EXPIRED": 3, "UNDELIV": 5}
_CODINGS = {Alphabet.LATIN1: 3, Alphabet.UCS2: 8}
_REPEATED = 20
"""Characters of the text that a receipt repeats (appendix B)."""


@dataclass(frozen=True, slots=True)
class Ends:
    """Who speaks, ten digits, and the Sender_ID that is spoken to."""

    number: str
    sender: str


def _body(ends: Ends, octets: bytes, esm_class: int, coding: int, parameters: bytes = b"") -> bytes:
    ton = _UNKNOWN if ends.sender.isdecimal() else _ALPHANUMERIC
    return b"".join(
        (
            b"\0",  # service_type
            bytes([_INTERNATIONAL, _ISDN]) + c_octets(f"52{ends.number}"),
            bytes([ton, 0]) + c_octets(ends.sender),
            bytes([esm_class, 0, 0]),  # protocol_id, priority_flag
            b"\0\0",  # schedule_delivery_time, validity_period
            bytes([0, 0, coding, 0, len(octets)]) + octets,
            parameters,
        )
    )


def receipt(settings: Settings, of: Submission, fields: dict[str, str], submitted: float) -> bytes:
    """The body of a receipt of one part."""
    part = _base_of_receipts(fields["id"], settings)
    delivered = int(fields["stat"] == "DELIVRD")
    repeated = of.text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")[:_REPEATED]
    text = (
        f"id:{part} sub:001 dlvrd:{delivered:03d} submit date:{written(submitted)} done date:{fields['done date']} "
        f"stat:{fields['stat']} err:{fields['err']} text:"
    )
    parameters = parameter(Tag.RECEIPTED_MESSAGE_ID, c_octets(part))
    parameters += parameter(Tag.MESSAGE_STATE, bytes([_MESSAGE_STATES[fields["stat"]]]))
    octets = text.encode("ascii") + Alphabet(settings.alphabet).encoded(repeated)
    return _body(Ends(of.number, of.source), octets, _RECEIPT, 0, parameters)


def answered_id(part: str, settings: Settings) -> str:
    """The id as submit_sm_resp writes it."""
    return f"{int(part):x}" if settings.receipt_ids == "decimal" else part


def _base_of_receipts(part: str, settings: Settings) -> str:
    return f"{int(part):x}" if settings.receipt_ids == "hexadecimal" else part


def text_from(ends: Ends, text: str, settings: Settings) -> list[bytes]:
    """The bodies that carry a person's text: one, or one a part, in the order of the text."""
    own = Alphabet(settings.alphabet)
    alphabet = own if own.holds(text) else Alphabet.UCS2
    coding = 0 if alphabet is own else _CODINGS[alphabet]
    octets = alphabet.encoded(text)
    if len(octets) <= alphabet.room(0):
        return [_body(ends, octets, 0, coding)]
    if settings.replies_joined_by == "payload":
        return [_body(ends, b"", 0, coding, parameter(Tag.MESSAGE_PAYLOAD, octets))]
    pieces = cut(alphabet, text, alphabet.room(6))
    reference = crc32(f"{ends.number}{text}".encode()) & 0xFF
    return [
        _part(ends, piece, coding, (reference, len(pieces), place), settings.replies_joined_by)
        for place, piece in enumerate(pieces, 1)
    ]


def _part(ends: Ends, piece: bytes, coding: int, place: tuple[int, int, int], joined_by: Joining) -> bytes:
    if joined_by == "udh":
        return _body(ends, bytes([5, 0, 3, *place]) + piece, _WITH_HEADER, coding)
    reference, total, number = place
    parameters = parameter(Tag.SAR_MSG_REF_NUM, reference.to_bytes(2))
    parameters += parameter(Tag.SAR_TOTAL_SEGMENTS, bytes([total]))
    parameters += parameter(Tag.SAR_SEGMENT_SEQNUM, bytes([number]))
    return _body(ends, piece, 0, coding, parameters)
