"""What a backfill shows: its plan, how far it is, and what it did."""

import time
from types import TracebackType
from typing import Any, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from connector.cli.screen import complain, remark, say, show_table
from connector.cli.times import shown
from jobs.backfill import Applied, Plan
from jobs.backfill import Progress as Done

_LINE_EVERY = 2.0


class Bar:
    """How far a backfill is, with an estimate: a bar on a terminal, else a line every few seconds. On standard error.

    Enter it to show it.
    """

    def __init__(self, plan: Plan, *, live: bool) -> None:
        self._plan = plan
        self._started = time.monotonic()
        self._told_at = 0.0
        columns = (BarColumn(), MofNCompleteColumn(), TextColumn(plan.unit), TextColumn("{task.description}"))
        console = Console(stderr=True)
        self._bar = Progress(*columns, TimeElapsedColumn(), TimeRemainingColumn(), console=console) if live else None
        self._task = self._bar.add_task("", total=plan.units) if self._bar else None

    def __enter__(self) -> Self:
        if self._bar:
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar:
            self._bar.stop()

    def tell(self, done: Done) -> None:
        """Shows how far it is now."""
        changes = f"{done.changes:,} new"
        if self._bar and self._task is not None:
            self._bar.update(self._task, completed=done.units, description=f"{done.lane}, {changes}")
            return
        now = time.monotonic()
        last = done.units >= self._plan.units
        if now - self._told_at < _LINE_EVERY and not last:
            return
        self._told_at = now
        left = (now - self._started) / max(done.units, 1) * max(self._plan.units - done.units, 0)
        remark(f"{done.lane}: {done.units} of {self._plan.units} {self._plan.unit}, {changes}, about {left:.0f} s left")


def show_plan(plan: Plan, limit: int) -> None:
    """Prints what would be asked and written, and how to do it."""
    rows = [
        (
            lane.name,
            shown(lane.window.since),
            shown(lane.window.until),
            lane.measure.units,
            "only asking tells" if lane.measure.changes is None else lane.measure.changes,
            lane.measure.provider_calls,
            lane.measure.crm_calls,
            "yes" if lane.resumed else "no",
        )
        for lane in plan.lanes
    ]
    columns = ("of", "since", "until", plan.unit, "changes at most", "provider calls", "CRM calls at most", "goes on")
    show_table(f"Backfill of {plan.kind}: the plan", columns, rows)
    show_left_out(plan)
    if not plan.lanes:
        say("There is nothing to ask: no account or mapping that is meant can tell.")
        return
    if plan.changes is not None and plan.changes > limit:
        say(
            f"This is more than the {limit:,} changes allowed: it needs --force, or a higher --limit-changes.", "yellow"
        )
    say("Nothing was done. Add --apply to do it.")


def show_left_out(plan: Plan) -> None:
    """Prints which accounts or mappings are left out, and why."""
    for name in plan.cannot_be_asked:
        say(f"{name} cannot be asked for {plan.kind}: look in its web pages.", "yellow")
    for name in plan.finished:
        say(f"{name} came to its end before the last run was stopped, and is left out; --fresh begins anew.", "yellow")


def plan_as_json(plan: Plan) -> dict[str, Any]:
    """The plan for a program."""
    lanes = [
        {
            "name": lane.name,
            "since": lane.window.since,
            "until": lane.window.until,
            "units": lane.measure.units,
            "changes_at_most": lane.measure.changes,
            "provider_calls": lane.measure.provider_calls,
            "crm_calls_at_most": lane.measure.crm_calls,
            "resumed": lane.resumed,
        }
        for lane in plan.lanes
    ]
    return {
        "backfill": plan.kind,
        "unit": plan.unit,
        "applied": False,
        "plan": lanes,
        "finished": plan.finished,
        "cannot_be_asked": plan.cannot_be_asked,
    }


def applied_as_json(applied: Applied) -> dict[str, Any]:
    """What was done, for a program."""
    return {
        "applied": True,
        "units": applied.units,
        "new": applied.changes,
        "written": applied.written,
        "parked": applied.parked,
        "stopped": applied.stopped,
        "trouble": applied.trouble,
    }


def show_applied(plan: Plan, applied: Applied) -> None:
    """Prints what was done, and what kept it from being all."""
    say(f"{applied.changes:,} {plan.kind} were new; {applied.written:,} writes reached the CRM.")
    show_left_out(plan)
    if applied.parked:
        say(f"{applied.parked:,} writes were refused and are parked: see `connector writes list`.", "yellow")
    for lane, sentence in applied.trouble.items():
        complain(f"{lane}: {sentence}")
    if applied.stopped or applied.trouble:
        say("It did not come to its end. The same command goes on from where it stopped.", "yellow")
