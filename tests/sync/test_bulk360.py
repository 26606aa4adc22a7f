"""Bulk360 by the connector's own verbs: batches, tokens, notifications whose last word wins, and a lost answer."""

from collections.abc import Iterator
from typing import Any

import pytest

from connector.model.messages import News, NewsKind
from connector.model.states import State
from connector.sandbox.server import Sandbox
from connector.store import inbox, outbox
from connector.store.outbox import MESSAGE
from connector.web.hooks import hook_server
from tests.store.making import events
from tests.sync.site import NRS, Site, number_of, plant, received, record, requests, site_on, statuses

BULK = "bulk360-my"
SEND = "POST /api/bulk360/v2.0"
SECRET = "a-secret-of-the-path-0123456789"
on_both = pytest.mark.parametrize("kind", ["sqlite", "postgresql"], indirect=True)


@pytest.fixture
def quiet(sandbox: Sandbox, url: str) -> Iterator[Site]:
    """A site that Bulk360 tells nothing."""
    with site_on(sandbox, url) as site:
        yield site


@pytest.fixture
def hooked(sandbox: Sandbox, url: str) -> Iterator[Site]:
    """A site that Bulk360 tells what becomes of its messages."""
    with site_on(sandbox, url, accounts={BULK: {"hook_secret": SECRET, "public_url": "http://127.0.0.1:1"}}) as site:
        receiver = hook_server(site.app)
        receiver.start()
        sandbox.providers.bulk360.configure(
            {"dn_url": f"http://127.0.0.1:{receiver.port}/hooks/{BULK}/{SECRET}/delivery"}
        )
        yield site
        sandbox.providers.bulk360.configure({"dn_url": None})
        receiver.stop()


def notified(site: Site, state: State, provider_id: str, phone: str | None = None, key: str = "k") -> None:
    """A delivery notification, as the adapter reads it."""
    told = News(
        NewsKind.STATUS, key, state=state, word=str(state), provider_id=provider_id, phone=phone, counts_again=True
    )
    with site.parts.database.begin() as connection:
        inbox.keep(connection, BULK, "bulk360", [told], site.clock())


def accepted(site: Site, sandbox: Sandbox) -> Any:
    """One message that Bulk360 accepted."""
    plant(sandbox, 1, "MY")
    site.pull()
    site.dispatch(BULK)
    assert site.states() == {"accepted": 1}
    return site.message()


def in_doubt(site: Site, sandbox: Sandbox, count: int = 1, first: int = 1) -> None:
    """Messages whose answer was lost."""
    sandbox.faults.add({"target": "bulk360", "operation": SEND, "kind": "drop_after", "times": count})
    plant(sandbox, count, "MY", first=first)
    site.pull()
    for _ in range(count):  # each lost answer keeps back what has not left with it
        site.dispatch(BULK)


# sending


@pytest.mark.parametrize("transport", ["query", "form", "json"])
def test_messages_reach_malaysia_and_are_told_of(hooked: Site, sandbox: Sandbox, transport: str) -> None:
    """One text to thirty people takes three requests and one token, and each record is told what became of it."""
    sandbox.providers.bulk360.configure({"dn_transport": transport, "shares": {"silent": 0.0}})
    plant(sandbox, 30, "MY", Body__c="Hola #000001 to all")
    hooked.work_through()
    assert set(hooked.states()) <= {"delivered", "undelivered", "expired"}
    assert sum(hooked.states().values()) == 30
    assert requests(sandbox, SEND, "bulk360") == 3
    assert requests(sandbox, "POST /oauth/token", "bulk360") == 1
    assert set(statuses(sandbox)) <= {"Delivered", "Failed"}


def test_a_token_that_expires_under_way_costs_nothing(quiet: Site, sandbox: Sandbox) -> None:
    """In the middle of many requests all tokens are taken back: each message is sent once, none is in doubt."""
    plant(sandbox, 20, "MY")
    sandbox.faults.add({"target": "bulk360", "operation": SEND, "kind": "expire_tokens", "after": 7, "times": 1})
    quiet.pull()
    quiet.dispatch(BULK)
    assert quiet.states() == {"accepted": 20}
    assert received(sandbox) == {"received": 20, "distinct": 20, "duplicates": 0}
    assert requests(sandbox, "POST /oauth/token", "bulk360") == 2


def test_wrong_credentials_let_the_messages_wait(sandbox: Sandbox, url: str) -> None:
    """The account is at fault: nothing is rejected, and a person is told."""
    with site_on(sandbox, url, accounts={BULK: {"app_secret": "wrong"}}) as site:
        plant(sandbox, 2, "MY")
        site.pull()
        site.dispatch(BULK)
        assert site.states() == {"claimed": 2}
        assert "app_secret" in site.alarms()[f"account {BULK}"]
    assert received(sandbox)["received"] == 0


def test_no_token_means_that_nothing_left(quiet: Site, sandbox: Sandbox) -> None:
    """The token's answer is lost: the messages are tried again, and no outcome is unknown."""
    sandbox.faults.add({"target": "bulk360", "operation": "POST /oauth/token", "kind": "drop_after", "times": 1})
    plant(sandbox, 3, "MY", Body__c="Hola #000001 to all")
    quiet.pull()
    quiet.dispatch(BULK)
    assert quiet.states() == {"claimed": 3}
    quiet.later(120)
    quiet.dispatch(BULK)
    assert quiet.states() == {"accepted": 3}
    assert requests(sandbox, SEND, "bulk360") == 1


# the last word


@on_both
def test_the_last_notification_received_is_final(quiet: Site, sandbox: Sandbox) -> None:
    """Even after a final one, and even where it equals an earlier one; the record ends as the last one says."""
    sent = accepted(quiet, sandbox)
    for state in (State.DELIVERED, State.UNDELIVERED, State.DELIVERED):
        notified(quiet, state, sent.provider_id, key=str(state))
        quiet.note()
        assert quiet.message().state == state
    for state in (State.UNDELIVERED, State.DELIVERED, State.UNDELIVERED):
        notified(quiet, state, sent.provider_id, key=str(state))
    quiet.note()
    quiet.push()
    assert quiet.message().state == State.UNDELIVERED
    assert record(sandbox, sent.record_id)["Status__c"] == "Failed"


def test_the_same_notification_twice_changes_nothing(quiet: Site, sandbox: Sandbox) -> None:
    """It is kept, and its move is a no-op on record."""
    sent = accepted(quiet, sandbox)
    notified(quiet, State.DELIVERED, sent.provider_id)
    notified(quiet, State.DELIVERED, sent.provider_id)
    assert quiet.note().moved == 1
    assert events(quiet.parts.database, sent.id)[-1] == ("delivered", "delivered", False)


@on_both
def test_a_notification_that_waited_is_not_the_last_word(quiet: Site, sandbox: Sandbox) -> None:
    """Parked for want of its message, it is read after one that came later, and does not undo it."""
    sent = accepted(quiet, sandbox)
    notified(quiet, State.UNDELIVERED, "NOT-YET-KNOWN")
    assert quiet.note().parked == 1
    with quiet.parts.database.begin() as connection:
        outbox.learn_ids(connection, [(sent.id, "NOT-YET-KNOWN")])
    quiet.later(1)
    notified(quiet, State.DELIVERED, "NOT-YET-KNOWN")
    quiet.note()
    quiet.later(10)
    assert quiet.note().seen == 1
    assert quiet.message().state == State.DELIVERED
    assert events(quiet.parts.database, sent.id)[-1] == ("delivered", "undelivered", False)


def test_the_one_that_waited_counts_where_no_later_one_came(quiet: Site, sandbox: Sandbox) -> None:
    """It came after the final word that stands, and so replaces it."""
    sent = accepted(quiet, sandbox)
    notified(quiet, State.UNDELIVERED, sent.provider_id)
    quiet.note()
    quiet.later(1)
    notified(quiet, State.DELIVERED, "NOT-YET-KNOWN")
    quiet.note()
    with quiet.parts.database.begin() as connection:
        outbox.learn_ids(connection, [(sent.id, "NOT-YET-KNOWN")])
    quiet.later(10)
    quiet.note()
    assert quiet.message().state == State.DELIVERED


# a lost answer


def test_a_notification_settles_the_one_message_it_can_be_of(hooked: Site, sandbox: Sandbox) -> None:
    """The answer was lost and the id with it: the number settles what nobody else can, and nothing is sent again."""
    sandbox.providers.bulk360.configure({"shares": {"silent": 0.0}})
    in_doubt(hooked, sandbox, 3)
    assert set(hooked.states()) <= {"unknown", "delivered", "undelivered", "expired"}
    hooked.work_until(lambda: "unknown" not in hooked.states())
    assert all(row.provider_id for row in hooked.messages())
    assert received(sandbox) == {"received": 3, "distinct": 3, "duplicates": 0}


@on_both
def test_two_that_it_can_be_of_prove_nothing(quiet: Site, sandbox: Sandbox) -> None:
    """Two unknown messages to one number: neither is settled by a status of either."""
    in_doubt(quiet, sandbox)
    (contact,) = {row["Contact__c"] for row in sandbox.org.rows("SMS_Message__c")}
    sandbox.faults.add({"target": "bulk360", "operation": SEND, "kind": "drop_after", "times": 1})
    plant(sandbox, 1, "MY", first=2, Contact__c=contact)
    quiet.pull()
    quiet.dispatch(BULK)
    assert quiet.states() == {"unknown": 2}
    notified(quiet, State.DELIVERED, "E1", number_of(1, "MY"))
    assert quiet.note().parked == 1
    assert quiet.states() == {"unknown": 2}


def test_two_ids_for_one_message_prove_nothing(quiet: Site, sandbox: Sandbox) -> None:
    """One of them is of somebody else's message to that number, and nobody knows which."""
    in_doubt(quiet, sandbox)
    notified(quiet, State.DELIVERED, "E1", number_of(1, "MY"), key="1")
    notified(quiet, State.UNDELIVERED, "E2", number_of(1, "MY"), key="2")
    assert quiet.note().parked == 2
    assert quiet.states() == {"unknown": 1}


@on_both
def test_several_notifications_of_one_id_settle_it(quiet: Site, sandbox: Sandbox) -> None:
    """The last of them is what it ends as."""
    in_doubt(quiet, sandbox)
    for state in (State.UNDELIVERED, State.DELIVERED):
        notified(quiet, state, "E1", number_of(1, "MY"), key=str(state))
    quiet.note()
    assert (quiet.message().state, quiet.message().provider_id) == (State.DELIVERED, "E1")


def test_one_whose_answer_is_still_to_come_is_not_guessed(quiet: Site, sandbox: Sandbox) -> None:
    """While a send to the number is under way, the id may be its own: the status waits for the answer."""
    accepted(quiet, sandbox)
    with quiet.parts.database.begin() as connection:
        connection.execute(MESSAGE.update().values(state=State.ATTEMPTING, provider_id=None))
    notified(quiet, State.DELIVERED, "E1", number_of(1, "MY"))
    assert quiet.note().parked == 1
    assert quiet.message().state == State.ATTEMPTING


def test_an_id_we_know_is_never_overridden_by_the_number(quiet: Site, sandbox: Sandbox) -> None:
    """A message whose id was told cannot be that of another id: somebody else wrote to that number."""
    accepted(quiet, sandbox)
    notified(quiet, State.DELIVERED, "SOMEBODY-ELSES", number_of(1, "MY"))
    assert quiet.note().parked == 1
    assert quiet.message().state == State.ACCEPTED


def test_other_providers_are_not_settled_by_number(quiet: Site, sandbox: Sandbox) -> None:
    """Only where the adapter says so: 360NRS can be asked, and its unknown waits for that."""
    sandbox.faults.add({"target": "nrs360", "operation": "POST /sms", "kind": "drop_after", "times": 1})
    plant(sandbox)
    quiet.pull()
    quiet.dispatch(NRS)
    told = News(NewsKind.STATUS, "k", state=State.DELIVERED, word="x", provider_id="X1", phone=number_of(1))
    with quiet.parts.database.begin() as connection:
        inbox.keep(connection, NRS, "nrs360", [told], quiet.clock())
    quiet.note()
    assert quiet.states() == {"unknown": 1}
