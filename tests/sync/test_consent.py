"""Consent from the first word to the last: heard, kept, asked before each send, told to the CRM and the blacklists."""

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connector.model.consent import PERSON, RECIPIENT, ConsentSource, ConsentWord, kind_scope, sender_scope
from connector.model.failures import Failure, Fault
from connector.model.messages import News, NewsKind
from connector.model.states import State
from connector.providers.base import Batch
from connector.providers.exchange import Response
from connector.sandbox.server import Sandbox
from connector.store import consent as ledger
from connector.store import inbox
from connector.store.blacklist import CALL
from connector.store.consent import CONSENT
from connector.sync.blacklist import keep_blacklist
from connector.sync.consent import Reach, tell
from connector.sync.housekeeping import housekeep
from tests.store.making import rows
from tests.sync.site import (
    NRS,
    SMSCLOUDS,
    Site,
    mapping,
    number_of,
    plant,
    received,
    record,
    requests,
    set_back,
    site_on,
)

PUT, DELETE = "PUT /v2/blacklist/{type}", "DELETE /v2/blacklist/{type}"
OPT_IN = "on_opt_in:\n  words: [vuelvan]\n  set: {Contact.SMS_Opt_Out__c: false}\ntests:"


@contextmanager
def mapped(sandbox: Sandbox, url: str, folder: Path, **changed: str) -> Iterator[Site]:
    """A site whose mapping has some of its text changed: the old text by keyword's value, split at ``=>``."""
    text = mapping().read_text("utf-8")
    for change in changed.values():
        old, new = change.split("=>", 1)
        assert old in text, old
        text = text.replace(old, new)
    path = folder / "changed.yaml"
    path.write_text(text, "utf-8")
    with site_on(sandbox, url, mappings=[str(path)]) as site:
        yield site


@pytest.fixture
def opting_in(sandbox: Sandbox, url: str, tmp_path: Path) -> Iterator[Site]:
    """A site whose mapping knows a stop word and a start word of its own, and clears the field on a start."""
    words = "on_opt_out:=>on_opt_out:\n  words: [No molesten]"
    with mapped(sandbox, url, tmp_path, words=words, start=f"tests:=>{OPT_IN}") as site:
        yield site


def say(site: Site, text: str, number: str, key: str = "", account: str = SMSCLOUDS) -> None:
    """A reply comes in, is heard, and all that follows from it is written."""
    store(site, text, number, key, account)
    hear(site)


def store(site: Site, text: str, number: str, key: str = "", account: str = SMSCLOUDS) -> None:
    """A reply comes in and is stored, as a webhook stores it."""
    news = News(NewsKind.REPLY, key or f"{text} {site.clock()}", site.clock(), phone=number, text=text)
    with site.parts.database.begin() as connection:
        inbox.keep(connection, account, site.parts.providers[account].name, [news], site.clock())


def hear(site: Site) -> None:
    """What is stored is heard, though it names no message, and the CRM is told."""
    site.note()
    site.later(6)
    site.note()
    site.push()


def send(site: Site) -> None:
    """Whatever is queued is read, claimed, and sent if it may be; the CRM is told."""
    site.pull()
    site.dispatch()
    site.push()


def contact(sandbox: Sandbox, serial: int = 1) -> dict[str, Any]:
    """The contact that `plant` made for a serial."""
    return next(row for row in sandbox.org.rows("Contact") if row["LastName"] == f"Ruiz {serial}")


def ask_again(sandbox: Sandbox, serial: int, contact_id: str, **changes: Any) -> str:
    """Queues another message for a contact."""
    queued = {
        "Status__c": "Queued",
        "Body__c": f"Otra vez #{serial:06d}",
        "Contact__c": contact_id,
        "Channel__c": "SMS",
    }
    (made,) = sandbox.org.insert("SMS_Message__c", [queued | changes])
    return made


def words(site: Site) -> list[tuple[str, bool, str]]:
    """(voice, stopped, source) of the whole ledger, oldest first."""
    return [(row.voice, row.stopped, row.source) for row in rows(site.parts.database, CONSENT)]


def tell_by_hand(site: Site, *said: ConsentWord) -> None:
    """A word that no message brought."""
    with site.parts.database.begin() as connection:
        tell(Reach.of(site.parts), connection, said, site.clock())


def listed(sandbox: Sandbox) -> set[str]:
    """The numbers on the pretend 360NRS's blacklist for SMS."""
    return set(sandbox.providers.nrs360.blacklists.lists["sms"])


# -- the moment before the request leaves


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"], indirect=True)
def test_a_stop_noted_between_claim_and_send_stops_that_message(site: Site, sandbox: Sandbox) -> None:
    """A message that was read and claimed is not sent when its recipient said stop meanwhile; the record says why."""
    (record_id,) = plant(sandbox)
    site.sweep()
    site.pull()
    assert site.states() == {"claimed": 1}
    say(site, "STOP", number_of(1))
    site.dispatch()
    site.push()
    assert (site.states(), received(sandbox)["received"]) == ({"held": 1}, 0)
    row = record(sandbox, record_id)
    assert row["Status__c"] == "Held"
    assert 'they wrote "STOP" on' in row["Error__c"]
    assert number_of(1) not in row["Error__c"]


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"], indirect=True)
def test_a_stop_that_is_stored_and_not_yet_noted_stops_too(site: Site, sandbox: Sandbox) -> None:
    """From the moment a reply is acknowledged it counts, whatever waits in the inbox before it."""
    plant(sandbox, 2)
    site.sweep()
    site.pull()
    store(site, "Baja", number_of(1))
    store(site, "gracias", number_of(2))
    site.dispatch()
    states = {row.to_number: row.state for row in site.messages()}
    assert states == {number_of(1): State.HELD, number_of(2): State.ACCEPTED}
    assert received(sandbox)["received"] == 1


@pytest.mark.parametrize("kind", ["postgresql"], indirect=True)
def test_a_stop_that_is_noted_while_the_gate_asks_stops_too(
    site: Site, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Noting takes no turns with sending: a stop that goes from inbox to ledger between two questions is in one."""
    plant(sandbox)
    site.sweep()
    site.pull()
    store(site, "STOP", number_of(1))
    site.note()
    site.later(6)
    asked: list[str] = []

    def noted_meanwhile(name: str) -> Callable[..., Any]:
        ask = getattr(ledger, name)

        def asking(*given: Any) -> Any:
            if len(asked) == 1:
                site.note()
            asked.append(name)
            return ask(*given)

        return asking

    for name in ("unheard", "stopped"):
        monkeypatch.setattr(ledger, name, noted_meanwhile(name))
    site.dispatch()
    assert set(asked) == {"unheard", "stopped"}
    assert recipient_says_stop(site, number_of(1)), "it was noted meanwhile"
    assert (site.states(), received(sandbox)["received"]) == ({"held": 1}, 0)


def test_a_number_held_by_contact_and_lead_is_stopped_by_either(sandbox: Sandbox, url: str, tmp_path: Path) -> None:
    """The number is stopped while any record that holds it says so, and free when none does."""
    leads = "set: {Contact.SMS_Opt_Out__c: true}=>set: {Contact.SMS_Opt_Out__c: true, Lead.SMS_Opt_Out__c: true}"
    with mapped(sandbox, url, tmp_path, leads=leads) as site:
        (record_id,) = plant(sandbox)
        told = {"LastName": "Sosa", "Company": "Casa", "MobilePhone": number_of(1), "SMS_Opt_Out__c": True}
        (lead,) = sandbox.org.insert("Lead", [told])
        site.sweep()
        send(site)
        assert record(sandbox, record_id)["Status__c"] == "Held"
        assert f"Lead {lead} says so in SMS_Opt_Out__c" in record(sandbox, record_id)["Error__c"]
        assert contact(sandbox)["SMS_Opt_Out__c"] is False, "a record's word is its own"
        sandbox.org.update("Lead", {lead: {"SMS_Opt_Out__c": False}})
        site.later(60)
        site.sweep()
        set_back(sandbox, record_id)
        send(site)
        assert record(sandbox, record_id)["Status__c"] == "Sent"


def test_a_record_that_gives_its_number_up_speaks_for_it_no_more(site: Site, sandbox: Sandbox) -> None:
    """When an opted-out contact changes its number, the old one is free and the new one stopped."""
    other = sandbox.org.insert(
        "Contact",
        [{"LastName": "Otra", "Phone": number_of(1), "MailingCountryCode": "ES", "SMS_Opt_Out__c": True}],
    )[0]
    site.sweep()
    sandbox.org.update("Contact", {other: {"Phone": number_of(2)}})
    site.sweep()
    plant(sandbox, 2)
    send(site)
    states = {row.to_number: row.state for row in site.messages()}
    assert states == {number_of(1): State.ACCEPTED, number_of(2): State.HELD}


def test_a_consent_field_of_the_queue_stops_the_number_until_it_is_cleared(site: Site, sandbox: Sandbox) -> None:
    """What no sweep reads (DoNotCall) is learnt with the queue, counts for others, and is taken back with it."""
    (first,) = plant(sandbox)
    person = contact(sandbox)["Id"]
    twin = {"LastName": "Twin", "MobilePhone": number_of(1), "MailingCountryCode": "ES"}
    (other,) = sandbox.org.insert("Contact", [twin])
    sandbox.org.update("Contact", {person: {"DoNotCall": True}})
    send(site)
    assert record(sandbox, first)["Status__c"] == "Held"
    second = ask_again(sandbox, 2, other)
    send(site)
    assert "says so in DoNotCall" in record(sandbox, second)["Error__c"]
    assert person in record(sandbox, second)["Error__c"]
    sandbox.org.update("Contact", {person: {"DoNotCall": False}})
    site.later(60)
    set_back(sandbox, first)
    set_back(sandbox, second)
    send(site)
    assert [record(sandbox, each)["Status__c"] for each in (first, second)] == ["Sent", "Sent"]


@pytest.mark.parametrize(
    ("scope", "held"), [(sender_scope("TEST"), True), (sender_scope("OTHER"), False), (kind_scope("service"), True)]
)
def test_a_stop_of_a_sender_or_a_kind_holds_what_it_names(
    site: Site, sandbox: Sandbox, scope: str, *, held: bool
) -> None:
    """The account's own sender counts where the message names none."""
    (record_id,) = plant(sandbox)
    evidence = {"why": "asked by phone"}
    tell_by_hand(site, ConsentWord(number_of(1), PERSON, True, ConsentSource.PERSON, site.clock(), evidence, scope))
    send(site)
    assert (record(sandbox, record_id)["Status__c"] == "Held") is held
    assert ("asked by phone" in (record(sandbox, record_id)["Error__c"] or "")) is held
    assert rows(site.parts.database, CALL) == [], "a narrow stop is no reason to block everything"


# -- words


def test_a_start_word_lifts_a_stop_that_came_by_reply(opting_in: Site, sandbox: Sandbox) -> None:
    """Stop writes the field, start clears it where stop had set it, and the next message goes."""
    plant(sandbox)
    opting_in.sweep()
    send(opting_in)
    say(opting_in, "¡No molesten!", number_of(1))
    assert contact(sandbox)["SMS_Opt_Out__c"] is True
    opting_in.sweep()
    say(opting_in, "Vuelvan", number_of(1))
    assert contact(sandbox)["SMS_Opt_Out__c"] is False
    opting_in.later(60)
    opting_in.sweep()
    again = ask_again(sandbox, 2, contact(sandbox)["Id"])
    send(opting_in)
    assert record(sandbox, again)["Status__c"] == "Sent"
    assert [word[1:] for word in words(opting_in) if word[0] == RECIPIENT] == [(True, "reply"), (False, "start_word")]


def test_a_start_word_clears_the_field_though_the_message_the_stop_answered_is_forgotten(
    opting_in: Site, sandbox: Sandbox
) -> None:
    """What the stop has written is remembered for as long as somebody may take the stop back."""
    plant(sandbox)
    opting_in.sweep()
    send(opting_in)
    opting_in.work_until(lambda: opting_in.states() == {"delivered": 1})
    say(opting_in, "STOP", number_of(1), account=NRS)
    opting_in.sweep()
    opting_in.later(100 * 24 * 3600)
    assert housekeep(opting_in.parts, 90) > 0
    assert opting_in.messages() == []
    say(opting_in, "START", number_of(1))
    assert contact(sandbox)["SMS_Opt_Out__c"] is False
    opting_in.sweep()
    with opting_in.parts.database.read() as connection:
        voices = ledger.standing(connection, opting_in.parts.org, [number_of(1)])[number_of(1)]
    assert {voice: word.stopped for voice, word in voices.items()} == dict.fromkeys(voices, False)
    assert len(voices) == 2, "the recipient's and the record's"


def test_a_start_word_lifts_nothing_that_the_crm_said(opting_in: Site, sandbox: Sandbox) -> None:
    """A field that the CRM had set by itself stays set, and holds messages, whatever the person writes."""
    (record_id,) = plant(sandbox)
    sandbox.org.update("Contact", {contact(sandbox)["Id"]: {"SMS_Opt_Out__c": True}})
    opting_in.sweep()
    say(opting_in, "STOP", number_of(1))
    say(opting_in, "START", number_of(1))
    assert contact(sandbox)["SMS_Opt_Out__c"] is True
    send(opting_in)
    assert record(sandbox, record_id)["Status__c"] == "Held"


@pytest.mark.parametrize("source", [ConsentSource.PROVIDER, ConsentSource.PERSON])
def test_a_start_word_lifts_nothing_that_others_said(opting_in: Site, sandbox: Sandbox, source: ConsentSource) -> None:
    """A provider's word and a person's are lifted by a person."""
    (record_id,) = plant(sandbox)
    voice = f"provider {NRS}" if source is ConsentSource.PROVIDER else PERSON
    tell_by_hand(opting_in, ConsentWord(number_of(1), voice, True, source, opting_in.clock()))
    say(opting_in, "START", number_of(1))
    send(opting_in)
    assert record(sandbox, record_id)["Status__c"] == "Held"


def test_start_and_stop_out_of_order_end_stopped(opting_in: Site, sandbox: Sandbox) -> None:
    """A start said before the stop lifts nothing, though it arrives after it."""
    plant(sandbox)
    opting_in.sweep()
    earlier = opting_in.clock()
    opting_in.later(60)
    say(opting_in, "STOP", number_of(1))
    late = News(NewsKind.REPLY, "late", earlier, phone=number_of(1), text="START")
    with opting_in.parts.database.begin() as connection:
        inbox.keep(connection, SMSCLOUDS, "smsclouds", [late], opting_in.clock())
    hear(opting_in)
    with opting_in.parts.database.read() as connection:
        standing = ledger.standing(connection, opting_in.parts.org, [number_of(1)])
    assert standing[number_of(1)][RECIPIENT].stopped


def test_a_stop_said_again_moves_its_time(site: Site, sandbox: Sandbox) -> None:
    """Each stop stands in the ledger with its own time and evidence, which names the reply and its words."""
    plant(sandbox)
    site.sweep()
    say(site, "STOP", number_of(1), "k1")
    say(site, "stop!", number_of(1), "k2")
    first, second = rows(site.parts.database, CONSENT)
    assert {(row.voice, row.source, row.stopped) for row in (first, second)} == {(RECIPIENT, "reply", True)}
    assert [row.evidence["said"] for row in (first, second)] == ["STOP", "stop!"]
    assert first.at < second.at
    assert {row.evidence["news"] for row in (first, second)} <= {
        row.id for row in rows(site.parts.database, inbox.INBOX)
    }


def test_the_same_stop_told_in_two_ways_is_one_word(site: Site, sandbox: Sandbox) -> None:
    """A reply that is pushed by one account and listed by another was said once."""
    said_at = site.clock()
    for account in (SMSCLOUDS, NRS):
        reply(site, "STOP", number_of(1), said_at, account)
    hear(site)
    assert words(site) == [(RECIPIENT, True, "reply")]


def reply(site: Site, text: str, number: str, at: datetime, account: str = SMSCLOUDS) -> None:
    """A reply comes in now that was said at a time."""
    news = News(NewsKind.REPLY, f"{text} {at} {number}", at, phone=number, text=text)
    with site.parts.database.begin() as connection:
        inbox.keep(connection, account, site.parts.providers[account].name, [news], site.clock())


def recipient_says_stop(site: Site, number: str) -> bool:
    """Whether the newest word of the recipient is stop."""
    with site.parts.database.read() as connection:
        word = ledger.standing(connection, site.parts.org, [number]).get(number, {}).get(RECIPIENT)
    return word is not None and bool(word.stopped)


def test_a_late_start_word_lifts_no_stop_that_was_said_after_it(opting_in: Site, sandbox: Sandbox) -> None:
    """Stop, start, stop, of which the start comes last: the person's last word was stop, and messages are held."""
    plant(sandbox)
    opting_in.sweep()
    began = opting_in.clock()
    opting_in.later(1200)
    for minutes in (1, 11, 6):
        reply(opting_in, "START" if minutes == 6 else "STOP", number_of(1), began + timedelta(minutes=minutes))
        hear(opting_in)
    assert recipient_says_stop(opting_in, number_of(1))
    assert contact(sandbox)["SMS_Opt_Out__c"] is True
    send(opting_in)
    assert opting_in.states() == {"held": 1}


def test_an_older_stop_heard_after_a_start_word_stops_nothing(opting_in: Site, sandbox: Sandbox) -> None:
    """A person who said stop, then start, is sent to, though the start was heard when there was nothing to lift."""
    plant(sandbox)
    opting_in.sweep()
    began = opting_in.clock()
    opting_in.later(1200)
    for minutes, text in ((6, "START"), (1, "STOP")):
        reply(opting_in, text, number_of(1), began + timedelta(minutes=minutes))
        hear(opting_in)
    assert words(opting_in) == [(RECIPIENT, False, "start_word")]
    assert contact(sandbox)["SMS_Opt_Out__c"] is False
    send(opting_in)
    assert opting_in.states() == {"accepted": 1}


_FRESH = itertools.count(1)
SAID = st.tuples(st.integers(0, 5), st.sampled_from(["STOP", "START"]), st.sampled_from([SMSCLOUDS, NRS]))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(said=st.lists(SAID, min_size=1, max_size=5), data=st.data())
def test_the_latest_word_counts_in_whatever_order_words_come(
    site: Site, said: list[tuple[int, str, str]], data: st.DataObject
) -> None:
    """Any order, repetition and bundling of stops and starts, from any account, ends as the latest word says; of words
    of one moment stop wins."""
    number, began = f"+3461{next(_FRESH):07}", site.clock() - timedelta(hours=1)
    heard = data.draw(st.permutations(said + data.draw(st.lists(st.sampled_from(said), max_size=3))))
    for minutes, text, account in heard:
        reply(site, text, number, began + timedelta(minutes=minutes), account)
        if data.draw(st.booleans(), label="heard at once"):
            hear_twice(site)
    hear_twice(site)
    latest = max(minutes for minutes, _, _ in said)
    assert recipient_says_stop(site, number) == ("STOP" in {text for minutes, text, _ in said if minutes == latest})


def hear_twice(site: Site) -> None:
    """What is stored is heard, though it names no message."""
    site.note()
    site.later(6)
    site.note()


def test_a_person_s_lift_outlasts_an_older_stop_that_is_heard_later(site: Site, sandbox: Sandbox) -> None:
    """The word of who lifted the stop is newer; a stop said after it counts."""
    began = site.clock()
    site.later(60)
    say(site, "STOP", number_of(1), "k1")
    site.later(60)
    lift = ConsentWord(number_of(1), RECIPIENT, False, ConsentSource.PERSON, site.clock(), {"why": "they rang"})
    tell_by_hand(site, lift)
    reply(site, "STOP", number_of(1), began)
    hear(site)
    assert not recipient_says_stop(site, number_of(1))
    say(site, "STOP", number_of(1), "k3")
    assert recipient_says_stop(site, number_of(1))


def test_a_field_cleared_between_two_stops_takes_nothing_back(site: Site, sandbox: Sandbox) -> None:
    """The change is older than the stop that was said again, though newer than the first."""
    plant(sandbox)
    site.sweep()
    say(site, "STOP", number_of(1), "k1")
    site.sweep()
    site.later(60)
    person = contact(sandbox)["Id"]
    sandbox.org.update("Contact", {person: {"SMS_Opt_Out__c": False}})
    with later_in_the_org(sandbox, person, site):
        site.later(60)
        say(site, "STOP", number_of(1), "k2")
        site.sweep()
    assert recipient_says_stop(site, number_of(1))


def test_a_stop_said_after_a_field_was_cleared_counts_however_late_it_is_heard(site: Site, sandbox: Sandbox) -> None:
    """Clearing the field lifts the stop from the moment of the change, not from when the change was read."""
    plant(sandbox)
    site.sweep()
    say(site, "STOP", number_of(1), "k1")
    site.sweep()
    site.later(60)
    person = contact(sandbox)["Id"]
    sandbox.org.update("Contact", {person: {"SMS_Opt_Out__c": False}})
    with later_in_the_org(sandbox, person, site):
        site.later(60)
        said_again = site.clock()
        site.later(60)
        site.sweep()
    assert not recipient_says_stop(site, number_of(1))
    reply(site, "STOP", number_of(1), said_again)
    hear(site)
    assert recipient_says_stop(site, number_of(1))


# -- the confirmation of a stop


@pytest.fixture
def confirming(sandbox: Sandbox, url: str, tmp_path: Path) -> Iterator[Site]:
    """A site whose one mapping confirms stops."""
    kind, valid = "kind: service=>kind: stop_confirmation", "valid_for: 24h=>valid_for: 7d"
    with mapped(sandbox, url, tmp_path, kind=kind, valid=valid) as site:
        yield site


def test_a_stop_is_confirmed_once(confirming: Site, sandbox: Sandbox) -> None:
    """The confirmation goes out though the CRM already says stop; a second one of the same stop is held."""
    (first,) = plant(sandbox, 1, Status__c="Draft")
    confirming.sweep()
    say(confirming, "STOP", number_of(1))
    confirming.sweep()
    assert contact(sandbox)["SMS_Opt_Out__c"] is True
    second = ask_again(sandbox, 2, contact(sandbox)["Id"])
    set_back(sandbox, first)
    send(confirming)
    assert sorted(record(sandbox, each)["Status__c"] for each in (first, second)) == ["Held", "Sent"]
    third = ask_again(sandbox, 3, contact(sandbox)["Id"])
    send(confirming)
    assert record(sandbox, third)["Status__c"] == "Held"
    assert received(sandbox)["received"] == 1
    say(confirming, "STOP", number_of(1), "said again")
    fourth = ask_again(sandbox, 4, contact(sandbox)["Id"])
    send(confirming)
    assert record(sandbox, fourth)["Status__c"] == "Held", "said again, it is the same stop"


def test_an_old_stop_is_confirmed_no_more(confirming: Site, sandbox: Sandbox) -> None:
    """After 24 hours a confirmation would be one more message to somebody who wants none."""
    (record_id,) = plant(sandbox, 1, Status__c="Draft")
    confirming.sweep()
    say(confirming, "STOP", number_of(1))
    confirming.later(24 * 3600)
    set_back(sandbox, record_id)
    assert record(sandbox, record_id)["Status__c"] == "Queued"
    send(confirming)
    assert record(sandbox, record_id)["Status__c"] == "Held"
    assert received(sandbox)["received"] == 0


def test_only_a_stop_by_reply_is_confirmed(confirming: Site, sandbox: Sandbox) -> None:
    """Where the CRM, a provider or a person said stop, there is nothing to confirm."""
    (record_id,) = plant(sandbox)
    sandbox.org.update("Contact", {contact(sandbox)["Id"]: {"SMS_Opt_Out__c": True}})
    send(confirming)
    assert record(sandbox, record_id)["Status__c"] == "Held"


# -- what the CRM's people do


def test_clearing_the_field_takes_a_reply_s_stop_back(site: Site, sandbox: Sandbox) -> None:
    """Only once every record that says so was cleared, and after the stop had been written to it."""
    (record_id,) = plant(sandbox)
    (twin,) = sandbox.org.insert("Contact", [{"LastName": "Twin", "Phone": number_of(1), "MailingCountryCode": "ES"}])
    site.sweep()
    site.pull()
    say(site, "STOP", number_of(1))
    send(site)
    site.sweep()
    assert record(sandbox, twin, "Contact")["SMS_Opt_Out__c"] is True
    for each, ends in ((contact(sandbox)["Id"], "Held"), (twin, "Sent")):
        site.later(60)
        sandbox.org.update("Contact", {each: {"SMS_Opt_Out__c": False}})
        with later_in_the_org(sandbox, each, site):
            site.sweep()
        site.push()
        assert record(sandbox, each, "Contact")["SMS_Opt_Out__c"] is False, "it is not set again"
        set_back(sandbox, record_id)
        send(site)
        assert record(sandbox, record_id)["Status__c"] == ends
        with site.parts.database.read() as connection:
            standing = ledger.standing(connection, site.parts.org, [number_of(1)])
        assert standing[number_of(1)][RECIPIENT].stopped is (ends == "Held")


@contextmanager
def later_in_the_org(sandbox: Sandbox, record_id: str, site: Site) -> Iterator[None]:
    """The org's clock has gone on as ours has: the record was changed now, whenever that is read."""
    changed_at = site.clock().isoformat()
    row = next(row for row in sandbox.org.rows("Contact") if row["Id"] == record_id)
    real = site.parts.crm.changed

    def changed(*asked: Any) -> Any:
        for page in real(*asked):
            for found in page.records:
                if found["Id"] == row["Id"]:
                    found["SystemModstamp"] = changed_at
            yield page

    site.parts.crm.changed = changed  # type: ignore[method-assign,assignment]
    yield
    site.parts.crm.changed = real  # type: ignore[method-assign]


def test_a_field_cleared_before_the_stop_takes_nothing_back(site: Site, sandbox: Sandbox) -> None:
    """A sweep that comes late sees an older change: the stop is newer, stands, and is written to the record."""
    plant(sandbox)
    person = contact(sandbox)["Id"]
    sandbox.org.update("Contact", {person: {"SMS_Opt_Out__c": True}})
    site.sweep()
    sandbox.org.update("Contact", {person: {"SMS_Opt_Out__c": False}})
    site.later(60)
    say(site, "STOP", number_of(1))
    site.sweep()
    site.push()
    assert contact(sandbox)["SMS_Opt_Out__c"] is True
    assert words(site)[-2:] == [(RECIPIENT, True, "reply"), (f"record {person}.SMS_Opt_Out__c", False, "crm")]


def test_a_record_found_later_is_told_of_the_stop(site: Site, sandbox: Sandbox) -> None:
    """A contact made after the stop, with the same number, gets the field set by the next sweep, once."""
    plant(sandbox)
    site.sweep()
    say(site, "STOP", number_of(1))
    new = {"LastName": "Nueva", "MobilePhone": number_of(1), "MailingCountryCode": "ES"}
    (found,) = sandbox.org.insert("Contact", [new])
    site.sweep()
    site.sweep()
    owed = [row for row in site.writes("due") if row.record_id == found]
    assert len(owed) == 1
    site.push()
    assert record(sandbox, found, "Contact")["SMS_Opt_Out__c"] is True


# -- providers


def test_a_provider_s_refusal_stops_the_number_everywhere(site: Site, sandbox: Sandbox) -> None:
    """An answer whose code says "opted out" rejects its message, fills the ledger and is written to the CRM."""
    (record_id,) = plant(sandbox)
    site.sweep()
    adapter = site.parts.providers[NRS]

    class OptedOut(type(adapter)):  # type: ignore[misc]
        """Reads every answer as a refusal of an opted-out number."""

        def read_send(self, batch: Batch, response: Response) -> Any:
            failure = Failure("571", "the recipient opted out at the provider", Fault.RECIPIENT, opted_out=True)
            return [
                type(outcome)(outcome.message_id, State.REJECTED, failure=failure)
                for outcome in super().read_send(batch, response)
            ]

    site.with_parts(providers={**site.parts.providers, NRS: OptedOut(NRS, adapter.settings)})
    send(site)
    assert record(sandbox, record_id)["Status__c"] == "Failed"
    assert contact(sandbox)["SMS_Opt_Out__c"] is True
    assert words(site) == [(f"provider {NRS}", True, "provider")]
    assert rows(site.parts.database, CALL) == [], "the list that told us needs no telling"
    again = ask_again(sandbox, 2, contact(sandbox)["Id"])
    sandbox.org.update("Contact", {contact(sandbox)["Id"]: {"SMS_Opt_Out__c": False}})
    send(site)
    assert record(sandbox, again)["Status__c"] == "Held"
    assert f"{NRS} told so on" in record(sandbox, again)["Error__c"]


def test_a_status_whose_failure_says_opted_out_is_heard(site: Site, sandbox: Sandbox) -> None:
    """The code of a delivery notification counts like an unsubscribe event."""
    plant(sandbox)
    site.sweep()
    send(site)
    failure = Failure("571", "the recipient opted out at the provider", Fault.RECIPIENT, opted_out=True)
    news = News(NewsKind.STATUS, "k1", site.clock(), State.UNDELIVERED, "571", failure, message_id=site.message().id)
    with site.parts.database.begin() as connection:
        inbox.keep(connection, NRS, "nrs360", [news], site.clock())
    site.note()
    site.push()
    assert contact(sandbox)["SMS_Opt_Out__c"] is True
    assert words(site) == [(f"provider {NRS}", True, "provider")]


def test_a_stop_goes_onto_the_blacklist_once_and_comes_off_with_the_start(opting_in: Site, sandbox: Sandbox) -> None:
    """One call a number, though it was said twice and the CRM says it too; nothing more when all is told."""
    plant(sandbox)
    opting_in.sweep()
    say(opting_in, "STOP", number_of(1), "k1")
    say(opting_in, "ALTO", number_of(1), "k2")
    opting_in.sweep()
    assert keep_blacklist(opting_in.parts, NRS) == 1
    assert keep_blacklist(opting_in.parts, NRS) == 0
    assert (listed(sandbox), requests(sandbox, PUT)) == ({number_of(1).removeprefix("+")}, 1)
    say(opting_in, "START", number_of(1))
    opting_in.later(60)
    opting_in.sweep()
    assert keep_blacklist(opting_in.parts, NRS) == 1
    assert (listed(sandbox), requests(sandbox, DELETE)) == (set(), 1)


@pytest.mark.parametrize(
    "rule",
    [
        {"kind": "drop_before"},
        {"kind": "drop_after"},
        {"kind": "status", "status": 500},
        {"kind": "status", "status": 429},
    ],
    ids=["never acted on", "answer lost", "500", "429"],
)
def test_a_blacklist_call_that_fails_is_made_again(site: Site, sandbox: Sandbox, rule: dict[str, Any]) -> None:
    """Whatever goes wrong, the number waits with an alarm, is tried again, and stands on the list once."""
    plant(sandbox)
    site.sweep()
    say(site, "STOP", number_of(1))
    sandbox.faults.add({"target": "nrs360", "operation": PUT, "times": 1, **rule})
    assert keep_blacklist(site.parts, NRS) == 0
    (call,) = rows(site.parts.database, CALL)
    assert (call.standing, call.tries) == ("due", 1)
    assert f"blacklist of {NRS}" in site.alarms()
    assert keep_blacklist(site.parts, NRS) == 0, "not before its time"
    site.later(60)
    assert keep_blacklist(site.parts, NRS) == 1
    assert (listed(sandbox), requests(sandbox, PUT)) == ({number_of(1).removeprefix("+")}, 2)
    assert f"blacklist of {NRS}" not in site.alarms()


def test_a_number_the_blacklist_refuses_holds_up_no_other(site: Site, sandbox: Sandbox) -> None:
    """A refusal of the number itself is parked with its reason, and the next number goes."""
    said = [
        ConsentWord(number, PERSON, True, ConsentSource.PERSON, site.clock()) for number in (number_of(1), number_of(2))
    ]
    tell_by_hand(site, *said)
    refusal = orjson.dumps({"error": {"code": 422, "description": "Input validation error"}}).decode()
    sandbox.faults.add(
        {"target": "nrs360", "operation": PUT, "times": 1, "kind": "status", "status": 422, "body": refusal}
    )
    assert keep_blacklist(site.parts, NRS) == 1
    first, second = rows(site.parts.database, CALL)
    assert (first.standing, second.standing) == ("parked", "done")
    assert "422" in first.error


def test_wrong_credentials_park_no_number(sandbox: Sandbox, url: str) -> None:
    """The account's fault keeps every number waiting, with an alarm that says what to mend."""
    with site_on(sandbox, url, accounts={NRS: {"api_password": "wrong"}}) as site:
        tell_by_hand(site, ConsentWord(number_of(1), PERSON, True, ConsentSource.PERSON, site.clock()))
        assert keep_blacklist(site.parts, NRS) == 0
        (call,) = rows(site.parts.database, CALL)
        assert call.standing == "due"
        assert "mend the account" in site.alarms()[f"blacklist of {NRS}"]


def test_an_account_can_be_told_to_leave_its_blacklist_alone(sandbox: Sandbox, url: str) -> None:
    """With `blacklist = false` nothing is owed to it."""
    with site_on(sandbox, url, accounts={NRS: {"blacklist": False}}) as site:
        tell_by_hand(site, ConsentWord(number_of(1), PERSON, True, ConsentSource.PERSON, site.clock()))
        assert rows(site.parts.database, CALL) == []
