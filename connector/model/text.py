"""How a text travels: which alphabet holds it, what it measures there, and into how many parts it is cut.

The alphabets are 3GPP TS 23.038's, kept as data in `gsm.json`: the GSM 7 bit default alphabet with its extension
table (6.2.1), and Portuguese (A.3.3 locking shift, A.2.3 single shift), which the 360NRS guide's annex calls GSM-PT.
"""

import json
import math
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from importlib.resources import files
from types import MappingProxyType

from connector.model.messages import Encoding

ESCAPE = "\x1b"
SEPTETS_ALONE = 160
SEPTETS_A_PART = 153
UNITS_ALONE = 70
UNITS_A_PART = 67


@dataclass(frozen=True, slots=True)
class Alphabet:
    """A 7 bit alphabet: `basic` characters cost one septet, all others of `every` two (an escape and a code)."""

    basic: frozenset[str]
    every: frozenset[str]


@dataclass(frozen=True, slots=True)
class Segments:
    """What a text measures: `units` are septets in GSM-7 and GSM-PT, UTF-16 code units in UCS-2."""

    encoding: Encoding
    units: int
    parts: int


def _read_alphabets() -> Mapping[Encoding, Alphabet]:
    tables = json.loads(files("connector.model").joinpath("gsm.json").read_text(encoding="utf-8"))
    return MappingProxyType({Encoding(name): _alphabet(table) for name, table in tables.items()})


def _alphabet(table: Mapping[str, Sequence[str] | Mapping[str, str]]) -> Alphabet:
    rows, extension = table["basic"], table["extension"]
    assert isinstance(extension, Mapping)  # noqa: S101  our own data file; narrows the type
    basic = frozenset("".join(rows)) - {ESCAPE}
    # Portuguese has some characters in both tables: the one septet is what a phone sends
    return Alphabet(basic, basic | frozenset(extension.values()))


ALPHABETS = _read_alphabets()
"""The 7 bit alphabets by encoding; UCS-2 has none, for it holds every character."""


def fits(text: str, encoding: Encoding) -> bool:
    """Whether the encoding can hold every character of the text, whatever its length."""
    if encoding is Encoding.UCS2:
        return not any("\ud800" <= character <= "\udfff" for character in text)
    return ALPHABETS[encoding].every.issuperset(text)


def measure(
    text: str,
    encodings: Sequence[Encoding] = (Encoding.GSM7, Encoding.UCS2),
    *,
    gsm_pt_part: int = SEPTETS_A_PART,
) -> Segments:
    """The text in the first of `encodings` that can hold it.

    One message holds 160 septets or 70 UTF-16 units; a longer text is cut into parts of 153 or 67 (3GPP TS 23.040,
    9.2.3.24.1), and neither an escape pair nor a surrogate pair is ever cut in two. `gsm_pt_part` is the size of a
    GSM-PT part in septets, which the 360NRS guide does not give. An empty text is one message of no units.

    Raises:
        ValueError: none of the encodings can hold the text.
    """
    for encoding in encodings:
        if fits(text, encoding):
            return _measured(text, encoding, gsm_pt_part)
    names = ", ".join(encoding.value for encoding in encodings)
    raise ValueError(f"no alphabet that may be used here ({names}) holds every character of the text; change the text")


def _measured(text: str, encoding: Encoding, gsm_pt_part: int) -> Segments:
    if encoding is Encoding.UCS2:
        return _cut(text, encoding, {character for character in set(text) if character > "\uffff"}, UNITS_A_PART)
    part = gsm_pt_part if encoding is Encoding.GSM_PT else SEPTETS_A_PART
    return _cut(text, encoding, set(text) - ALPHABETS[encoding].basic, part)


def _cut(text: str, encoding: Encoding, pairs: Set[str], part: int) -> Segments:
    """Counts the parts; `pairs` are the characters that cost two units and may not be cut between them."""
    units = len(text) + sum(map(text.count, pairs))
    if units <= (UNITS_ALONE if encoding is Encoding.UCS2 else SEPTETS_ALONE):
        return Segments(encoding, units, 1)
    if not pairs:
        return Segments(encoding, units, math.ceil(units / part))
    parts, used = 1, 0
    for character in text:
        width = 2 if character in pairs else 1
        if used + width > part:
            parts, used = parts + 1, 0
        used += width
    return Segments(encoding, units, parts)
