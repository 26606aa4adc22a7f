"""Records read as queued become messages: each once, and again only when a person set it back."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError

from connector.model.errors import StoreError
from connector.model.messages import Channel
from connector.model.records import RecordWrite, WriteCause
from connector.model.states import FINAL, State
from connector.store import claims, intake, outbox, writes
from connector.store.db import Database, new_id
from connector.store.outbox import MESSAGE, Move
from connector.store.writes import WRITE, Owed, Settled
from tests.conftest import Clock
from tests.store.making import (
    OBJECT,
    ORG,
    draft,
    events,
    of_record,
    reading,
    refusal,
    rows,
    send_to,
    statements,
    take,
)

RECORD = "a01000000000001AAA"
OPEN = [state for state in State if state not in FINAL and state is not State.HELD]


def at_state(database: Database, clock: Clock, state: State) -> str:
    """The id of a message of RECORD that was moved to a state."""
    take(database, clock(), draft(RECORD))
    message_id: str = of_record(database, RECORD).id
    with database.begin() as connection:
        send_to(connection, [message_id], state, clock())
    return message_id


def owe_status(database: Database, clock: Clock, message_id: str) -> int:
    """The id of a status write that the record is owed."""
    with database.begin() as connection:
        write = RecordWrite(OBJECT, {"Status__c": "Sent"}, record_id=RECORD)
        writes.owe(connection, ORG, [Owed(write, "sms-outbox", message_id)], clock())
    number: int = rows(database, WRITE)[-1].id
    return number


def seen_in_crm(database: Database, clock: Clock, message_id: str) -> None:
    """Notes that the CRM confirmed our write, just now."""
    with database.begin() as connection:
        outbox.left_queue(connection, [message_id], clock())


def test_a_record_becomes_a_message_with_a_claim_token(database: Database, clock: Clock) -> None:
    """A record read for the first time is a queued message that holds all the mapping made of it, and one event."""
    expires = clock() + timedelta(hours=24)
    item = draft(RECORD, sender="ACME", campaign="March", kind="service", expires_at=expires, content={"template": 7})
    taken = take(database, clock(), item)
    assert (taken.fresh, taken.again, taken.skipped, taken.moved) == (1, 0, 0, [])
    [row] = rows(database)
    assert (row.org, row.object, row.record_id, row.round, row.state) == (ORG, OBJECT, RECORD, 1, "queued")
    assert row.claim_token == row.id
    assert (row.claim_expires, row.expires_at) == (clock() + timedelta(minutes=10), expires)
    assert (row.accounts, row.account) == (["nrs-main", "smsclouds-mx"], "nrs-main")
    assert (row.fields, row.content) == (dict(item.fields), {"template": 7})
    assert outbox.as_message(row).text == "Hola Ana."
    assert events(database, row.id) == [("", "queued", True)]


def test_a_record_is_one_message_a_round(database: Database, clock: Clock) -> None:
    """The database itself refuses a second message of one record and round."""
    take(database, clock(), draft(RECORD))
    twin = dict(of_record(database, RECORD)._mapping) | {"id": new_id()}
    with pytest.raises(StoreError) as refused, database.begin() as connection:
        connection.execute(insert(MESSAGE).values(**twin))
    assert isinstance(refused.value.__cause__, IntegrityError)
    assert len(rows(database)) == 1


@pytest.mark.parametrize("state", OPEN)
def test_an_open_message_is_the_same_message(database: Database, clock: Clock, state: State) -> None:
    """A record read as queued while its message is open makes no other one, even when our write was seen long ago."""
    message_id = at_state(database, clock, state)
    seen_in_crm(database, clock, message_id)
    [before] = rows(database)
    taken = take(database, clock.go_on(hours=1), draft(RECORD, values=("Eva",)))
    assert (taken.fresh, taken.again, taken.skipped) == (0, 0, 1)
    assert rows(database) == [before]


def test_a_record_twice_in_a_page_is_one_message(database: Database, clock: Clock) -> None:
    """A page that shows a record twice makes one message of it."""
    taken = take(database, clock(), draft(RECORD), draft(RECORD))
    assert taken.fresh == 1
    assert len(rows(database)) == 1


def test_the_same_id_in_another_org_or_object_is_another_message(database: Database, clock: Clock) -> None:
    """Record ids are compared within their org and object only."""
    take(database, clock(), draft(RECORD), draft(RECORD, object="Campaign_SMS__c"))
    take(database, clock(), draft(RECORD), org="00D000000000002EAA")
    assert {(row.org, row.object, row.round) for row in rows(database)} == {
        (ORG, OBJECT, 1),
        (ORG, "Campaign_SMS__c", 1),
        ("00D000000000002EAA", OBJECT, 1),
    }


@pytest.mark.parametrize("state", sorted(FINAL))
def test_a_person_sets_an_ended_record_back(database: Database, clock: Clock, state: State) -> None:
    """Ended, our write seen in the CRM, the page read after that: a new round; the old message stays."""
    ended = at_state(database, clock, state)
    seen_in_crm(database, clock, ended)
    taken = take(database, clock.go_on(seconds=1), draft(RECORD))
    assert taken.fresh == 1
    newest = of_record(database, RECORD)
    assert (newest.round, newest.state, newest.tries) == (2, "queued", 0)
    assert newest.claim_token == ended != newest.id, "the org still holds our last claim, and only its token may go on"
    assert newest.id != ended
    with database.read() as connection:
        assert outbox.overtaken(connection, [ended, newest.id]) == {ended}


def test_an_ended_message_whose_end_the_crm_never_saw_begins_no_round(database: Database, clock: Clock) -> None:
    """Without a confirmed write the record may say queued only because nobody told it otherwise."""
    at_state(database, clock, State.DELIVERED)
    taken = take(database, clock.go_on(hours=1), draft(RECORD))
    assert (taken.fresh, taken.skipped) == (0, 1)


@pytest.mark.parametrize("seconds", [-1, 0])
def test_a_page_read_before_our_write_begins_no_round(database: Database, clock: Clock, seconds: int) -> None:
    """A stale page still shows queued what our write has meanwhile taken out of the queue."""
    ended = at_state(database, clock, State.DELIVERED)
    stale = clock() + timedelta(seconds=seconds)
    seen_in_crm(database, clock, ended)
    clock.go_on(minutes=5)
    with database.begin() as connection:
        taken = intake.take_in(connection, reading(stale), [draft(RECORD)], clock())
    assert (taken.fresh, taken.skipped) == (0, 1)


@pytest.mark.parametrize(("standing", "fresh"), [("due", 0), ("parked", 0), ("done", 1)])
def test_a_status_still_owed_keeps_the_round(database: Database, clock: Clock, standing: str, fresh: int) -> None:
    """While a status write is due, or parked for a person, the record's queued is not a person's word."""
    ended = at_state(database, clock, State.DELIVERED)
    write_id = owe_status(database, clock, ended)
    seen_in_crm(database, clock, ended)
    with database.begin() as connection:
        writes.settle(connection, [Settled(write_id, standing, 1)], clock())
    taken = take(database, clock.go_on(minutes=1), draft(RECORD))
    assert taken.fresh == fresh


def test_an_activity_still_owed_does_not_keep_the_round(database: Database, clock: Clock) -> None:
    """Only a write of the record's own status tells whether queued is a person's word; an activity does not."""
    ended = at_state(database, clock, State.DELIVERED)
    with database.begin() as connection:
        write = RecordWrite("Task", {}, key_field="SMS_External_Id__c", key="m-1", cause=WriteCause.ACTIVITY)
        writes.owe(connection, ORG, [Owed(write, "sms-outbox", ended)], clock())
    seen_in_crm(database, clock, ended)
    assert take(database, clock.go_on(minutes=1), draft(RECORD)).fresh == 1


@pytest.mark.parametrize("state", [State.ACCEPTED, State.SENT])
@pytest.mark.parametrize("other", ["account", "channel", "state"])
def test_the_last_word_of_its_channel_is_an_end(database: Database, clock: Clock, state: State, other: str) -> None:
    """A message at the last word of its account and channel begins a new round when set back; one of another account,
    on another channel or at another state stays open."""
    message = at_state(database, clock, state)
    seen_in_crm(database, clock, message)
    clock.go_on(minutes=1)
    mine = {"account": "nrs-main", "channel": Channel.SMS, "state": state}
    another = {"account": "smsclouds-mx", "channel": Channel.EMAIL, "state": State.DELIVERED}
    theirs = mine | {other: another[other]}
    assert take(database, clock(), draft(RECORD), last_words=frozenset({tuple(theirs.values())})).fresh == 0
    assert take(database, clock(), draft(RECORD), last_words=frozenset({tuple(mine.values())})).fresh == 1


def test_a_held_message_set_back_is_the_same_message(database: Database, clock: Clock) -> None:
    """It never left, so setting it back opens it again, with the record's new words and a new token."""
    held = at_state(database, clock, State.HELD)
    seen_in_crm(database, clock, held)
    with database.begin() as connection:
        outbox.put_off(connection, [held], clock() + timedelta(days=1))
    taken = take(database, clock.go_on(minutes=1), draft(RECORD, values=("Eva",)), run="run-2")
    assert (taken.fresh, taken.again, taken.skipped) == (0, 1, 0)
    [row] = rows(database)
    assert (row.id, row.round, row.state, row.values, row.claim_token) == (held, 1, "queued", ["Eva"], held)
    assert (row.read_at, row.not_before, row.failure_code) == (clock(), None, None)
    assert events(database, held)[-1] == ("held", "queued", True)


def test_a_held_message_nobody_set_back_stays_held(database: Database, clock: Clock) -> None:
    """Held and not yet written to the CRM, or read before that: it stays where it is."""
    held = at_state(database, clock, State.HELD)
    taken = take(database, clock.go_on(minutes=1), draft(RECORD))
    assert (taken.again, taken.skipped) == (0, 1)
    assert rows(database)[0].state == "held"
    owe_status(database, clock, held)
    seen_in_crm(database, clock, held)
    assert take(database, clock.go_on(minutes=1), draft(RECORD)).again == 0


def test_a_held_message_set_back_with_the_same_fault_is_held_again(database: Database, clock: Clock) -> None:
    """Consent that still says no holds the message again at once, and the move is told so that the record learns it."""
    held = at_state(database, clock, State.HELD)
    seen_in_crm(database, clock, held)
    taken = take(database, clock.go_on(minutes=1), draft(RECORD, stop=("Contact__r.SMS_Opt_Out__c",)))
    assert [(step.row.id, step.move.to) for step in taken.moved] == [(held, "held")]
    assert [to for _, to, _ in events(database, held)] == ["queued", "held", "queued", "held"]


def test_a_dropped_claim_is_taken_up_only_by_a_fresh_read(database: Database, clock: Clock) -> None:
    """A queued message without a token is read again as it now stands, with a token; one with a token stays."""
    message_id = at_state(database, clock, State.QUEUED)
    with database.begin() as connection:
        claims.drop(connection, [message_id])
    assert of_record(database, RECORD).claim_token is None
    assert take(database, clock.go_on(minutes=1), draft(RECORD, values=("Eva",))).again == 1
    [row] = rows(database)
    assert (row.claim_token, row.values, row.claim_expires) == (message_id, ["Eva"], clock() + timedelta(minutes=10))
    assert take(database, clock.go_on(minutes=1), draft(RECORD, values=("Luz",))).again == 0
    assert rows(database) == [row]


def test_what_cannot_be_sent_is_moved_at_once_with_its_reason(database: Database, clock: Clock) -> None:
    """A refusal is rejected, an opted-out or routeless record held, a too old one expired; each told with its words."""
    items = [
        refusal("a01000000000001AAA"),
        draft("a01000000000002AAA", stop=("Contact__r.DoNotCall",)),
        draft("a01000000000003AAA", held_reason="no adapter for the account bulk360-my yet"),
        draft("a01000000000004AAA", expires_at=clock()),
        draft("a01000000000005AAA", expires_at=clock() + timedelta(seconds=1)),
    ]
    taken = take(database, clock(), *items)
    assert taken.fresh == 5
    ends = {row.record_id[-4]: (row.state, row.failure_code) for row in rows(database)}
    assert ends == {
        "1": ("rejected", "UNREADABLE_PHONE"),
        "2": ("held", "OPTED_OUT"),
        "3": ("held", "HELD"),
        "4": ("expired", "TOO_OLD"),
        "5": ("queued", None),
    }
    assert {step.move.to for step in taken.moved} == {"rejected", "held", "expired"}
    assert "Contact__r.DoNotCall" in rows(database)[1].failure_reason


def test_the_same_page_taken_in_by_two_at_once_is_one_message_a_record(url: str, clock: Clock) -> None:
    """Two daemons, or two threads, that read the same page in whatever order make each message once between them."""
    database = Database(url)
    records = [draft(f"a01{n:012d}AAA") for n in range(300)]
    start = threading.Barrier(2)

    def read(items: list[object]) -> int:
        start.wait(timeout=10)
        return take(database, clock(), *items).fresh  # type: ignore[arg-type]

    with ThreadPoolExecutor(2) as threads:
        both = list(threads.map(read, [records, records[::-1]]))
    assert sum(both) == 300
    assert len(rows(database)) == 300
    assert {len(events(database, row.id)) for row in rows(database)[:20]} == {1}
    database.close()


def test_a_reader_that_comes_late_changes_nothing_of_a_message_on_its_way(url: str, clock: Clock) -> None:
    """While one daemon opens a held message again and claims it, another's read of the same page waits, then skips."""
    database = Database(url)
    held = at_state(database, clock, State.HELD)
    seen_in_crm(database, clock, held)
    clock.go_on(minutes=1)
    with ThreadPoolExecutor(1) as other:
        with database.begin() as connection:
            intake.take_in(connection, reading(clock()), [draft(RECORD, values=("Eva",))], clock())
            late = other.submit(take, database, clock(), draft(RECORD, values=("Luz",)))
            with pytest.raises(TimeoutError):
                late.result(timeout=0.2)
            outbox.move(connection, [Move(held, State.CLAIMED, "claim")], clock())
        assert late.result(timeout=10).skipped == 1
    [row] = rows(database)
    assert (row.state, row.values) == ("claimed", ["Eva"])
    database.close()


def test_a_page_of_a_thousand_is_a_constant_number_of_statements(database: Database, clock: Clock) -> None:
    """New, read again, ended and held: a page of a thousand asks the database no more often than a page of four."""

    def page(count: int, first: int) -> int:
        items = [draft(f"a0{first + n:013d}AAA") for n in range(count)]
        take(database, clock(), *items)
        ids = [row.id for row in rows(database) if row.record_id >= items[0].record_id]
        quarter = count // 4
        with database.begin() as connection:
            send_to(connection, ids[:quarter], State.DELIVERED, clock())
            send_to(connection, ids[quarter : 2 * quarter], State.HELD, clock())
            claims.drop(connection, ids[2 * quarter : 3 * quarter])
            outbox.left_queue(connection, ids[: 2 * quarter], clock())
        clock.go_on(minutes=1)
        with statements(database) as asked:
            taken = take(database, clock(), *items)
        assert (taken.fresh, taken.again, taken.skipped) == (quarter, 2 * quarter, quarter)
        return len(asked)

    assert page(1000, 1000) == page(4, 5000) <= 10


def test_the_rank_keeps_the_order_of_the_page(database: Database, clock: Clock) -> None:
    """Messages are worked in the order their page showed them, earlier pages first."""
    names = ["a01000000000009AAA", "a01000000000003AAA", "a01000000000007AAA"]
    take(database, clock(), *[draft(name) for name in names])
    take(database, clock.go_on(seconds=1), draft("a01000000000001AAA"))
    with database.read() as connection:
        found = claims.unconfirmed(connection, ORG, "sms-outbox", clock(), 10)
    assert [row.record_id for row in found] == [*names, "a01000000000001AAA"]


def test_an_empty_page_is_nothing(database: Database, clock: Clock) -> None:
    """A page without records changes nothing and is no error."""
    taken = take(database, clock())
    assert (taken.fresh, taken.again, taken.skipped, taken.moved) == (0, 0, 0, [])


@pytest.mark.parametrize("text", ["nul \x00 inside", "a lone half \ud800", "back\\u0000slash", "ñ€😀"])
def test_any_text_can_be_kept(database: Database, clock: Clock, text: str) -> None:
    """A character that no database keeps is replaced, and the rest of the page goes in with it untouched."""
    taken = take(database, clock(), draft(RECORD, values=(text,), fields={"Name": text}, sender=text))
    assert taken.fresh == 1
    [row] = rows(database)
    kept = text.replace("\x00", "\ufffd").replace("\ud800", "\ufffd")
    assert (row.values, row.fields, row.sender) == ([kept], {"Name": kept}, kept)
