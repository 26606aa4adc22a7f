"""Quiet hours before a send, and what becomes of held messages when their moment comes."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from connector.mapping.parts import SendingHours
from connector.model.scopes import Scope
from connector.model.states import State
from connector.sandbox.server import Sandbox
from connector.store import pauses
from connector.sync.gates.hours import QUIET_HOURS
from connector.sync.release import release
from tests.store.making import statements
from tests.sync.site import NRS, SMSCLOUDS, Site, plant, received, record, requests, set_back, statuses

SEND = "POST /sms"
WAIT = 3 * 3600.0


def around(site: Site, opens_in: float, **message: Any) -> None:
    """Gives the mapping hours of four hours that begin so many seconds from now, and other parts of its message."""
    begins = site.clock() + timedelta(seconds=opens_in)
    mapping = site.parts.mappings["sms-outbox"]
    hours = SendingHours(_clock_time(begins), _clock_time(begins + timedelta(hours=4)), "UTC")
    site.with_parts(mappings={mapping.name: replace(mapping, message=replace(mapping.message, hours=hours, **message))})


def _clock_time(moment: datetime) -> time:
    return moment.astimezone(UTC).time().replace(second=0, microsecond=0)


def hold(site: Site) -> None:
    """Holds all that is queued for its hours, which begin within three hours, and tells the records."""
    around(site, WAIT - 60)
    site.pull()
    for account in (NRS, SMSCLOUDS):
        site.dispatch(account)
    site.push()
    assert set(site.states()) == {"held"}


def send(site: Site) -> None:
    """Releases, claims and sends what may be."""
    release(site.parts)
    site.pull()
    site.dispatch()


def test_a_message_waits_for_its_hours_and_is_sent_once_when_they_begin(site: Site, sandbox: Sandbox) -> None:
    """Outside of the hours it is held, its record says until when; when they begin it goes out, once."""
    (record_id,) = plant(sandbox)
    hold(site)
    message = site.message()
    assert timedelta(hours=2, minutes=57) < message.not_before - site.clock() <= timedelta(hours=3)
    assert message.failure_code == QUIET_HOURS
    told = record(sandbox, record_id)
    assert told["Status__c"] == "Held"
    assert f"it goes out at {message.not_before:%Y-%m-%d %H:%M} in UTC" in told["Error__c"]
    send(site)
    assert site.states() == {"held": 1}
    site.later(WAIT)
    assert release(site.parts) == 1
    site.work_until(lambda: site.states() == {"delivered": 1})
    site.push()
    assert received(sandbox) == {"received": 1, "distinct": 1, "duplicates": 0}
    assert statuses(sandbox) == {"Delivered": 1}


def test_hours_are_the_recipients_own(site: Site, sandbox: Sandbox) -> None:
    """The same hours are open to a number in London and closed to one in Mexico."""
    plant(sandbox, country="GB")
    plant(sandbox, country="MX", first=2)
    mapping = site.parts.mappings["sms-outbox"]
    london = SendingHours(*(_in_london(site.clock() + timedelta(hours=by)) for by in (-1, 1)), "recipient")
    site.with_parts(mappings={mapping.name: replace(mapping, message=replace(mapping.message, hours=london))})
    site.pull()
    site.dispatch(NRS)
    site.dispatch(SMSCLOUDS)
    by_country = {row.country: row.state for row in site.messages()}
    assert by_country == {"GB": State.ACCEPTED, "MX": State.HELD}


def _in_london(moment: datetime) -> time:
    return moment.astimezone(ZoneInfo("Europe/London")).time().replace(second=0, microsecond=0)


def test_what_is_too_old_when_its_hours_begin_is_not_kept_for_them(site: Site, sandbox: Sandbox) -> None:
    """It expires at once, and its record says why."""
    (record_id,) = plant(sandbox)
    around(site, WAIT, valid_for=timedelta(hours=1))
    site.pull()
    site.dispatch()
    site.push()
    assert site.states() == {"expired": 1}
    assert "when that begins it is too old" in record(sandbox, record_id)["Error__c"]


def test_what_gets_too_old_while_it_is_held_expires(site: Site, sandbox: Sandbox) -> None:
    """A message that is released after its time is not sent."""
    (record_id,) = plant(sandbox)
    hold(site)
    site.later(25 * 3600)
    send(site)
    site.push()
    assert site.states() == {"expired": 1}
    assert record(sandbox, record_id)["Status__c"] == "Failed"
    assert requests(sandbox, SEND) == 0


def test_a_record_that_a_person_changed_is_left_alone(site: Site, sandbox: Sandbox) -> None:
    """Its message is cancelled with the reason, nothing is sent, and what the person wrote stands."""
    (record_id,) = plant(sandbox)
    hold(site)
    sandbox.org.update("SMS_Message__c", {record_id: {"Status__c": "Draft"}})
    site.later(WAIT)
    send(site)
    site.push()
    message = site.message()
    assert (message.state, message.failure_code) == (State.CANCELLED, "CHANGED")
    assert "changed while its message was held" in message.failure_reason
    assert record(sandbox, record_id)["Status__c"] == "Draft"
    assert requests(sandbox, SEND) == 0


def test_a_deleted_record_cancels_its_message(site: Site, sandbox: Sandbox) -> None:
    """A record that is gone when its message's moment comes is not sent."""
    (record_id,) = plant(sandbox)
    hold(site)
    with sandbox.org.lock, sandbox.org.records.transaction():
        sandbox.org.records.rows(
            f"UPDATE SMS_Message__c SET IsDeleted = 1 WHERE Id = '{record_id}'"  # noqa: S608  the sandbox's table
        )
    site.later(WAIT)
    send(site)
    assert (site.message().state, site.message().failure_code) == (State.CANCELLED, "DELETED")


def test_a_record_set_back_while_held_is_taken_up_by_the_next_reading(site: Site, sandbox: Sandbox) -> None:
    """Release does not cancel what asks for a message again; pull takes it up, and it is sent once."""
    (record_id,) = plant(sandbox)
    hold(site)
    site.later(WAIT)
    set_back(sandbox, record_id)
    assert release(site.parts) == 0
    assert site.states() == {"held": 1}
    site.work_until(lambda: site.states() == {"delivered": 1})
    assert received(sandbox)["received"] == 1


def test_what_was_mended_while_held_is_what_is_sent(site: Site, sandbox: Sandbox) -> None:
    """The message is made anew from its record as it is when it is released."""
    (record_id,) = plant(sandbox)
    hold(site)
    sandbox.org.update("SMS_Message__c", {record_id: {"Body__c": "Adiós #000001"}})
    site.later(WAIT)
    send(site)
    assert "Adiós #000001" in "".join([*site.message().pieces, *site.message().values])
    assert site.message().state == State.ACCEPTED


def test_a_stop_while_held_is_heard(site: Site, sandbox: Sandbox) -> None:
    """A person who opted out on the record meanwhile is not sent to, and the message stays held for that."""
    (record_id,) = plant(sandbox)
    hold(site)
    contact = record(sandbox, record_id)["Contact__c"]
    sandbox.org.update("Contact", {contact: {"SMS_Opt_Out__c": True}})
    site.later(WAIT)
    send(site)
    message = site.message()
    assert (message.state, message.failure_code, message.not_before) == (State.HELD, "OPTED_OUT", None)
    site.later(WAIT)
    send(site)
    assert requests(sandbox, SEND) == 0


def test_what_its_record_was_not_told_yet_is_not_released(site: Site, sandbox: Sandbox) -> None:
    """As long as the write that says held is owed, nobody can tell whether a person changed the record."""
    plant(sandbox)
    around(site, 600)
    site.pull()
    site.dispatch()
    site.later(1200)
    assert release(site.parts) == 0
    site.push()
    assert release(site.parts) == 1


def test_a_paused_mapping_releases_nothing(site: Site, sandbox: Sandbox) -> None:
    """What is held stays held until the pause ends."""
    plant(sandbox)
    hold(site)
    site.later(WAIT)
    with site.parts.database.begin() as connection:
        pauses.pause(connection, Scope.MAPPING, "sms-outbox", "", site.clock())
    assert release(site.parts) == 0
    with site.parts.database.begin() as connection:
        pauses.resume(connection, Scope.MAPPING, "sms-outbox")
    assert release(site.parts) == 1


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"], indirect=True)
def test_many_are_released_with_as_many_statements_as_few(site: Site, sandbox: Sandbox) -> None:
    """A release of forty messages asks the store what one of two asks; each is sent once."""
    asked = []
    for first, count in ((1, 2), (101, 40)):
        plant(sandbox, count, first=first)
        around(site, WAIT - 60)
        site.pull()
        site.dispatch()
        site.push()
        site.later(WAIT)
        with statements(site.parts.database) as seen:
            assert release(site.parts) == count
        asked.append(len(seen))
        site.pull()
        site.dispatch()
    assert asked[0] == asked[1]
    assert received(sandbox) == {"received": 42, "distinct": 42, "duplicates": 0}
