"""``POST /api/bulk360/v2.0``: judge each recipient, charge, write down, answer flat or with ``messages``."""

import random
import re
from dataclasses import dataclass, field
from typing import Any

from connector.sandbox.providers.bulk360.book import Book
from connector.sandbox.providers.bulk360.codes import DESCRIPTIONS
from connector.sandbox.providers.bulk360.request import SmsRequest
from connector.sandbox.providers.gsm import GSM, UTF_16

CURRENCY = "MYR"
_WHATSAPP = "whatsapp"
_MALAYSIA = "60"
_FREE_OF_CHARGE = "RM0 "
_SMS_PRICE = 0.25  # a part
_WHATSAPP_PRICE = 0.11
_ENTRY = re.compile(r"(?:(\w+):)?([1-9]\d{6,14})", re.ASCII)


@dataclass
class Accepted:
    """What became of a request: one row for each recipient, and the accepted messages' places in the book."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    messages: list[int] = field(default_factory=list)


def accept(book: Book, request: SmsRequest, unapproved: list[str]) -> Accepted:
    """Accept what can be accepted; every other recipient's row says why not."""
    accepted = Accepted()
    approved = not any(words in request.text for words in unapproved)
    for entry in request.to:
        accepted.rows.append(_row(book, request, entry, accepted.messages, approved=approved))
    book.world.ledger.accept("bulk360", [book.texts[message] for message in accepted.messages])
    return accepted


def _row(book: Book, request: SmsRequest, entry: str, messages: list[int], *, approved: bool) -> dict[str, Any]:
    found = _ENTRY.fullmatch(entry)
    if found is None:
        return _refused(400, entry)
    kind, number = found.groups()
    if kind not in (None, _WHATSAPP):
        return _refused(405, number)
    if not approved:
        return _refused(406, number)
    text, charge, rate = _priced(request.text, number, whatsapp=kind is not None)
    if charge > book.balance:
        return _refused(402, number)
    book.balance -= charge
    message = book.accept(number, text, alone=len(request.to) == 1)
    messages.append(message)
    row: dict[str, Any] = {"code": 200, "desc": DESCRIPTIONS[200], "to": number, "ref": book.id_of(message)}
    return row | ({"currency": CURRENCY, "rate": rate} if request.detail else {})


def _refused(code: int, number: str) -> dict[str, Any]:
    return {"code": code, "desc": DESCRIPTIONS[code], "to": number}


def _priced(text: str, number: str, *, whatsapp: bool) -> tuple[str, float, float | str]:
    """The text as the recipient reads it, its charge, and the charge as it is written: the guide's example for several
    recipients has a number in one row and text in the other."""
    if whatsapp:
        return text, _WHATSAPP_PRICE, _WHATSAPP_PRICE
    if number.startswith(_MALAYSIA):
        text = _FREE_OF_CHARGE + text
    alphabet = UTF_16 if GSM.lacks(text) else GSM
    charge = alphabet.parts(text) * _SMS_PRICE
    return text, charge, f"{charge:.4f}"


def answer(request: SmsRequest, rows: list[dict[str, Any]], balance: float, seed: int) -> dict[str, Any]:
    """The guide's answer: flat for one recipient (without its rate), else ``messages`` in an order of their own.

    `balance` is the one before the request was charged.
    """
    detail = {"currency": CURRENCY, "balance": f"{balance:.4f}"} if request.detail else {}
    if len(rows) == 1:
        return {key: value for key, value in rows[0].items() if key != "rate"} | detail
    random.Random(f"{seed}/{request.to}/{request.text}").shuffle(rows)
    return {"messages": rows} | detail
