"""What an SMSC tells by itself: stored first, acknowledged then."""

import queue
import threading
from collections.abc import Callable, Sequence

import structlog

from connector.model.errors import StoreError
from connector.providers.smpp.connection import Connection, LinkLost
from connector.providers.smpp.overdue import LateAnswer
from connector.providers.smpp.pdus import PDU, written
from connector.providers.smpp.statuses import ASK_AGAIN, OK

log = structlog.get_logger()

Heard = Callable[[Sequence[PDU]], None]
"""Stores what deliver_sm and late answers tell, and returns when that is durable. Raises StoreError when it cannot."""
_TOGETHER = 200
_SEND_WITHIN = 10.0


class Hearing:
    """A thread that stores deliver_sm, those that wait together in one commit, and answers each when it is durable.

    An answer that came too late is stored as they are, and is no question.

    What cannot be stored is answered with ESME_RX_T_APPN, on which the SMSC tells it again later.
    """

    def __init__(self, heard: Heard, name: str) -> None:
        self._heard = heard
        self._waiting: queue.SimpleQueue[tuple[Connection, PDU] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name=f"{name}-news", daemon=True)

    def start(self) -> None:
        """Starts the thread; once in a life."""
        self._thread.start()

    def take(self, link: Connection, pdu: PDU) -> None:
        """Takes a deliver_sm up, to be answered over the connection it came by, or an answer that came too late."""
        self._waiting.put((link, pdu))

    def stop(self) -> None:
        """Stores and answers all that waits, and ends the thread."""
        self._waiting.put(None)
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        going_on = True
        while going_on:
            together, going_on = self._next()
            if together:
                self._keep(together)

    def _next(self) -> tuple[list[tuple[Connection, PDU]], bool]:
        together: list[tuple[Connection, PDU]] = []
        block = True
        while len(together) < _TOGETHER:
            try:
                waiting = self._waiting.get(block=block)
            except queue.Empty:
                break
            if waiting is None:
                return together, False
            together.append(waiting)
            block = False
        return together, True

    def _keep(self, together: Sequence[tuple[Connection, PDU]]) -> None:
        status = OK
        try:
            self._heard([pdu for _, pdu in together])
        except StoreError as error:
            log.warning("news_not_stored", reason=str(error), count=len(together))
            status = ASK_AGAIN
        except Exception:  # what is not stored must not be acknowledged, whatever went wrong
            log.exception("news_not_stored", count=len(together))
            status = ASK_AGAIN
        for link, pdu in together:
            if isinstance(pdu, LateAnswer):
                continue
            try:
                link.send(written("deliver_sm_resp", pdu.header.number, status=status), _SEND_WITHIN)
            except LinkLost:
                log.info("news_not_acknowledged")  # the SMSC tells it again, and its key makes it one
