"""Group commit: pieces of news that arrive while one commit is under way wait for the next one together.

A durable commit costs about the same for one row as for five hundred, and nothing waits that need not: when nobody is
before it, a piece of news is committed at once.
"""

import asyncio
import queue
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog

from connector.model.errors import StoreError
from connector.model.messages import News

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Kept:
    """The news of one webhook, to be stored under its account. `received_at` is when its last byte was read."""

    account: str
    provider: str
    news: tuple[News, ...]
    received_at: datetime


Keep = Callable[[Sequence[Kept]], None]
"""Stores all it is given in one transaction, and returns when that is durable."""


@dataclass(slots=True)
class _Waiting:
    kept: Kept
    loop: asyncio.AbstractEventLoop
    answer: "asyncio.Future[None]"


class GroupCommit:
    """A thread that stores what webhooks told, up to `batch` of them a transaction.

    `limit` is how many may wait before more are turned away; `patience` is for how many seconds, once a batch was
    refused, its members are tried one by one, so that one that cannot be stored takes no other with it.
    """

    def __init__(self, keep: Keep, *, batch: int = 500, limit: int = 5000, patience: float = 5.0) -> None:
        self._keep = keep
        self._batch = batch
        self._limit = limit
        self._patience = patience
        self._queue: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        self._open = False
        self._gate = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="webhook-commits", daemon=True)
        self.failing = False

    def start(self) -> None:
        """Starts the thread; once in a life."""
        self._open = True
        self._thread.start()

    def stop(self) -> None:
        """Stores all that waits, and ends the thread; what comes later is turned away."""
        with self._gate:
            self._open = False
            self._queue.put(None)
        self._thread.join()

    @property
    def waiting(self) -> int:
        """How many webhooks wait for the next commit."""
        return self._queue.qsize()

    async def keep(self, kept: Kept) -> None:
        """Returns when the news is durable.

        Raises:
            StoreError: it is not, and the sender should come again.
        """
        loop = asyncio.get_running_loop()
        waiting = _Waiting(kept, loop, loop.create_future())
        with self._gate:
            if not self._open:
                raise StoreError("the receiver is stopping and stores nothing more; the provider comes again")
            if self._queue.qsize() >= self._limit:
                raise StoreError(f"{self._limit} webhooks wait for the store already; is the database slow or locked?")
            self._queue.put(waiting)
        await waiting.answer

    def _run(self) -> None:
        going_on = True
        while going_on:
            together, going_on = self._next()
            if together:
                self._commit(together)

    def _next(self) -> tuple[list[_Waiting], bool]:
        together: list[_Waiting] = []
        block = True
        while len(together) < self._batch:
            try:
                waiting = self._queue.get(block=block)
            except queue.Empty:
                break
            if waiting is None:
                return together, False
            together.append(waiting)
            block = False
        return together, True

    def _commit(self, together: Sequence[_Waiting]) -> None:
        error = self._stored(together)
        if error is None or len(together) == 1:
            _answer(together, error)
            return
        deadline = time.monotonic() + self._patience
        for waiting in together:
            if time.monotonic() < deadline:
                error = self._stored([waiting])
            _answer([waiting], error)

    def _stored(self, together: Sequence[_Waiting]) -> StoreError | None:
        try:
            self._keep([waiting.kept for waiting in together])
        except Exception as error:  # noqa: BLE001  this thread must outlive whatever one webhook does to it
            self.failing = True
            _log.error(
                "webhooks could not be stored",
                count=len(together),
                accounts=sorted({waiting.kept.account for waiting in together}),
                error=str(error) if isinstance(error, StoreError) else type(error).__name__,
            )
            return error if isinstance(error, StoreError) else StoreError(f"storing failed: {type(error).__name__}")
        self.failing = False
        return None


def _answer(together: Sequence[_Waiting], error: StoreError | None) -> None:
    by_loop: dict[asyncio.AbstractEventLoop, list[asyncio.Future[None]]] = {}
    for waiting in together:
        by_loop.setdefault(waiting.loop, []).append(waiting.answer)
    for loop, answers in by_loop.items():
        try:
            loop.call_soon_threadsafe(_settle, answers, error)
        except RuntimeError:
            continue  # that loop is gone, and with it whoever waited; the news is stored all the same


def _settle(answers: Sequence["asyncio.Future[None]"], error: StoreError | None) -> None:
    for answer in answers:
        if answer.done():
            continue
        if error is None:
            answer.set_result(None)
        else:
            answer.set_exception(error)
