"""WhatsApp conversations (guide, "WhatsApp"): what was sent, what recipients wrote back, and answers to that."""

import uuid
from array import array
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from connector.sandbox.providers.nrs360 import tables
from connector.sandbox.providers.nrs360.account import Cash
from connector.sandbox.providers.nrs360.asking import BASE, Answer, Asked, Operation, answered
from connector.sandbox.providers.nrs360.book import Book
from connector.sandbox.providers.nrs360.channels import WHATSAPP
from connector.sandbox.providers.nrs360.errors import Refusal
from connector.sandbox.providers.nrs360.news import News
from connector.sandbox.providers.nrs360.pages import check_filters, page
from connector.sandbox.providers.nrs360.parameters import check
from connector.sandbox.providers.nrs360.request import SendRequest
from connector.sandbox.providers.nrs360.send import accept
from connector.sandbox.providers.nrs360.times import written

_SESSION = 24 * 3600.0  # seconds that a recipient may be written to after each message of theirs
_PATH = "/whatsapp/conversations"
_ONE = _PATH + "/{sender}/{recipient}"
_REPLIES = ("Sí, gracias", "YES", "Ok 👍", "¿Puede ser más tarde?", "STOP")


class Line(NamedTuple):
    """One message of a conversation. `at` is when it was sent, delivered, read or failed: seconds since 1970."""

    id: str
    kind: str
    by: str
    content: str
    at: Mapping[str, float]
    reactions: tuple[str, ...] = ()

    @property
    def sent(self) -> float:
        """When it was sent, seconds since 1970."""
        return self.at["sent"]

    def show(self) -> dict[str, Any]:
        """The message as the guide shows it."""
        return {
            "id": self.id,
            "type": self.kind,
            "msisdn": self.by,
            "content": self.content,
            "reactions": list(self.reactions),
            **{f"{name}At": written(self.at.get(name)) for name in ("sent", "delivered", "read", "failed")},
        }


@dataclass
class Thread:
    """What one sender wrote to one recipient: numbers in the book, and which of them are free texts."""

    sender: str
    recipient: str
    created: float
    messages: "array[int]" = field(default_factory=lambda: array("q"))
    texts: set[int] = field(default_factory=set)


class Conversations:
    """The conversations of a book; replies are computed from the seed when asked for, never stored."""

    def __init__(self, book: Book, cash: Cash, news: News) -> None:
        self.book = book
        self.cash = cash
        self.news = news
        self._threads: dict[tuple[str, str], Thread] = {}

    def operations(self) -> list[Operation]:
        """The four operations on conversations."""
        return [
            ("GET", _PATH, self.listed),
            ("GET", _ONE, self.shown),
            ("GET", f"{_ONE}/messages", self.messages),
            ("POST", f"{_ONE}/messages", self.send),
        ]

    def expect(self, messages: range, *, templates: bool) -> None:
        """Put accepted messages into their conversations, and count each reply in the ledger when it comes."""
        world = self.book.world
        for message in messages:
            sender, recipient = self.book.senders[message], self.book.numbers[message]
            thread = self._threads.setdefault((sender, recipient), Thread(sender, recipient, world.now()))
            thread.messages.append(message)
            if not templates:
                thread.texts.add(message)
            reply = self._reply(message)
            if reply is not None:
                world.timetable.at(reply.sent, world.ledger.reply)

    def listed(self, asked: Asked) -> Answer:
        """``GET /whatsapp/conversations``."""
        check_filters(asked, ("from", "to"))
        threads = [
            thread
            for thread in self._threads.values()
            if asked.query.get("from", thread.sender) == thread.sender
            and asked.query.get("to", thread.recipient) == thread.recipient
        ]
        return answered(page(asked, threads, self._show, _PATH, joint="&"))

    def shown(self, asked: Asked) -> Answer:
        """``GET /whatsapp/conversations/<from>/<to>``."""
        return answered({"data": self._show(self._thread(asked))})

    def messages(self, asked: Asked) -> Answer:
        """``GET /whatsapp/conversations/<from>/<to>/messages``, the newest first."""
        thread = self._thread(asked)
        check_filters(asked, ())
        lines = self._lines(thread)
        path = f"{_PATH}/{thread.sender}/{thread.recipient}/messages"
        answer = page(asked, lines, Line.show, path, joint="&")
        return answered({"data": answer["data"], "meta": {**self._state(thread, lines), **answer["meta"]}})

    def send(self, asked: Asked) -> Answer:
        """``POST /whatsapp/conversations/<from>/<to>/messages``: 422 while the recipient has not written for a day.

        The guide shows no answer: it is 201 with the message.
        """
        thread, given = self._thread(asked), asked.fields()
        check(given, tables.WHATSAPP_TEXT)
        if not self._state(thread, self._lines(thread))["isSessionActive"]:
            raise Refusal(422, "The session of the conversation is not active.")
        request = SendRequest(WHATSAPP, [thread.recipient], "", fit=lambda text: (text, 1), sender=thread.sender)
        accepted = accept(self.book, self.cash, request, [(given["content"], 1)])
        self.news.expect(accepted.messages)
        self.expect(accepted.messages, templates=False)
        message = accepted.messages[0]
        return answered({"data": self._line(thread, message, self.book.world.now()).show()}, 201)

    def _thread(self, asked: Asked) -> Thread:
        thread = self._threads.get((asked.path["sender"], asked.path["recipient"]))
        if thread is None:
            raise Refusal(404)
        return thread

    def _show(self, thread: Thread) -> dict[str, Any]:
        lines = self._lines(thread)
        return {
            "from": thread.sender,
            "to": thread.recipient,
            "totalMessages": len(lines),
            **self._state(thread, lines),
            "createdAt": written(thread.created),
            "updatedAt": written(lines[0].sent if lines else thread.created),
            "links": {"messages": f"{BASE}{_PATH}/{thread.sender}/{thread.recipient}/messages"},
            "contact": {"data": _contact(thread.recipient)},
        }

    def _state(self, thread: Thread, lines: list[Line]) -> dict[str, Any]:
        written_at = [line.sent for line in lines if line.by == thread.recipient]
        expires = max(written_at) + _SESSION if written_at else None
        active = expires is not None and expires > self.book.world.now()
        return {"status": "OPEN", "isSessionActive": active, "sessionExpiresAt": written(expires)}

    def _lines(self, thread: Thread) -> list[Line]:
        """Everything said so far, the newest first."""
        now = self.book.world.now()
        lines: list[Line] = []
        answers: list[tuple[float, str]] = []
        for message in thread.messages:
            lines.append(self._line(thread, message, now))
            reply = self._reply(message)
            if reply is not None and reply.sent <= now:
                lines.append(reply)
                answers.append((reply.sent, self.book.extras.answers.get(message, "")))
        if answers:
            at, text = min(answers)
            lines.extend(_automatic(thread, text, at) if text else ())
        return sorted(lines, key=lambda line: line.sent, reverse=True)

    def _line(self, thread: Thread, message: int, now: float) -> Line:
        at = {"sent": self.book.starts[message], **dict(self.book.happened(message, now))}
        kind = "text" if message in thread.texts else "template"
        liked = "read" in at and self.book.wishes(message)[3] < self.book.habits["replies"]
        text, reactions = self.book.texts[message], ("👍",) if liked else ()
        return Line(self.book.id_of(message), kind, thread.sender, text, at, reactions)

    def _reply(self, message: int) -> Line | None:
        """What the recipient writes back, some time after the message came; None for most."""
        delivered = dict(self.book.events(message)).get("delivered")
        _, wish, wait, words = self.book.wishes(message)
        if delivered is None or wish >= self.book.habits["replies"]:
            return None
        at = delivered + (0.1 + 0.9 * wait) / self.book.world.speed
        number, text = self.book.numbers[message], _REPLIES[int(words * len(_REPLIES))]
        told = dict.fromkeys(("sent", "delivered", "read"), at)
        return Line(_id(f"reply/{self.book.id_of(message)}"), "text", number, text, told)


def _automatic(thread: Thread, text: str, at: float) -> list[Line]:
    """The default answer, which follows the recipient's first message at once."""
    told = dict.fromkeys(("sent", "delivered"), at + 0.001)
    return [Line(_id(f"answer/{thread.sender}/{thread.recipient}"), "text", thread.sender, text, told)]


def _id(key: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_OID, key))


def _contact(number: str) -> dict[str, str]:
    names = ("firstName", "lastName", "email", "interest", "comment", "country")
    return {"msisdn": number, **dict.fromkeys(names, "")}
