"""What recipients write back, by the seed."""

from dataclasses import dataclass

from connector.sandbox.providers.smpp.book import DELIVERED, Book
from connector.sandbox.providers.smsclouds.book import ANSWERS, OPT_OUTS

_OPT_OUT_SHARE = 0.2
_POLITE = (
    "Muchas gracias por avisar con tiempo. Mañana me es imposible llegar a esa hora porque salgo tarde del trabajo, "
    "pero podría pasar el jueves o el viernes a partir de las seis de la tarde, si les queda bien. Quedo atenta."
)
_PUZZLED = (
    "¡Hola! 👋 Recibí su mensaje, pero creo que no era para mí: yo no he hecho ninguna cita con ustedes este mes. "
    "¿Lo pueden revisar, por favor? Gracias 🙏"
)
LONG_ANSWERS = (_POLITE, _PUZZLED)


@dataclass(frozen=True, slots=True)
class Reply:
    """A text and when it is sent; `pushed`: to an address over HTTP, where the account has one."""

    text: str
    due: float
    pushed: bool


def reply_to(book: Book, message: int) -> Reply | None:
    """What the recipient of a message will write back, or None."""
    due, word = book.end(message)
    wish, length, choice, wait = book.world.chances(f"reply/{book.numbers[message]}{book.texts[message]}")
    shares = book.settings.shares
    if word != DELIVERED or wish >= shares.replies:
        return None
    due += (0.1 + 0.9 * wait) / book.world.speed
    if length < shares.long_replies:
        return Reply(LONG_ANSWERS[int(choice * 1e6) % len(LONG_ANSWERS)], due, pushed=False)
    words = OPT_OUTS if choice < _OPT_OUT_SHARE else ANSWERS
    return Reply(words[int(wait * 1e6) % len(words)], due, pushed=choice * 1e6 % 1 < shares.pushed)
