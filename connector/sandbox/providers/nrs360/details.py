"""What is told of an event beside its name: addresses clicked, form values, a mail server's words, keys, seconds."""

import re
from typing import Any
from urllib.parse import quote
from zlib import crc32

from connector.sandbox.providers.nrs360.book import Book
from connector.sandbox.providers.nrs360.channels import MAILING, Channel

_LINK = re.compile(r"https?://[^\s\"'<>]+")
_NO_LINK = "https://example.com/"
_SERVER_WORDS = {
    "delivered": "250 2.0.0 OK",
    "hard_bounced": "550 5.1.1 The email account that you tried to reach does not exist",
    "soft_bounced": "452 4.2.2 The email account that you tried to reach is over quota",
}
_SATISFACTION = ("10", "8", "6", "4", "2")
_LONGEST_CALL = 60  # seconds


def contact_id(recipient: str) -> int:
    """One number for one recipient: no contact of the account's databases is looked for."""
    return int(recipient) if recipient.isdecimal() else crc32(recipient.encode())


def clicked(book: Book, message: int) -> str:
    """The first address in a message's text, which is the one that is clicked."""
    found = _LINK.search(book.texts[message])
    return found[0] if found else _NO_LINK


def form_values(book: Book, message: int) -> dict[str, str]:
    """What the recipient writes into a form."""
    chance = book.wishes(message)[3]
    return {"name": f"Contact {book.numbers[message][-4:]}", "satisfaction": _SATISFACTION[int(chance * 5)]}


def extra(book: Book, message: int, event: str) -> dict[str, Any]:
    """The JSON object in an event's field `extra`."""
    if event == "form_submitted":
        return {"formValues": form_values(book, message)}
    return {"url": quote(clicked(book, message), safe="")} if event == "clicked" else {}


def smtp_response(channel: Channel, event: str) -> str | None:
    """What the recipient's mail server said, where it said anything."""
    return _SERVER_WORDS.get(event) if channel is MAILING else None


def call_seconds(book: Book, message: int) -> int:
    """How long an answered call lasted."""
    return 1 + int(book.wishes(message)[1] * (_LONGEST_CALL - 1))


def key_pressed(book: Book, message: int) -> str | None:
    """The key that whoever answered a call pressed, if any."""
    wish, _, digit, _ = book.wishes(message)
    return str(int(digit * 10)) if wish < book.habits["keys"] else None
