"""Which replies say stop, which take it back, and which only mention it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.model.stop_words import START_WORDS, STOP_WORDS, plain_words, says_start, says_stop

STOPS = (
    "STOP",
    "Stop.",
    "  stop\n",
    "¡ALTO!",
    "Bája",
    "no más",
    "Dar de baja",
    "Berhenti!",
    "HENTI",
    "Sair",
    "PARE",
    "opt-out",
)
STARTS = ("START", "Unstop", "¡Alta!", "dar de alta", "Mula", "começar", "COMECAR.", "Reativar")
NEITHER = (
    "please don't stop",
    "don't stop",
    "stop by at six",
    "the bus stop",
    "no",
    "yes",
    "sí",
    "start at nine?",
    "alta costura",
    "stopp",
    "",
    "🛑",
    "¿baja la marea?",
)


@pytest.mark.parametrize("text", STOPS)
def test_stops_are_heard_in_four_languages(text: str) -> None:
    """Case, accents, punctuation and space around a stop word change nothing, and it starts nothing."""
    assert says_stop(text)
    assert not says_start(text)


@pytest.mark.parametrize("text", STARTS)
def test_starts_are_heard_in_four_languages(text: str) -> None:
    """A start word is heard like a stop word, and stops nothing."""
    assert says_start(text)
    assert not says_stop(text)


@pytest.mark.parametrize("text", NEITHER)
def test_words_that_only_stand_in_a_sentence_mean_nothing(text: str) -> None:
    """Only the whole reply counts: a person who mentions a word has not said it."""
    assert not says_stop(text)
    assert not says_start(text)


def test_no_word_says_both() -> None:
    """A word of one language that stops must not start in another."""
    assert not frozenset().union(*STOP_WORDS.values()) & frozenset().union(*START_WORDS.values())


@pytest.mark.parametrize("words", [*STOP_WORDS.values(), *START_WORDS.values()])
def test_words_stand_as_they_are_compared(words: frozenset[str]) -> None:
    """A word of the tables with an accent or a capital would never be found."""
    assert {plain_words(word) for word in words} == words


def test_a_mapping_s_words_count_beside_the_usual() -> None:
    """Words that are handed in are heard too, and only where they are handed in."""
    assert says_stop("¡No molesten!", frozenset({"no molesten"}))
    assert says_start("Vuelvan", frozenset({"vuelvan"}))
    assert not says_stop("No molesten")


@given(word=st.sampled_from(sorted(frozenset().union(*STOP_WORDS.values()))), more=st.text("abcdefgh ", min_size=1))
def test_anything_more_than_the_word_is_no_stop(word: str, more: str) -> None:
    """A stop word with words before and after it is a sentence."""
    wordy = more.strip()
    assert says_stop(f"{word} {more}") == (not wordy or plain_words(f"{word} {more}") in {"stop all", "dar de baja"})
    assert says_stop(word.upper())
