"""The alphabets and parts of a short message, against 3GPP TS 23.038 and against a second way of counting."""

from hypothesis import given
from hypothesis import strategies as st

from connector.sandbox.providers.gsm import GSM, GSM_PT, UTF_16, Alphabet


def test_the_default_alphabet_is_3gpps() -> None:
    """127 characters beside the escape, ten in the extension, and the euro sign is one of these."""
    assert GSM.basic is not None
    assert len(GSM.basic) == 127
    assert len(GSM.extension) == 10
    assert not GSM.lacks("@£$¥èéùìòÇØøÅåΔΦΓΛΩΠΨΣΘΞÆæßÉ¤¡ÄÖÑÜ§¿äöñüà€^{}\\[~]|\n\r\f")
    assert all(map(GSM.lacks, "áíóúçÁªº`ãж🎉"))
    assert (GSM.length("€"), GSM.length("a€[")) == (2, 5)


def test_the_portuguese_alphabet_is_3gpps() -> None:
    """The Portuguese table has its own letters, with € and ∞ in one septet, and lacks ñ and ¿."""
    assert GSM_PT.basic is not None
    assert len(GSM_PT.basic) == 127
    assert not GSM_PT.lacks("áÁâÂãÃàÀçÇéÉêÊíÍóÓôÔõÕúÚüÜªº€∞`~^|\\{}[]Φ")
    assert all(map(GSM_PT.lacks, "ñ¿äöèж"))
    assert (GSM_PT.length("€~^"), GSM_PT.length("{")) == (3, 2)


def cut(alphabet: Alphabet, text: str) -> int:
    """Parts counted by filling one after the other, character by character."""
    costs = [alphabet.length(character) for character in text]
    if sum(costs) <= alphabet.alone:
        return 1
    parts: list[int] = [0]
    for cost in costs:
        if parts[-1] + cost > alphabet.joined:
            parts.append(0)
        parts[-1] += cost
    return len(parts)


@given(st.text(alphabet="ab€[ñ", max_size=700))
def test_gsm_parts_agree_with_filling(text: str) -> None:
    """For any mixture of plain and extension characters the parts are those of filling, and never fewer than needed."""
    assert GSM.parts(text) == cut(GSM, text)
    assert GSM.parts(text) == 1 or GSM.parts(text) >= -(-GSM.length(text) // 153)


@given(st.text(alphabet="aж🎉", max_size=300))
def test_utf_16_parts_agree_with_filling(text: str) -> None:
    """For any mixture of characters in and beyond the basic plane no surrogate pair is cut."""
    assert UTF_16.parts(text) == cut(UTF_16, text)
    assert not UTF_16.lacks(text)
