"""From the CRM's queue to claimed messages: one message a record and round, whoever else looks at the queue."""

import threading
import time
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from connector.model.errors import SessionLost
from connector.model.records import Page, RecordWrite, WriteResult
from connector.model.states import State
from connector.sandbox.server import Sandbox
from tests.store.making import events
from tests.sync.site import Site, new_store, plant, received, record, requests, set_back, site_on, statuses


def test_a_message_is_read_claimed_and_its_record_says_so(site: Site, sandbox: Sandbox) -> None:
    """After a pull the record is claimed by our token, and the message may be sent."""
    (record_id,) = plant(sandbox)
    pulled = site.pull()
    assert (pulled.read, pulled.fresh, pulled.claimed) == (1, 1, 1)
    row, message = record(sandbox, record_id), site.message()
    assert (row["Status__c"], row["Claim_Token__c"]) == ("Sending", message.id)
    assert message.state == State.CLAIMED
    assert message.left_queue_at is not None


def test_a_record_for_later_is_left_alone_until_its_time(site: Site, sandbox: Sandbox) -> None:
    """`Send_After__c` ahead: not read, not claimed, not sent; once it has come, sent."""
    (record_id,) = plant(sandbox)
    soon = site.clock()
    sandbox.org.update("SMS_Message__c", {record_id: {"Send_After__c": _later(soon, 3600)}})
    assert site.pull().read == 0
    sandbox.org.update("SMS_Message__c", {record_id: {"Send_After__c": _later(soon, -60)}})
    site.work_through()
    assert statuses(sandbox) == {"Delivered": 1}


def _later(at: datetime, seconds: float) -> str:
    return (at + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S.000+0000")


def test_a_record_read_again_while_its_message_is_open_is_the_same_message(site: Site, sandbox: Sandbox) -> None:
    """Somebody sets the record back while it is being sent: no second message, and nothing is sent twice."""
    (record_id,) = plant(sandbox)
    site.pull()
    set_back(sandbox, record_id)
    site.pull()
    site.dispatch()
    set_back(sandbox, record_id)
    site.pull()
    site.dispatch()
    assert len(site.messages()) == 1
    assert received(sandbox)["received"] == 1


def test_a_person_who_sets_the_record_back_after_its_end_gets_exactly_one_more(site: Site, sandbox: Sandbox) -> None:
    """The message has ended and the CRM was told: Queued again is a wish for one new round, however often read."""
    (record_id,) = plant(sandbox)
    site.work_through()
    assert statuses(sandbox) == {"Delivered": 1}
    set_back(sandbox, record_id)
    site.work_until(lambda: site.states() == {"delivered": 2} and not site.owed())
    for _ in range(3):
        site.work()
    assert [row.round for row in site.messages()] == [1, 2]
    assert received(sandbox) == {"received": 2, "distinct": 1, "duplicates": 1}
    assert statuses(sandbox) == {"Delivered": 1}


def test_a_page_read_before_our_write_never_begins_a_round(site: Site, sandbox: Sandbox) -> None:
    """A slow page still shows the record as Queued after its message was sent and told: it proves nothing."""
    (record_id,) = plant(sandbox)
    mapping = site.parts.mappings["sms-outbox"]
    (page,) = list(site.parts.crm.pages(mapping.read(site.clock())))
    stale = Page([dict(row) for row in page.records], page.read_at)
    site.work_through()

    class StalePages:
        """Answers every query with the page of before."""

        def __init__(self, crm: Any) -> None:
            self._crm = crm

        def __getattr__(self, name: str) -> Any:
            return getattr(self._crm, name)

        def pages(self, _: Any) -> list[Page]:
            return [stale]

    site.with_parts(crm=StalePages(site.parts.crm))
    assert site.pull().fresh == 0
    assert len(site.messages()) == 1
    assert record(sandbox, record_id)["Status__c"] == "Delivered"


def test_a_record_still_owed_a_status_begins_no_round(site: Site, sandbox: Sandbox) -> None:
    """Delivered with us, and the CRM not told yet: the record looks Queued because of somebody's edit, and waits."""
    (record_id,) = plant(sandbox)
    site.pull()
    site.dispatch()
    deadline = time.monotonic() + 20
    while site.states() != {"delivered": 1}:
        assert time.monotonic() < deadline
        site.poll()
        site.note()
    set_back(sandbox, record_id)
    site.pull()
    assert len(site.messages()) == 1
    site.push()
    assert record(sandbox, record_id)["Status__c"] == "Delivered"


# -- two daemons


def test_two_daemons_with_two_stores_send_each_record_once(
    sandbox: Sandbox, sqlite_template: Path, tmp_path: Path
) -> None:
    """The package's rule lets one of two claims through: in total every record is sent once, by one or the other."""
    plant(sandbox, 60)
    one = Site(sandbox, new_store(sqlite_template, tmp_path, "one"))
    two = Site(sandbox, new_store(sqlite_template, tmp_path, "two"))
    deadline = time.monotonic() + 30
    together = threading.Barrier(2)

    def works(site: Site) -> None:
        together.wait(10)
        while statuses(sandbox) != {"Delivered": 60} and time.monotonic() < deadline:
            site.work()

    threads = [threading.Thread(target=works, args=(site,)) for site in (one, two)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert statuses(sandbox) == {"Delivered": 60}
    assert received(sandbox) == {"received": 60, "distinct": 60, "duplicates": 0}
    sent = [{row.record_id for row in site.messages() if row.state == State.DELIVERED} for site in (one, two)]
    assert not sent[0] & sent[1]
    one.close()
    two.close()


class AfterReading:
    """The real org; right after a page was read, something else happens first."""

    def __init__(self, crm: Any, happens: Any) -> None:
        self._crm, self._happens = crm, happens

    def __getattr__(self, name: str) -> Any:
        return getattr(self._crm, name)

    def pages(self, query: Any) -> Any:
        """The pages, then the other thing, once."""
        for page in self._crm.pages(query):
            happens, self._happens = self._happens, None
            if happens:
                happens()
            yield page


def test_a_refused_claim_is_taken_up_only_by_a_fresh_read(
    sandbox: Sandbox, sqlite_template: Path, tmp_path: Path
) -> None:
    """The loser of a claim forgets its token; it claims again only when it reads the record as Queued once more."""
    (record_id,) = plant(sandbox)
    with (
        site_on(sandbox, new_store(sqlite_template, tmp_path, "one")) as winner,
        site_on(sandbox, new_store(sqlite_template, tmp_path, "two")) as loser,
    ):
        loser.with_parts(crm=AfterReading(loser.parts.crm, winner.pull))
        assert loser.pull().claimed == 0
        assert (loser.message().state, loser.message().claim_token) == (State.QUEUED, None)
        for _ in range(3):
            loser.work()
        assert loser.message().state == State.QUEUED
        assert requests(sandbox, "POST /sms") == 0
        # the winner is gone for good and its claim lapses; a person sets the record back
        sandbox.org.clock.ahead += loser.parts.timing.claim_lifetime * 2
        set_back(sandbox, record_id)
        loser.work_until(lambda: received(sandbox)["received"] == 1)
        assert len(loser.messages()) == 1
    assert received(sandbox)["duplicates"] == 0


def test_a_claim_that_lapsed_and_went_to_another_is_given_up_in_silence(
    sandbox: Sandbox, sqlite_template: Path, tmp_path: Path
) -> None:
    """The record is the other daemon's now: we neither send nor write a word onto it."""
    (record_id,) = plant(sandbox)
    with (
        site_on(sandbox, new_store(sqlite_template, tmp_path, "one")) as paused,
        site_on(sandbox, new_store(sqlite_template, tmp_path, "two")) as other,
    ):
        paused.pull()
        lapse = paused.parts.timing.claim_lifetime.total_seconds() + 60
        sandbox.org.clock.ahead += paused.parts.timing.claim_lifetime * 1.1
        set_back(sandbox, record_id)
        other.later(lapse)
        other.pull()
        assert other.states() == {"claimed": 1}
        paused.later(lapse)
        paused.work()
        assert paused.states() == {"cancelled": 1}
        assert paused.owed() == 0
        assert record(sandbox, record_id)["Status__c"] == "Sending"
        other.work_through()
    assert record(sandbox, record_id)["Status__c"] == "Delivered"
    assert received(sandbox) == {"received": 1, "distinct": 1, "duplicates": 0}


def test_claims_are_renewed_before_they_lapse(site: Site, sandbox: Sandbox) -> None:
    """A message that has to wait keeps its record: the claim is written anew while it waits."""
    (record_id,) = plant(sandbox)
    site.pull()
    before = record(sandbox, record_id)["Claim_Expires__c"]
    site.later(site.parts.timing.claim_lifetime.total_seconds() * 0.7)
    site.pull()
    assert record(sandbox, record_id)["Claim_Expires__c"] > before
    site.dispatch()
    assert received(sandbox)["received"] == 1


# -- what goes wrong


class FailingClaims:
    """The real org, whose first claim calls fail."""

    def __init__(self, crm: Any, failures: list[Exception]) -> None:
        self._crm, self._failures = crm, failures

    def __getattr__(self, name: str) -> Any:
        return getattr(self._crm, name)

    def write(self, wanted: list[RecordWrite]) -> list[WriteResult]:
        """Fails as often as it was told to, then writes."""
        if self._failures:
            raise self._failures.pop()
        results: list[WriteResult] = self._crm.write(wanted)
        return results


def test_a_claim_that_got_no_answer_is_written_again_with_the_same_token(site: Site, sandbox: Sandbox) -> None:
    """The committed token is the claim: it is written until the org has it, and the message is sent once."""
    plant(sandbox)
    site.with_parts(crm=FailingClaims(site.parts.crm, [SessionLost("the session is gone")]))
    assert site.pull().claimed == 0
    token = site.message().claim_token
    site.later(10)
    site.work_through()
    assert site.message().claim_token == token
    assert received(sandbox) == {"received": 1, "distinct": 1, "duplicates": 0}


def test_locked_records_are_claimed_later(site: Site, sandbox: Sandbox) -> None:
    """A lock on some records holds up only those, and all are sent once in the end."""
    plant(sandbox, 30)
    sandbox.faults.add(
        {"target": "org", "operation": "* /composite/sobjects*", "kind": "lock_rows", "share": 0.5, "times": 6}
    )
    site.pull()
    assert set(site.states()) == {"queued", "claimed"}
    sandbox.faults.clear()
    site.later(10)
    site.work_through()
    assert received(sandbox) == {"received": 30, "distinct": 30, "duplicates": 0}


def test_a_record_deleted_between_read_and_claim_is_cancelled(site: Site, sandbox: Sandbox) -> None:
    """Its message ends as cancelled, with the reason, and nothing is sent."""
    (record_id,) = plant(sandbox)

    def deletes() -> None:
        with sandbox.org.lock, sandbox.org.records.transaction():
            sandbox.org.records.rows(
                f"UPDATE SMS_Message__c SET IsDeleted = 1 WHERE Id = '{record_id}'"  # noqa: S608  the sandbox's table
            )

    site.with_parts(crm=AfterReading(site.parts.crm, deletes))
    site.pull()
    site.dispatch()
    assert site.states() == {"cancelled": 1}
    assert "deleted" in site.message().failure_reason
    assert requests(sandbox, "POST /sms") == 0


def test_reading_stops_where_enough_waits(sandbox: Sandbox, url: str) -> None:
    """Above `high_water` no further page is read; what was read is sent, then reading goes on."""
    plant(sandbox, 25)
    with site_on(sandbox, url, pace={"high_water": 10}, crm={"page_size": 10}) as site:
        site.pull()
        assert len(site.messages()) == 10
        site.work_through()
        site.work_until(lambda: site.states() == {"delivered": 25})
    assert received(sandbox)["duplicates"] == 0


def test_every_change_of_state_leaves_a_row(site: Site, sandbox: Sandbox) -> None:
    """The life of one message can be read from its events, in order."""
    plant(sandbox)
    site.work_through()
    told = [to for _, to, moved in events(site.parts.database, site.message().id) if moved]
    assert told[:4] == ["queued", "claimed", "attempting", "accepted"]
    assert told[-1] == "delivered"


def test_a_stop_is_heeded_between_pages(site: Site, sandbox: Sandbox) -> None:
    """A daemon that was told to stop takes in nothing more."""
    plant(sandbox, 3)
    site.parts.stopping.set()
    assert site.pull().read == 0
    assert site.messages() == []


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"], indirect=True)
def test_the_whole_way_on_both_databases(site: Site, sandbox: Sandbox) -> None:
    """Read, claim, send, poll, note and write back do the same on SQLite and on PostgreSQL."""
    plant(sandbox, 12)
    plant(sandbox, 6, "MX", first=41)
    site.work_through()
    assert statuses(sandbox) == {"Delivered": 12, "Sent": 6}
    assert received(sandbox) == {"received": 18, "distinct": 18, "duplicates": 0}


def test_two_mappings_stop_apart(site: Site, sandbox: Sandbox) -> None:
    """A mapping the org refuses is stopped with an alarm that says so; the other one goes on."""
    plant(sandbox)
    good = site.parts.mappings["sms-outbox"]
    bad = replace(good, name="broken", source=replace(good.source, where=("Gone__c = 'x'",)))
    site.with_parts(mappings={"broken": bad, "sms-outbox": good})
    site.work_through()
    alarm = site.alarms()["mapping broken"]
    assert "Gone__c" in alarm
    assert "stopped until it and the org agree again" in alarm
    assert statuses(sandbox) == {"Delivered": 1}
    site.with_parts(mappings={"broken": replace(good, name="broken"), "sms-outbox": good})
    site.pull()
    assert site.alarms() == {}
