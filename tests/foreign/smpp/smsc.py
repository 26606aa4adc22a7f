"""The SMSC of npm's smpp in a process of its own, told what to do and watched."""

import json
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent


class Smsc:
    """Runs smsc.mjs; what it tells is kept in the order in which it was told."""

    def __init__(self, node: Path, *files: Path) -> None:
        self._process = subprocess.Popen(
            [node, "smsc.mjs", *files], cwd=HERE, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self._told: list[dict[str, Any]] = []
        self._more = threading.Condition()
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()
        self.port: int = self.wait("listening")[0]["port"]

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            with self._more:
                self._told.append(json.loads(line))
                self._more.notify_all()

    def order(self, **order: Any) -> None:
        """Has it do something, and returns when it did."""
        done = self.count("done")
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        self.wait("done", done + 1)

    def ways(self, **changes: Any) -> None:
        """Changes how it behaves."""
        self.order(set=changes)

    def told(self, event: str) -> list[dict[str, Any]]:
        """All events of a kind, oldest first."""
        with self._more:
            return [each for each in self._told if each["event"] == event]

    def seen(self, event: str) -> list[dict[str, Any]]:
        """All events of a kind that happened by now: what it says last comes after all that it saw before."""
        self.order()
        return self.told(event)

    def count(self, event: str) -> int:
        """How often something happened."""
        return len(self.told(event))

    def wait(self, event: str, times: int = 1, seconds: float = 10.0) -> list[dict[str, Any]]:
        """What happened, when it did so often."""
        until(lambda: self.count(event) >= times, f"{times} of {event!r}, of {self.count(event)}", seconds)
        return self.told(event)

    def close(self) -> None:
        """Ends it."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(10)
        self._listener.join(5)
        if self._process.stdout:
            self._process.stdout.close()


def until(true: Callable[[], object], what: str, seconds: float = 10.0) -> None:
    """Waits for something to become true, and fails when it has not by then."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, f"never came: {what}"
        time.sleep(0.01)
