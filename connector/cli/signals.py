"""SIGTERM and SIGINT: the first asks for a stop, the second ends the process at once."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

SIGNALS = (signal.SIGTERM, signal.SIGINT)


@contextmanager
def stopping_on_signals(stop: Callable[[], None]) -> Iterator[None]:
    """Calls `stop` at the first signal, in a thread of its own, so that it may take locks. For the main thread."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    before = signal.set_wakeup_fd(writing)
    handlers = {number: signal.signal(number, lambda *_: None) for number in SIGNALS}
    threading.Thread(target=_watch, args=(reading, stop), name="signals", daemon=True).start()
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(before)
        os.close(writing)  # the watch reads the end of the pipe and ends


def _watch(reading: int, stop: Callable[[], None]) -> None:
    asked = False
    while told := os.read(reading, 1):
        if told[0] not in SIGNALS:
            continue
        if asked:
            os._exit(1)
        asked = True
        stop()
    os.close(reading)
