"""News, told over a session until it is acknowledged (SMPP 3.4, 5.1.3: ESME_RX_T_APPN asks for another try)."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Protocol

from connector.sandbox.providers.smpp.codes import Status
from connector.sandbox.providers.world import World

# One piece of news: when it is due (seconds since 1970), and the body of the deliver_sm that tells it.
Piece = tuple[float, bytes]
Settle = Callable[[int | None], None]
_GIVEN_UP = frozenset({Status.RX_P_APPN, Status.RX_R_APPN})
"""Answers on which nothing is told again: a permanent error, and a rejected message."""


class Hearer(Protocol):
    """A bound session that hears."""

    def deliver(self, body: bytes, settle: Settle) -> None:
        """Sends deliver_sm; `settle` gets the status of the answer, or None when none came. From any thread."""


class Telling:
    """Tells the pieces of each message one after another, each once the one before it is acknowledged.

    `hearer` gives a session, or None while none is bound; `again` is the pause before the next try, in seconds.
    """

    def __init__(self, world: World, hearer: Callable[[], Hearer | None], again: Callable[[], float]) -> None:
        self.world = world
        self._hearer = hearer
        self._again = again
        self._over = False

    def plan(self, news: str, pieces: Iterable[Piece]) -> None:
        """Tell each piece when it is due; `news` is ``statuses`` or ``replies``."""
        self._next(news, iter(pieces))

    def now(self, news: str, pieces: Iterable[Piece]) -> None:
        """Tell the first piece before anything else is said to whoever listens, and the others when they are due."""
        rest = iter(pieces)
        for _, body in rest:
            self._tell(news, body, rest)
            return

    def end(self) -> None:
        """Nothing more is told."""
        self._over = True

    def _next(self, news: str, pieces: Iterator[Piece]) -> None:
        for due, body in pieces:
            self._at(due, news, body, pieces)
            return

    def _at(self, due: float, news: str, body: bytes, rest: Iterator[Piece]) -> None:
        self.world.timetable.at(due, partial(self._tell, news, body, rest))

    def _tell(self, news: str, body: bytes, rest: Iterator[Piece]) -> None:
        hearer = self._hearer()
        if self._over:
            return
        if hearer is None:
            self._at(self.world.now() + self._again(), news, body, rest)
        else:
            self.world.timetable.hold()
            hearer.deliver(body, partial(self._settle, news, body, rest))

    def _settle(self, news: str, body: bytes, rest: Iterator[Piece], status: int | None) -> None:
        if self._over:
            return
        self.world.ledger.push(news)
        if status == Status.ROK:
            self.world.ledger.acknowledge(news)
        if status == Status.ROK or status in _GIVEN_UP:
            self._next(news, rest)
        else:
            self._at(self.world.now() + self._again(), news, body, rest)
        self.world.timetable.let_go()
