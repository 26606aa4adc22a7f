"""One connection to the message centre: what is asked over it is answered, and what it has to tell is told."""

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from connector.sandbox.faults import Fault
from connector.sandbox.ledger import serials_in
from connector.sandbox.providers.smpp import binding, pdus, submitting
from connector.sandbox.providers.smpp.codes import ASKED, BINDS, RESPONSE, Command, Refusal, Status
from connector.sandbox.providers.smpp.delivering import answered_id
from connector.sandbox.providers.smpp.outgoing import Outgoing
from connector.sandbox.providers.smpp.pdus import HEADER, LONGEST, Body, Pdu
from connector.sandbox.providers.smpp.settings import Settings
from connector.sandbox.providers.smpp.submitting import Submission
from connector.sandbox.providers.smpp.telling import Settle
from connector.sandbox.providers.world import World

TARGET = "smpp"
_GARBAGE = b"<!DOCTYPE html><html><head><title>Maintenance</title></head></html>"
_DRAIN = 30.0
"""Seconds that a client has to close: on a busy machine it goes on writing until it has seen the end."""
_SUBMITS = frozenset({Command.BIND_TRANSMITTER, Command.BIND_TRANSCEIVER})
_HEARS = frozenset({Command.BIND_RECEIVER, Command.BIND_TRANSCEIVER})


class Centre(Protocol):
    """What a session needs of the message centre."""

    world: World
    settings: Settings

    def admit(self, session: "Session") -> None:
        """A session binds. Raises Refusal."""

    def leave(self, session: "Session") -> None:
        """A session is over, which need not have been bound."""

    def submit(self, submission: Submission) -> str:
        """Takes a message or a part of one; gives its id."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """A request, judged: `operation` names it to faults, `at_stake` is what a fault destroys, `act` does it and gives
    the body of its answer."""

    pdu: Pdu
    operation: str
    at_stake: list[str]
    act: Callable[[], bytes]


class Session:
    """Lives on the message centre's event loop; `deliver` and `end` may be called from any thread."""

    def __init__(self, smsc: Centre, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.bound: Command | None = None
        self._smsc = smsc
        self._reader, self._writer = reader, writer
        self._loop, self._thread = asyncio.get_running_loop(), threading.get_ident()
        self._outgoing = Outgoing(self._write, lambda: smsc.settings.patience)
        self._taken: deque[float] = deque()
        self._ending = self._over = False

    @property
    def hears(self) -> bool:
        """Whether it may be told news."""
        return self.bound in _HEARS and not self._over

    # -- what it is asked

    async def serve(self) -> None:
        """Answers until the connection is over."""
        try:
            while not self._over and (pdu := await self._read()) is not None:
                await self._take(pdu)
        except (TimeoutError, ConnectionError, asyncio.IncompleteReadError):
            pass  # silent for too long, or gone
        finally:
            self._close()

    async def _read(self) -> Pdu | None:
        settings = self._smsc.settings
        header = await asyncio.wait_for(
            self._reader.readexactly(HEADER), settings.idle if self.bound else settings.bind_within
        )
        length = pdus.length_of(header)
        if not HEADER <= length <= LONGEST:
            self._write(pdus.nack(pdus.pdu_of(header).number, Status.RINVCMDLEN))
            return None
        return pdus.pdu_of(header + await asyncio.wait_for(self._reader.readexactly(length - HEADER), settings.idle))

    async def _take(self, pdu: Pdu) -> None:
        if pdu.answers:
            self._over = self._over or pdu.command == Command.UNBIND | RESPONSE
            self._outgoing.answered(pdu.number, pdu.status)
        elif pdu.command not in ASKED:
            self._smsc.world.ledger.request(TARGET, f"{pdu.command:#010x}")
            self._write(pdus.nack(pdu.number, Status.RINVCMDID))
        else:
            asked = self._judged(pdu)
            fault = self._smsc.world.faults.take(TARGET, asked.operation)
            if fault is None:
                self._answer(asked)
            else:
                fault.destroyed.extend(asked.at_stake)
                await self._meet(fault, asked)

    def _judged(self, pdu: Pdu) -> _Asked:
        name = Command(pdu.command).name.lower()
        self._smsc.world.ledger.request(TARGET, name)
        if pdu.command == Command.SUBMIT_SM:
            return self._submission(pdu)
        if pdu.command in BINDS:
            return _Asked(pdu, name, [name], partial(self._bind, pdu))
        return _Asked(pdu, name, [name], partial(self._bodiless, pdu))

    def _submission(self, pdu: Pdu) -> _Asked:
        try:
            self._may_submit()
            given = submitting.read(pdu.body, self._smsc.settings, self._smsc.world.now())
        except Refusal as refusal:
            return _Asked(pdu, "submit_sm", _at_stake(pdu.body), partial(_raise, refusal))
        operation = "submit_sm" if given.place is None else f"submit_sm {given.place}"

        def act() -> bytes:
            return pdus.c_octets(answered_id(self._smsc.submit(given), self._smsc.settings))

        return _Asked(pdu, operation, serials_in(given.text) or [given.number], act)

    def _may_submit(self) -> None:
        if self.bound not in _SUBMITS:
            raise Refusal(Status.RINVBNDSTS)
        most = self._smsc.settings.submits_a_second
        if most is None:
            return
        now = time.monotonic()
        while self._taken and self._taken[0] <= now - 1.0:
            self._taken.popleft()
        if len(self._taken) >= most:
            raise Refusal(Status.RTHROTTLED)
        self._taken.append(now)

    def _bind(self, pdu: Pdu) -> bytes:
        if self._over:  # while a slow answer waited: nobody is there to be bound
            raise Refusal(Status.RBINDFAIL)
        if self.bound is not None:
            raise Refusal(Status.RALYBND)
        told = binding.let_in(binding.read(pdu.body), self._smsc.settings)
        self._smsc.admit(self)
        self.bound = Command(pdu.command)
        return told

    def _bodiless(self, pdu: Pdu) -> bytes:
        Body(pdu.body).end()
        if self.bound is None:
            raise Refusal(Status.RINVBNDSTS)
        self._ending = pdu.command == Command.UNBIND
        return b""

    # -- how it answers

    def _answer(self, asked: _Asked) -> None:
        self._write(self._acted(asked))
        self._over = self._over or self._ending

    def _acted(self, asked: _Asked) -> bytes:
        try:
            return pdus.answer(asked.pdu, asked.act())
        except Refusal as refusal:
            return pdus.answer(asked.pdu, status=refusal.status)

    async def _meet(self, fault: Fault, asked: _Asked) -> None:
        if fault.kind == "slow":
            self._loop.call_later(fault.seconds, self._answer, asked)
        elif fault.kind == "status":
            self._write(pdus.answer(asked.pdu, status=_status_of(fault.status)))
        elif fault.kind == "expire_tokens":
            self._write(pdus.answer(asked.pdu, status=Status.RINVBNDSTS))
            self._unbind()
            await self._cut(fault)
        elif fault.kind == "silent":
            self._acted(asked)
        else:
            if fault.kind == "drop_after":
                self._acted(asked)
            if fault.kind == "garbage":
                self._write(fault.body.encode() or _GARBAGE)
            await self._cut(fault)

    async def _cut(self, fault: Fault) -> None:
        """Says nothing more. What is on its way still arrives and is nobody's: the fault has destroyed it too."""
        self._over = True
        self._end_news()
        with suppress(OSError, TimeoutError, asyncio.IncompleteReadError):
            self._writer.write_eof()
            async with asyncio.timeout(_DRAIN):
                while (pdu := await self._read()) is not None:
                    if pdu.command == Command.SUBMIT_SM:
                        fault.destroyed.extend(self._submission(pdu).at_stake)

    def _unbind(self) -> None:
        """Asks the client to let go; until it does, what it asks is refused."""
        self._write(pdus.written(Command.UNBIND, self._outgoing.number()))
        self.bound = None
        self._end_news()

    # -- what it tells

    def deliver(self, body: bytes, settle: Settle) -> None:
        """Sends deliver_sm; `settle` gets the status of the answer, or None when none came."""
        if threading.get_ident() == self._thread:
            self._deliver(body, settle)
            return
        try:
            self._loop.call_soon_threadsafe(self._deliver, body, settle)
        except RuntimeError:  # the message centre is closed
            settle(None)

    def _deliver(self, body: bytes, settle: Settle) -> None:
        if self.hears:
            self._outgoing.deliver(body, settle)
        else:
            settle(None)

    # -- its end

    def end(self, *, politely: bool = False) -> None:
        """Ends it: with unbind, or by cutting the connection."""
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._unbind if politely else self._abort)

    def _abort(self) -> None:
        self._close()
        self._writer.transport.abort()

    def _write(self, octets: bytes) -> None:
        if not self._over and not self._writer.is_closing():
            self._writer.write(octets)

    def _end_news(self) -> None:
        self._outgoing.end()
        self._smsc.leave(self)

    def _close(self) -> None:
        self._over = True
        self._end_news()
        self._writer.close()


def _raise(refusal: Refusal) -> bytes:
    raise refusal


def _at_stake(body: bytes) -> list[str]:
    """The serials in a body that is refused: every alphabet has ASCII's digits, UCS-2 with zeros between."""
    return serials_in(body.replace(b"\0", b"").decode("latin-1")) or ["submit_sm"]


def _status_of(status: int) -> int:
    """A rule's status as it is; one of HTTP, which 3.4 does not use (5.1.3), means too much or the server's trouble."""
    if 400 <= status < 600:
        return Status.RTHROTTLED if status in (429, 503) else Status.RSYSERR
    return status
