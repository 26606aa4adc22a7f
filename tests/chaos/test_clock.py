"""A machine's clock that is set back must not put the daemon to sleep until the time comes again that it was."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

from tests.chaos import storm
from tests.chaos.daemon import Orders, serve, set_clock
from tests.chaos.plan import Plan
from tests.chaos.stores import store_of
from tests.chaos.world import ChaosWorld

AN_HOUR = 3600.0


def until(true: Callable[[], object], seconds: float = 40.0) -> bool:
    """Whether it came about in time."""
    deadline = time.monotonic() + seconds
    while not true() and time.monotonic() < deadline:
        time.sleep(0.05)
    return bool(true())


def test_jobs_go_on_when_the_clock_is_set_back_by_an_hour(tmp_path: Path) -> None:
    """The daemon works an hour ahead; the clock is put right; what is queued then is read and sent at once."""
    plan = Plan(messages=4, kills=0, seed=3, batch=5, store_troubles=0, clock_steps=0, patience=0.0)
    storm.prepare()
    with store_of("sqlite") as store, ChaosWorld(seed=3, speed=10.0) as world:
        orders = Orders(storm.settings_for(world, store.url, tmp_path, plan), tmp_path / "clock", tmp_path / "log")
        set_clock(orders.clock, AN_HOUR)
        world.queue(4)
        daemon = storm.FORKS.Process(target=serve, args=(orders,), daemon=True)
        daemon.start()
        assert until(lambda: world.providers_ledger()["received"]), orders.log.read_text()[-2000:]
        set_clock(orders.clock, 0.0)
        before = world.providers_ledger()["received"]
        world.queue(4, first=100)
        assert until(lambda: world.providers_ledger()["received"] > before), orders.log.read_text()[-2000:]
        assert daemon.pid is not None
        os.kill(daemon.pid, signal.SIGTERM)
        daemon.join(30)
        assert daemon.exitcode == 0
