"""The words by which people say stop, in the languages of the providers' countries."""

import unicodedata

STOP_WORDS: dict[str, frozenset[str]] = {
    "en": frozenset(
        {"stop", "stopall", "stop all", "unsubscribe", "cancel", "end", "quit", "optout", "opt out", "revoke"}
    ),
    "es": frozenset({"alto", "baja", "parar", "detener", "cancelar", "no mas", "darme de baja", "dar de baja"}),
    "ms": frozenset({"berhenti", "henti", "batal", "hentikan"}),
    "pt": frozenset({"pare", "parar", "sair", "cancelar", "remover", "descadastrar"}),
}
"""Language to words, lower case and without accents. English: the words the US carriers require (CTIA)."""

_ALL = frozenset().union(*STOP_WORDS.values())


def says_stop(text: str) -> bool:
    """Whether a reply as a whole says stop.

    Only the whole text counts, its case, accents and punctuation aside: "please don't stop" is no opt-out, and
    "Stop." is one.
    """
    plain = unicodedata.normalize("NFKD", text.casefold())
    letters = "".join(char if char.isalnum() else " " for char in plain if not unicodedata.combining(char))
    return " ".join(letters.split()) in _ALL
