"""Messages given to their provider before they are due, and taken back when their record, or a person, says so."""

import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from time import monotonic, sleep
from typing import Any

import pytest
from sqlalchemy import select

from connector.mapping.parts import FieldChoice, SendingHours
from connector.model.caps import Cap, Period, Unit
from connector.model.consent import PERSON, ConsentSource, ConsentWord
from connector.model.errors import ConnectorError
from connector.model.scopes import Scope
from connector.model.states import State
from connector.sandbox.server import Sandbox
from connector.store import pauses, schedule
from connector.store.schedule import SCHEDULED
from connector.sync import schedule_watch
from connector.sync.consent import Reach, tell
from connector.sync.release import release
from connector.sync.schedule_watch import watch_scheduled
from tests.sync.site import NRS, SMSCLOUDS, Site, number_of, plant, received, record, requests, site_on, statuses

both = pytest.mark.parametrize("kind", ["sqlite", "postgresql"], indirect=True)
HOUR = 3600.0
CANCEL, LIST, SEND = "DELETE /scheduled", "GET /scheduled", "POST /sms"
EVERY_PAUSE = [(Scope.EVERYTHING, ""), (Scope.ACCOUNT, NRS), (Scope.MAPPING, "sms-outbox")]
AHEAD = {NRS: {"schedule_ahead": 4 * HOUR}, SMSCLOUDS: {"schedule_ahead": 4 * HOUR, "remittent": "4491112233"}}


@pytest.fixture
def site(sandbox: Sandbox, url: str) -> Iterator[Site]:
    """A connector whose accounts may give messages to their provider four hours ahead."""
    with site_on(sandbox, url, accounts=AHEAD) as running:
        yield running


def at(site: Site, seconds: float) -> str:
    """A date so far from now, as the org writes it."""
    return (site.clock() + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S.000+0000")


def watch(site: Site, account: str = NRS) -> int:
    """One round of the watch."""
    return watch_scheduled(site.parts, account)


def hand_over(site: Site, count: int = 1, account: str = NRS, *, seconds: float = HOUR, **changes: Any) -> list[str]:
    """Plants messages that are due later, and gives them to their provider; the ids of their records."""
    planted = plant(site.sandbox, count, **{"Send_After__c": at(site, seconds)} | changes)
    turn(site, account)
    return planted


def turn(site: Site, account: str = NRS) -> None:
    """Everything that happens within a minute, once."""
    watch(site, account)
    release(site.parts)
    site.pull()
    site.dispatch(account)
    site.push()


def change(sandbox: Sandbox, record_id: str, **fields: Any) -> None:
    """A person changes a record."""
    sandbox.org.update("SMS_Message__c", {record_id: fields})


def delete(sandbox: Sandbox, record_id: str) -> None:
    """A person deletes a record."""
    sandbox.org.writer.delete(sandbox.org.object("SMS_Message__c"), [record_id])


def held_there(sandbox: Sandbox) -> list[datetime]:
    """The dates of what the pretend 360NRS holds."""
    return sorted(
        datetime.fromtimestamp(each.at, UTC) for each in sandbox.providers.nrs360.book.extras.schedules.values()
    )


def fates(sandbox: Sandbox) -> list[str]:
    """What became of every text that the pretend 360NRS accepted, in words."""
    return sorted(word for _, word in sandbox.providers.nrs360.fates())


def stop(site: Site, serial: int = 1) -> None:
    """A person stops a number."""
    said = ConsentWord(number_of(serial), PERSON, True, ConsentSource.PERSON, site.clock(), {"why": "they asked"})
    with site.parts.database.begin() as connection:
        tell(Reach.of(site.parts), connection, [said], site.clock())


def pause(site: Site, scope: Scope, name: str) -> None:
    """A person pauses something."""
    with site.parts.database.begin() as connection:
        assert pauses.pause(connection, scope, name, "a try", site.clock())


def resume(site: Site, scope: Scope, name: str) -> None:
    """And lets it go on."""
    with site.parts.database.begin() as connection:
        assert pauses.resume(connection, scope, name)


def wait_for(true: Callable[[], bool]) -> None:
    """Waits until it is, and fails when it does not come."""
    deadline = monotonic() + 10
    while not true():
        assert monotonic() < deadline, "what the test waits for never came"
        sleep(0.02)


def still_scheduled(site: Site) -> list[str]:
    """Our ids of what the store takes to be held by a provider."""
    with site.parts.database.read() as connection:
        return list(connection.execute(select(SCHEDULED.c.message_id)).scalars())


# -- which are given away


@both
def test_a_message_is_held_by_its_provider_until_its_date_and_goes_out_then(sandbox: Sandbox, url: str) -> None:
    """Accepted before its date, not sent before it, and then delivered once; nothing of it is kept afterwards."""
    with site_on(sandbox, url, ahead=-600.0, accounts=AHEAD) as site:
        (record_id,) = hand_over(site, seconds=606.0)
        assert site.states() == {"accepted": 1}
        (due,) = held_there(sandbox)
        assert due == site.message().send_at
        assert fates(sandbox) == ["accepted"]
        site.later(606.0)  # from here on the news of it is asked for
        site.work_until(lambda: site.states() == {"delivered": 1})
        site.push()
        assert received(sandbox) == {"received": 1, "distinct": 1, "duplicates": 0}
        assert record(sandbox, record_id)["Status__c"] == "Delivered"
        watch(site)
        assert still_scheduled(site) == []


def test_nothing_is_asked_of_what_is_held_before_its_date(site: Site, sandbox: Sandbox) -> None:
    """News of it can only come from then on; until then the provider is left alone, and afterwards asked soon."""
    hand_over(site)
    site.later(HOUR - 60)
    site.poll()
    assert requests(sandbox, "GET /sms/{id}") == 0
    site.later(120)
    site.poll()
    assert requests(sandbox, "GET /sms/{id}") == 1


def test_by_default_a_message_waits_with_its_record(sandbox: Sandbox, url: str) -> None:
    """Without `schedule_ahead` the record is not even claimed before its date, and no provider is asked anything."""
    with site_on(sandbox, url) as site:
        hand_over(site)
        turn(site)
        assert (site.states(), statuses(sandbox)) == ({}, {"Queued": 1})
        assert requests(sandbox, SEND) == requests(sandbox, LIST) == 0


def test_what_is_held_travels_alone_and_what_is_due_together(site: Site, sandbox: Sandbox) -> None:
    """One request a message that is to be held, for that is what can be cancelled; one for all that are due."""
    plant(sandbox, 3, first=10)
    hand_over(site, 5)
    site.dispatch()
    assert site.states() == {"accepted": 8}
    assert requests(sandbox, SEND) == 1 + 5
    assert len(held_there(sandbox)) == 5


def test_nothing_is_given_away_that_nobody_watches(site: Site, sandbox: Sandbox) -> None:
    """Before the first round of the watch, and three minutes after the last, messages wait here."""
    plant(sandbox, Send_After__c=at(site, HOUR))
    site.pull()
    site.dispatch()
    assert site.states() == {"claimed": 1}
    watch(site)
    site.later(200)
    site.dispatch()
    assert held_there(sandbox) == []
    watch(site)
    site.dispatch()
    assert len(held_there(sandbox)) == 1


def test_nothing_is_given_away_while_the_records_cannot_be_read(site: Site, sandbox: Sandbox) -> None:
    """A watch that the org does not answer is none."""
    (first,) = hand_over(site)
    site.later(200)
    sandbox.faults.add({"target": "org", "operation": "*", "kind": "status", "status": 500})
    with pytest.raises(ConnectorError):
        watch(site)
    sandbox.faults.reset()
    plant(sandbox, first=2, Send_After__c=at(site, HOUR))
    site.pull()
    site.dispatch()
    assert site.states() == {"accepted": 1, "claimed": 1}
    assert len(held_there(sandbox)) == 1
    assert record(sandbox, first)["Status__c"] == "Sent"


def test_nothing_is_given_away_to_who_does_not_give_back(site: Site, sandbox: Sandbox) -> None:
    """While a message cannot be taken back for a provider's trouble, no other one is given to it."""
    (record_id,) = hand_over(site)
    site.later(200)
    sandbox.faults.add({"target": "nrs360", "operation": LIST, "kind": "status", "status": 500})
    change(sandbox, record_id, Status__c="Cancelled")
    assert watch(site) == 0
    plant(sandbox, first=2, Send_After__c=at(site, HOUR))
    site.pull()
    site.dispatch()
    assert site.states() == {"accepted": 1, "claimed": 1}
    assert len(held_there(sandbox)) == 1


@pytest.mark.parametrize("seconds", [240.0, 5 * HOUR])
def test_what_is_due_soon_or_far_away_stays_here(site: Site, sandbox: Sandbox, seconds: float) -> None:
    """Within five minutes a message would hardly be watched; beyond the account's horizon it stays with its record."""
    hand_over(site, seconds=seconds)
    assert held_there(sandbox) == []
    assert requests(sandbox, SEND) == 0


def test_under_a_cap_nothing_is_given_away(site: Site, sandbox: Sandbox) -> None:
    """A cap counts what is sent when it is sent, which a provider would decide."""
    site.with_parts(caps=(Cap(Scope.ACCOUNT, NRS, Unit.MESSAGES, Period.HOUR, 100),))
    hand_over(site)
    assert held_there(sandbox) == []


def test_a_record_that_cannot_be_told_held_keeps_its_message(site: Site, sandbox: Sandbox) -> None:
    """Where `held` does not write the status, a message that was taken back could not be told from a changed record."""
    mapping = site.parts.mappings["sms-outbox"]
    held = mapping.statuses[State.HELD]
    without = replace(held, set=tuple(each for each in held.set if each.field != "Status__c"))
    site.with_parts(mappings={mapping.name: replace(mapping, statuses={**mapping.statuses, State.HELD: without})})
    hand_over(site)
    assert (site.states(), statuses(sandbox)) == ({}, {"Queued": 1})


def around(site: Site, begin: float, end: float) -> None:
    """Gives the mapping hours that begin and end so many minutes from now."""
    begins, ends = ((site.clock() + timedelta(minutes=by)).time().replace(second=0) for by in (begin, end))
    mapping = site.parts.mappings["sms-outbox"]
    hours = SendingHours(begins.replace(microsecond=0), ends.replace(microsecond=0), "UTC")
    site.with_parts(mappings={mapping.name: replace(mapping, message=replace(mapping.message, hours=hours))})


def test_hours_are_asked_for_the_date(site: Site, sandbox: Sandbox) -> None:
    """A date outside of the hours is not given away; one inside is, though now is outside."""
    around(site, 30.0, 90.0)
    plant(sandbox, Send_After__c=at(site, 2 * HOUR), first=2)
    hand_over(site)
    assert site.states() == {"accepted": 1, "claimed": 1}
    assert held_there(sandbox) == [next(row.send_at for row in site.messages() if row.state == State.ACCEPTED)]


def test_those_that_stay_do_not_stand_in_the_way(sandbox: Sandbox, url: str) -> None:
    """More than are looked at in one go cannot be sent at their date; the next one after them is given away."""
    alone = {NRS: {"schedule_ahead": 4 * HOUR, "senders": 1}}
    with site_on(sandbox, url, accounts=alone) as site:
        around(site, 150.0, 210.0)
        plant(sandbox, 30, first=2, Send_After__c=at(site, HOUR))
        hand_over(site, seconds=3 * HOUR)
        for _ in range(5):
            site.dispatch()
        assert site.states() == {"accepted": 1, "claimed": 30}


# -- and taken back


@both
def test_a_moved_record_moves_what_is_held(site: Site, sandbox: Sandbox) -> None:
    """Its message is taken back and given away again for the new date; the old one never goes out."""
    (record_id,) = hand_over(site)
    change(sandbox, record_id, Send_After__c=at(site, 3 * HOUR))
    assert watch(site) == 1
    assert (site.states(), held_there(sandbox)) == ({"held": 1}, [])
    site.push()
    told = record(sandbox, record_id)
    assert told["Status__c"] == "Held"
    assert "the record was changed before its message went out" in told["Error__c"]
    turn(site)
    assert site.states() == {"accepted": 1}
    assert held_there(sandbox) == [site.message().send_at]
    assert site.message().send_at > site.clock() + timedelta(hours=2.9)
    assert fates(sandbox) == ["accepted", "cancelled"]
    assert record(sandbox, record_id)["Status__c"] == "Sent"


def test_a_record_moved_beyond_the_horizon_waits_here_until_it_is_within(site: Site, sandbox: Sandbox) -> None:
    """It is held here, without a claim to renew, and given away when the time has come."""
    (record_id,) = hand_over(site)
    change(sandbox, record_id, Send_After__c=at(site, 10 * HOUR))
    for _ in range(2):
        turn(site)
    assert (site.states(), held_there(sandbox)) == ({"held": 1}, [])
    site.later(7 * HOUR)
    turn(site)
    assert site.states() == {"accepted": 1}
    assert fates(sandbox) == ["accepted", "cancelled"]


def test_a_record_whose_text_is_mended_is_sent_as_it_reads_then(site: Site, sandbox: Sandbox) -> None:
    """What a provider holds is what the record says, whichever of its fields was changed."""
    (record_id,) = hand_over(site)
    change(sandbox, record_id, Body__c="Mejor #000001")
    for _ in range(2):
        turn(site)
    assert dict(sandbox.providers.nrs360.fates()) == {"Hola #000001": "cancelled", "Mejor #000001": "accepted"}


@both
def test_a_cancelled_record_cancels_what_is_held(site: Site, sandbox: Sandbox) -> None:
    """A person's word on the record stands there, and the message never goes out."""
    (record_id,) = hand_over(site)
    change(sandbox, record_id, Status__c="Cancelled")
    turn(site)
    assert (site.states(), fates(sandbox)) == ({"cancelled": 1}, ["cancelled"])
    assert record(sandbox, record_id)["Status__c"] == "Cancelled"
    assert (still_scheduled(site), site.owed()) == ([], 0)


@both
def test_a_deleted_record_cancels_what_is_held(site: Site, sandbox: Sandbox) -> None:
    """Nobody can be told, and nothing goes out."""
    (record_id,) = hand_over(site)
    delete(sandbox, record_id)
    assert watch(site) == 1
    assert (site.states(), fates(sandbox), site.owed()) == ({"cancelled": 1}, ["cancelled"], 0)


def test_only_the_message_whose_record_was_cancelled_is_taken_back(site: Site, sandbox: Sandbox) -> None:
    """The others stay where they are: nothing is ever asked for all."""
    planted = hand_over(site, 3)
    change(sandbox, planted[1], Status__c="Cancelled")
    assert watch(site) == 1
    assert dict(sandbox.providers.nrs360.fates()) == {
        "Hola #000001": "accepted",
        "Hola #000002": "cancelled",
        "Hola #000003": "accepted",
    }
    assert (requests(sandbox, LIST), requests(sandbox, CANCEL)) == (1, 1)


def test_a_record_set_back_to_be_sent_is_a_new_round(site: Site, sandbox: Sandbox) -> None:
    """Moved by setting it to Queued with another date, it is cancelled there and asked for anew."""
    (record_id,) = hand_over(site)
    change(sandbox, record_id, Status__c="Queued", Send_After__c=at(site, 2 * HOUR))
    turn(site)
    assert site.states() == {"cancelled": 1, "accepted": 1}
    assert fates(sandbox) == ["accepted", "cancelled"]
    assert len(held_there(sandbox)) == 1


@both
def test_a_stop_takes_back_what_is_held(site: Site, sandbox: Sandbox) -> None:
    """Consent given when the message was given away ends with the stop; the record says why."""
    (record_id,) = hand_over(site)
    stop(site)
    turn(site)
    assert (site.states(), fates(sandbox)) == ({"held": 1}, ["cancelled"])
    assert "a person stopped messages" in record(sandbox, record_id)["Error__c"]


@both
@pytest.mark.parametrize(("scope", "name"), EVERY_PAUSE)
def test_a_pause_takes_back_what_is_held_and_its_end_gives_it_again(
    site: Site, sandbox: Sandbox, scope: Scope, name: str
) -> None:
    """During a pause nothing goes out by itself at its date; afterwards the provider holds it once more, once."""
    hand_over(site)
    pause(site, scope, name)
    for _ in range(2):
        turn(site)
    assert fates(sandbox) == ["cancelled"]
    assert set(site.states()) <= {"held", "claimed"}
    resume(site, scope, name)
    for _ in range(2):
        turn(site)
    assert (site.states(), fates(sandbox)) == ({"accepted": 1}, ["accepted", "cancelled"])


def test_what_has_become_too_old_is_taken_back(site: Site, sandbox: Sandbox) -> None:
    """A provider that still holds a message after the end of its validity is asked for it."""
    hand_over(site)
    site.later(26 * HOUR)
    turn(site)
    assert (site.states(), fates(sandbox)) == ({"expired": 1}, ["cancelled"])


def test_a_message_that_is_not_given_away_yet_is_cancelled_without_a_word(site: Site, sandbox: Sandbox) -> None:
    """Claimed before its date and still here, it follows its record all the same."""
    (record_id,) = plant(sandbox, Send_After__c=at(site, HOUR))
    site.pull()
    change(sandbox, record_id, Status__c="Cancelled")
    turn(site)
    assert (site.states(), requests(sandbox, LIST)) == ({"cancelled": 1}, 0)
    assert received(sandbox)["received"] == 0


def test_what_is_given_away_while_its_record_is_read_is_taken_back_and_not_only_crossed_out(
    site: Site, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Claimed when its record was read and accepted a moment later: only the provider's answer cancels it then."""
    (record_id,) = plant(sandbox, Send_After__c=at(site, HOUR))
    watch(site)
    site.pull()
    change(sandbox, record_id, Status__c="Cancelled")
    real = schedule_watch.endings

    def read_and_give_away(*asked: Any) -> Any:
        found = real(*asked)
        site.dispatch()
        return found

    with monkeypatch.context() as patched:
        patched.setattr(schedule_watch, "endings", read_and_give_away)
        assert watch(site) == 0
    assert (site.states(), fates(sandbox)) == ({"accepted": 1}, ["accepted"])
    assert watch(site) == 1
    assert (site.states(), fates(sandbox)) == ({"cancelled": 1}, ["cancelled"])


# -- and nothing is assumed


@both
@pytest.mark.parametrize("kind_of_fault", ["drop_after", "drop_before", "garbage"])
def test_a_cancellation_whose_answer_is_lost_is_asked_for_again(
    site: Site, sandbox: Sandbox, kind_of_fault: str
) -> None:
    """It counts when an answer says so: the message stays accepted, with an alarm, until the next round settles it."""
    (record_id,) = hand_over(site)
    sandbox.faults.add({"target": "nrs360", "operation": CANCEL, "kind": kind_of_fault, "times": 1})
    change(sandbox, record_id, Send_After__c=at(site, 2 * HOUR))
    assert watch(site) == 0
    assert site.states() == {"accepted": 1}
    assert f"scheduled messages of {NRS}" in site.alarms()
    assert watch(site) == 1
    assert (site.states(), fates(sandbox)) == ({"held": 1}, ["cancelled"])
    assert site.alarms() == {}
    site.push()
    turn(site)
    assert fates(sandbox) == ["accepted", "cancelled"]


def test_a_provider_that_shows_nothing_proves_nothing(site: Site, sandbox: Sandbox) -> None:
    """An empty list may lag: the message stays accepted, and is asked for until it is shown or due."""
    (record_id,) = hand_over(site)
    change(sandbox, record_id, Status__c="Cancelled")
    empty = '{"result": [], "total": 0}'
    sandbox.faults.add(
        {"target": "nrs360", "operation": LIST, "kind": "status", "status": 200, "body": empty, "times": 2}
    )
    for _ in range(2):
        assert watch(site) == 0
        assert (site.states(), requests(sandbox, CANCEL)) == ({"accepted": 1}, 0)
    assert watch(site) == 1
    assert (site.states(), fates(sandbox)) == ({"cancelled": 1}, ["cancelled"])


def test_what_is_gone_when_it_is_asked_for_goes_on(sandbox: Sandbox, url: str) -> None:
    """Too late: the provider has sent it, so the message stays accepted and hears of its delivery."""
    with site_on(sandbox, url, ahead=-600.0, accounts=AHEAD) as site:
        (record_id,) = hand_over(site, seconds=601.0)
        site.work_until(lambda: fates(sandbox) == ["delivered"])
        change(sandbox, record_id, Status__c="Cancelled")
        assert watch(site) == 0
        assert site.states() == {"accepted": 1}
        site.later(610.0)
        assert watch(site) == 0
        site.work_until(lambda: site.states() == {"delivered": 1})
        assert received(sandbox) == {"received": 1, "distinct": 1, "duplicates": 0}


def test_what_went_out_between_the_question_and_the_cancellation_is_not_taken_for_cancelled(
    sandbox: Sandbox, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Listed a moment ago and no longer held, near its date: sent, as far as anybody knows."""
    with site_on(sandbox, url, ahead=-310.0, accounts=AHEAD) as site:
        (record_id,) = hand_over(site, seconds=316.0)
        change(sandbox, record_id, Status__c="Cancelled")
        site.later(30.0)
        real = schedule.keep_id

        def keep_until_it_is_sent(*told: Any) -> None:
            real(*told)
            wait_for(lambda: fates(sandbox) == ["delivered"])

        monkeypatch.setattr(schedule, "keep_id", keep_until_it_is_sent)
        assert watch(site) == 0
        assert requests(sandbox, CANCEL) == 1
        assert (site.states(), fates(sandbox)) == ({"accepted": 1}, ["delivered"])


@both
def test_a_message_whose_send_was_in_doubt_is_found_by_its_name_and_taken_back(site: Site, sandbox: Sandbox) -> None:
    """The answer to its send was lost and its recipient said stop: our reference finds it, and it never goes out."""
    sandbox.faults.add({"target": "nrs360", "operation": SEND, "kind": "drop_after", "times": 1})
    hand_over(site)
    assert site.states() == {"unknown": 1}
    stop(site)
    assert watch(site) == 1
    assert (site.states(), fates(sandbox)) == ({"held": 1}, ["cancelled"])


@both
@pytest.mark.parametrize("last_step", ["_commit", "_withdrawal"])
def test_a_crash_on_the_way_loses_nothing(
    sandbox: Sandbox, url: str, monkeypatch: pytest.MonkeyPatch, last_step: str
) -> None:
    """Killed before the provider was asked, or after it answered: a successor takes the message back, once."""
    site = Site(sandbox, url, accounts=AHEAD)
    (record_id,) = hand_over(site)
    change(sandbox, record_id, Send_After__c=at(site, 2 * HOUR))

    def killed(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(schedule_watch, last_step, killed)
        watch(site)
    site.vanish()
    with site_on(sandbox, url, ahead=300.0, accounts=AHEAD) as successor:
        assert watch(successor) == 1
        assert (successor.states(), fates(sandbox)) == ({"held": 1}, ["cancelled"])
        successor.push()
        turn(successor)
        assert (successor.states(), fates(sandbox)) == ({"accepted": 1}, ["accepted", "cancelled"])


def test_what_is_changed_again_and_again_stays_here_in_the_end(site: Site, sandbox: Sandbox) -> None:
    """After five times a message is no longer given away; it goes out by our own clock."""
    (record_id,) = hand_over(site)
    for minutes in range(1, 7):
        change(sandbox, record_id, Send_After__c=at(site, HOUR + 60 * minutes))
        for _ in range(2):
            turn(site)
    assert site.states() == {"claimed": 1}
    assert fates(sandbox) == ["cancelled"] * 5


# -- a voice campaign, while it is queued


@pytest.fixture
def calling(site: Site) -> Site:
    """The site, whose messages are calls."""
    mapping = site.parts.mappings["sms-outbox"]
    spoken = replace(mapping.message, channel=FieldChoice(constant="voice"))
    site.with_parts(mappings={mapping.name: replace(mapping, message=spoken)})
    return site


def calls(sandbox: Sandbox) -> list[str]:
    """What became of every call that the pretend Smsclouds was asked for."""
    return sorted(word for _, word in sandbox.providers.smsclouds.calls.fates())


@pytest.mark.parametrize("fault", [None, "drop_after", "drop_before"])
def test_a_cancelled_record_cancels_its_call(calling: Site, sandbox: Sandbox, fault: str | None) -> None:
    """While the campaign is queued for its date it is cancelled there; a lost answer is asked for again."""
    (record_id,) = hand_over(calling, account=SMSCLOUDS, country="MX")
    assert (calling.states(), calls(sandbox)) == ({"accepted": 1}, ["Queued"])
    change(sandbox, record_id, Status__c="Cancelled")
    if fault:
        rule = {"target": "smsclouds", "operation": "POST /api/v3/voice/*/cancel", "kind": fault, "times": 1}
        sandbox.faults.add(rule)
        assert (watch(calling, SMSCLOUDS), calling.states()) == (0, {"accepted": 1})
    assert watch(calling, SMSCLOUDS) == 1
    assert (calling.states(), calls(sandbox)) == ({"cancelled": 1}, ["Fail/Cancel"])


def test_a_moved_record_moves_its_call(calling: Site, sandbox: Sandbox) -> None:
    """The campaign of the old date is cancelled, and one of the new date made."""
    (record_id,) = hand_over(calling, account=SMSCLOUDS, country="MX")
    change(sandbox, record_id, Send_After__c=at(calling, 2 * HOUR))
    for _ in range(2):
        turn(calling, SMSCLOUDS)
    assert (calling.states(), calls(sandbox)) == ({"accepted": 1}, ["Fail/Cancel", "Queued"])


def test_an_sms_that_its_provider_cannot_cancel_is_never_given_away(site: Site, sandbox: Sandbox) -> None:
    """Smsclouds has no cancellation of SMS campaigns, so they wait here."""
    hand_over(site, account=SMSCLOUDS, country="MX")
    assert (site.states(), statuses(sandbox)) == ({}, {"Queued": 1})
    assert requests(sandbox, "POST /api/v3/campaign", "smsclouds") == 0


# -- whatever happens


@pytest.mark.parametrize("seed", range(6))
def test_whatever_happens_a_provider_holds_what_is_accepted_and_nothing_else(
    site: Site, sandbox: Sandbox, seed: int
) -> None:
    """Records moved, mended and cancelled, stops, pauses and lost answers in any order: once all is looked at again,
    the provider holds each accepted message once, for its record's date, and none that is held or cancelled."""
    dice = random.Random(seed)
    planted = hand_over(site, 6)
    cancelled: set[str] = set()
    for _ in range(12):
        _something_happens(site, dice, planted, cancelled)
        turn(site)
    sandbox.faults.reset()
    for _ in range(3):
        turn(site)
    accepted = {row.record_id: row.send_at for row in site.messages() if row.state == State.ACCEPTED}
    unknown = [row.send_at for row in site.messages() if row.state == State.UNKNOWN]
    there = Counter(held_there(sandbox))
    assert Counter(accepted.values()) <= there <= Counter([*accepted.values(), *unknown])
    assert fates(sandbox).count("accepted") == there.total()
    assert not cancelled & set(accepted)
    dates = {each["Id"]: each["Send_After__c"] for each in sandbox.org.rows("SMS_Message__c")}
    assert {each: datetime.fromisoformat(dates[each]) for each in accepted} == accepted


def _something_happens(site: Site, dice: random.Random, planted: list[str], cancelled: set[str]) -> None:
    record_id = dice.choice([each for each in planted if each not in cancelled])
    move = dice.choice(("move", "mend", "cancel", "fault", "stop", "pause"))
    if move == "move":
        change(site.sandbox, record_id, Send_After__c=at(site, dice.uniform(0.5, 3.5) * HOUR))
    elif move == "mend":
        change(site.sandbox, record_id, Body__c=f"Mejor #{dice.randrange(10**6):06d}")
    elif move == "cancel" and len(cancelled) < 3:
        change(site.sandbox, record_id, Status__c="Cancelled")
        cancelled.add(record_id)
    elif move == "fault":
        rule = {"operation": dice.choice((CANCEL, LIST, SEND)), "kind": dice.choice(("drop_after", "drop_before"))}
        site.sandbox.faults.add({"target": "nrs360", "times": 1, **rule})
    elif move == "stop":
        stop(site, planted.index(record_id) + 1)
    elif move == "pause":
        pause(site, Scope.ACCOUNT, NRS)
        turn(site)
        resume(site, Scope.ACCOUNT, NRS)
