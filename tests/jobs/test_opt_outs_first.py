"""At the daemon's start nothing is sent before it has been read who opted out."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from connector.model.errors import BudgetSpent, MayHaveLeft, NeverLeft, QueryFault
from connector.sandbox.server import Sandbox
from connector.store import consent
from jobs import opt_outs_first, runner
from jobs.runner import Daemon
from jobs.schedule import Job
from tests.jobs.test_runner import Counted, daemon_of
from tests.sync.site import NRS, Site, all_delivered, new_store, plant, received, site_on
from tests.web.hooked import until


@pytest.fixture
def site(sandbox: Sandbox, sqlite_template: Path, tmp_path: Path) -> Iterator[Site]:
    """A connector on the sandbox, told to stop within two seconds."""
    all_delivered(sandbox)
    with site_on(sandbox, new_store(sqlite_template, tmp_path), pace={"drain": 2.0}) as running:
        yield running


class Hindered:
    """The real org; what is done before it is asked for changes and for the queue, a test says."""

    def __init__(self, crm: Any) -> None:
        self._crm = crm
        self.before_sweep: Callable[[str], None] = lambda _: None
        self.before_queue: Callable[[], None] = lambda: None
        self.sweeps = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._crm, name)

    def changed(self, object_name: str, *given: Any, **named: Any) -> Any:
        """As the org gives them."""
        self.sweeps += 1
        self.before_sweep(object_name)
        return self._crm.changed(object_name, *given, **named)

    def pages(self, *given: Any) -> Any:
        """As the org gives them."""
        self.before_queue()
        return self._crm.pages(*given)


@contextmanager
def started(site: Site) -> Iterator[Daemon]:
    """The daemon with all of its jobs."""
    runner.give_lease_back(site.app, site.parts)
    daemon = Daemon(site.app, site.parts)
    daemon.start()
    try:
        yield daemon
    finally:
        daemon.stop()


def hindered(site: Site) -> Hindered:
    """Puts itself between the connector and the org."""
    org = Hindered(site.parts.crm)
    site.with_parts(crm=org)
    return org


def opted_out_elsewhere(sandbox: Sandbox) -> None:
    """The one recipient's number stands on a second contact too, and that one opted out."""
    number = sandbox.org.rows("Contact")[0]["MobilePhone"]
    sandbox.org.insert("Contact", [{"LastName": "Ruiz again", "MobilePhone": number, "SMS_Opt_Out__c": True}])


def raising(error: Exception) -> Callable[..., None]:
    """Something that always fails so."""

    def fail(*_: Any) -> None:
        raise error

    return fail


def test_who_opted_out_on_another_record_is_sent_nothing_however_long_the_first_sweep_takes(
    site: Site, sandbox: Sandbox
) -> None:
    """The queue is read and claimed meanwhile, and sending waits: the stop is known before the message's turn."""
    org = hindered(site)
    org.before_sweep = lambda _: time.sleep(0.7)
    plant(sandbox)
    opted_out_elsewhere(sandbox)
    with started(site):
        until(lambda: site.states() == {"held": 1})
    assert received(sandbox)["received"] == 0


def test_sending_begins_by_itself_after_the_first_sweep(site: Site, sandbox: Sandbox) -> None:
    """What was claimed while the sweep ran is sent when it has ended; later sweeps run beside sending."""
    org = hindered(site)
    swept = threading.Event()
    org.before_sweep = lambda _: swept.wait(10) and None
    plant(sandbox, 3)
    with started(site) as daemon:
        until(lambda: site.states() == {"claimed": 3})
        swept.set()
        until(lambda: received(sandbox)["received"] == 3)
        swept.clear()
        daemon.wake("sweep")
        plant(sandbox, 2, first=11)
        until(lambda: received(sandbox)["received"] == 5)
        assert "sweep" in daemon.running()
        swept.set()
    assert received(sandbox) == {"received": 5, "distinct": 5, "duplicates": 0}


def test_while_the_org_is_away_what_is_claimed_waits_and_its_first_sweep_comes_before_it(
    site: Site, sandbox: Sandbox
) -> None:
    """However often the sweep fails with the org: nothing is sent, an alarm says why, and back it is swept at once."""
    plant(sandbox)
    assert site.pull().claimed == 1
    opted_out_elsewhere(sandbox)
    org = hindered(site)
    away = NeverLeft("The org cannot be reached.")
    org.before_sweep = org.before_queue = raising(away)
    with started(site) as daemon:
        for _ in range(6):
            before = org.sweeps
            daemon.wake("sweep")
            until(lambda before=before: org.sweeps > before)  # type: ignore[misc]
        assert "could not be read (sweep): The org cannot be reached." in site.alarms()["sending"]
        assert site.states() == {"claimed": 1}
        org.before_sweep = org.before_queue = lambda *_: None
        until(lambda: site.states() == {"held": 1})
        until(lambda: "sending" not in site.alarms())
    assert received(sandbox)["received"] == 0


def test_an_object_that_the_org_refuses_keeps_nothing_from_being_sent(site: Site, sandbox: Sandbox) -> None:
    """Its alarm stands, the other objects' stops are known, and messages go."""
    org = hindered(site)

    def no_leads(object_name: str) -> None:
        if object_name == "Lead":
            raise QueryFault("No such column 'MobilePhone' on Lead.")

    org.before_sweep = no_leads
    plant(sandbox)
    with started(site):
        until(lambda: received(sandbox)["received"] == 1)
        assert "phone index of Lead" in site.alarms()


def test_a_sweep_that_fails_though_the_queue_can_be_read_is_tried_three_times(site: Site, sandbox: Sandbox) -> None:
    """Then messages are sent, and the sweep's own alarm stands."""
    org = hindered(site)
    org.before_sweep = raising(MayHaveLeft("No answer came within 60 s."))
    plant(sandbox)
    with started(site):
        until(lambda: received(sandbox)["received"] == 1)
        assert org.sweeps >= 3
        assert "No answer came within 60 s." in site.alarms()["job sweep"]
        assert "sending" not in site.alarms()


def test_a_providers_blacklist_is_read_before_anything_is_sent(site: Site, sandbox: Sandbox) -> None:
    """A number that went on it while the connector was away is sent nothing."""
    plant(sandbox)
    number = sandbox.org.rows("Contact")[0]["MobilePhone"]
    sandbox.providers.nrs360.blacklists.enter("sms", number.removeprefix("+"), None, None)
    sandbox.faults.add(
        {"target": "nrs360", "operation": "GET /v2/blacklist/{type}", "kind": "slow", "seconds": 0.7, "times": 1}
    )
    with started(site):
        until(lambda: site.states() == {"held": 1})
    assert received(sandbox)["received"] == 0
    with site.parts.database.read() as connection:
        assert number in consent.standing(connection, site.parts.org, [number])


def test_a_provider_whose_blacklist_cannot_be_read_holds_up_nobody(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """One failure of its own is enough: the others' messages go."""
    heard, sent = Counted(raising(MayHaveLeft("No answer came."))), Counted()
    jobs = (
        Job("pull", 0.05, Counted()),
        Job("blacklisted one", 3600, heard, before_sending=1),
        Job("send", 3600, sent, sends=True),
    )
    with daemon_of(site, monkeypatch, *jobs):
        until(lambda: sent.runs >= 1)
    assert heard.runs <= 3


def test_a_spent_budget_keeps_sending_waiting(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """As long as neither the queue nor the opt-outs may be read; then both are, and sending begins."""
    monkeypatch.setattr(runner, "_BUDGET_PAUSE", 0.1)
    spent = raising(BudgetSpent("The org's requests are used up."))
    read, swept, sent = Counted(spent), Counted(spent), Counted()
    jobs = (
        Job("pull", 0.05, read, slows=True),
        Job("sweep", 0.05, swept, slows=True, before_sending=2),
        Job("send", 3600, sent, sends=True),
    )
    with daemon_of(site, monkeypatch, *jobs):
        until(lambda: swept.runs >= 4)
        assert sent.runs == 0
        read.does = swept.does = lambda: None
        until(lambda: sent.runs >= 1)


def test_a_reading_that_takes_long_is_told_by_an_alarm_until_it_ends(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever looks why nothing is sent finds the reason; with the reading, it is over."""
    monkeypatch.setattr(opt_outs_first, "_TOLD_AFTER", 0.2)
    gate = threading.Event()
    swept, sent = Counted(lambda: gate.wait(10)), Counted()
    jobs = (Job("sweep", 3600, swept, before_sending=3), Job("send", 0.05, sent, sends=True))
    with daemon_of(site, monkeypatch, *jobs):
        until(lambda: "sending" in site.alarms())
        assert "still being read" in site.alarms()["sending"]
        assert sent.runs == 0
        gate.set()
        until(lambda: sent.runs >= 1 and "sending" not in site.alarms())


def test_every_job_that_sends_waits_and_every_one_that_reads_opt_outs_is_waited_for(site: Site) -> None:
    """The daemon's own table: dispatch of each account; the sweep, and each blacklist."""
    daemon = Daemon(site.app, site.parts)
    assert {job.name for job in daemon.jobs if job.sends} == {f"dispatch {name}" for name in site.parts.providers}
    readings = {job.name for job in daemon.jobs if job.before_sending}
    assert {"sweep", f"blacklisted {NRS}"} <= readings
    assert {name.split()[0] for name in readings} == {"sweep", "blacklisted"}
