"""SIGKILL of the real daemon between every two commits and calls, and what its successor makes of it.

`test_order.py` breaks the same order off in this process; here a process dies, with its threads, its connections and
its receiver, and another one takes up what it left in the file.
"""

import os
import signal
import time
from collections.abc import Iterator
from dataclasses import replace
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import pytest

from tests.chaos import storm
from tests.chaos.audit import audit
from tests.chaos.daemon import KillPoint, Orders, serve, set_clock
from tests.chaos.plan import Plan
from tests.chaos.stores import open_attempts, owing
from tests.chaos.world import ChaosWorld

MESSAGES = 12
PLAN = Plan(messages=MESSAGES, kills=1, seed=5, batch=5, store_troubles=0, clock_steps=0, patience=60.0)

AWAY_FROM_THE_SEND = (
    # the CRM's records become messages, and are claimed
    KillPoint("connector.store.intake", "take_in", after=True),
    KillPoint("connector.store.claims", "confirm", after=False),
    KillPoint("connector.store.claims", "confirm", after=True),
    # dispatch, up to the commit of the attempt
    KillPoint("connector.store.attempts", "begin", after=False),
    KillPoint("connector.store.attempts", "begin", after=True),
    # note: the news is stored, and looked at; its transaction; its commit
    KillPoint("connector.sync.note", "_note", after=False),
    KillPoint("connector.store.inbox", "settle", after=True),
    KillPoint("jobs.schedule", "note", after=True, when_it_worked=True),
    # push: what is due is known; the CRM was told; the transaction of its answer; its commit
    KillPoint("connector.store.writes", "due", after=True, when_it_worked=True),
    KillPoint("connector.store.writes", "settle", after=False),
    KillPoint("connector.store.outbox", "left_queue", after=True),
    KillPoint("jobs.schedule", "push", after=True, when_it_worked=True),
)
AROUND_THE_SEND = (
    # the attempt is committed and the request has not left
    KillPoint("connector.sync.dispatch", "_send", after=False),
    # the request was answered and nothing is noted
    KillPoint("connector.sync.dispatch", "answered", after=False),
    KillPoint("connector.sync.dispatch", "_note", after=False),
    # in the transaction of the answer, and after it
    KillPoint("connector.store.attempts", "end", after=True),
    KillPoint("connector.sync.dispatch", "_note", after=True),
)


@pytest.fixture(scope="module")
def chaos_world() -> Iterator[ChaosWorld]:
    """The sandbox in a process of its own, for a whole module: it must outlive every daemon."""
    storm.prepare()
    with ChaosWorld(seed=5, speed=10.0) as running:
        yield running


@pytest.fixture
def orders(chaos_world: ChaosWorld, url: str, tmp_path: Path) -> Orders:
    """A daemon's orders, with records queued for it in an otherwise empty org."""
    chaos_world.reset()
    chaos_world.queue(MESSAGES)
    made = Orders(storm.settings_for(chaos_world, url, tmp_path, PLAN), tmp_path / "clock", tmp_path / "log", lease=0.8)
    set_clock(made.clock, 0.0)
    storm.tell_providers(chaos_world, made)
    return made


def start(orders: Orders) -> ForkServerProcess:
    """A daemon in a process of its own."""
    process = storm.FORKS.Process(target=serve, args=(orders,), daemon=True)
    process.start()
    return process


def killed_at(point: KillPoint, orders: Orders, url: str, *, forgets_attempts: bool = False) -> set[int]:
    """Lets a daemon work until it kills itself; the serials whose attempt was open then."""
    doomed = start(replace(orders, kill_at=point, forgets_attempts=forgets_attempts))
    doomed.join(40)
    assert doomed.exitcode == -signal.SIGKILL, f"it never came to {point}: {orders.log.read_text()[-2000:]}"
    return open_attempts(url)


def starts(orders: Orders) -> int:
    """How often a daemon of these orders has started."""
    return orders.log.read_text().count('"event": "started"')


def taken_up(orders: Orders, world: ChaosWorld, url: str, cut_off: set[int]) -> None:
    """A successor works until all is done and stays so for a moment, or patience runs out; then it is told to stop."""
    before = starts(orders)
    successor = start(orders)
    try:
        deadline, calm = time.monotonic() + PLAN.patience, 0
        while calm < _CALM and time.monotonic() < deadline:
            assert successor.is_alive(), orders.log.read_text()[-2000:]
            time.sleep(0.1)
            # told to stop only once it has started: before, nobody hears it
            calm = calm + 1 if starts(orders) > before and done(world, url, cut_off) else 0
    finally:
        assert successor.pid is not None
        os.kill(successor.pid, signal.SIGTERM)
        successor.join(30)
    assert successor.exitcode == 0


_CALM = 3
"""Looks in a row at which nothing is left to do: what a provider is just telling is neither to come nor stored yet."""


def done(world: ChaosWorld, url: str, cut_off: set[int]) -> bool:
    """Whether the providers have nothing more to tell, nothing is owed and nothing wrong."""
    return not world.providers_ledger()["to_come"] and not owing(url) and audit(world, cut_off)[0].clean()


def undone(url: str) -> dict[str, int]:
    """What the store still has to do, but for news that came just as the successor was told to stop: the next one's."""
    return {
        what: number for what, number in owing(url).items() if not (what.startswith("news") and what.endswith("new"))
    }


@pytest.mark.parametrize("point", AWAY_FROM_THE_SEND, ids=str)
def test_killed_away_from_the_send_nothing_is_in_doubt(
    point: KillPoint, chaos_world: ChaosWorld, orders: Orders, url: str
) -> None:
    """Its successor sends each message once and tells every record; no message is left unknown."""
    cut_off = killed_at(point, orders, url)
    taken_up(orders, chaos_world, url, cut_off)
    found, books = audit(chaos_world, cut_off)
    assert found.clean(), (found.counts(), found.examples(), books)
    assert undone(url) == {}
    if not cut_off:
        assert "Unknown" not in books.by_status
    # some are made not to be sent, and what another thread had under way at the kill may never have left
    received = chaos_world.providers_ledger()["received"]
    assert received >= MESSAGES - 3 - len(cut_off), (books, cut_off)


@pytest.mark.parametrize("point", AROUND_THE_SEND, ids=str)
def test_killed_around_the_send_nothing_is_sent_twice(
    point: KillPoint, chaos_world: ChaosWorld, orders: Orders, url: str
) -> None:
    """What was under way is unknown until its provider tells, is never sent again, and nothing else is in doubt."""
    cut_off = killed_at(point, orders, url)
    taken_up(orders, chaos_world, url, cut_off)
    found, books = audit(chaos_world, cut_off)
    assert found.clean(), (found.counts(), found.examples(), books)
    assert undone(url) == {}
    assert books.by_status.get("Unknown", 0) <= len(cut_off)
    assert cut_off or point == AROUND_THE_SEND[-1]  # only there all is noted


@pytest.mark.parametrize("point", AROUND_THE_SEND[1:3], ids=str)
def test_without_the_attempts_commit_a_text_is_received_twice(
    point: KillPoint, chaos_world: ChaosWorld, orders: Orders, url: str
) -> None:
    """What the tests above look for can be found: a daemon that forgets its attempts dies after the provider took
    them, and the audit names the texts that its successor, which forgets nothing, sends again."""
    assert killed_at(point, orders, url, forgets_attempts=True) == set(), "nothing was committed"
    once = chaos_world.providers_ledger()
    assert once["received"] > 0
    assert once["duplicates"] == 0
    successor = start(orders)
    try:
        deadline = time.monotonic() + 20
        while not (twice := audit(chaos_world, set())[0].received_twice) and time.monotonic() < deadline:
            assert successor.is_alive(), orders.log.read_text()[-2000:]
            time.sleep(0.1)
    finally:
        successor.kill()
        successor.join()
    assert twice
    assert not audit(chaos_world, set())[0].clean()
