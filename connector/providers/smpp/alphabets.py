"""Texts to the octets that SMPP carries, and back: one octet a septet, ISO-8859-1, or UTF-16 for UCS-2.

GSM-7 travels unpacked, an octet a septet, as SMSCs whose default alphabet it is expect (3GPP TS 23.038, 6.2.1).
"""

import json
from collections.abc import Mapping
from enum import StrEnum
from importlib.resources import files
from types import MappingProxyType

from connector.model.text import ESCAPE

_ESCAPE_CODE = 0x1B


class Alphabet(StrEnum):
    """What the octets of a text mean."""

    GSM7 = "gsm-7"
    LATIN1 = "iso-8859-1"
    UCS2 = "ucs-2"


ALONE: Mapping[Alphabet, int] = MappingProxyType({Alphabet.GSM7: 160, Alphabet.LATIN1: 140, Alphabet.UCS2: 140})
"""Octets of SMPP that one message holds: 140 octets on the air, which are 160 septets."""

A_PART: Mapping[Alphabet, int] = MappingProxyType({Alphabet.GSM7: 153, Alphabet.LATIN1: 134, Alphabet.UCS2: 134})
"""Octets of SMPP that one part of several holds beside the six octets of its user data header."""


def _gsm_codes() -> Mapping[str, bytes]:
    table = json.loads(files("connector.model").joinpath("gsm.json").read_text(encoding="utf-8"))["GSM-7"]
    basic = {character: bytes([code]) for code, character in enumerate("".join(table["basic"])) if character != ESCAPE}
    extended = {character: bytes([_ESCAPE_CODE, int(code, 16)]) for code, character in table["extension"].items()}
    return MappingProxyType({**extended, **basic})


GSM_CODES = _gsm_codes()
"""Character to its one or two octets in GSM-7."""
_CHARACTERS = {code: character for character, code in GSM_CODES.items()}


def holds(alphabet: Alphabet, text: str) -> bool:
    """Whether the alphabet has every character of the text."""
    if alphabet is Alphabet.GSM7:
        return GSM_CODES.keys() >= set(text)
    return all(_octets(alphabet, character) is not None for character in set(text))


def characters(alphabet: Alphabet, text: str) -> list[bytes]:
    """The octets of each character, none of which may be cut.

    Raises:
        ValueError: the alphabet lacks a character.
    """
    made = [_octets(alphabet, character) for character in text]
    whole = [octets for octets in made if octets is not None]
    if len(whole) < len(made):
        raise ValueError(f"{alphabet} lacks a character of the text")
    return whole


def _octets(alphabet: Alphabet, character: str) -> bytes | None:
    if alphabet is Alphabet.GSM7:
        return GSM_CODES.get(character)
    try:
        return character.encode("latin-1" if alphabet is Alphabet.LATIN1 else "utf-16-be")
    except UnicodeEncodeError:
        return None


def text_of(alphabet: Alphabet, octets: bytes) -> str:
    """The text that octets hold; what is no character becomes the replacement character."""
    if alphabet is Alphabet.LATIN1:
        return octets.decode("latin-1")
    if alphabet is Alphabet.UCS2:
        return octets.decode("utf-16-be", "replace")
    text, place = [], 0
    while place < len(octets):
        width = 2 if octets[place] == _ESCAPE_CODE else 1
        text.append(_CHARACTERS.get(octets[place : place + width], "\ufffd"))
        place += width
    return "".join(text)
