"""``POST /sms``: judge each recipient, charge, write down, answer 202, 207 or an error."""

import re
from dataclasses import dataclass
from typing import Any

from connector.sandbox.providers.gsm import Alphabet
from connector.sandbox.providers.nrs360.account import Cash
from connector.sandbox.providers.nrs360.book import PRICE, Book, Sending
from connector.sandbox.providers.nrs360.errors import Refusal
from connector.sandbox.providers.nrs360.merge import merge, one_time_code, translate
from connector.sandbox.providers.nrs360.request import SmsRequest
from connector.sandbox.providers.nrs360.times import opening, written

# Digits with the country's prefix, no plus sign and no zeros in front; E.164 allows 15.
_NUMBER = re.compile(r"[1-9]\d{7,14}")


@dataclass(frozen=True)
class Accepted:
    """What was accepted of a request: the answer to give, its HTTP code, and the messages' numbers in the book."""

    status: int
    answer: dict[str, Any]
    messages: range


def accept(book: Book, cash: Cash, request: SmsRequest) -> Accepted:
    """Accept what can be accepted. Raises Refusal when no recipient can, or when the balance does not suffice."""
    judged = [_judge(request, place) for place in range(len(request.to))]
    good = [place for place, verdict in enumerate(judged) if not isinstance(verdict, Refusal)]
    if not good:
        raise next(verdict for verdict in judged if isinstance(verdict, Refusal))
    taken = [verdict for verdict in judged if not isinstance(verdict, Refusal)]
    parts = sum(count for _, count in taken)
    cash.charge(parts * PRICE)
    now = book.world.now()
    sending = book.open_sending(request.campaign, request.tags, now)
    start = opening(max(now, request.schedule or 0), request.available)
    sending.parts += parts
    sending.schedule, sending.expires = request.schedule, request.expires
    texts = [text for text, _ in taken]
    messages = book.add(sending, request.sender, [request.to[place] for place in good], texts, start)
    if request.expires is not None:
        book.deadlines.update(dict.fromkeys(messages, request.expires))
    if request.notifications:
        book.notifications.update(zip(messages, (request.notifications[place] for place in good), strict=True))
    book.world.ledger.accept("nrs360", texts)
    return Accepted(
        202 if len(good) == len(judged) else 207, _answer(book, sending, request, judged, messages), messages
    )


def _judge(request: SmsRequest, place: int) -> tuple[str, int] | Refusal:
    """The text as this recipient will read it with its parts, or why the recipient is refused."""
    number = request.to[place]
    if not isinstance(number, str) or not _NUMBER.fullmatch(number):
        return Refusal(102)
    values = request.sub[place] if request.sub else {}
    if "{OTP_CODE}" in request.message:
        values = {"OTP_CODE": one_time_code(number, request.otp), **values}
    text = merge(request.message, values)
    if request.trans:
        text = translate(text)
    if not text:
        return Refusal(104)
    if request.alphabet.lacks(text):
        return Refusal(113)
    parts = _split(request.alphabet, text) if request.split else request.alphabet.parts(text)
    if parts > request.parts and not request.split:
        return Refusal(105)
    return text, parts


def _split(alphabet: Alphabet, text: str) -> int:
    """How many single messages `splitParts` makes of the text."""
    return -(-alphabet.length(text) // alphabet.alone)


def _answer(
    book: Book, sending: Sending, request: SmsRequest, judged: list[tuple[str, int] | Refusal], messages: range
) -> dict[str, Any]:
    given = iter(messages)
    scheduled, expires = written(request.schedule), written(request.expires)
    result: list[dict[str, Any]] = []
    for number, verdict in zip(request.to, judged, strict=True):
        if isinstance(verdict, Refusal):
            result.append({"accepted": False, "to": number, "error": verdict.error()})
            continue
        result.append(
            {
                "accepted": True,
                "to": number,
                "id": book.id_of(next(given)),
                "parts": verdict[1],
                "scheduledAt": scheduled,
                "expiresAt": expires,
            }
        )
    return {"campaignId": sending.campaign_id, "sendingId": sending.id, "result": result}
