"""Records of the pretend org through an SMPP account to the pretend message centre, and what it tells back to them."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from connector.model.errors import NeverLeft
from connector.model.states import State
from connector.sandbox.providers.smpp.replies import LONG_ANSWERS
from connector.sandbox.server import Sandbox
from connector.web.hooks import hook_server
from tests.sandbox.providers.running import until
from tests.sync import site as sites
from tests.sync.site import NRS, SMSCLOUDS, SPEED, Site, number_of, plant, record, settings_for, site_on, statuses

LONG = "En un lugar de la Mancha, de cuyo nombre no quiero acordarme. " * 5
SECRET = "the-secret-of-the-smpp-hook-0815"
ALL_WELL = {"undelivered": 0.0, "expired": 0.0, "buffered": 0.0, "replies": 0.0}


@pytest.fixture
def kind() -> str:
    """One kind of store: which one makes no difference here."""
    return "sqlite"


@pytest.fixture(scope="module")
def world() -> Iterator[Sandbox]:
    """A pretend world with its message centre."""
    with Sandbox(seed=7, speed=SPEED, smsc_port=0) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(world: Sandbox) -> Sandbox:
    """The world with nothing in it, where every message is delivered."""
    world.reset()
    world.faults.reset()
    world.providers.smpp.configure({"shares": ALL_WELL, "again": 0.05})
    return world


@pytest.fixture
def site(sandbox: Sandbox, url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """A connector whose account for Mexico speaks SMPP."""

    def with_smpp(*given: Any, **sections: Any) -> dict[str, Any]:
        usual = settings_for(*given, **sections)
        usual["accounts"][SMSCLOUDS] = {
            "provider": "smsclouds",
            "protocol": "smpp",
            "host": "127.0.0.1",
            "port": sandbox.smsc_port,
            "system_id": "sandbox",
            "password": "sandbox",
            "tls": False,
            "read_timeout": 1.0,
            "reconnect_first": 0.05,
            "throttle_pause": 0.05,
            "hook_secret": SECRET,
            "public_url": "http://127.0.0.1:1",
        }
        return usual

    monkeypatch.setattr(sites, "settings_for", with_smpp)
    with site_on(sandbox, url) as running:
        yield running


def turn_until(site: Site, true: Callable[[], object]) -> None:
    """Turns until something is true."""

    def turned() -> object:
        site.pull()
        site.dispatch(SMSCLOUDS)
        site.note()
        site.push()
        return true()

    until(turned, 30.0)


def bound(site: Site) -> bool:
    """Whether the account's session is."""
    account = site.app.providers[SMSCLOUDS]
    try:
        list(site.app.lines(SMSCLOUDS).converse(account.replies(datetime.now(UTC), datetime.now(UTC))))
    except NeverLeft:
        return False
    return True


def fault(sandbox: Sandbox, operation: str, kind: str, **more: Any) -> None:
    """Puts a rule in force."""
    sandbox.faults.add({"target": "smpp", "operation": operation, "kind": kind, **more})


def received(sandbox: Sandbox) -> dict[str, int]:
    """How often each serial was received."""
    lines = (line.split() for line in sandbox.ledger.lines("smpp"))
    return {serial: int(count) for _, serial, count in lines}


def test_records_are_sent_and_told_to_be_delivered(site: Site, sandbox: Sandbox) -> None:
    """Short and long texts are received once each, whole, and the records say Delivered with the centre's ids."""
    short = plant(sandbox, 20, "MX", Sender__c="Acme")
    long = plant(sandbox, 3, "MX", first=21, Body__c=LONG)
    turn_until(site, lambda: statuses(sandbox) == {"Delivered": 23})
    assert received(sandbox) == {f"{serial:06d}": 1 for serial in range(1, 21)}
    assert [text for text, _ in sandbox.providers.smpp.fates()].count(LONG) == 3
    assert sandbox.ledger.as_json()["by_provider"] == {"smpp": 23}
    assert all("+" in record(sandbox, each)["Provider_Id__c"] for each in long)
    assert not any("+" in record(sandbox, each)["Provider_Id__c"] for each in short)
    assert site.alarms() == {}


def test_what_fails_and_what_expires_says_so(site: Site, sandbox: Sandbox) -> None:
    """A receipt of a failure makes the record Failed, with the network's code."""
    sandbox.providers.smpp.configure({"shares": {**ALL_WELL, "undelivered": 1.0}})
    (one,) = plant(sandbox, 1, "MX")
    turn_until(site, lambda: statuses(sandbox) == {"Failed": 1})
    assert "UNDELIV" in record(sandbox, one)["Error__c"]


@pytest.mark.parametrize("kind", ["drop_after", "silent"])
def test_a_lost_answer_is_settled_by_the_receipt(site: Site, sandbox: Sandbox, kind: str) -> None:
    """Taken, with the line cut or without an answer: Unknown, not sent again, and its receipt delivers it."""
    fault(sandbox, "submit_sm", kind, times=1)
    sandbox.providers.world.speed = 0.5
    try:
        (one,) = plant(sandbox, 1, "MX")
        turn_until(site, lambda: site.states() == {"unknown": 1})
        turn_until(site, lambda: record(sandbox, one)["Status__c"] == "Delivered")
    finally:
        sandbox.providers.world.speed = SPEED
    assert received(sandbox) == {"000001": 1}


def test_a_cut_line_before_the_message_was_taken_leaves_doubt(site: Site, sandbox: Sandbox) -> None:
    """Nobody knows that it was not taken: it stays Unknown and is not sent again, and the next one goes."""
    fault(sandbox, "submit_sm", "drop_before", times=1)
    (one,) = plant(sandbox, 1, "MX")
    turn_until(site, lambda: record(sandbox, one)["Status__c"] == "Unknown")
    until(lambda: bound(site))  # what never leaves goes to the route's next account
    (two,) = plant(sandbox, 1, "MX", first=2)
    turn_until(site, lambda: record(sandbox, two)["Status__c"] == "Delivered")
    assert received(sandbox) == {"000002": 1}
    assert record(sandbox, one)["Status__c"] == "Unknown"


def test_too_much_is_sent_again(site: Site, sandbox: Sandbox) -> None:
    """What the centre throttles, by a fault and by its own rate, arrives in the end, once."""
    fault(sandbox, "submit_sm", "status", status=0x58, times=2)
    sandbox.providers.smpp.configure({"submits_a_second": 20})
    plant(sandbox, 30, "MX")
    turn_until(site, lambda: statuses(sandbox) == {"Delivered": 30})
    assert set(received(sandbox).values()) == {1}
    assert sandbox.ledger.as_json()["requests"]["smpp"]["submit_sm"] > 30


@pytest.mark.parametrize("fault_of_news", ["twice", "reorder", "late", "early"])
def test_receipts_in_every_order_end_alike(site: Site, sandbox: Sandbox, fault_of_news: str) -> None:
    """However receipts come, each record is Delivered and has one activity."""
    sandbox.providers.smpp.configure({"shares": {**ALL_WELL, "buffered": 1.0}})
    fault(sandbox, "statuses", fault_of_news, seconds=0.1)
    plant(sandbox, 5, "MX")
    plant(sandbox, 2, "MX", first=6, Body__c=LONG)
    turn_until(site, lambda: statuses(sandbox) == {"Delivered": 7} and not site.owed())
    assert len(sandbox.org.rows("Task")) == 7


def test_a_message_half_sent_ends_as_failed(site: Site, sandbox: Sandbox) -> None:
    """A line cut between parts leaves half a message: the centre tells that it expired, and nobody received it."""
    sandbox.providers.smpp.configure({"whole_within": 20.0})
    fault(sandbox, "submit_sm 2/3", "drop_before", times=1)
    (one,) = plant(sandbox, 1, "MX", Body__c=LONG)
    turn_until(site, lambda: record(sandbox, one)["Status__c"] == "Failed")
    assert "EXPIRED" in record(sandbox, one)["Error__c"]
    assert sandbox.ledger.as_json()["received"] == 0


def test_a_wrong_password_sounds_an_alarm(site: Site, sandbox: Sandbox) -> None:
    """While the centre refuses the bind nothing is sent there, and the route's next account takes over."""
    sandbox.providers.smpp.configure({"password": "another"})
    plant(sandbox, 1, "MX")
    turn_until(site, lambda: f"account {SMSCLOUDS}" in site.alarms())
    assert [(row.state, row.account) for row in site.messages()] == [(State.CLAIMED, NRS)]
    assert sandbox.ledger.as_json()["received"] == 0


@pytest.mark.parametrize("joined_by", ["udh", "sar", "payload"])
@pytest.mark.parametrize("text", ["¿Quién es?", *LONG_ANSWERS])
def test_a_person_s_text_reaches_the_org(site: Site, sandbox: Sandbox, joined_by: str, text: str) -> None:
    """A text over the session, in one part or in several, is one reply of the contact whose number it comes from."""
    sandbox.providers.smpp.configure({"replies_joined_by": joined_by, "shares": {**ALL_WELL, "pushed": 0.0}})
    (one,) = plant(sandbox, 1, "MX")
    site.sweep()
    turn_until(site, lambda: record(sandbox, one)["Status__c"] == "Delivered")
    sandbox.providers.smpp.text(number_of(1, "MX")[3:], text)
    turn_until(site, lambda: replies(sandbox))
    assert replies(sandbox) == [(record(sandbox, one)["Contact__c"], text)]


def replies(sandbox: Sandbox) -> list[tuple[str, str]]:
    """Whose the replies in the org are, and what they say."""
    tasks = sandbox.org.rows("Task")
    return [(task["WhoId"], task["Description"]) for task in tasks if task["Subject"] == "SMS reply"]


def test_pushed_replies_reach_the_org(site: Site, sandbox: Sandbox) -> None:
    """As the guide has it, replies come by HTTP to the account's webhook, with the id that SMPP gave the message."""
    receiver = hook_server(site.app)
    receiver.start()
    try:
        address = f"http://127.0.0.1:{receiver.port}/hooks/{SMSCLOUDS}/{SECRET}/smpp_responses"
        shares = {**ALL_WELL, "replies": 1.0, "long_replies": 0.0, "pushed": 1.0}
        sandbox.providers.smpp.configure({"responses_url": address, "shares": shares})
        plant(sandbox, 5, "MX")
        turn_until(site, lambda: len(replies(sandbox)) == 5)
    finally:
        receiver.stop()
    told = sandbox.ledger.as_json()
    assert (told["replies"], told["replies_acknowledged"]) == (5, 5)
    assert {who for who, _ in replies(sandbox)} == {row["Contact__c"] for row in sandbox.org.rows("SMS_Message__c")}
