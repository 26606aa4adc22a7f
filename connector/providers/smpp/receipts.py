"""deliver_sm as it is meant: a receipt (SMPP 3.4, appendix B, and its optional parameters) or a text from a person."""

import re
from dataclasses import dataclass

from connector.providers.smpp.alphabets import Alphabet, text_of
from connector.providers.smpp.incoming_parts import Place, place_of
from connector.providers.smpp.pdus import KIND, ON_ITS_WAY, PDU, RECEIPT, UDH
from connector.providers.smpp.statuses import MESSAGE_STATES

_FIELDS = re.compile(r"(id|sub|dlvrd|submit date|done date|stat|err):([^ ]*)", re.IGNORECASE)
_TEXT = re.compile(r"\btext:.*", re.IGNORECASE | re.DOTALL)
_CODINGS = {0x01: Alphabet.GSM7, 0x03: Alphabet.LATIN1, 0x08: Alphabet.UCS2}


@dataclass(frozen=True, slots=True)
class Receipt:
    """What an SMSC tells of one part it was given. `phone` is as it is written there, `done` is the ``done date``.

    `word` is one of appendix B's, in capitals, or whatever stands there.
    """

    id: str
    word: str
    error: str
    done: str
    phone: str


@dataclass(frozen=True, slots=True)
class Incoming:
    """A text that a person sent, or the part of one that `place` says; `phone` and `to` are as they are written
    there. `octets` are the text's in its alphabet."""

    alphabet: Alphabet
    octets: bytes
    phone: str
    to: str
    place: Place | None

    @property
    def text(self) -> str:
        """What the octets mean."""
        return text_of(self.alphabet, self.octets)


def told_by(pdu: PDU, default: Alphabet) -> Receipt | Incoming:
    """What a deliver_sm tells; `default` is what data_coding 0 means here. The text of the message that a receipt
    repeats is left out."""
    octets = _octets(pdu)
    if _is_receipt(pdu):
        return _receipt(pdu, octets)
    header = b""
    if (pdu.integer("esm_class") or 0) & UDH and octets:
        header, octets = octets[1 : octets[0] + 1], octets[octets[0] + 1 :]
    alphabet = _CODINGS.get(pdu.integer("data_coding") or 0, default)
    return Incoming(alphabet, octets, pdu.text("source_addr"), pdu.text("destination_addr"), place_of(pdu, header))


def receipted_id(pdu: PDU) -> str:
    """The id of the part that a deliver_sm is a receipt of, as it is written there; empty where it is none."""
    return _receipt(pdu, _octets(pdu)).id if _is_receipt(pdu) else ""


def _is_receipt(pdu: PDU) -> bool:
    return _kind(pdu) in (RECEIPT, ON_ITS_WAY)


def _kind(pdu: PDU) -> int:
    return (pdu.integer("esm_class") or 0) & KIND


def _octets(pdu: PDU) -> bytes:
    return pdu.octets("short_message") or pdu.octets("message_payload")


def _receipt(pdu: PDU, octets: bytes) -> Receipt:
    told = fields_of(octets.decode("latin-1"))
    state = pdu.integer("message_state")
    word = MESSAGE_STATES.get(state, str(state)) if state is not None else told.get("stat", "").upper()
    if _kind(pdu) == ON_ITS_WAY:  # whatever it says failed is tried again
        word = "ENROUTE"
    network = pdu.octets("network_error_code")
    return Receipt(
        id=told.get("id") or pdu.text("receipted_message_id"),
        word=word,
        error=told.get("err") or (str(int.from_bytes(network[1:])) if network else ""),
        done=told.get("done date", ""),
        phone=pdu.text("source_addr"),
    )


def fields_of(text: str) -> dict[str, str]:
    """The fields of a receipt's text by their names in small letters; each stands once, the first one counts."""
    told: dict[str, str] = {}
    for name, value in _FIELDS.findall(_TEXT.sub("", text)):
        told.setdefault(name.lower(), value)
    return told
