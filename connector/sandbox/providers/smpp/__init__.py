"""The pretend message centre (SMSC) of Smsclouds' SMPP accounts (guide: "SMPP Connections"; SMPP 3.4).

User_ID and password are ``sandbox``, the Sender_ID is ``Acme``. It is served on a port of its own: see `server`.
"""

from collections.abc import Iterator
from functools import partial
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from connector.sandbox.faults import REPLIES, STATUSES
from connector.sandbox.providers.answers import json_answer
from connector.sandbox.providers.smpp.book import Book, given_up
from connector.sandbox.providers.smpp.codes import Refusal, Status
from connector.sandbox.providers.smpp.delivering import Ends, answered_id, receipt, text_from
from connector.sandbox.providers.smpp.replies import Reply, reply_to
from connector.sandbox.providers.smpp.session import TARGET, Session
from connector.sandbox.providers.smpp.settings import Settings
from connector.sandbox.providers.smpp.submitting import Submission
from connector.sandbox.providers.smpp.telling import Telling
from connector.sandbox.providers.smpp.unfinished import Unfinished, Whole
from connector.sandbox.providers.smsclouds.dates import written
from connector.sandbox.providers.smsclouds.inbound import said_ok
from connector.sandbox.providers.webhook import Life, Told, Webhook, disturbed
from connector.sandbox.providers.world import World


class Text(BaseModel):
    """What somebody texts: ten digits, and what they say."""

    model_config = ConfigDict(extra="forbid")

    cellphone: str = Field(pattern=r"^[1-9]\d{9}$")
    response: str = Field(min_length=1)


class Smsc:
    """One SMPP account and everything that was sent through it."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._sessions: list[Session] = []
        self._telling = self._new_telling()
        self.reset()

    def reset(self) -> None:
        """A new account: nothing sent, nobody bound."""
        self._telling.end()
        self.disconnect()
        self._telling = self._new_telling()
        self.book = Book(self.world)
        self.settings = self.book.settings
        self._responses = Webhook(self.world, TARGET, REPLIES, "query", said_ok)
        self._unfinished = Unfinished()

    def configure(self, given: dict[str, Any]) -> None:
        """Change some of the settings; a share that is not named is as at first. Raises ValueError."""
        self.settings = self.book.settings = Settings.model_validate({**self.settings.model_dump(), **given})
        self._responses.url = self.settings.responses_url

    def fates(self) -> Iterator[tuple[str, str]]:
        """The text of every message accepted and the word for its end, ``accepted`` before that."""
        return self.book.fates()

    def control_routes(self) -> list[BaseRoute]:
        """What people do with their phones and in the message centre, with whole paths: not part of the guide."""
        return [
            Route("/sandbox/smpp/received", self.received, methods=["POST"]),
            Route("/sandbox/smpp/sessions", self.sessions, methods=["GET", "DELETE"]),
        ]

    async def received(self, request: Request) -> Response:
        """Somebody texts the Sender_ID now: ``{"cellphone": …, "response": …}``."""
        try:
            given = Text.model_validate_json(await request.body())
        except ValueError as error:
            return json_answer({"error": f"A text is an object with cellphone and response: {error}"}, 400)
        self.text(given.cellphone, given.response)
        return json_answer({"status": "ok"}, 202)

    def text(self, cellphone: str, response: str) -> None:
        """Somebody texts the Sender_ID now; `cellphone` are their ten digits."""
        self._text(Ends(cellphone, self.settings.senders[0]), response, self.world.now())

    async def sessions(self, request: Request) -> Response:
        """How many are bound. DELETE ends them, by cutting them off; with ``?politely=1`` by unbind."""
        bound = len(self._sessions)
        if request.method == "DELETE":
            self.disconnect(politely=request.query_params.get("politely") == "1")
        return json_answer({"bound": bound})

    def disconnect(self, *, politely: bool = False) -> None:
        """End every session."""
        for session in list(self._sessions):
            session.end(politely=politely)

    # -- what sessions ask of it

    def admit(self, session: Session) -> None:
        """A session binds. Raises Refusal(RALYBND) where as many are bound as may be."""
        if len(self._sessions) >= self.settings.sessions:
            raise Refusal(Status.RALYBND)
        self._sessions.append(session)

    def leave(self, session: Session) -> None:
        """A session is over, which need not have been bound."""
        if session in self._sessions:
            self._sessions.remove(session)

    def submit(self, submission: Submission) -> str:
        """Takes a message or a part of one, writes a message that is whole into the ledger, and gives the id."""
        part = self.book.next_id()
        whole = self._unfinished.add(submission, part)
        if whole.complete:
            self.world.ledger.accept(TARGET, [whole.text])
            self._live(self.book.accept(whole))
        elif len(whole.parts) == 1:
            until = self.world.now() + self.settings.whole_within / self.world.speed
            self.world.timetable.at(until, partial(self._give_up, whole))
        return part

    # -- what becomes of messages

    def _live(self, message: int) -> None:
        """Plans the receipts of a message, which may meet a fault, and the answer to it."""
        whole, life = self.book.wholes[message], self.book.life(message)
        fault = self.world.faults.take(TARGET, STATUSES) if life else None
        if fault is not None:
            fault.destroyed.append(self.book.id_of(message))
            life = disturbed(life, fault, self.world.now())
            self.book.disturb(message, life)
        pieces = self._receipts(whole, life, self.book.starts[message])
        if fault is not None and fault.kind == "early":
            self._telling.now(STATUSES, pieces)
        else:
            self._telling.plan(STATUSES, pieces)
        self._reply(message, whole)

    def _receipts(self, whole: Whole, life: Life, submitted: float) -> list[tuple[float, bytes]]:
        parts = dict(whole.parts.values())
        return [(due, receipt(self.settings, parts[fields["id"]], fields, submitted)) for due, fields in life]

    def _give_up(self, whole: Whole) -> None:
        if self._unfinished.give_up(whole):
            now = self.world.now()
            self._telling.plan(STATUSES, self._receipts(whole, given_up(whole, now), now))

    def _reply(self, message: int, whole: Whole) -> None:
        reply, first = reply_to(self.book, message), whole.first
        if reply is None:
            return
        if reply.pushed and self._responses.url is not None:
            self._push(message, reply)
        else:
            self._text(Ends(first.number, first.source), reply.text, reply.due)

    def _push(self, message: int, reply: Reply) -> None:
        """The guide promises no second try of a push."""
        self.world.ledger.reply()
        answered = answered_id(self.book.id_of(message), self.settings)
        fields = {
            "response": reply.text,
            "cellphone": self.book.numbers[message],
            "message_id": answered,
            "date": written(reply.due) or "",
        }
        self._responses.expect(answered, [(reply.due, fields)], self._told(message))

    def _told(self, message: int) -> Told:
        def told(_fields: dict[str, str], taken: bool) -> None:
            whose = TARGET, REPLIES, self.book.texts[message], self.book.id_of(message)
            self.world.ledger.tell(*whose, "received", taken=taken)

        return told

    def _text(self, ends: Ends, text: str, due: float) -> None:
        """Somebody's text is told from `due` on; a fault of replies befalls it."""
        self.world.ledger.reply()
        bodies = text_from(ends, text, self.settings)
        life: Life = [(due, {"part": str(place)}) for place in range(len(bodies))]
        fault = self.world.faults.take(TARGET, REPLIES)
        if fault is not None:
            fault.destroyed.append(ends.number)
            life = disturbed(life, fault, self.world.now())
        self._telling.plan(REPLIES, [(at, bodies[int(fields["part"])]) for at, fields in life])

    def _new_telling(self) -> Telling:
        return Telling(self.world, self._hearer, lambda: self.settings.again)

    def _hearer(self) -> Session | None:
        return next((session for session in list(self._sessions) if session.hears), None)
