"""One thread that does things later."""

import heapq
import itertools
import threading
import time
from collections.abc import Callable

Task = Callable[[], object]


class Timetable:
    """Runs short tasks at their time (seconds since 1970), in order, on one daemon thread started by the first task."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Task]] = []
        self._order = itertools.count()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._closed = False
        self._under_way = 0

    def at(self, due: float, task: Task) -> None:
        """Run `task` at `due`, or at once when that is past."""
        with self._changed:
            if self._closed:
                return
            heapq.heappush(self._heap, (due, next(self._order), task))
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="sandbox-timetable", daemon=True)
                self._thread.start()
            if self._heap[0][2] is task:
                self._changed.notify()

    def pending(self) -> int:
        """How many tasks are still to come or under way, with what is held."""
        with self._changed:
            return len(self._heap) + self._under_way

    def hold(self) -> None:
        """Count something that a task has begun and that is not over when the task is, until it is let go."""
        with self._changed:
            self._under_way += 1

    def let_go(self) -> None:
        """What was held is over."""
        with self._changed:
            self._under_way = max(0, self._under_way - 1)

    def clear(self) -> None:
        """Forget what has not happened yet."""
        with self._changed:
            self._heap.clear()
            self._under_way = 0

    def close(self) -> None:
        """Forget what has not happened yet and end the thread."""
        with self._changed:
            self._closed = True
            self._heap.clear()
            self._changed.notify()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(timeout=5)

    def _run(self) -> None:
        while (task := self._next()) is not None:
            task()
            self.let_go()

    def _next(self) -> Task | None:
        with self._changed:
            while not self._closed:
                wait = self._heap[0][0] - time.time() if self._heap else None
                if wait is not None and wait <= 0:
                    self._under_way += 1
                    return heapq.heappop(self._heap)[2]
                self._changed.wait(wait)
        return None
