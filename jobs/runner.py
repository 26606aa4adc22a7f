"""The daemon: APScheduler runs the table of jobs; the lease, hung jobs and the stop are watched over here."""

import os
import socket
import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import structlog
from apscheduler.executors.pool import ThreadPoolExecutor as JobThreads
from apscheduler.jobstores.memory import MemoryJobStore
from apscheduler.schedulers.background import BackgroundScheduler

from connector.app import App
from connector.model.errors import BudgetSpent, ConnectorError, LeaseHeld
from connector.store import lease
from connector.sync.missing_accounts import hold_for_missing_accounts
from connector.sync.parts import LEASE_NAME, Parts
from connector.sync.reconcile import mark_interrupted
from jobs.opt_outs_first import OptOutsFirst
from jobs.process import prepare_for_threads
from jobs.schedule import Job, slowed, table
from jobs.tally import Tally

log = structlog.get_logger()

LEASE_LIFETIME = timedelta(seconds=30)
_WATCH_EVERY = 5.0
_ASK_FOR_LEASE_EVERY = 2.0
_TOLD_EVERY = 60.0
_INSTANCES = 10
"""Runs of a job that the scheduler lets begin: it learns late that one has ended, and would drop the wake that follows.
None runs beside another all the same, for one that finds its job running ends at once."""
_BUDGET_PAUSE = 60.0
"""Seconds a job is left alone after the org said that the day's requests are used up."""


class Daemon:
    """Runs the jobs of one org, one daemon at a time.

    `start` waits for the lease; `stop` lets what is in flight finish, within the drain limit.
    """

    def __init__(self, app: App, parts: Parts) -> None:
        self._app = app
        self._parts = parts
        self._senders: Mapping[str, ThreadPoolExecutor] = {
            name: ThreadPoolExecutor(provider.settings.senders, thread_name_prefix=f"send-{name}")
            for name, provider in parts.providers.items()
        }
        self.jobs: tuple[Job, ...] = table(parts, app.settings, self._senders)
        self._by_name = {job.name: job for job in self.jobs}
        self._opt_outs_first = OptOutsFirst(self.jobs, parts.alarms)
        self._scheduler = BackgroundScheduler(
            jobstores={"default": MemoryJobStore()},
            executors={"default": JobThreads(len(self.jobs))},
            job_defaults={"coalesce": True, "max_instances": _INSTANCES, "misfire_grace_time": None},
            timezone="UTC",
        )
        self._running: dict[str, float] = {}
        self._woken: set[str] = set()
        self._not_before: dict[str, float] = {}
        self._lock = threading.Lock()
        self._watch = threading.Thread(target=self._keep_watch, name="watch", daemon=True)
        self._stopped = threading.Event()
        self._tally, self._told_at = Tally(), time.monotonic()

    # -- the life of the daemon

    def start(self, *, wait_for_lease: bool = True) -> None:
        """Takes the lease, takes up what a crash left, and starts the jobs; those that send wait for the opt-outs.

        Raises:
            LeaseHeld: another process works on this org and `wait_for_lease` is false.
        """
        prepare_for_threads()
        take_lease(self._app, self._parts, wait=wait_for_lease)
        mark_interrupted(self._parts)
        hold_for_missing_accounts(self._parts)
        self._watch.start()
        for job in self.jobs:
            self._scheduler.add_job(
                self._run, "interval", seconds=job.every, args=[job.name], id=job.name, name=job.name
            )
        self._opt_outs_first.begin()
        self._scheduler.start()
        for job in self.jobs:
            self.wake(job.name)
        log.info("started", org=self._parts.org, jobs=len(self.jobs), fence=self._parts.tenure.fence)

    def stop(self) -> bool:
        """Starts nothing new, waits for what is in flight, gives the lease back; false when the drain limit ran out."""
        self._parts.stopping.set()
        if self._scheduler.running:
            self._scheduler.pause()
        patience = max(
            [
                self._app.settings.pace.drain,
                *(p.settings.longest_answer for n, p in self._parts.providers.items() if self._sends(n)),
            ]
        )
        deadline = time.monotonic() + patience
        while self._busy() and time.monotonic() < deadline:
            time.sleep(0.02)
        left = sorted(self._busy())
        if left:
            log.error("drain_ran_out", jobs=left, seconds=patience)
        self._stopped.set()
        if self._watch.is_alive():
            self._watch.join(_WATCH_EVERY)  # or it could take the lease again that is given back below
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)
        for senders in self._senders.values():
            senders.shutdown(wait=not left)
        give_lease_back(self._app, self._parts)
        self._tell_of_work()
        log.info("stopped", drained=not left)
        return not left

    def wake(self, name: str) -> None:
        """Runs a job now; if it is running, once more right after."""
        with self._lock:
            self._woken.add(name)
        job = self._scheduler.get_job(name)
        if job is not None and name not in self._busy():
            job.modify(next_run_time=self._app.clock())

    def running(self) -> dict[str, float]:
        """The jobs under way, each with the seconds it has run."""
        now = time.monotonic()
        with self._lock:
            return {name: now - since for name, since in self._running.items()}

    # -- one run of one job

    def _run(self, name: str) -> None:
        job = self._by_name[name]
        if time.monotonic() < self._not_before.get(name, 0.0):
            return
        with self._lock:
            if name in self._running:
                return
            self._running[name] = time.monotonic()
        with structlog.contextvars.bound_contextvars(job=name, run=self._parts.run):
            again = True
            while again:
                with self._lock:
                    self._woken.discard(name)
                try:
                    self._run_once(job)
                finally:
                    with self._lock:
                        # decided under the lock, so that a wake is either seen here or finds the job at rest
                        again = name in self._woken and not self._parts.stopping.is_set()
                        if not again:
                            del self._running[name]

    def _run_once(self, job: Job) -> None:
        if self._opt_outs_first.holds_back(job):
            return
        started = time.monotonic()
        pause, failure = 0.0, ""
        try:
            worked = job.verb()
        except LeaseHeld as error:
            failure = str(error)
            self._parts.alarms.sound("lease", failure)
        except BudgetSpent as error:
            failure = f"{error} It resumes by itself as the day's usage ages out."
            self._parts.alarms.sound(f"CRM budget for {job.name}", failure)
            pause = _BUDGET_PAUSE
        except ConnectorError as error:
            failure = str(error)
            self._parts.alarms.sound(f"job {job.name}", failure)
        except Exception as error:
            log.exception("job_failed")
            failure = f"{type(error).__name__}: {error}. It is tried again."
            self._parts.alarms.sound(f"job {job.name}", failure)
        else:
            self._parts.alarms.settle(f"job {job.name}")
            self._parts.alarms.settle(f"CRM budget for {job.name}")
            if worked:
                self._tally.add(job.name, worked)
                log.debug("job_done", seconds=round(time.monotonic() - started, 3), result=repr(worked))
                for other in job.wakes:
                    self.wake(other)
        self._tell_opt_outs_first(job, failure)
        first = self._opt_outs_first.waits_for(job)
        if job.slows and not first and (slower := slowed(job.every, self._parts.crm.budget().share)) > job.every:
            pause = max(pause, slower)
        self._not_before[job.name] = time.monotonic() + pause

    def _tell_opt_outs_first(self, job: Job, failure: str) -> None:
        first = self._opt_outs_first
        for other in first.failed(job, failure) if failure else first.came_through(job):
            self.wake(other)

    def _busy(self) -> set[str]:
        with self._lock:
            return set(self._running)

    def _sends(self, account: str) -> bool:
        return f"dispatch {account}" in self._busy()

    # -- watching over it

    def _keep_watch(self) -> None:
        while not self._stopped.wait(_WATCH_EVERY):
            try:
                self._hold_lease()
                self._go_on_after_a_clock_set_back()
                self._tell_of_hung_jobs()
                self._opt_outs_first.tell_if_long()
                if time.monotonic() - self._told_at >= _TOLD_EVERY:
                    self._tell_of_work()
            except Exception:  # without this thread the lease runs out and nothing is sent any more
                log.exception("watch_failed")

    def _tell_of_work(self) -> None:
        """One line of what was done since the last one; an idle daemon says nothing."""
        seconds, self._told_at = time.monotonic() - self._told_at, time.monotonic()
        if done := self._tally.take():
            log.info("worked", seconds=round(seconds), **done)

    def _tell_of_hung_jobs(self) -> None:
        running = self.running()
        for job in self.jobs:
            subject, seconds = f"job {job.name} hangs", running.get(job.name, 0.0)
            if seconds > job.hung_after:
                self._parts.alarms.sound(subject, f"it has run for {seconds:.0f} s; look at the other side, or restart")
            else:
                self._parts.alarms.settle(subject)

    def _go_on_after_a_clock_set_back(self) -> None:
        """Wakes jobs whose next run lies further ahead than they ever wait: it was set by a clock that is no more."""
        now = self._app.clock()
        for job in self.jobs:
            scheduled = self._scheduler.get_job(job.name)
            if scheduled is not None and scheduled.next_run_time > now + timedelta(seconds=job.every + _WATCH_EVERY):
                log.warning("clock_set_back", job=job.name)
                self.wake(job.name)

    def _hold_lease(self) -> None:
        now = self._app.clock()
        tenure = self._parts.tenure
        try:
            with self._parts.database.begin() as connection:
                held = tenure.fence is not None and lease.renew(
                    connection, LEASE_NAME, tenure.fence, now, LEASE_LIFETIME
                )
            if not held:
                take_lease(self._app, self._parts, wait=False)
                mark_interrupted(self._parts)
            self._parts.alarms.settle("lease")
            self._parts.alarms.settle("store")
        except LeaseHeld as error:
            self._parts.alarms.sound("lease", str(error))
        except ConnectorError as error:
            self._parts.alarms.sound("store", str(error))


def take_lease(app: App, parts: Parts, *, wait: bool) -> None:
    """Takes the org's lease for this process, waiting for another one's to run out if asked.

    Raises:
        LeaseHeld: another process has it and `wait` is false.
    """
    holder = f"{socket.gethostname()}:{os.getpid()}:{parts.run}"
    told = False
    while True:
        try:
            with parts.database.begin() as connection:
                parts.tenure.fence = lease.acquire(connection, LEASE_NAME, holder, app.clock(), LEASE_LIFETIME)
        except LeaseHeld as error:
            if not wait:
                raise
            if not told:
                log.info("waiting_for_lease", reason=str(error))
                told = True
            if parts.stopping.wait(_ASK_FOR_LEASE_EVERY):
                raise
        else:
            return


def give_lease_back(app: App, parts: Parts) -> None:
    """Gives the lease back, so that a successor need not wait for it to run out."""
    if parts.tenure.fence is None:
        return
    try:
        with parts.database.begin() as connection:
            lease.release(connection, LEASE_NAME, parts.tenure.fence, app.clock())
    except ConnectorError as error:
        log.warning("lease_not_given_back", reason=str(error))
    parts.tenure.fence = None
