"""The words by which people say stop, and start again, in the languages of the providers' countries."""

import unicodedata

STOP_CONFIRMATION = "stop_confirmation"
"""The `kind` of a mapping whose message confirms a stop: the one message that may follow it."""

STOP_WORDS: dict[str, frozenset[str]] = {
    "en": frozenset(
        {"stop", "stopall", "stop all", "unsubscribe", "cancel", "end", "quit", "optout", "opt out", "revoke"}
    ),
    "es": frozenset({"alto", "baja", "parar", "detener", "cancelar", "no mas", "darme de baja", "dar de baja"}),
    "ms": frozenset({"berhenti", "henti", "batal", "hentikan"}),
    "pt": frozenset({"pare", "parar", "sair", "cancelar", "remover", "descadastrar"}),
}
"""Language to words, lower case and without accents. English: the words the US carriers require (CTIA)."""

START_WORDS: dict[str, frozenset[str]] = {
    "en": frozenset({"start", "unstop", "resume", "optin", "opt in", "subscribe"}),
    "es": frozenset({"alta", "iniciar", "comenzar", "reanudar", "darme de alta", "dar de alta"}),
    "ms": frozenset({"mula", "mulakan", "sambung"}),
    "pt": frozenset({"comecar", "iniciar", "retomar", "reativar"}),
}
"""Language to words that lift a stop said in a reply. No plain yes: it answers questions, and asks for nothing."""

_STOP = frozenset().union(*STOP_WORDS.values())
_START = frozenset().union(*START_WORDS.values())


def plain_words(text: str) -> str:
    """A text as words are compared: lower case, without accents and punctuation, one space between words."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    letters = "".join(char if char.isalnum() else " " for char in decomposed if not unicodedata.combining(char))
    return " ".join(letters.split())


def says_stop(text: str, more: frozenset[str] = frozenset()) -> bool:
    """Whether a reply as a whole says stop, in our words or in `more` (as `plain_words` gives them).

    Only the whole text counts, its case, accents and punctuation aside: "please don't stop" is no opt-out, and
    "Stop." is one.
    """
    plain = plain_words(text)
    return plain in _STOP or plain in more


def says_start(text: str, more: frozenset[str] = frozenset()) -> bool:
    """Whether a reply as a whole takes a stop back; read like `says_stop`."""
    plain = plain_words(text)
    return plain in _START or plain in more
