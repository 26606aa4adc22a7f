"""What the message centre asks over one connection: so many deliver_sm at once, the others wait their turn."""

import asyncio
from collections import deque
from collections.abc import Callable

from connector.sandbox.providers.smpp.codes import Command
from connector.sandbox.providers.smpp.pdus import written
from connector.sandbox.providers.smpp.telling import Settle

_WINDOW = 50
_LAST_NUMBER = 0x7FFFFFFF


class Outgoing:
    """Lives on the event loop of its connection; `write` sends octets, `patience` is how long an answer may take."""

    def __init__(self, write: Callable[[bytes], None], patience: Callable[[], float]) -> None:
        self._loop = asyncio.get_running_loop()
        self._write = write
        self._patience = patience
        self._last = 0
        self._awaited: dict[int, tuple[Settle, asyncio.TimerHandle]] = {}
        self._waiting: deque[tuple[bytes, Settle]] = deque()

    def number(self) -> int:
        """The next sequence_number."""
        self._last = self._last % _LAST_NUMBER + 1
        return self._last

    def deliver(self, body: bytes, settle: Settle) -> None:
        """Sends deliver_sm, now or in its turn; `settle` gets the answer's status, or None when none came."""
        if len(self._awaited) >= _WINDOW:
            self._waiting.append((body, settle))
            return
        number = self.number()
        self._awaited[number] = settle, self._loop.call_later(self._patience(), self.answered, number, None)
        self._write(written(Command.DELIVER_SM, number, body))

    def answered(self, number: int, status: int | None) -> None:
        """The answer to a request; one that nobody waits for is left."""
        if number not in self._awaited:
            return
        settle, timer = self._awaited.pop(number)
        timer.cancel()
        settle(status)
        if self._waiting:
            self.deliver(*self._waiting.popleft())

    def end(self) -> None:
        """Nothing is answered any more."""
        awaited, waiting = list(self._awaited.values()), list(self._waiting)
        self._awaited.clear()
        self._waiting.clear()
        for settle, timer in awaited:
            timer.cancel()
            settle(None)
        for _, settle in waiting:
            settle(None)
