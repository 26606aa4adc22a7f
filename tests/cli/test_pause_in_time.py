"""`connector pause` and `resume` are obeyed within a second by a daemon that has much to do."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from connector import settings
from connector.app import App, build
from connector.sandbox.server import Sandbox
from connector.store import outbox
from jobs.runner import Daemon
from tests.cli.place import Place, until
from tests.sync.site import NRS, mapping, plant, received, requests

BACKLOG = 300
SLOWED = 0.5
"""What a machine under load may add to a second, while the daemon's threads wait for a processor."""


@contextmanager
def at_work(place: Place, sandbox: Sandbox) -> Iterator[App]:
    """A daemon, at the pace that reading and sending have by default, that sends a long queue one message a request."""
    place.write(mapping=str(mapping()))
    text = place.settings.read_text("utf-8").replace("batch_size = 20", "batch_size = 1")
    for quick in ("dispatch = 0.2\n", "pull = 0.5\n"):
        assert quick in text
        text = text.replace(quick, "")
    place.settings.write_text(text, "utf-8")
    sandbox.faults.add({"target": "nrs360", "operation": "POST /sms", "kind": "slow", "seconds": 0.15})
    plant(sandbox, BACKLOG)
    app = build(settings.read(place.settings))
    daemon = Daemon(app, app.parts())
    daemon.start()
    try:
        until(lambda: sent(sandbox) > 10)
        yield app
    finally:
        daemon.stop()
        app.close()


def sent(sandbox: Sandbox) -> int:
    """How many requests that send have come to the provider."""
    return requests(sandbox, "POST /sms")


def waiting(app: App) -> int:
    """How many messages are still to be sent."""
    with app.database.read() as connection:
        return sum(number for state, number in outbox.counts(connection).items() if state in ("queued", "claimed"))


@pytest.mark.parametrize(
    "what", [("--everything",), ("--account", NRS), ("--mapping", "sms-outbox")], ids=lambda it: it[0]
)
def test_within_a_second_nothing_leaves_and_within_a_second_it_goes_on(
    place: Place, sandbox: Sandbox, what: tuple[str, ...]
) -> None:
    """In the middle of a backlog, at a provider whose answers take their time: no request leaves later than a second
    after the pause, though its attempt was committed with many others; nor does the first one after the resume."""
    with at_work(place, sandbox) as app:
        assert place.type("pause", *what).code == 0
        time.sleep(1.0)
        a_second_later = sent(sandbox)
        time.sleep(1.5)
        assert sent(sandbox) == a_second_later
        assert waiting(app) > BACKLOG / 2, "there is enough left to be sent"
        assert place.type("resume", *what).code == 0
        resumed = time.monotonic()
        until(lambda: sent(sandbox) > a_second_later)
        assert time.monotonic() - resumed <= 1.0 + SLOWED
        until(lambda: sent(sandbox) > a_second_later + 20)
        assert received(sandbox)["duplicates"] == 0
