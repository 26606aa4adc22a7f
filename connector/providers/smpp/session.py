"""A session with an SMSC: bound, kept alive, bound again when it is lost; owned by one thread, used by many."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import structlog

from connector.model.errors import ExchangeError, NeverLeft
from connector.providers.smpp.binding import bind
from connector.providers.smpp.connection import Connection, LinkLost
from connector.providers.smpp.hearing import Heard, Hearing
from connector.providers.smpp.long_messages import LongMessages, joined
from connector.providers.smpp.options import SmppOptions
from connector.providers.smpp.overdue import LateAnswer, Overdue, Whole
from connector.providers.smpp.pdus import PDU, NoPDU, header_of, read, written
from connector.providers.smpp.receipts import receipted_id
from connector.providers.smpp.statuses import NO_SUCH_COMMAND, NOT_NOW, OK
from connector.providers.smpp.window import Window, WindowFull

log = structlog.get_logger()

_UNBIND_WITHIN = 2.0


@dataclass(frozen=True, slots=True)
class Submitted:
    """What the SMSC said to the parts of one message, in order, up to the first that it did not take.

    `status` is the command_status of that one; None where every part was taken, or no answer came (`silent`).
    """

    ids: tuple[str, ...]
    status: int | None = None
    silent: bool = False


class Session:
    """One account's session. `connect` makes a connection; `heard` stores what the SMSC tells by itself."""

    def __init__(
        self,
        name: str,
        options: SmppOptions,
        connect: Callable[[], Connection],
        heard: Heard,
        long_messages: LongMessages,
    ) -> None:
        self._name = name
        self._options = options
        self._connect = connect
        self._window = Window(options.window)
        self._overdue = Overdue()
        self._long_messages = long_messages
        self._hearing = Hearing(self._when_joined(heard), f"smpp-{name}")
        self._thread = threading.Thread(target=self._run, name=f"smpp-{name}", daemon=True)
        self._changed = threading.Condition()
        self._link: Connection | None = None
        self._trouble: Callable[[], ExchangeError] | None = None
        self._joining: set[str] = set()
        self._started = False
        self._sessions = 0
        self._closing = threading.Event()

    # -- what others ask of it

    def submit(self, parts: Sequence[Mapping[str, Any]], reference: str = "", to: str = "") -> Submitted:
        """Submits the parts of one message one after another, each when the one before it was taken.

        An answer that comes after its time is told as news, of the message that `reference` and `to` (E.164) name.

        Raises:
            NeverLeft: the session is not bound, or the window stayed full; nothing of the message left.
            Refused: the SMSC does not let the account bind.
        """
        link, ids, whole = self.bound(), list[str](), Whole(len(parts), reference, to)
        deadline = time.monotonic() + self._options.read_timeout
        submitted = Submitted(())
        try:
            while len(ids) < len(parts):
                submitted = self._submit(link, parts[len(ids)], deadline, ids, whole)
                if submitted.status == OK:
                    ids += submitted.ids
                elif not (ids and submitted.status in NOT_NOW and self._rested(deadline)):
                    return Submitted(tuple(ids), submitted.status, submitted.silent)
            return Submitted(tuple(ids))
        finally:
            if len(parts) > 1:
                self._join(ids, len(parts))

    def bound(self) -> Connection:
        """The connection while the session is bound; begins the session if nobody has, and waits for its first word.

        Raises:
            NeverLeft: it is not bound now, and tries again by itself.
            Refused: the SMSC does not let the account bind.
        """
        with self._changed:
            if not self._started and not self._closing.is_set():
                self._started = True
                self._hearing.start()
                self._thread.start()
            self._changed.wait_for(self._has_said, 2 * self._options.connect_timeout)
            if self._link is not None and not self._closing.is_set():
                return self._link
            raise self._trouble() if self._trouble else NeverLeft("the session with the SMSC is not bound")

    def reach(self) -> None:
        """Makes a connection and closes it, without binding: a second session could end the first.

        Raises:
            NeverLeft: none could be made.
        """
        self._connect().close()

    def close(self) -> None:
        """Stores what was told, unbinds and ends."""
        self._closing.set()
        self._hearing.stop()
        with self._changed:
            link = self._link
            self._changed.notify_all()
        if link is not None:
            try:
                link.send(written("unbind", self._window.number()), _UNBIND_WITHIN)
            except LinkLost:
                log.info("smpp_not_unbound", account=self._name)
        if self._started:
            self._thread.join(_UNBIND_WITHIN)
        if link is not None:
            link.close()

    # -- submitting

    def _submit(
        self, link: Connection, part: Mapping[str, Any], deadline: float, before: Sequence[str], whole: Whole
    ) -> Submitted:
        """One submit_sm; with nothing sent `before` it, what never left is raised."""
        try:
            with self._window.place(deadline - time.monotonic(), joins=whole.parts > 1) as awaited:
                octets = written("submit_sm", awaited.number, **part)
                self._still_bound(link)
                link.send(octets, deadline - time.monotonic())
                awaited.ended.wait(deadline - time.monotonic())
                with self._changed:
                    if awaited.status is None:
                        awaited.joins = False  # nobody waits for an answer that comes now
                        self._overdue.expect(awaited.number, whole, before)
                        return Submitted((), silent=True)
                return Submitted((awaited.id,), awaited.status)
        except WindowFull:
            never = f"the window of {self._options.window} stayed full"
        except LinkLost as lost:
            if lost.begun:
                return Submitted((), silent=True)
            never = str(lost)
        if before:
            return Submitted((), silent=True)
        raise NeverLeft(never)

    def _still_bound(self, link: Connection) -> None:
        """Asked once a request is in the window: whoever finds the session lost empties the window after saying so."""
        with self._changed:
            if self._link is not link:
                raise LinkLost("the session with the SMSC was lost", begun=False)

    def _rested(self, deadline: float) -> bool:
        """Waits as the account says for when the SMSC says it is too much; false when there is no time for it."""
        pause = self._options.throttle_pause
        return time.monotonic() + pause < deadline and not self._closing.wait(pause)

    def _join(self, ids: Sequence[str], parts: int) -> None:
        with self._changed:
            if ids:
                self._long_messages.learn(joined(ids, parts))
            self._joining.difference_update(ids)
            self._changed.notify_all()

    def _when_joined(self, heard: Heard) -> Heard:
        """A part may be told to be delivered before the last part of its message was taken: that waits for it."""

        def wait_and_hear(pdus: Sequence[PDU]) -> None:
            told = {self._options.receipted_id(receipted_id(pdu)) for pdu in pdus}
            with self._changed:
                self._changed.wait_for(lambda: self._joining.isdisjoint(told), self._options.read_timeout)
            heard(pdus)

        return wait_and_hear

    # -- the thread that owns it

    def _has_said(self) -> bool:
        return self._link is not None or self._trouble is not None or self._closing.is_set()

    def _run(self) -> None:
        pause = self._options.reconnect_first
        while not self._closing.is_set():
            began = time.monotonic()
            trouble = self._live()
            self._lost(trouble)
            if time.monotonic() - began > self._options.reconnect_most:
                pause = self._options.reconnect_first
            if not self._closing.is_set():
                log.warning("smpp_session_down", account=self._name, reason=str(trouble()), seconds=pause)
            self._closing.wait(pause)
            pause = min(2 * pause, self._options.reconnect_most)

    def _live(self) -> Callable[[], ExchangeError]:
        """One session from its connection to its end, and why it is over."""
        try:
            link = self._connect()
        except NeverLeft as error:
            return partial(NeverLeft, str(error))
        try:
            refused = bind(link, self._options, self._window.number())
            if refused is not None:
                return refused
            with self._changed:
                self._link, self._trouble = link, None
                self._sessions += 1
                self._changed.notify_all()
            log.info("smpp_bound", account=self._name)
            return partial(NeverLeft, f"the session with the SMSC is not bound: {self._serve(link)}")
        except LinkLost as lost:
            return partial(NeverLeft, f"the session with the SMSC was lost ({lost})")
        except Exception as error:  # this thread must outlive whatever comes, or nothing is sent or heard any more
            log.exception("smpp_session_failed", account=self._name)
            return partial(NeverLeft, f"the session with the SMSC failed ({type(error).__name__})")
        finally:
            link.close()

    def _lost(self, trouble: Callable[[], ExchangeError]) -> None:
        with self._changed:
            self._link, self._trouble = None, trouble
            self._overdue.lost()
            self._changed.notify_all()
        self._window.lost()

    def _serve(self, link: Connection) -> str:
        """Reads what comes until the session ends, and says why it did."""
        asked = False
        while True:
            quiet = self._options.enquire_link_timeout if asked else self._options.enquire_link
            came = link.receive(quiet)
            if came is None and asked:
                return f"the SMSC gave no sign of life for {quiet:g} s"
            asked = came is None
            if came is None:
                link.send(written("enquire_link", self._window.number()), quiet)
            elif (over := self._take(link, came)) is not None:
                return over

    def _take(self, link: Connection, came: bytes) -> str | None:
        """Does what a PDU asks for; why the session is over, if it says so."""
        header = header_of(came)
        try:
            pdu = read(came)
        except NoPDU as error:
            log.warning("smpp_unreadable", account=self._name, reason=str(error))
            pdu = PDU("", header)
        if header.is_answer:
            return self._answered(link, pdu)
        if pdu.name == "deliver_sm":
            self._hearing.take(link, replace(pdu, session=self._sessions))
        elif pdu.name in ("enquire_link", "unbind"):
            link.send(written(f"{pdu.name}_resp", header.number), self._options.connect_timeout)
            return "the SMSC unbound it" if pdu.name == "unbind" else None
        else:
            nack = written("generic_nack", header.number, status=NO_SUCH_COMMAND)
            link.send(nack, self._options.connect_timeout)
        return None

    def _answered(self, link: Connection, pdu: PDU) -> str | None:
        if pdu.name == "unbind_resp":
            return "it was unbound"
        message_id = self._options.id_of(pdu.text("message_id"))
        with self._changed:
            late = self._overdue.answered(pdu, message_id)
            awaited = self._window.answered(pdu.header.number, pdu.header.status, message_id)
            if awaited is not None and awaited.joins and awaited.status == OK:
                self._joining.add(awaited.id)
        if awaited is not None:
            awaited.ended.set()
        if late is not None:
            self._late(link, late)
        return None

    def _late(self, link: Connection, late: LateAnswer) -> None:
        """News, before any receipt of its message can be."""
        log.info("smpp_answered_late", account=self._name, status=late.header.status)
        if late.header.status == OK and late.whole.parts > 1:
            self._long_messages.learn(joined([*late.taken, late.id], late.whole.parts))
        if late.whole.reference:
            self._hearing.take(link, late)
