"""`connector backfill`: statuses, replies and activities of a past window of time."""

import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from connector.app import App
from connector.cli.accounts_meant import accounts_meant
from connector.cli.backfill_screen import Bar, applied_as_json, plan_as_json, show_applied, show_plan
from connector.cli.opening import AsJson, SettingsFile, opened
from connector.cli.screen import remark, show_json
from connector.cli.signals import stopping_on_signals
from connector.cli.times import moment
from connector.sync.parts import Parts
from jobs.backfill import Applied, Backfill, Kind, Plan, Window, Work
from jobs.backfill_activities import Activities
from jobs.backfill_news import Replies, Statuses
from jobs.tenure import holding_lease


def add_to(app: typer.Typer) -> None:
    """Adds the command."""
    app.command()(backfill)


def backfill(
    kind: Annotated[Kind, typer.Argument(help="What to ask for again.")],
    since: Annotated[
        str, typer.Option(help="Where the window begins: 2026-11-01, 2026-11-01T08:00Z, or how long ago: 7d, 24h.")
    ],
    until: Annotated[str | None, typer.Option(help="Where the window ends; without it, now.")] = None,
    provider: Annotated[list[str] | None, typer.Option(help="Only accounts at this provider.")] = None,
    account: Annotated[list[str] | None, typer.Option(help="Only this account.")] = None,
    apply: Annotated[bool, typer.Option("--apply", help="Do it; without this, only the plan is shown.")] = False,
    limit_changes: Annotated[int, typer.Option(min=0, help="Refuse to change more, unless --force is given.")] = 10_000,
    force: Annotated[bool, typer.Option("--force", help="Change more than the limit.")] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Begin anew, not where the last run stopped.")] = False,
    config: SettingsFile = None,
    as_json: AsJson = False,
) -> None:
    """Ask again about a past window of time, and write to the CRM what comes of it.

    statuses: what became of the batches sent in the window. replies: those received in it, a day at a time.
    activities: those that messages read in it should have left in the CRM and that are not there.

    Shows the plan; --apply does it, while no daemon works on the org. A run that was stopped or killed goes on from
    its last checkpoint when the same command is typed again, and doing it twice gives the same result. Exits with 1
    when it was refused, had nobody to ask, or did not come to its end.
    """
    with opened(config) as app:
        now = app.clock()
        window = Window(moment(since, now), moment(until, now) if until else now)
        if window.since >= window.until:
            raise typer.BadParameter("the window is empty: --since lies after --until, or after now.")
        parts = app.parts()
        accounts = accounts_meant(app, provider or (), account or ())
        words = " ".join((since, until or "", *sorted(provider or ()), *sorted(account or ()))).strip()
        filtered = bool(provider or account)
        job = Backfill(parts, _work(kind, parts, accounts, filtered=filtered), words, window)
        plan = job.plan(fresh=fresh)
        if not apply or not plan.lanes:
            show_json(plan_as_json(plan)) if as_json else show_plan(plan, limit_changes)
            raise typer.Exit(1 if apply else 0)
        if not force:
            plan.guard(limit_changes)
        applied = _apply(app, parts, job, plan, None if force else limit_changes)
        show_json(plan_as_json(plan) | applied_as_json(applied)) if as_json else show_applied(plan, applied)
    raise typer.Exit(1 if applied.trouble or applied.stopped else 0)


def _work(kind: Kind, parts: Parts, accounts: Sequence[str], *, filtered: bool) -> Work:
    if kind is Kind.STATUSES:
        return Statuses(parts, accounts)
    if kind is Kind.REPLIES:
        return Replies(parts, accounts)
    return Activities(parts, accounts if filtered else None)


def _apply(app: App, parts: Parts, job: Backfill, plan: Plan, limit: int | None) -> Applied:
    for lane in plan.lanes:
        if lane.resumed:
            remark(f"{lane.name}: goes on where an earlier run stopped; --fresh begins anew.")
    with (
        stopping_on_signals(parts.stopping.set),
        holding_lease(app, parts),
        Bar(plan, live=sys.stderr.isatty()) as bar,
    ):
        return job.apply(plan, limit=limit, told=bar.tell)
