"""A record that keeps asking for what it has had sent is held: a mapping could otherwise send for ever."""

from datetime import timedelta

import pytest

from connector.model.states import State
from connector.sandbox.server import Sandbox
from connector.store import repeats
from tests.sync.site import Site, plant, received, record, set_back


def send_again(site: Site, sandbox: Sandbox, record_id: str, rounds: int) -> None:
    """The record asks for its message once more, after the end of the one before: so many have been sent then."""
    set_back(sandbox, record_id)
    site.work_until(lambda: site.states() == {"delivered": rounds} and not site.owed())


def test_a_record_that_is_always_in_its_queue_is_sent_for_twice(site: Site, sandbox: Sandbox) -> None:
    """Whatever puts it back at once, a flow or a `where` that finds what was sent: the third time it is held, says why
    on its record, sounds an alarm, and stays so however often it is read, for days."""
    (record_id,) = plant(sandbox)
    site.work_through()
    send_again(site, sandbox, record_id, 2)
    for hours in (0, 0, 1, 30, 30):
        set_back(sandbox, record_id)
        site.work()
        site.work()
        site.later(3600 * hours)
    assert received(sandbox)["received"] == 2
    assert site.states() == {"delivered": 2, "held": 1}
    assert "has been sent 2 times for this record within a day" in site.alarms()["repeats of sms-outbox"]
    site.push()
    assert record(sandbox, record_id)["Status__c"] == "Queued", "what put it there put it there again"


def test_who_changes_the_text_gets_it_sent(site: Site, sandbox: Sandbox) -> None:
    """An agent who writes one text after the other into one record is not stopped, nor is who mends what was held."""
    (record_id,) = plant(sandbox)
    site.work_through()
    send_again(site, sandbox, record_id, 2)
    set_back(sandbox, record_id)
    site.work()
    assert site.states() == {"delivered": 2, "held": 1}
    sandbox.org.update("SMS_Message__c", {record_id: {"Body__c": "Something else"}})
    site.push()
    set_back(sandbox, record_id)
    site.work_until(lambda: site.states() == {"delivered": 3} and not site.owed())
    assert received(sandbox)["received"] == 3


def test_the_same_text_time_after_time_is_no_loop(
    site: Site, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reminder that its record asks for now and then is sent each time: only what left within the time counts."""
    monkeypatch.setattr(repeats, "WITHIN", timedelta(hours=1))
    (record_id,) = plant(sandbox)
    site.work_through()
    for rounds in (2, 3, 4):
        site.later(40 * 60)
        send_again(site, sandbox, record_id, rounds)
    assert received(sandbox)["received"] == 4


def test_what_never_left_is_no_repetition(site: Site, sandbox: Sandbox) -> None:
    """A record set back after each refusal is tried each time: only what went out counts."""
    (record_id,) = plant(sandbox)
    sandbox.faults.add(
        {
            "target": "nrs360",
            "operation": "POST /sms",
            "kind": "status",
            "status": 400,
            "times": 3,
            "body": '{"error": {"code": 102, "description": "No valid recipients"}}',
        }
    )
    for times in (1, 2, 3):
        site.work_until(lambda times=times: site.states() == {"rejected": times} and not site.owed())  # type: ignore[misc]
        set_back(sandbox, record_id)
    site.work_until(lambda: site.states().get(State.DELIVERED) == 1)
    assert site.states() == {"rejected": 3, "delivered": 1}
