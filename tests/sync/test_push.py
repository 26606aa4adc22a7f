"""What the CRM is owed: coalesced, settled record by record, in order, and told once whatever befalls the call."""

from collections.abc import Sequence
from typing import Any

import pytest

from connector.model.errors import BudgetSpent
from connector.model.records import RecordWrite, WriteResult
from connector.sandbox.server import Sandbox
from connector.store import writes
from tests.sync.site import Site, plant, record, statuses

COLLECTIONS = "* /composite/sobjects*"


class Recording:
    """The real CRM, its write calls kept; `fails` is raised instead of the first call."""

    def __init__(self, crm: Any, fails: Exception | None = None) -> None:
        self._crm = crm
        self._fails = fails
        self.calls: list[list[RecordWrite]] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._crm, name)

    def write(self, wanted: Sequence[RecordWrite]) -> list[WriteResult]:
        """Notes the call, then makes it or fails."""
        self.calls.append(list(wanted))
        if self._fails is not None:
            failure, self._fails = self._fails, None
            raise failure
        results: list[WriteResult] = self._crm.write(wanted)
        return results


def sent(site: Site, sandbox: Sandbox, count: int = 1) -> list[str]:
    """Queued, sent and accepted, with nothing of it written to the CRM yet."""
    ids = plant(sandbox, count)
    site.pull()
    site.dispatch()
    return ids


def delivered(site: Site) -> None:
    """Their statuses come in."""
    site.work_until(lambda: _told(site))


def _told(site: Site) -> bool:
    site.poll()
    site.note()
    return set(site.states()) == {"delivered"}


def quietly(site: Site) -> None:
    """Statuses come in and nothing is written."""
    import time

    deadline = time.monotonic() + 20
    while not _told(site):
        assert time.monotonic() < deadline, site.states()
        time.sleep(0.02)


def test_what_is_owed_to_one_record_travels_in_one_write(site: Site, sandbox: Sandbox) -> None:
    """Accepted and delivered, both owed, are one update of the record with the later values, and one activity."""
    (record_id,) = sent(site, sandbox)
    quietly(site)
    recording = Recording(site.parts.crm)
    site.with_parts(crm=recording)
    site.push()
    (call,) = recording.calls
    assert [write.record_id for write in call if write.object == "SMS_Message__c"] == [record_id]
    row = record(sandbox, record_id)
    assert row["Status__c"] == "Delivered"
    assert row["Sent_At__c"]
    assert row["Delivered_At__c"]
    assert site.owed() == 0


def test_locked_rows_are_written_later_and_the_others_now(site: Site, sandbox: Sandbox) -> None:
    """UNABLE_TO_LOCK_ROW puts off the record that is locked and no other; in the end all are told, once."""
    sent(site, sandbox, 40)
    quietly(site)
    sandbox.faults.add({"target": "org", "operation": COLLECTIONS, "kind": "lock_rows", "share": 0.4, "times": 6})
    site.push()
    put_off = [row for row in site.writes("due") if row.error_code]
    assert 0 < len(put_off) < 120
    assert {row.error_code for row in put_off} == {"UNABLE_TO_LOCK_ROW"}
    sandbox.faults.clear()
    site.later(60)
    site.push()
    assert statuses(sandbox) == {"Delivered": 40}
    tasks = sandbox.org.rows("Task")
    assert len(tasks) == len({row["SMS_External_Id__c"] for row in tasks}) == 40


def test_an_older_write_that_was_put_off_never_undoes_a_newer_one(site: Site, sandbox: Sandbox) -> None:
    """The lock hits the write of "Sent"; "Delivered" is written meanwhile; the record stays delivered."""
    (record_id,) = sent(site, sandbox)
    sandbox.faults.add({"target": "org", "operation": COLLECTIONS, "kind": "lock_rows", "times": 10})
    site.push()
    sandbox.faults.clear()
    assert site.owed() == 2, "the record's status and the activity wait"
    quietly(site)
    site.push()
    site.later(60)
    site.push()
    assert site.owed() == 0
    row = record(sandbox, record_id)
    assert row["Status__c"] == "Delivered"
    assert row["Sent_At__c"], "what only the older one says is told too"


def test_a_parked_write_made_due_again_never_undoes_a_newer_one(site: Site, sandbox: Sandbox) -> None:
    """`writes retry` of an old status, after a newer one was written, fills in what is missing and no more."""
    (record_id,) = sent(site, sandbox)
    sandbox.org.update("SMS_Message__c", {record_id: {"Error__c": None}})
    from connector.store.writes import Settled

    with site.parts.database.begin() as connection:
        due = writes.due(connection, site.parts.org, site.clock(), 100)
        writes.settle(connection, [Settled(row.id, "parked", 1) for row in due], site.clock())
    quietly(site)
    site.push()
    assert record(sandbox, record_id)["Status__c"] == "Delivered"
    with site.parts.database.begin() as connection:
        writes.retry(connection, None)
    site.push()
    assert site.owed() == 0
    row = record(sandbox, record_id)
    assert (row["Status__c"], bool(row["Sent_At__c"])) == ("Delivered", True)
    assert len(sandbox.org.rows("Task")) == 1


def test_a_rows_own_fault_is_parked_with_its_reason_and_the_rest_is_written(site: Site, sandbox: Sandbox) -> None:
    """A record the org refuses is set aside for a person, with the org's words; its neighbours are told."""
    ids = sent(site, sandbox, 3)
    bad = site.messages()[1]
    with site.parts.database.begin() as connection:
        writes.owe(
            connection,
            site.parts.org,
            [
                writes.Owed(
                    RecordWrite("SMS_Message__c", {"Channel__c": "Pigeon"}, record_id=bad.record_id),
                    "sms-outbox",
                    bad.id,
                )
            ],
            site.clock(),
        )
    site.push()
    parked = site.writes("parked")
    assert {row.record_id for row in parked} == {bad.record_id}
    assert parked[0].error_code == "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"
    assert "Pigeon" in parked[0].error
    assert {record(sandbox, each)["Status__c"] for each in ids if each != bad.record_id} == {"Sent"}


def test_a_deleted_record_is_noted_and_work_goes_on(site: Site, sandbox: Sandbox) -> None:
    """A record deleted after its message was sent owes nothing more, and nothing waits for it."""
    (record_id,) = sent(site, sandbox)
    with sandbox.org.lock, sandbox.org.records.transaction():
        sandbox.org.records.rows(
            f"UPDATE SMS_Message__c SET IsDeleted = 1 WHERE Id = '{record_id}'"  # noqa: S608  the sandbox's own table
        )
    site.push()
    status_writes = [row for row in site.writes() if row.cause == "status"]
    assert [row.standing for row in status_writes] == ["done"]
    assert status_writes[0].error_code == "ENTITY_IS_DELETED"


@pytest.mark.parametrize("kind_of_loss", ["drop_after", "drop_before", "garbage"])
def test_a_lost_answer_to_a_write_makes_no_second_activity(site: Site, sandbox: Sandbox, kind_of_loss: str) -> None:
    """Writes are idempotent: the org acts, the answer is lost, the same is asked again, and there is one activity."""
    sent(site, sandbox, 5)
    sandbox.faults.add({"target": "org", "operation": COLLECTIONS, "kind": kind_of_loss, "times": 8})
    site.push()
    sandbox.faults.clear()
    site.later(60)
    site.push()
    assert site.owed() == 0
    assert statuses(sandbox) == {"Sent": 5}
    tasks = sandbox.org.rows("Task")
    assert len(tasks) == len({row["SMS_External_Id__c"] for row in tasks}) == 5


def test_a_spent_budget_leaves_everything_due(site: Site, sandbox: Sandbox) -> None:
    """REQUEST_LIMIT_EXCEEDED is raised to the daemon, which pauses; what was owed is owed still, and told later."""
    sent(site, sandbox, 2)
    owed = site.owed()
    sandbox.org.daily_requests = sandbox.org.used_requests
    with pytest.raises(BudgetSpent):
        site.push()
    assert site.owed() == owed > 0
    sandbox.org.daily_requests = 100_000
    site.later(120)
    site.push()
    assert statuses(sandbox) == {"Sent": 2}


def test_an_org_that_cannot_be_reached_puts_writes_off(site: Site, sandbox: Sandbox) -> None:
    """A call that ends in an error of the org as a whole puts its rows off with the reason, and loses none."""
    from connector.model.errors import SessionLost

    sent(site, sandbox)
    site.with_parts(crm=Recording(site.parts.crm, SessionLost("The org takes the login no more.")))
    assert site.push().put_off == 2
    assert {row.error for row in site.writes("due")} == {"The org takes the login no more."}
    site.later(10)
    site.push()
    assert statuses(sandbox) == {"Sent": 1}


def test_a_lost_field_sounds_an_alarm_that_names_it(site: Site, sandbox: Sandbox) -> None:
    """A field that went missing parks what would write it, and the alarm says which and where to look."""
    (record_id,) = sent(site, sandbox)
    with site.parts.database.begin() as connection:
        message = site.message()
        lost = RecordWrite("SMS_Message__c", {"Gone__c": 1}, record_id=record_id)
        writes.owe(connection, site.parts.org, [writes.Owed(lost, "sms-outbox", message.id)], site.clock())
    site.push()
    alarm = site.alarms()["writes of sms-outbox"]
    assert "Gone__c" in alarm
    assert "connector writes list" in alarm
