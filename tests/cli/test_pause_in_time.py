"""`connector pause` and `resume` are obeyed within a second by a daemon that has much to do."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest

from connector import settings
from connector.app import App, build
from connector.sandbox.server import Sandbox
from connector.store import outbox
from connector.store.attempts import ATTEMPT
from jobs.runner import Daemon
from tests.cli.place import Place, until
from tests.store.making import rows
from tests.sync.site import NRS, mapping, plant

BACKLOG = 600
SECOND = timedelta(seconds=1)
SLOWED = timedelta(seconds=0.5)
"""What a machine under load may add to a second, in which the daemon's threads wait for a processor."""


@contextmanager
def at_work(place: Place, sandbox: Sandbox) -> Iterator[App]:
    """A daemon, at the pace that sending has by default, that sends a long queue one message a request."""
    place.write(mapping=str(mapping()))
    text = (
        place.settings.read_text("utf-8").replace("dispatch = 0.2\n", "").replace("batch_size = 20", "batch_size = 1")
    )
    place.settings.write_text(text, "utf-8")
    sandbox.faults.add({"target": "nrs360", "operation": "POST /sms", "kind": "slow", "seconds": 0.05})
    plant(sandbox, BACKLOG)
    app = build(settings.read(place.settings))
    daemon = Daemon(app, app.parts())
    daemon.start()
    try:
        until(lambda: len(started(app)) > 10)
        yield app
    finally:
        daemon.stop()
        app.close()


def started(app: App) -> list[datetime]:
    """When each attempt was begun, oldest first."""
    return sorted(row.started_at for row in rows(app.database, ATTEMPT))


def waiting(app: App) -> int:
    """How many messages are still to be sent."""
    with app.database.read() as connection:
        return sum(number for state, number in outbox.counts(connection).items() if state in ("queued", "claimed"))


@pytest.mark.parametrize(
    "what", [("--everything",), ("--account", NRS), ("--mapping", "sms-outbox")], ids=lambda it: it[0]
)
def test_within_a_second_nothing_is_begun_and_within_a_second_it_goes_on(
    place: Place, sandbox: Sandbox, what: tuple[str, ...]
) -> None:
    """In the middle of a backlog: no attempt begins later than a second after the pause, nor the first one after the
    resume."""
    with at_work(place, sandbox) as app:
        before = datetime.now(UTC)
        assert place.type("pause", *what).code == 0
        paused = datetime.now(UTC)
        assert before - started(app)[-1] < SECOND, "it was sending when it was paused"
        time.sleep(2.5)
        late = [at for at in started(app) if at > paused + SECOND]
        assert late == []
        assert waiting(app) > 50, "there is enough left to be sent"
        begun = len(started(app))
        assert place.type("resume", *what).code == 0
        resumed = datetime.now(UTC)
        until(lambda: len(started(app)) > begun)
        assert started(app)[begun] <= resumed + SECOND + SLOWED
