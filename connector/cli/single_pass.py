"""One pass over all jobs in one process, until nothing is left to read, send, note and write."""

import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import structlog

from connector.app import App
from connector.cli.left_undone import LeftUndone, Undone, undone
from connector.model.errors import BudgetSpent, ConnectorError
from connector.store import backlog
from connector.sync.missing_accounts import hold_for_missing_accounts
from connector.sync.parts import Parts
from connector.sync.push import push
from connector.sync.reconcile import mark_interrupted
from jobs.schedule import Job, table

log = structlog.get_logger()

_HORIZON = timedelta(seconds=10)
"""What is put off for longer than this is left to the next pass."""
_PATIENCE = 30.0
"""Seconds without any work done after which the pass gives up on what is still due."""
_PATIENCE_WITH_BREAKERS = 120.0
"""Seconds without any work done within which an account that is left alone must be tried again to be waited for."""
_A_TRY = 5.0
"""Seconds that an account's next try may take to begin."""
_ROUND = 0.05
_ORDER = (
    "sweep",
    "blacklisted",
    "balance",
    "release",
    "pull",
    "dispatch",
    "lookup",
    "poll",
    "reconcile",
    "replies",
    "note",
    "push",
    "blacklist",
)
"""The phone index and the blacklists come before anything is sent, for they know who opted out."""
_ASK_UNASKED = frozenset({"sweep", "blacklisted", "balance", "pull", "replies"})
"""Jobs that make a request each time, and so keep the daemon's pace; the others look into the store first."""
_SOON = 0.5
_READS_AGAIN = frozenset({"sweep"})
"""Jobs whose result is how much they looked at, not how much was new."""


class SinglePass:
    """Runs the daemon's own table of jobs by turns. The caller holds the lease."""

    def __init__(self, app: App, parts: Parts) -> None:
        self._parts = parts
        self._senders = {
            name: ThreadPoolExecutor(provider.settings.senders, thread_name_prefix=f"send-{name}")
            for name, provider in parts.providers.items()
        }
        jobs = table(parts, app.settings, self._senders)
        self._phases = [[job for job in jobs if job.name.split()[0] == name] for name in _ORDER]
        self._housekeeping = [job for job in jobs if job.name == "housekeeping"]
        self._every_account = ThreadPoolExecutor(max(1, len(parts.providers)), thread_name_prefix="account")
        self._next = {job.name: 0.0 for job in jobs}
        self._patient_until = 0.0
        self._left: tuple[LeftUndone, ...] = ()

    def run(self, wait: float = 0.0) -> tuple[LeftUndone, ...]:
        """Works until nothing is left to do, then up to `wait` seconds for last words; gives what it left undone.

        A job that fails sounds an alarm and is tried again in the next round. An account that is left alone is waited
        for where its breaker lets it be tried again soon.

        Raises:
            BudgetSpent: the org takes no more requests today.
            LeaseHeld, StoreError: this process can no longer work on the store.
        """
        mark_interrupted(self._parts)
        if hold_for_missing_accounts(self._parts):
            push(self._parts)  # what is held is made anew once its record was told
        waits_until = time.monotonic() + wait
        worked_at = time.monotonic()
        try:
            while not self._parts.stopping.wait(_ROUND):
                if self._round():
                    worked_at = time.monotonic()
                elif self._over(waits_until, worked_at):
                    break
            self._turn(self._housekeeping)
        finally:
            for executor in (*self._senders.values(), self._every_account):
                executor.shutdown()
        return self._left

    def _round(self) -> bool:
        """One turn of every job whose time has come; whether any of them did something."""
        worked = [self._turn(phase) for phase in self._phases]
        return any(worked)

    def _turn(self, jobs: Iterable[Job]) -> bool:
        now = time.monotonic()
        due = [job for job in jobs if self._next[job.name] <= now]
        worked = list(self._every_account.map(self._run, due))
        return any(worked)

    def _run(self, job: Job) -> bool:
        subject = f"job {job.name}"
        asks = job.name.split()[0] in _ASK_UNASKED
        self._next[job.name] = time.monotonic() + (job.every if asks else min(job.every, _SOON))
        worked = False
        try:
            with structlog.contextvars.bound_contextvars(job=job.name, run=self._parts.run):
                worked = bool(job.verb())
        except BudgetSpent:
            raise
        except ConnectorError as error:
            self._parts.alarms.sound(subject, str(error))
        else:
            self._parts.alarms.settle(subject)
        if job.name in _READS_AGAIN:
            return False
        if worked:
            for name in (job.name, *job.wakes):
                self._next[name] = 0.0
        return worked

    def _over(self, waits_until: float, worked_at: float) -> bool:
        now = time.monotonic()
        parts = self._parts
        to_do = undone(parts, parts.clock() + _HORIZON)
        self._left = to_do.left()
        with parts.database.read() as connection:
            since = parts.clock() - parts.timing.final_after
            unsaid = now < waits_until and backlog.without_last_word(
                connection, tuple(parts.providers), parts.last_words(), since
            )
        if to_do:
            if now < max(worked_at + _PATIENCE, self._patience_with(to_do, worked_at)):
                return False
            log.warning("left_undone", count=sum(sum(each.counts.values()) for each in self._left))
        return not unsaid

    def _patience_with(self, to_do: Undone, worked_at: float) -> float:
        """Until when accounts that are left alone are waited for, whether they are so still or were until just now."""
        for each in to_do.behind:
            if each.again_at is not None:
                tried_at = time.monotonic() + (each.again_at - self._parts.clock()).total_seconds()
                if tried_at - worked_at <= _PATIENCE_WITH_BREAKERS:
                    self._patient_until = max(self._patient_until, tried_at + _A_TRY)
        return self._patient_until
