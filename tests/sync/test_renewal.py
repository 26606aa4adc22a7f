"""Claims are renewed while messages wait, and nothing is sent, held or lost beside it."""

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connector.mapping.parts import SendingHours
from connector.model.errors import LeaseHeld, MayHaveLeft
from connector.sandbox.server import Sandbox
from connector.sync import claiming
from connector.sync.release import release
from connector.sync.schedule_watch import watch_scheduled
from tests.sync.interrupted import BeforeClaims, delete, fails, waited
from tests.sync.site import NRS, Site, plant, received, record, site_on, statuses

both = pytest.mark.parametrize("kind", ["sqlite", "postgresql"], indirect=True)


def renew_while(site: Site, happens: Callable[[], Any]) -> None:
    """Reads and claims anew what has waited, and the other thing happens right before the claims are written."""
    waited(site)
    crm = site.parts.crm
    site.with_parts(crm=BeforeClaims(crm, happens))
    site.pull()
    site.with_parts(crm=crm)


def open_in(site: Site, hours: float) -> None:
    """Gives the mapping hours that begin so many hours from now."""
    begins = site.clock() + timedelta(hours=hours)
    mapping = site.parts.mappings["sms-outbox"]
    quiet = SendingHours(_time_of(begins), _time_of(begins + timedelta(hours=4)), "UTC")
    site.with_parts(mappings={mapping.name: replace(mapping, message=replace(mapping.message, hours=quiet))})


def _time_of(moment: datetime) -> Any:
    return moment.astimezone(UTC).time().replace(second=0, microsecond=0)


# -- beside those who send


@both
def test_what_is_sent_while_claims_are_renewed_keeps_its_status(site: Site, sandbox: Sandbox) -> None:
    """A record never says `Sending` for good of a message that the provider has: a claim does not come after it."""
    plant(sandbox)
    site.pull()
    renew_while(site, lambda: (site.dispatch(), site.push()))
    site.dispatch()
    site.push()
    assert site.states() == {"accepted": 1}
    assert (site.owed(), statuses(sandbox)) == (0, {"Sent": 1})


@both
def test_what_is_held_while_claims_are_renewed_goes_out_when_its_time_comes(site: Site, sandbox: Sandbox) -> None:
    """Quiet hours that begin just then hold the message, and a claim over `Held` would look like a person's change."""
    (record_id,) = plant(sandbox)
    site.pull()

    def holds() -> None:
        open_in(site, 2.9)
        site.dispatch()
        site.push()

    renew_while(site, holds)
    site.dispatch()
    site.push()
    assert (site.states(), record(sandbox, record_id)["Status__c"]) == ({"held": 1}, "Held")
    site.later(3 * 3600)
    release(site.parts)
    site.work_until(lambda: site.states() == {"delivered": 1})
    assert received(sandbox) == {"received": 1, "distinct": 1, "duplicates": 0}


@both
def test_what_is_deleted_while_claims_are_renewed_is_cancelled_unsent(site: Site, sandbox: Sandbox) -> None:
    """A message that is booked as deleted before it was sent was not sent."""
    (record_id,) = plant(sandbox)
    site.pull()

    def happens() -> None:
        site.dispatch()
        delete(sandbox, record_id)

    renew_while(site, happens)
    site.dispatch()
    assert (site.states(), received(sandbox)["received"]) == ({"cancelled": 1}, 0)
    assert "deleted" in site.message().failure_reason


@both
def test_what_waits_for_its_date_is_not_taken_back_while_its_claim_is_renewed(sandbox: Sandbox, url: str) -> None:
    """The watch leaves it alone that long, or a claim would come over `Held` and look like a person's change; it takes
    it back a minute later."""
    ahead = {NRS: {"schedule_ahead": 4 * 3600.0}}
    with site_on(sandbox, url, accounts=ahead) as site:
        due = site.clock() + timedelta(hours=2)
        (record_id,) = plant(sandbox, Send_After__c=f"{due:%Y-%m-%dT%H:%M:%S}.000+0000")
        site.pull()

        def happens() -> None:
            sandbox.org.update("SMS_Message__c", {record_id: {"Body__c": "Mejor #000001"}})
            watch_scheduled(site.parts, NRS)
            site.push()

        renew_while(site, happens)
        assert site.states() == {"claimed": 1}
        assert watch_scheduled(site.parts, NRS) == 1
        site.push()
        assert (site.states(), record(sandbox, record_id)["Status__c"]) == ({"held": 1}, "Held")
        site.later(60)
        release(site.parts)
        site.pull()
        assert (site.states(), site.message().values) == ({"claimed": 1}, ["Mejor #000001"])


def test_many_that_are_sent_and_renewed_at_once_all_say_what_became_of_them(site: Site, sandbox: Sandbox) -> None:
    """Reading, sending and writing side by side over an org that is slow at times: each record ends as its message."""
    plant(sandbox, 300)
    site.pull()
    waited(site)
    sandbox.faults.add(
        {"target": "org", "operation": "* /composite/sobjects*", "kind": "slow", "seconds": 0.4, "share": 0.5}
    )
    deadline = time.monotonic() + 30
    done = threading.Event()

    def again_and_again(verb: Callable[[], Any]) -> None:
        while not done.is_set() and time.monotonic() < deadline:
            verb()
            time.sleep(0.01)

    threads = [threading.Thread(target=again_and_again, args=(verb,)) for verb in (site.pull, site.dispatch, site.push)]
    for thread in threads:
        thread.start()
    while time.monotonic() < deadline and (site.states() != {"accepted": 300} or site.owed()):
        time.sleep(0.05)
    done.set()
    for thread in threads:
        thread.join(30)
    assert (site.states(), site.owed(), statuses(sandbox)) == ({"accepted": 300}, 0, {"Sent": 300})


# -- when it does not come off


@both
@pytest.mark.parametrize("error", [MayHaveLeft("no answer came"), RuntimeError("the process ends here")], ids=repr)
def test_a_claim_whose_renewal_is_in_doubt_is_renewed_again(site: Site, sandbox: Sandbox, error: Exception) -> None:
    """Without an answer, or a process to hear it, nothing is sent under the claim and nothing is lost: it is the next
    round's."""
    plant(sandbox)
    site.pull()
    crm = site.parts.crm
    with suppress(RuntimeError):
        renew_while(site, fails(error))
    site.with_parts(crm=crm)
    site.dispatch()
    assert (site.states(), received(sandbox)["received"]) == ({"claimed": 1}, 0)
    site.later(10)
    site.pull()
    site.dispatch()
    assert site.states() == {"accepted": 1}
    assert received(sandbox) == {"received": 1, "distinct": 1, "duplicates": 0}


@pytest.mark.parametrize("confirmed", [True, False])
def test_without_the_lease_no_claim_is_written(site: Site, sandbox: Sandbox, confirmed: bool) -> None:
    """A process that was paused writes nothing over its successor's words: no claim anew, and no first one."""
    (record_id,) = plant(sandbox)
    crm = site.parts.crm
    if not confirmed:
        site.with_parts(crm=BeforeClaims(crm, fails(MayHaveLeft("no answer came"))))
    site.pull()
    site.with_parts(crm=crm)
    before = record(sandbox, record_id)
    assert before["Status__c"] == ("Sending" if confirmed else "Queued")
    site.clock.go_on(site.parts.timing.claim_lifetime.total_seconds() * 0.7)
    with pytest.raises(LeaseHeld):
        site.pull()
    assert record(sandbox, record_id) == before


def test_all_that_wait_are_renewed_in_one_round(site: Site, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many they are, and each is tried once: those that are locked this moment wait for the next round."""
    monkeypatch.setattr(claiming, "_AT_ONCE", 2)
    plant(sandbox, 7)
    site.pull()
    waited(site)
    sandbox.faults.add({"target": "org", "operation": "* /composite/sobjects*", "kind": "lock_rows", "times": 1})
    renewed = site.pull().renewed
    assert 0 < renewed < 7
    sandbox.faults.clear()
    site.later(5)
    assert site.pull().renewed == 7 - renewed
    assert site.pull().renewed == 0
    site.dispatch()
    assert site.states() == {"accepted": 7}
