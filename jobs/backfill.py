"""Backfills: planned and guarded first, then done in slices under the lease, with a checkpoint after each slice.

Doing a slice twice does no harm: news is kept once by its key, and activities are upserted by theirs. So a backfill
that was killed is taken up at its last checkpoint, and one that is run twice gives the same result.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Protocol

import structlog

from connector.model.errors import BudgetSpent, ConnectorError, CRMError, ExchangeError
from connector.store import backlog, cursors
from connector.sync.note import note
from connector.sync.parts import Parts
from connector.sync.push import push

log = structlog.get_logger()

_LAST_LOOK = timedelta(seconds=12)
"""A reply that names no message is heard the second time it is looked at, seconds later; the end waits for that."""


class Kind(StrEnum):
    """What is filled back."""

    STATUSES = "statuses"
    REPLIES = "replies"
    ACTIVITIES = "activities"


class TooMuch(ConnectorError):
    """The plan, or what came of it, touches more than was allowed."""


@dataclass(frozen=True, slots=True)
class Window:
    """The time [since, until), both aware."""

    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Measure:
    """What is left to do. `changes` is the most that can change, None where only asking tells.

    `provider_calls` are the least that asking takes (pages may add some), `crm_calls` the most that writing takes.
    """

    units: int
    changes: int | None
    provider_calls: int
    crm_calls: int


@dataclass(frozen=True, slots=True)
class Slice:
    """One slice done: where the next one starts, how many units it was, and how much was new."""

    place: str
    units: int
    changes: int


class Work(Protocol):
    """One kind of backfill: lanes (accounts, or mappings) that are each worked through in order of place."""

    @property
    def kind(self) -> Kind:
        """Which kind it is."""
        ...

    @property
    def unit(self) -> str:
        """What is counted: batches, days, messages."""
        ...

    @property
    def lanes(self) -> Sequence[str]:
        """The accounts or mappings to go through."""
        ...

    @property
    def cannot_be_asked(self) -> Sequence[str]:
        """The accounts that are meant too, and whose provider has no way to be asked."""
        ...

    def measure(self, lane: str, window: Window, place: str) -> Measure:
        """What is left of a lane from `place` on; asks nobody outside."""
        ...

    def do(self, lane: str, window: Window, place: str) -> Slice | None:
        """Does the slice that starts at `place` and commits what came of it; None when nothing is left."""
        ...


@dataclass(frozen=True, slots=True)
class PlannedLane:
    """A lane with what is left of it. `resumed`: an earlier run began it and did not come to its end."""

    name: str
    window: Window
    place: str
    resumed: bool
    measure: Measure


@dataclass(frozen=True, slots=True)
class Plan:
    """What a backfill would do. `finished`: lanes left out, for the run that this one goes on with was through them.

    `cannot_be_asked`: accounts left out, for their providers have no way to be asked.
    """

    kind: Kind
    unit: str
    lanes: tuple[PlannedLane, ...]
    finished: tuple[str, ...]
    cannot_be_asked: tuple[str, ...]

    @property
    def units(self) -> int:
        """All units left."""
        return sum(lane.measure.units for lane in self.lanes)

    @property
    def changes(self) -> int | None:
        """The most that can change; None where only asking tells."""
        known = [lane.measure.changes for lane in self.lanes]
        return None if None in known else sum(number for number in known if number is not None)

    def guard(self, limit: int) -> None:
        """Refuses a plan that can change more than `limit`.

        Raises:
            TooMuch: it can.
        """
        if self.changes is not None and self.changes > limit:
            raise TooMuch(
                f"this backfill can change {self.changes:,} {self.kind}, more than the {limit:,} allowed. "
                "Nothing was done. Narrow --since and --until, raise --limit-changes, or add --force."
            )


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a backfill is."""

    lane: str
    units: int
    changes: int


@dataclass(slots=True)
class Applied:
    """What a backfill did. `trouble` has a sentence for each lane that did not come to its end."""

    units: int = 0
    changes: int = 0
    written: int = 0
    parked: int = 0
    stopped: bool = False
    trouble: dict[str, str] = field(default_factory=dict)


class Backfill:
    """One backfill, known again by its kind and `words` (its window and filters as they were typed)."""

    def __init__(self, parts: Parts, work: Work, words: str, window: Window) -> None:
        self._parts = parts
        self._work = work
        self._words = words
        self._window = window

    def plan(self, *, fresh: bool = False) -> Plan:
        """What is left to do: a run that was cut off is taken up with its own window, unless `fresh`.

        What it had finished is left out. A run that came through is over, but for its lanes in trouble: they alone are
        taken up where they were, beside the others from the start.
        """
        kept = {} if fresh else self._kept()
        cut_off = any(not each["finished"] and not each.get("in_trouble") for each in kept.values())
        finished = tuple(name for name, each in kept.items() if cut_off and each["finished"])
        lanes = tuple(self._planned(name, kept.get(name)) for name in self._work.lanes if name not in finished)
        return Plan(self._work.kind, self._work.unit, lanes, finished, tuple(self._work.cannot_be_asked))

    def _kept(self) -> dict[str, Any]:
        """How far each lane was, where it was begun."""
        with self._parts.database.read() as connection:
            found = {name: cursors.get(connection, self._cursor(name)) for name in self._work.lanes}
        return {name: kept for name, kept in found.items() if kept}

    def _planned(self, name: str, kept: Any) -> PlannedLane:
        window, place, resumed = self._window, "", False
        if kept and not kept["finished"]:
            window = Window(datetime.fromisoformat(kept["since"]), datetime.fromisoformat(kept["until"]))
            place, resumed = kept["place"], True
        return PlannedLane(name, window, place, resumed, self._work.measure(name, window, place))

    def apply(self, plan: Plan, *, limit: int | None, told: Callable[[Progress], None]) -> Applied:
        """Does what is planned, under a lease that the caller holds; with `limit`, stops when more has changed.

        Raises:
            TooMuch: more has changed than `limit`; what was done stays, and the checkpoint with it.
            LeaseHeld, StoreError: the store can no longer be written by this process.
        """
        applied = Applied()
        self._begin(plan)
        self._settle(applied)
        for lane in plan.lanes:
            try:
                self._through(lane, applied, limit, told)
            except (ExchangeError, CRMError) as error:
                log.warning("backfill_broken_off", lane=lane.name, reason=str(error))
                applied.trouble[lane.name] = str(error)
                self._mark_trouble(lane.name)
                if isinstance(error, BudgetSpent):
                    break
        self._settle_at_last(applied)
        applied.stopped = self._parts.stopping.is_set()
        return applied

    def _through(
        self, lane: PlannedLane, applied: Applied, limit: int | None, told: Callable[[Progress], None]
    ) -> None:
        place = lane.place
        while not self._parts.stopping.is_set():
            done = self._work.do(lane.name, lane.window, place)
            place = done.place if done else place
            self._checkpoint(lane, place, finished=done is None)
            self._settle(applied)
            if done is None:
                return
            applied.units += done.units
            applied.changes += done.changes
            told(Progress(lane.name, applied.units, applied.changes))
            if limit is not None and applied.changes > limit:
                raise TooMuch(
                    f"{applied.changes:,} {self._work.kind} have changed, more than the {limit:,} allowed. What was "
                    "done stays, and its place is kept: add --force, or raise --limit-changes, to go on from there."
                )

    def _begin(self, plan: Plan) -> None:
        """Marks all that is planned as unfinished, so that what is finished afterwards was finished by this run."""
        for lane in plan.lanes:
            self._checkpoint(lane, lane.place, finished=False)

    def _checkpoint(self, lane: PlannedLane, place: str, *, finished: bool) -> None:
        kept = {
            "since": lane.window.since.isoformat(),
            "until": lane.window.until.isoformat(),
            "place": place,
            "finished": finished,
        }
        self._keep(lane.name, kept)

    def _mark_trouble(self, name: str) -> None:
        self._keep(name, {**self._kept()[name], "in_trouble": True})

    def _keep(self, name: str, kept: dict[str, Any]) -> None:
        now = self._parts.clock()
        with self._parts.database.begin() as connection:
            self._parts.tenure.check(connection, now)
            cursors.keep(connection, self._cursor(name), kept, now)

    def _cursor(self, lane: str) -> str:
        return f"backfill {self._work.kind} {lane} {self._words}"

    def _settle(self, applied: Applied) -> None:
        """Notes what was told and writes what is owed, so that what waits does not grow with the window."""
        note(self._parts)
        pushed = push(self._parts)
        applied.written += pushed.written
        applied.parked += pushed.parked

    def _settle_at_last(self, applied: Applied) -> None:
        until = self._parts.clock() + _LAST_LOOK
        while not self._parts.stopping.wait(0.2):
            try:
                self._settle(applied)
            except (ExchangeError, CRMError) as error:
                applied.trouble.setdefault("CRM", f"{error} What is owed stays owed; the daemon writes it.")
                return
            with self._parts.database.read() as connection:
                left = backlog.due(connection, self._parts.org, (), (), until)
            if not (left["news"] or left["writes"]) or self._parts.clock() > until:
                return
