"""`connector run`, `connector once` and `connector version`."""

import os
import sys
import threading
from collections.abc import Sequence
from importlib.metadata import version as installed
from typing import Annotated

import structlog
import typer

from connector.app import App
from connector.cli.accounting import Books, books, show
from connector.cli.left_undone import LeftUndone
from connector.cli.opening import AsJson, SendBacklog, SettingsFile, opened
from connector.cli.screen import complain, remark, say, show_json
from connector.cli.signals import stopping_on_signals
from connector.cli.single_pass import SinglePass
from connector.model.errors import BudgetSpent, LeaseHeld
from connector.web.hooks import hook_server
from jobs.runner import Daemon
from jobs.tenure import holding_lease

log = structlog.get_logger()


def add_to(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command()(run)
    app.command()(receive)
    app.command()(once)
    app.command()(version)


def run(config: SettingsFile = None, send_backlog: SendBacklog = False) -> None:
    """Run the daemon: read, send and write back until it is stopped, and receive webhooks if the settings say so.

    Only one daemon an org works at a time: a second one waits for the first one's lease. SIGTERM or Ctrl-C lets what
    is in flight finish: exit code 0 when it did, 1 when the drain limit ran out. A second signal ends it at once.
    """
    with opened(config, quiet=False, send_backlog=send_backlog) as app:
        drained = _serve(app)
        if not drained:
            # threads that hang would keep the process from ending
            sys.stderr.flush()
            os._exit(1)


def receive(config: SettingsFile = None) -> None:
    """Run the receiver of webhooks by itself, so that restarting the daemon loses no news.

    It only stores what it is told; the daemon, which then needs no receiver of its own, works through it. SIGTERM or
    Ctrl-C ends it once the webhooks under way are answered.
    """
    with opened(config, quiet=False) as app:
        asked = threading.Event()
        receiver = hook_server(app)
        with stopping_on_signals(asked.set):
            receiver.start()
            log.info("receiving", port=receiver.port)
            asked.wait()
            receiver.stop()


def _serve(app: App) -> bool:
    """Runs the daemon and the receiver until a signal comes; whether all that was in flight finished."""
    parts = app.parts()
    daemon = Daemon(app, parts)
    asked = threading.Event()

    def stop() -> None:
        parts.stopping.set()
        asked.set()

    receiver = hook_server(app) if app.settings.web.enabled else None
    with stopping_on_signals(stop):
        if receiver is not None:
            receiver.start()
            log.info("receiver_listens", host=app.settings.web.host, port=receiver.port)
        try:
            daemon.start()
            asked.wait()
        except LeaseHeld:
            if not asked.is_set():
                raise
            log.info("stopped_while_waiting_for_lease")
            return True
        finally:
            # the receiver goes last, for what is told while the daemon drains is stored too
            drained = daemon.stop()
            if receiver is not None:
                receiver.stop()
    return drained


def once(
    config: SettingsFile = None,
    wait: Annotated[float, typer.Option(min=0, help="Seconds to wait for the last words of what was sent.")] = 0.0,
    send_backlog: SendBacklog = False,
    as_json: AsJson = False,
) -> None:
    """Make one pass and end: read what is queued, send it, note what is told and write it back, until nothing is left.

    Refuses while a daemon works on the same org. Then accounts for every message: exits with 0 when the books balance
    and neither a signal nor the org's spent requests cut the pass short. What is put off for longer (an account at
    fault, a message for later) is left to the next pass; what could have been done and was not is named, with the
    reason.
    """
    with opened(config, send_backlog=send_backlog) as app:
        cut_short, left = _one_pass(app, wait)
        read = books(app)
        for subject, (_, sentence) in sorted(app.alarms.standing().items()):
            complain(f"{subject}: {sentence}")
    _account(read, left, as_json, cut_short=cut_short)
    raise typer.Exit(1 if cut_short or not read.balance else 0)


def _one_pass(app: App, wait: float) -> tuple[bool, tuple[LeftUndone, ...]]:
    """Makes the pass; whether it had to end before its time, and what it left undone where it came to its end."""
    parts = app.parts()
    with stopping_on_signals(parts.stopping.set), holding_lease(app, parts):
        try:
            left = SinglePass(app, parts).run(wait)
        except BudgetSpent as error:
            complain(f"{error} What is owed stays owed; the next pass goes on.")
            return True, ()
    if parts.stopping.is_set():
        remark("Stopped by a signal; the next pass goes on.")
    return parts.stopping.is_set(), left


def _account(read: Books, left: Sequence[LeftUndone], as_json: bool, *, cut_short: bool) -> None:
    if as_json:
        undone = [each.as_json() for each in left]
        show_json({**read.as_json(), "cut_short": cut_short, "left_undone": undone})
        return
    show(read)
    for each in left:
        say(each.sentence, "yellow")


def version() -> None:
    """Print the connector's version."""
    say(installed("crm-sms-connector"))
