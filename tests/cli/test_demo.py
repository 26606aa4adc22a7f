"""`connector demo` works as a daemon does: under the lease of its store."""

import importlib
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from connector.demo.books import Ledgers, balanced, books
from connector.model.errors import LeaseHeld
from connector.model.states import State
from connector.store import lease
from connector.store.attempts import ATTEMPT
from connector.store.db import Database
from connector.store.outbox import MESSAGE
from connector.sync.parts import LEASE_NAME
from jobs import runner
from tests.store.making import rows
from tests.sync.site import new_store

MESSAGES = 4


@pytest.fixture
def held(sqlite_template: Path, tmp_path: Path) -> Iterator[tuple[Database, str, int]]:
    """A store whose lease another process has for an hour; with its address and that holder's fencing number."""
    url = new_store(sqlite_template, tmp_path)
    store = Database(url)
    with store.begin() as connection:
        fence = lease.acquire(connection, LEASE_NAME, "another", datetime.now(UTC), timedelta(hours=1))
    yield store, url, fence
    store.close()


def test_the_demonstration_waits_for_the_lease_and_sends_nothing_before(
    held: tuple[Database, str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """While another process works on the store it reads and sends nothing; once that one is gone, its books balance."""
    store, url, fence = held
    refused = threading.Event()
    acquire = lease.acquire

    def watched(*given: Any) -> int:
        try:
            return acquire(*given)
        except LeaseHeld:
            refused.set()
            raise

    demo = importlib.import_module("connector.demo.run")  # the package's own `run` is its function
    monkeypatch.setattr(lease, "acquire", watched)
    monkeypatch.setattr(runner, "_ASK_FOR_LEASE_EVERY", 0.05)
    monkeypatch.setattr(demo.log, "set_up", lambda *_: None)
    with ThreadPoolExecutor(1) as another:
        result = another.submit(demo.run, once=True, messages=MESSAGES, as_json=False, seed=3, database=url)
        assert refused.wait(60), "it never asked for the lease"
        assert not result.done()
        assert (rows(store, MESSAGE), rows(store, ATTEMPT)) == ([], [])
        released_at = datetime.now(UTC)
        with store.begin() as connection:
            lease.release(connection, LEASE_NAME, fence, released_at)
        assert result.result(120) == 0
    assert len(rows(store, MESSAGE)) == MESSAGES
    assert all(row.started_at >= released_at for row in rows(store, ATTEMPT))
    with store.begin() as connection:
        assert lease.acquire(connection, LEASE_NAME, "yet another", datetime.now(UTC), timedelta(hours=1)) == fence + 2


def test_what_is_accepted_for_good_is_not_in_flight() -> None:
    """Messages of channels of which no more is told have ended; one that waits for more has not."""
    states = dict.fromkeys(State, 0) | {State.ACCEPTED: 3, State.DELIVERED: 2}
    nothing_lost = Ledgers((), (), 0, 0, 0)
    book = books(5, states, 3, nothing_lost, {})
    assert (book["accepted"], book["delivered"], book["in_flight"]) == (3, 2, 0)
    assert balanced(book)
    waiting = books(5, states, 2, nothing_lost, {})
    assert waiting["in_flight"] == 1
    assert not balanced(waiting)
