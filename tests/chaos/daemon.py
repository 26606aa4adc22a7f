"""The daemon as `connector run` runs it, in a process that may be killed: its clock is stepped from outside, its
lease runs out soon, and it can be made to kill itself at a named point."""

import importlib
import mmap
import os
import signal
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any

from apscheduler.executors import base as executing
from apscheduler.schedulers import base as scheduling
from apscheduler.triggers import interval
from sqlalchemy import Connection

from connector import log, settings
from connector.app import build
from connector.cli import running
from connector.cli.opening import require_tables
from connector.model.errors import ConnectorError
from connector.store.db import Database
from connector.sync import dispatch
from connector.sync.parts import Parts
from jobs import runner

LEASE = 1.5
"""Seconds. A killed daemon's successor waits that long, and the runs here are many."""
COULD_NOT_START = 3
"""Exit code of a daemon whose org or store could not be reached when it started."""


class SteppedClock:
    """The machine's time, set forward or back by whoever writes seconds into the file."""

    def __init__(self, file: Path) -> None:
        with file.open("rb") as opened:
            self._map = mmap.mmap(opened.fileno(), 8, access=mmap.ACCESS_READ)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead()

    def ahead(self) -> timedelta:
        """How far the clock is set forward; negative when it is set back."""
        return timedelta(seconds=struct.unpack("<d", self._map[:8])[0])


def set_clock(file: Path, seconds: float) -> None:
    """Sets the clock of every daemon that reads the file, by seconds from the true time."""
    with file.open("r+b" if file.exists() else "w+b") as opened:
        opened.write(struct.pack("<d", seconds))


@dataclass(frozen=True, slots=True)
class KillPoint:
    """Where a daemon kills itself: at the first call of `function` in `module`, before it or after it.

    `when_it_worked`: after the first call that gave something, for the jobs look many times before there is any work.
    """

    module: str
    function: str
    after: bool
    when_it_worked: bool = False

    def __str__(self) -> str:
        return f"{'after' if self.after else 'before'} {self.module.removeprefix('connector.')}.{self.function}"


@dataclass(frozen=True, slots=True)
class Orders:
    """What a daemon is started with. One that `forgets_attempts` is broken on purpose: see `_forget_attempts`."""

    settings: dict[str, Any]
    clock: Path
    log: Path
    kill_at: KillPoint | None = None
    lease: float = LEASE
    forgets_attempts: bool = False


def serve(orders: Orders) -> None:
    """The whole life of one daemon process: until it is told to stop, or killed. Never returns."""
    with orders.log.open("ab", buffering=0) as told:
        os.dup2(told.fileno(), 2)
    clock = SteppedClock(orders.clock)
    _shorten_the_lease(orders.lease)
    _let_the_scheduler_see(clock)
    if orders.forgets_attempts:
        _forget_attempts()
    if orders.kill_at is not None:
        _arm(orders.kill_at)
    log.set_up("json", "INFO")
    app = build(settings.of(orders.settings), clock=clock)
    try:
        require_tables(app)
        drained = running._serve(app)
    except ConnectorError as error:
        os.write(2, f"could not start: {error}\n".encode())
        os._exit(COULD_NOT_START)
    os._exit(0 if drained else 1)


def _shorten_the_lease(seconds: float) -> None:
    constants: Any = runner
    constants.LEASE_LIFETIME = timedelta(seconds=seconds)
    constants._WATCH_EVERY = seconds / 5
    constants._ASK_FOR_LEASE_EVERY = 0.1


def _let_the_scheduler_see(clock: SteppedClock) -> None:
    """A machine has one clock: the scheduler reads the stepped one too."""

    class Stepped(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> "Stepped":
            return super().now(tz) + clock.ahead()

    for module in (scheduling, interval, executing):
        seam: Any = module
        seam.datetime = Stepped


class _Uncommitted:
    """A store that takes every transaction back at its end, as if the commit were not there."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def __getattr__(self, name: str) -> Any:
        return getattr(self._database, name)

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        with suppress(_TakenBack), self._database.begin() as connection:
            yield connection
            raise _TakenBack


class _TakenBack(Exception):
    pass


def _forget_attempts() -> None:
    """Leaves the commit of the attempt out: requests leave, and the store does not know of it."""
    seam: Any = dispatch
    real = seam.plan

    def forgetful(parts: Parts, *given: Any, under_way: int) -> Any:
        lost: Any = _Uncommitted(parts.database)
        # it would choose what is under way again, and send it twice before it is killed
        return [] if under_way else real(replace(parts, database=lost), *given)

    seam.plan = forgetful


def _arm(point: KillPoint) -> None:
    path, _, name = point.function.rpartition(".")
    owner: Any = importlib.import_module(point.module)
    for step in filter(None, path.split(".")):
        owner = getattr(owner, step)
    real = getattr(owner, name)

    def deadly(*given: Any, **named: Any) -> Any:
        told = real(*given, **named) if point.after else None
        if point.when_it_worked and not told:
            return told
        os.kill(os.getpid(), signal.SIGKILL)
        return told

    setattr(owner, name, deadly)
