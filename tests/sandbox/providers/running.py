"""What the fixtures of this room hand out."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

from connector.sandbox.providers import ProvidersApp


def until(true: Callable[[], object], seconds: float = 8.0) -> None:
    """Wait for `true`; fail when it has not come by then."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "what the test waits for never came"
        time.sleep(0.005)


def changed(body: dict[str, Any], /, **changes: Any) -> dict[str, Any]:
    """A request's body with other values; ``...`` leaves one out."""
    return {key: value for key, value in {**body, **changes}.items() if value is not ...}


@dataclass
class Providers:
    """A running pretend world and clients of both providers."""

    app: ProvidersApp
    url: str
    nrs: httpx.Client
    clouds: httpx.Client
    control: httpx.Client

    def ledger(self) -> dict[str, object]:
        answer: dict[str, object] = self.control.get("/sandbox/ledger/providers").json()
        return answer

    def fault(self, **rule: object) -> None:
        assert self.control.post("/sandbox/faults", json=rule).status_code == 201

    def configure(self, **settings: object) -> None:
        answer = self.control.post("/sandbox/providers", json=settings)
        assert answer.status_code == 200, answer.text


@dataclass
class Receiver:
    """Takes pushes down. `answers` are given in turn, the last one for ever after."""

    url: str
    taken: list[dict[str, str]] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    connections: int = 0
    answers: list[tuple[int, bytes]] = field(default_factory=lambda: [(200, b"ok")])

    def of(self, message_id: str) -> list[str]:
        """The events told of one message, in order of arrival."""
        return [push["event"] for push in list(self.taken) if push.get("id") == message_id]
