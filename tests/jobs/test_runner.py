"""The daemon: one instance of each job, no burst after a pause, no wake lost, a lease, an end that is a drain."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
import pytest
from apscheduler.executors.pool import ThreadPoolExecutor as JobThreads
from structlog.testing import capture_logs

from connector import settings
from connector.app import App, build
from connector.model.errors import BudgetSpent, LeaseHeld, StoreError
from connector.sandbox.server import Sandbox
from connector.store import lease
from connector.sync.parts import LEASE_NAME
from connector.sync.pull import Pulled
from jobs import runner
from jobs.runner import Daemon
from jobs.schedule import Job
from tests.sync.site import NRS, Site, all_delivered, new_store, plant, received, settings_for, site_on, statuses
from tests.web.hooked import until

ROOT = Path(__file__).parents[2]
RUN = "from connector.cli import main; main()"


@dataclass
class Counted:
    """A verb that counts its runs, and does what it is told to at each."""

    does: Callable[[], object] = lambda: None
    runs: int = 0
    together: int = 0
    most_together: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self) -> object:
        with self.lock:
            self.runs += 1
            self.together += 1
            self.most_together = max(self.most_together, self.together)
        try:
            return self.does()
        finally:
            with self.lock:
                self.together -= 1


@contextmanager
def daemon_of(site: Site, monkeypatch: pytest.MonkeyPatch, *jobs: Job) -> Iterator[Daemon]:
    """A daemon that runs these jobs and no others, with a watch that looks often."""
    runner.give_lease_back(site.app, site.parts)
    monkeypatch.setattr(runner, "table", lambda *_: jobs)
    monkeypatch.setattr(runner, "_WATCH_EVERY", 0.05)
    daemon = Daemon(site.app, site.parts)
    daemon.start()
    try:
        yield daemon
    finally:
        daemon.stop()


@pytest.fixture
def site(sandbox: Sandbox, sqlite_template: Path, tmp_path: Path) -> Iterator[Site]:
    """A connector on the sandbox, told to stop within two seconds."""
    all_delivered(sandbox)
    with site_on(sandbox, new_store(sqlite_template, tmp_path), pace={"drain": 2.0}) as running:
        yield running


# -- when jobs run


def test_every_job_runs_at_once_and_then_in_its_time(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """At the start each job runs without waiting for its first interval."""
    often, seldom = Counted(), Counted()
    with daemon_of(site, monkeypatch, Job("often", 0.05, often), Job("seldom", 3600, seldom)):
        until(lambda: often.runs >= 4 and seldom.runs == 1)
    assert seldom.runs == 1


def test_a_job_never_runs_beside_itself(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """However short its interval and however often it is woken, one instance runs at a time."""
    slow = Counted(lambda: time.sleep(0.05))
    with daemon_of(site, monkeypatch, Job("slow", 0.01, slow)) as daemon:
        for _ in range(30):
            daemon.wake("slow")
            time.sleep(0.005)
        until(lambda: slow.runs >= 4)
    assert slow.most_together == 1


def test_a_long_block_is_followed_by_one_run_and_no_burst(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fifty intervals pass while the job is blocked: afterwards it goes on at its pace, without catching up."""
    gate = threading.Event()
    blocked = Counted(lambda: gate.wait(10))
    with daemon_of(site, monkeypatch, Job("blocked", 0.02, blocked)):
        until(lambda: blocked.runs == 1)
        time.sleep(1.0)
        assert blocked.runs == 1
        blocked.does = lambda: time.sleep(0.2)
        gate.set()
        time.sleep(0.5)
        assert blocked.runs <= 5, "a burst of missed runs"
        until(lambda: blocked.runs >= 3)


def test_a_machine_that_slept_fires_no_burst(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """The scheduler itself stood still for fifty intervals: what it missed is one run, not fifty."""
    job = Counted()
    with daemon_of(site, monkeypatch, Job("often", 0.02, job)) as daemon:
        until(lambda: job.runs >= 2)
        with daemon._scheduler._jobstores_lock:
            before = job.runs
            time.sleep(1.0)
        asleep = time.monotonic()
        until(lambda: job.runs > before)
        time.sleep(0.05)
        missed_and_since = 3 + (time.monotonic() - asleep) / 0.02
        assert job.runs - before <= missed_and_since, "a burst of missed runs"


def test_no_wake_is_lost(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whenever a wake comes, while the job runs, as it ends or at rest, a run begins after it."""
    job = Counted()
    with daemon_of(site, monkeypatch, Job("woken", 3600, job)) as daemon:
        until(lambda: job.runs >= 1)
        for _ in range(300):
            before = job.runs
            daemon.wake("woken")
            until(lambda before=before: job.runs > before, 5)  # type: ignore[misc]
    assert job.runs >= 301


def test_a_wake_in_the_moment_after_a_run_is_not_lost(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """The job has ended and the scheduler does not know it yet: a wake in between is a run all the same."""
    real = JobThreads._run_job_success

    def knows_late(self: JobThreads, *given: Any) -> None:
        time.sleep(0.2)
        real(self, *given)

    monkeypatch.setattr(JobThreads, "_run_job_success", knows_late)
    job = Counted(lambda: time.sleep(0.05))  # or the scheduler's own thread ends it, before it looks for wakes again
    with daemon_of(site, monkeypatch, Job("woken", 3600, job)) as daemon:
        until(lambda: job.runs == 1 and not daemon.running())
        daemon.wake("woken")
        until(lambda: job.runs >= 2, 5)
    assert job.runs == 2


def test_a_wake_while_the_job_runs_is_one_more_run(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Woken many times under way, it runs once more, for that run sees all that the wakes were about."""
    gate = threading.Event()
    job = Counted(lambda: gate.wait(10))
    with daemon_of(site, monkeypatch, Job("woken", 3600, job)) as daemon:
        until(lambda: job.runs == 1)
        for _ in range(5):
            daemon.wake("woken")
        gate.set()
        until(lambda: job.runs == 2 and not daemon.running())
        time.sleep(0.1)
    assert job.runs == 2


def test_work_wakes_whom_it_concerns(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """A job that did something wakes the jobs its row names; one that did nothing wakes nobody."""
    worked, idle, woken, left = Counted(lambda: True), Counted(), Counted(), Counted()
    jobs = (
        Job("worked", 3600, worked, ("woken",)),
        Job("idle", 3600, idle, ("left",)),
        Job("woken", 3600, woken),
        Job("left", 3600, left),
    )
    with daemon_of(site, monkeypatch, *jobs) as daemon:
        until(lambda: worked.runs and idle.runs and woken.runs and left.runs)
        before = (woken.runs, left.runs)
        daemon.wake("worked")
        daemon.wake("idle")
        until(lambda: worked.runs >= 2 and idle.runs >= 2 and woken.runs > before[0])
        assert left.runs == before[1]


# -- when jobs fail


def test_a_failing_job_sounds_an_alarm_and_is_tried_again(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its sentence stands until it works again; the other jobs go on meanwhile."""

    def fails() -> None:
        raise StoreError("the store refused: database or disk is full.")

    job, other = Counted(fails), Counted()
    with daemon_of(site, monkeypatch, Job("failing", 0.05, job), Job("other", 0.05, other)):
        until(lambda: job.runs >= 3 and other.runs >= 3)
        assert site.alarms()["job failing"] == "the store refused: database or disk is full."
        job.does = lambda: None
        until(lambda: "job failing" not in site.alarms())


def test_a_bug_in_a_job_is_no_end_of_the_daemon(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error nobody foresaw is named in the alarm, and the job is tried again."""
    job = Counted(lambda: 1 / 0)
    with daemon_of(site, monkeypatch, Job("broken", 0.05, job)):
        until(lambda: job.runs >= 2)
        assert "ZeroDivisionError" in site.alarms()["job broken"]


def test_a_spent_budget_pauses_the_job_and_its_alarm_ends_with_it(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """After REQUEST_LIMIT_EXCEEDED the org is left alone for a while; then the job resumes and the alarm is over."""
    monkeypatch.setattr(runner, "_BUDGET_PAUSE", 0.5)

    def spent() -> None:
        raise BudgetSpent("The org's requests are used up.")

    job = Counted(spent)
    with daemon_of(site, monkeypatch, Job("reading", 0.02, job, slows=True)):
        until(lambda: job.runs >= 1 and any("budget" in subject for subject in site.alarms()))
        time.sleep(0.2)
        assert job.runs == 1, "it keeps still"
        assert any("It resumes by itself" in sentence for sentence in site.alarms().values())
        job.does = lambda: None
        until(lambda: job.runs >= 2 and site.alarms() == {})


def test_a_hung_job_is_seen_and_the_alarm_ends_when_it_does(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """A job that runs longer than its row allows is reported with its seconds, until it ends."""
    gate = threading.Event()
    job = Counted(lambda: gate.wait(10))
    with daemon_of(site, monkeypatch, Job("hanging", 3600, job, hung_after=0.2)):
        until(lambda: "job hanging hangs" in site.alarms())
        assert "it has run for" in site.alarms()["job hanging hangs"]
        gate.set()
        until(lambda: "job hanging hangs" not in site.alarms())


def test_a_daemon_that_works_says_so_and_an_idle_one_says_nothing(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """A line a minute with what was done since the last, and none where nothing was."""
    monkeypatch.setattr(runner, "_TOLD_EVERY", 0.1)
    does = [Pulled(), Pulled(read=2, fresh=1), Pulled()]
    pull = Job("pull", 0.05, lambda: does.pop(0) if does else None)
    with capture_logs() as logged, daemon_of(site, monkeypatch, pull):
        until(lambda: not does and any(line["event"] == "worked" for line in logged))
        time.sleep(0.3)
    worked = [line for line in logged if line["event"] == "worked"]
    assert [(line["pull_read"], line["pull_fresh"]) for line in worked] == [(2, 1)]


# -- the lease


def test_the_lease_is_held_while_the_daemon_runs_and_given_back_at_its_end(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is renewed by the watch; after a stop a successor need not wait."""
    with daemon_of(site, monkeypatch, Job("any", 3600, Counted())):
        with site.parts.database.read() as connection:
            first = lease.holder(connection, LEASE_NAME)
        site.clock.go_on(20)
        until(lambda: _expiry(site) > first[1] if first else False)
    with site.parts.database.read() as connection:
        assert lease.holder(connection, LEASE_NAME) is None


def _expiry(site: Site) -> Any:
    with site.parts.database.read() as connection:
        held = lease.holder(connection, LEASE_NAME)
    assert held is not None
    return held[1]


def test_a_second_daemon_on_the_store_is_refused_or_waits(site: Site) -> None:
    """Without waiting it is refused with who holds the lease and until when; nothing was marked or sent."""
    second = build(settings.of(settings_for(site.sandbox, site.url)))
    with pytest.raises(LeaseHeld, match="works on this store until"):
        Daemon(second, second.parts()).start(wait_for_lease=False)
    second.close()


def test_a_daemon_that_lost_its_lease_says_so_and_takes_it_again(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another process had it: an alarm stands, and when the other is gone the work goes on under a new number."""
    with daemon_of(site, monkeypatch, Job("any", 3600, Counted())):
        before = site.parts.tenure.fence
        site.clock.go_on(0)
        with site.parts.database.begin() as connection:
            connection.execute(lease.LEASE.update().values(holder="another:1", fence=lease.LEASE.c.fence + 1))
        until(lambda: "another:1" in site.alarms().get("lease", ""))
        with site.parts.database.begin() as connection:
            connection.execute(lease.LEASE.update().values(expires_at=site.clock()))
        until(lambda: "lease" not in site.alarms())
        assert before is not None
        assert (site.parts.tenure.fence or 0) > before


# -- the end, on real processes


def settings_file(folder: Path, sandbox: Sandbox, url: str, **pace: float) -> Path:
    """A settings file that leads to the sandbox."""
    given = settings_for(sandbox, url, pace=pace, web={"enabled": False}, log={"form": "json", "level": "INFO"})
    path = folder / "connector.toml"
    path.write_text("".join(_toml(given)), "utf-8")
    return path


def _toml(given: dict[str, Any]) -> Iterator[str]:
    plain = {name: value for name, value in given.items() if not isinstance(value, dict)}
    for name, value in plain.items():
        yield f"{name} = {orjson.dumps(value).decode()}\n"
    for name, section in given.items():
        if name == "accounts":
            for account, options in section.items():
                yield f"[accounts.{account}]\n"
                yield from (f"{key} = {orjson.dumps(value).decode()}\n" for key, value in options.items())
        elif isinstance(section, dict):
            yield f"[{name}]\n"
            yield from (f"{key} = {orjson.dumps(value).decode()}\n" for key, value in section.items())


def started(config: Path) -> subprocess.Popen[bytes]:
    """`connector run` as a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-c", RUN, "run", "--config", str(config)], cwd=ROOT, stderr=subprocess.PIPE
    )


@pytest.fixture
def url(sqlite_template: Path, tmp_path: Path) -> str:
    """The address of a store of the test's own."""
    return new_store(sqlite_template, tmp_path, "of-its-own")


def test_sigterm_lets_what_is_in_flight_finish(sandbox: Sandbox, url: str, tmp_path: Path) -> None:
    """A send under way at the signal is answered and noted; the exit code is 0, and nothing is in doubt."""
    all_delivered(sandbox)
    plant(sandbox, 3)
    sandbox.faults.add({"target": "nrs360", "operation": "POST /sms", "kind": "slow", "seconds": 1.0})
    process = started(settings_file(tmp_path, sandbox, url))
    until(lambda: sandbox.ledger.as_json()["requests"].get("nrs360", {}).get("POST /sms"), 30)
    process.send_signal(signal.SIGTERM)
    _, told = process.communicate(timeout=30)
    assert process.returncode == 0, told.decode()
    with site_on(sandbox, url) as site:
        assert "unknown" not in site.states()
        assert "attempting" not in site.states()
        site.work_through()
    assert received(sandbox) == {"received": 3, "distinct": 3, "duplicates": 0}


def test_a_second_daemon_takes_over_after_a_kill(sandbox: Sandbox, url: str, tmp_path: Path) -> None:
    """SIGKILL leaves the lease to run out; the waiting daemon then goes on, and nothing is sent twice."""
    all_delivered(sandbox)
    plant(sandbox, 2)
    sandbox.faults.add({"target": "nrs360", "operation": "POST /sms", "kind": "slow", "seconds": 20.0, "times": 1})
    process = started(settings_file(tmp_path, sandbox, url))
    until(lambda: sandbox.ledger.as_json()["requests"].get("nrs360", {}).get("POST /sms"), 30)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    app: App = build(settings.of(settings_for(sandbox, url)))
    with pytest.raises(LeaseHeld):
        Daemon(app, app.parts()).start(wait_for_lease=False)
    app.close()
    plant(sandbox, 2, first=11)
    with site_on(sandbox, url, ahead=60.0) as successor:
        assert successor.states() == {"unknown": 2}
        successor.work_until(lambda: successor.states() == {"unknown": 2, "delivered": 2} and not successor.owed())
        assert successor.app.settings.accounts[NRS]["sender"] == "TEST"
    assert statuses(sandbox) == {"Unknown": 2, "Delivered": 2}
    assert sandbox.ledger.as_json()["duplicates"] == 0
