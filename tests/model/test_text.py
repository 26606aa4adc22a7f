"""Alphabets and parts, at every boundary."""

import json
import math
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.model.messages import Encoding
from connector.model.text import ALPHABETS, Segments, fits, measure

GSM, PT, UCS = Encoding.GSM7, Encoding.GSM_PT, Encoding.UCS2
ALL = (GSM, PT, UCS)


@pytest.mark.parametrize(
    ("length", "parts"),
    [(0, 1), (1, 1), (159, 1), (160, 1), (161, 2)]
    + [(153 * n + d, n + (1 if d > 0 else 0)) for n in range(2, 16) for d in (-1, 0, 1)],
)
def test_gsm7_boundaries(length: int, parts: int) -> None:
    """160 septets travel alone; beyond that a part holds 153."""
    assert measure("a" * length) == Segments(GSM, length, parts)


@pytest.mark.parametrize(
    ("length", "parts"),
    [(1, 1), (69, 1), (70, 1), (71, 2)]
    + [(67 * n + d, n + (1 if d > 0 else 0)) for n in range(2, 16) for d in (-1, 0, 1)],
)
def test_ucs2_boundaries(length: int, parts: int) -> None:
    """70 UTF-16 units travel alone; beyond that a part holds 67."""
    assert measure("ж" * length) == Segments(UCS, length, parts)


@pytest.mark.parametrize("character", "^{}\\[~]|€\f")
def test_extension_characters_cost_two_septets(character: str) -> None:
    """Every character of the extension table, € and form feed included, costs an escape and a code."""
    assert measure(character) == Segments(GSM, 2, 1)
    assert measure(character * 80) == Segments(GSM, 160, 1)
    assert measure(character * 80 + "a") == Segments(GSM, 161, 2)


@pytest.mark.parametrize("before", [151, 152, 153])
def test_an_escape_pair_is_never_cut_in_two(before: int) -> None:
    """A pair that would lie astride a boundary moves to the next part whole, and costs the room it leaves."""
    lost = 1 if before == 152 else 0
    room = 153 * 2 - before - lost - 2
    assert measure("a" * before + "€" + "a" * room).parts == 2
    assert measure("a" * before + "€" + "a" * (room + 1)).parts == 3


@pytest.mark.parametrize("before", [65, 66, 67])
def test_a_surrogate_pair_is_never_cut_in_two(before: int) -> None:
    """An emoji that would lie astride a boundary moves to the next part whole."""
    lost = 1 if before == 66 else 0
    room = 67 * 2 - before - lost - 2
    assert measure("ж" * before + "😀" + "ж" * room).parts == 2
    assert measure("ж" * before + "😀" + "ж" * (room + 1)).parts == 3


def test_an_emoji_is_two_units() -> None:
    """UCS-2 counts UTF-16 code units, so 35 emoji fill a message."""
    assert measure("😀" * 35) == Segments(UCS, 70, 1)
    assert measure("😀" * 36) == Segments(UCS, 72, 2)


def test_gsm_pt_holds_portuguese_and_its_parts_are_a_setting() -> None:
    """Portuguese text travels in 7 bits, and the size of its parts, which the guide does not give, can be set."""
    assert measure("ã" * 160, ALL) == Segments(PT, 160, 1)
    assert measure("ã" * 306, ALL) == Segments(PT, 306, 2)
    assert measure("ã" * 306, ALL, gsm_pt_part=146) == Segments(PT, 306, 3)


@pytest.mark.parametrize(
    ("character", "septets"), [("€", 1), ("∞", 1), ("^", 1), ("|", 1), ("~", 1), ("{", 2), ("Ω", 2)]
)
def test_gsm_pt_has_the_characters_the_guide_lost(character: str, septets: int) -> None:
    """€ and ∞ of 3GPP's Portuguese table are there, and what both its tables hold costs one septet."""
    assert measure(character, (PT,)) == Segments(PT, septets, 1)


def test_the_first_encoding_that_holds_the_text_is_taken() -> None:
    """The order the provider gives decides: plain text stays GSM-7, and what no 7 bit alphabet holds is UCS-2."""
    assert [measure(text, ALL).encoding for text in ("café", "não", "não ж")] == [GSM, PT, UCS]


@pytest.mark.parametrize(("text", "encodings"), [("ж", (GSM,)), ("\ud83d", ALL), ("\x1b", (GSM, PT)), ("a", ())])
def test_what_nothing_holds_is_refused(text: str, encodings: tuple[Encoding, ...]) -> None:
    """A text that no allowed alphabet holds (half an emoji, a bare escape) is an error with a sentence."""
    with pytest.raises(ValueError, match="holds every character"):
        measure(text, encodings)


def test_each_table_has_128_places_and_no_character_twice() -> None:
    """The data file is 3GPP's table: 128 places, all different, letters where ASCII has them."""
    for name, table in json.loads(files("connector.model").joinpath("gsm.json").read_text("utf-8")).items():
        basic = "".join(table["basic"])
        assert len(basic) == len(set(basic)) == 128, name
        assert basic.index("\x1b") == 0x1B
        assert all(basic.index(c) == ord(c) for c in "ABCXYZabcxyz0189 !?\n\r"), name
        assert len(set(table["extension"].values())) == len(table["extension"]), name


def test_the_accents_that_gsm7_lacks_are_not_in_it() -> None:
    """á, í, ó, ú and ç are what people expect of GSM-7 and do not get; Ç, é, ñ, ü and à they do."""
    assert not any(fits(character, GSM) for character in "áíóúçÁ")
    assert all(fits(character, GSM) for character in "Çéñüàèìòù¿¡")


texts = st.text(st.sampled_from([*sorted(ALPHABETS[GSM].every | ALPHABETS[PT].every), "ж", "😀", "中"]), max_size=700)


@given(texts, st.permutations(ALL))
def test_parts_are_bounded_by_units(text: str, encodings: list[Encoding]) -> None:
    """Never fewer parts than the units need, and at most one unit a part is lost to a pair that moved."""
    measured = measure(text, encodings)
    alone, part = (70, 67) if measured.encoding is UCS else (160, 153)
    if measured.units <= alone:
        assert measured.parts == 1
    else:
        assert math.ceil(measured.units / part) <= measured.parts <= math.ceil(measured.units / (part - 1))
    assert fits(text, measured.encoding)


@given(texts)
def test_ucs2_units_are_utf16_units(text: str) -> None:
    """The units of a UCS-2 text are what Python's own UTF-16 codec counts."""
    assert measure(text, (UCS,)).units == len(text.encode("utf-16-le")) // 2


@given(texts, texts)
def test_a_longer_text_never_has_fewer_parts(text: str, more: str) -> None:
    """Adding to a text never makes it cheaper in the same encoding."""
    assert measure(text + more, (UCS,)).parts >= measure(text, (UCS,)).parts
