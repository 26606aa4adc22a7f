"""Accounts taken out of the settings: what they were to send is made anew, and of what they sent somebody is told."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from connector.cli.single_pass import SinglePass
from connector.sandbox.server import Sandbox
from connector.sync.missing_accounts import NO_ACCOUNT, hold_for_missing_accounts
from connector.sync.release import release
from jobs import runner
from jobs.runner import Daemon
from tests.sync.site import NRS, Site, mapping, plant, received, record, site_on, statuses
from tests.web.hooked import until

OLD = "nrs-old"
BOTH_STORES = pytest.mark.parametrize("kind", ["sqlite", "postgresql"], indirect=True)


@contextmanager
def with_old_account(sandbox: Sandbox, url: str, folder: Path) -> Iterator[Site]:
    """A site as it was: an account that is no longer in the settings had the route that `NRS` has now."""
    path = folder / "sms-outbox.yaml"
    path.write_text(mapping().read_text("utf-8").replace(NRS, OLD), "utf-8")
    options = {
        "provider": "nrs360",
        "base_url": f"{sandbox.providers_url}/nrs360/api/rest",
        "username": "sandbox",
        "api_password": "sandbox",
        "sender": "TEST",
    }
    with site_on(sandbox, url, mappings=[str(path)], accounts={OLD: options}) as site:
        yield site


@pytest.fixture
def left_claimed(sandbox: Sandbox, url: str, tmp_path: Path) -> str:
    """The record of a message that the old account had claimed."""
    (record_id,) = plant(sandbox)
    with with_old_account(sandbox, url, tmp_path) as before:
        before.pull()
        assert (before.message().state, before.message().account) == ("claimed", OLD)
    return record_id


@BOTH_STORES
def test_what_a_missing_account_was_to_send_is_made_anew_by_todays_routes(
    sandbox: Sandbox, url: str, left_claimed: str
) -> None:
    """It is held, its record says why, and the release gives it to the account that has its route now; sent once."""
    with site_on(sandbox, url) as site:
        assert hold_for_missing_accounts(site.parts) == 1
        assert (site.message().state, site.message().failure_code) == ("held", NO_ACCOUNT)
        site.push()
        assert f"the account {OLD} is not in the settings any more" in record(sandbox, left_claimed)["Error__c"]
        assert release(site.parts) == 1
        site.work_until(lambda: site.states() == {"delivered": 1} and not site.owed())
        assert site.message().account == NRS
        assert hold_for_missing_accounts(site.parts) == 0
    assert received(sandbox) == {"received": 1, "distinct": 1, "duplicates": 0}
    assert statuses(sandbox) == {"Delivered": 1}


def test_what_it_had_only_read_goes_the_same_way(sandbox: Sandbox, url: str, tmp_path: Path) -> None:
    """The old daemon ended before the claim was confirmed."""
    plant(sandbox)
    with with_old_account(sandbox, url, tmp_path) as before:
        sandbox.faults.add(
            {"target": "org", "operation": "* /composite/sobjects*", "kind": "status", "status": 503, "times": 4}
        )
        before.pull()
        assert before.states() == {"queued": 1}
    sandbox.faults.reset()
    with site_on(sandbox, url) as site:
        assert hold_for_missing_accounts(site.parts) == 1
        site.push()
        release(site.parts)
        site.work_through()
        assert (site.message().state, site.message().account) == ("delivered", NRS)


def test_what_belongs_to_an_account_of_the_settings_is_left_alone(sandbox: Sandbox, url: str) -> None:
    """A start with the same accounts holds nothing and sounds nothing."""
    with site_on(sandbox, url) as site:
        plant(sandbox, 2)
        site.pull()
        assert hold_for_missing_accounts(site.parts) == 0
        assert (site.states(), site.alarms()) == ({"claimed": 2}, {})


def in_the_daemon(site: Site) -> None:
    """All jobs, until the message has arrived."""
    runner.give_lease_back(site.app, site.parts)
    daemon = Daemon(site.app, site.parts)
    daemon.start()
    try:
        until(lambda: site.states() == {"delivered": 1} and not site.owed(), 20)
    finally:
        daemon.stop()


def in_one_pass(site: Site) -> None:
    """One pass, that waits for the last words."""
    SinglePass(site.app, site.parts).run(wait=10)


@pytest.mark.parametrize("work", [in_the_daemon, in_one_pass])
def test_the_daemon_and_a_single_pass_take_it_up_at_their_start(
    sandbox: Sandbox, url: str, left_claimed: str, work: Callable[[Site], None]
) -> None:
    """Nobody has to do anything: the message is on its way again within the pace of the releases."""
    with site_on(sandbox, url, pace={"release": 0.3}) as site:
        work(site)
        assert site.states() == {"delivered": 1}
    assert received(sandbox) == {"received": 1, "distinct": 1, "duplicates": 0}
    assert record(sandbox, left_claimed)["Status__c"] == "Delivered"


def test_of_what_it_had_sent_an_alarm_tells_that_nobody_asks(sandbox: Sandbox, url: str, tmp_path: Path) -> None:
    """It names the account and how many; what went out so long ago that nothing more is expected does not count."""
    plant(sandbox, 3)
    with with_old_account(sandbox, url, tmp_path) as before:
        before.pull()
        before.dispatch(OLD)
        assert before.states() == {"accepted": 3}
    with site_on(sandbox, url) as site:
        assert hold_for_missing_accounts(site.parts) == 0
        assert "what became of 3 messages" in site.alarms()[f"account {OLD}"]
    with site_on(sandbox, url, ahead=73 * 3600.0) as site:
        hold_for_missing_accounts(site.parts)
        assert site.alarms() == {}
