"""Texts to octets and back (3GPP TS 23.038, 6.2.1, an octet a septet; ISO 8859-1; UCS-2)."""

from enum import StrEnum

_BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENSION = {0x0A: "\f", 0x14: "^", 0x28: "{", 0x29: "}", 0x2F: "\\", 0x3C: "[", 0x3D: "~", 0x3E: "]"}
_EXTENSION |= {0x40: "|", 0x65: "€"}
_ESCAPE = 0x1B
_CODES = {character: bytes([code]) for code, character in enumerate(_BASIC) if code != _ESCAPE}
_CODES |= {character: bytes([_ESCAPE, code]) for code, character in _EXTENSION.items()}
_OCTETS_OF_A_MESSAGE = 140


class Alphabet(StrEnum):
    """What the octets of a text mean."""

    GSM7 = "gsm-7"
    LATIN1 = "iso-8859-1"
    UCS2 = "ucs-2"

    def room(self, header: int) -> int:
        """Octets of text that one message holds beside `header` octets of user data header, its length among them."""
        free = _OCTETS_OF_A_MESSAGE - header
        return free * 8 // 7 if self is Alphabet.GSM7 else free

    def decoded(self, octets: bytes) -> str:
        """The text that octets hold. Raises ValueError for what is no text."""
        if self is Alphabet.GSM7:
            return "".join(_septets(octets))
        if self is Alphabet.UCS2:
            return octets.decode("utf-16-be", "surrogatepass")
        return octets.decode("latin-1")

    def encoded(self, text: str) -> bytes:
        """The octets of a text, with a question mark for what the alphabet lacks."""
        if self is Alphabet.GSM7:
            return b"".join(_CODES.get(character, b"?") for character in text)
        return text.encode("utf-16-be") if self is Alphabet.UCS2 else text.encode("latin-1", "replace")

    def holds(self, text: str) -> bool:
        """Whether the alphabet has every character."""
        return self.decoded(self.encoded(text)) == text


def _septets(octets: bytes) -> list[str]:
    found, left = [], iter(octets)
    for code in left:
        character = _EXTENSION.get(next(left, -1)) if code == _ESCAPE else _BASIC[code] if code < 128 else None
        if character is None:
            raise ValueError("an octet stands for no character of GSM-7")
        found.append(character)
    return found


def cut(alphabet: Alphabet, text: str, room: int) -> list[bytes]:
    """The text in pieces of at most `room` octets; no character is cut in two."""
    pieces = [b""]
    for character in text:
        octets = alphabet.encoded(character)
        if len(pieces[-1]) + len(octets) > room:
            pieces.append(b"")
        pieces[-1] += octets
    return pieces
