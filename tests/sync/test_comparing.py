"""Three books of one truth: what the CRM holds, what we say and what the providers list; each difference is named."""

from datetime import timedelta
from typing import Any

import pytest

from connector.model.records import RecordWrite
from connector.sandbox.server import Sandbox
from connector.store import writes
from connector.store.attempts import ATTEMPT
from connector.store.outbox import MESSAGE
from connector.store.writes import WRITE, Owed
from connector.sync.comparing import Compared, Difference, Kind, differences_in_crm, same
from connector.sync.comparing_listings import differences_in_listings
from tests.store.making import rows, statements
from tests.sync.site import NRS, SMSCLOUDS, Site, number_of, plant

MESSAGE_OBJECT = "SMS_Message__c"
both = pytest.mark.parametrize("kind", ["sqlite", "postgresql"], indirect=True)


def compare(site: Site, *accounts: str) -> list[Difference]:
    """All differences of the last day."""
    now = site.clock() + timedelta(seconds=5)
    window = Compared(now - timedelta(days=1), now, accounts or None)
    return [*differences_in_crm(site.parts, window), *differences_in_listings(site.parts, window)]


def settled(site: Site, sandbox: Sandbox, spanish: int = 2, mexican: int = 2) -> list[str]:
    """Sent over both providers to the end, and written back."""
    ids = plant(sandbox, spanish, "ES") + plant(sandbox, mexican, "MX", first=spanish + 1)
    site.work_through()
    return ids


def forget(site: Site, table: Any, *conditions: Any) -> None:
    """Our store loses rows, as one restored from a copy has."""
    with site.parts.database.begin() as connection:
        connection.execute(table.delete().where(*conditions))


def the_only(differences: list[Difference], kind: Kind) -> Difference:
    """The one difference there is, of this kind."""
    assert [each.kind for each in differences] == [kind], differences
    return differences[0]


@both
def test_books_that_agree_have_no_difference(site: Site, sandbox: Sandbox) -> None:
    """After messages over both providers, told to the end, there is nothing to name; and looking changes nothing."""
    settled(site, sandbox)
    before = [rows(site.parts.database, table) for table in (MESSAGE, WRITE)]
    with statements(site.parts.database) as asked:
        assert compare(site) == []
    assert all(statement.lstrip("( ").startswith(("SELECT", "SET", "WITH")) for statement in asked)
    assert [rows(site.parts.database, table) for table in (MESSAGE, WRITE)] == before


def test_a_record_that_says_otherwise_is_named_with_both_words(site: Site, sandbox: Sandbox) -> None:
    """Somebody set a delivered record to Failed: the field, what the CRM holds and what we say."""
    first, *_ = settled(site, sandbox)
    sandbox.org.update(MESSAGE_OBJECT, {first: {"Status__c": "Failed"}})
    found = the_only(compare(site), Kind.RECORD_DIFFERS)
    assert (found.id, found.sentence) == (first, "Status__c is Failed, we say Delivered")


def test_a_last_word_that_was_never_owed_is_seen(site: Site, sandbox: Sandbox) -> None:
    """When our store lost the write of "delivered", the record still says Sent and the state says otherwise."""
    first, *_ = settled(site, sandbox, 1, 0)
    sandbox.org.update(MESSAGE_OBJECT, {first: {"Status__c": "Sent"}})
    newest = max(row.id for row in rows(site.parts.database, WRITE) if row.cause == "status")
    forget(site, WRITE, WRITE.c.id == newest)
    assert the_only(compare(site), Kind.RECORD_DIFFERS).sentence.startswith("Status__c is Sent")
    forget(site, WRITE)
    assert the_only(compare(site), Kind.RECORD_NEVER_TOLD).id == site.message().id


def test_a_record_that_is_gone_is_named(site: Site, sandbox: Sandbox) -> None:
    """A record deleted after it was told is no longer in the CRM."""
    first, *_ = settled(site, sandbox)
    target = sandbox.org.schema.objects[MESSAGE_OBJECT.lower()]
    with sandbox.org.lock, sandbox.org.records.transaction():
        sandbox.org.writer.delete(target, [first])
    assert the_only(compare(site), Kind.RECORD_MISSING).id == first


@pytest.mark.parametrize("status", ["Sending", "Sent", "Delivered"])
def test_a_record_sent_by_nobody_we_know_is_named(site: Site, sandbox: Sandbox, status: str) -> None:
    """A record in the claim's status, or a sent one, of which our store knows nothing."""
    settled(site, sandbox)
    (alone,) = sandbox.org.insert(MESSAGE_OBJECT, [{"Status__c": status, "Body__c": "x"}])
    found = the_only(compare(site), Kind.RECORD_UNKNOWN)
    assert found.id == alone
    assert status in found.sentence


def test_writes_that_wait_are_named_and_explain_their_records(site: Site, sandbox: Sandbox) -> None:
    """What is due or parked is a difference by itself, and the record it is for is none beside it."""
    first, second, *_ = settled(site, sandbox)
    with site.parts.database.begin() as connection:
        owed = [
            Owed(RecordWrite(MESSAGE_OBJECT, {"Status__c": "Failed"}, record_id=each), "sms-outbox", None)
            for each in (first, second)
        ]
        writes.owe(connection, site.parts.org, owed, site.clock())
        (due, parked) = writes.due(connection, site.parts.org, site.clock(), 10)
        writes.settle(connection, [writes.Settled(parked.id, "parked", 1)], site.clock())
    found = compare(site)
    assert {(each.kind, each.id) for each in found} == {
        (Kind.WRITE_DUE, str(due.id)),
        (Kind.WRITE_PARKED, str(parked.id)),
    }


def test_an_unknown_outcome_is_named_by_its_attempt(site: Site, sandbox: Sandbox) -> None:
    """A lost answer leaves an attempt in doubt; and what the listing shows of it is named too."""
    sandbox.faults.add({"target": "nrs360", "operation": "POST /sms", "kind": "drop_after", "times": 1})
    plant(sandbox, 2)
    site.pull()
    site.dispatch()
    site.push()
    doubt = [each for each in compare(site) if each.kind is Kind.OUTCOME_UNKNOWN]
    (attempt,) = rows(site.parts.database, ATTEMPT)
    assert [(each.id, each.where) for each in doubt] == [(attempt.id, NRS)]
    assert doubt[0].sentence.startswith("of 2 messages")


@both
@pytest.mark.parametrize(("account", "country"), [(NRS, "ES"), (SMSCLOUDS, "MX")])
def test_what_only_the_provider_shows_is_named(site: Site, sandbox: Sandbox, account: str, country: str) -> None:
    """A number in our batch that we have no message for: named by its last digits, with what became of it."""
    plant(sandbox, 3, country)
    site.work_through()
    lost = number_of(2, country)
    record_id = next(row.record_id for row in site.messages() if row.to_number == lost)
    forget(site, MESSAGE, MESSAGE.c.to_number == lost)
    sandbox.org.update(MESSAGE_OBJECT, {record_id: {"Status__c": "Cancelled"}})
    found = the_only(compare(site), Kind.NUMBER_UNKNOWN)
    assert found.where == account
    assert f"…{lost[-3:]}" in found.sentence
    assert lost[1:] not in found.sentence


@pytest.mark.parametrize(("account", "country"), [(NRS, "ES"), (SMSCLOUDS, "MX")])
def test_what_the_provider_does_not_show_is_named(site: Site, sandbox: Sandbox, account: str, country: str) -> None:
    """Messages that we take for sent and that no listing holds."""
    plant(sandbox, 2, country)
    site.work_through()
    sandbox.providers.nrs360.reset()
    sandbox.providers.smsclouds.reset()
    found = compare(site, account)
    assert [each.kind for each in found] == [Kind.NUMBER_MISSING] * 2
    assert {each.id for each in found} == {row.id for row in site.messages()}


def test_states_that_differ_are_named(site: Site, sandbox: Sandbox) -> None:
    """The provider has delivered, and we have not heard of it yet."""
    plant(sandbox, 1)
    site.pull()
    site.dispatch()
    site.push()
    site.work_until(lambda: any(each.kind is Kind.STATE_DIFFERS for each in compare(site)) or site.poll())
    site.work_through()
    assert compare(site) == []
    with site.parts.database.begin() as connection:
        connection.execute(MESSAGE.update().values(state="undelivered"))
    found = [each for each in compare(site, NRS) if each.kind is Kind.STATE_DIFFERS]
    assert [each.id for each in found] == [site.message().id]
    assert "undelivered here, delivered there" in found[0].sentence


def test_a_sending_of_ours_that_we_do_not_know_is_named(site: Site, sandbox: Sandbox) -> None:
    """A store restored from an old copy: the provider lists a campaign with our reference, and no attempt has it."""
    settled(site, sandbox, 2, 0)
    (attempt,) = rows(site.parts.database, ATTEMPT)
    forget(site, ATTEMPT)
    found = the_only(compare(site, NRS), Kind.SENDING_UNKNOWN)
    assert found.id == attempt.provider_batch
    assert attempt.id in found.sentence


def test_what_cannot_be_asked_is_said_and_the_rest_compared(site: Site, sandbox: Sandbox) -> None:
    """A provider in trouble and a lost field are differences of their own, and hide no other."""
    first, *_ = settled(site, sandbox)
    sandbox.faults.add({"target": "smsclouds", "kind": "status", "status": 500})
    sandbox.org.update(MESSAGE_OBJECT, {first: {"Status__c": "Failed"}})
    found = compare(site)
    assert {(each.kind, each.where) for each in found} == {
        (Kind.RECORD_DIFFERS, "sms-outbox"),
        (Kind.NOT_COMPARED, SMSCLOUDS),
    }


def test_one_account_is_compared_alone(site: Site, sandbox: Sandbox) -> None:
    """Of the other account's messages, records and batches nothing is said."""
    spanish, mexican = settled(site, sandbox, 1, 1)
    sandbox.org.update(MESSAGE_OBJECT, {spanish: {"Status__c": "Failed"}, mexican: {"Status__c": "Failed"}})
    assert the_only(compare(site, SMSCLOUDS), Kind.RECORD_DIFFERS).id == mexican


@pytest.mark.parametrize(
    ("ours", "theirs", "agree"),
    [
        ("2026-03-02T09:00:00.123+00:00", "2026-03-02T09:00:00.000+0000", True),
        ("2026-03-02T09:00:01.000+00:00", "2026-03-02T09:00:00.000+0000", False),
        ("Hola amigo", "Hola a…", True),
        ("Hola", "Hola…", True),
        ("Hola amigo", "Adiós…", False),
        ("Hola ", "Hola", True),
        ("", None, True),
        (None, "x", False),
        (1, 1.0, True),
        (True, True, True),
        ("1", 1, False),
    ],
)
def test_what_counts_as_the_same(ours: Any, theirs: Any, agree: bool) -> None:
    """Times to the second, cut texts and nothing for null are what the CRM makes of what we wrote."""
    assert same(ours, theirs) is agree
