"""Records of the pretend org through an SMPP account to an SMSC that is not ours, and what it tells back to them."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from connector.model.states import State
from connector.sandbox.server import Sandbox
from tests.foreign.smpp.smsc import Smsc, until
from tests.sync import site as sites
from tests.sync.site import NRS, SMSCLOUDS, Site, number_of, plant, record, settings_for, site_on

LONG = "En un lugar de la Mancha, de cuyo nombre no quiero acordarme. " * 5


@pytest.fixture
def kind() -> str:
    """One kind of store: which one makes no difference here."""
    return "sqlite"


@pytest.fixture
def smsc(node: Path) -> Iterator[Smsc]:
    """An SMSC that takes everything and sends no receipts, until it is told otherwise."""
    running = Smsc(node)
    yield running
    running.close()


@pytest.fixture
def sandbox(world: Sandbox) -> Sandbox:
    """The org with nothing in it."""
    world.reset()
    return world


@pytest.fixture
def site(sandbox: Sandbox, smsc: Smsc, url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """A connector whose account for Mexico speaks SMPP."""

    def with_smpp(*given: object, **sections: object) -> dict[str, object]:
        usual = settings_for(*given, **sections)  # type: ignore[arg-type]  # handed on as it is
        usual["accounts"][SMSCLOUDS] = {
            "provider": "smsclouds",
            "protocol": "smpp",
            "host": "127.0.0.1",
            "port": smsc.port,
            "system_id": "conector",
            "password": "secret",
            "tls": False,
            "read_timeout": 3.0,
            "reconnect_first": 0.05,
            "throttle_pause": 0.05,
        }
        return usual

    monkeypatch.setattr(sites, "settings_for", with_smpp)
    with site_on(sandbox, url) as running:
        yield running


def turn(site: Site) -> None:
    """One turn of the jobs of the SMPP account, and of those that tell the org."""
    site.pull()
    site.dispatch(SMSCLOUDS)
    site.note()
    site.push()


def turn_until(site: Site, true: Callable[[], object]) -> None:
    """Turns until something is true."""

    def turned() -> object:
        turn(site)
        return true()

    until(turned, "what the test waits for", 30.0)


def status_of(sandbox: Sandbox, record_id: str) -> str:
    """A record's status in the org."""
    status: str = record(sandbox, record_id)["Status__c"]
    return status


def test_records_are_sent_and_told_to_be_delivered(smsc: Smsc, site: Site, sandbox: Sandbox) -> None:
    """Short and long texts reach the SMSC once each, and the records say Delivered with the SMSC's ids."""
    smsc.ways(receipt="DELIVRD", script=[{"status": 0x58}])
    short, long = plant(sandbox, 20, "MX"), plant(sandbox, 3, "MX", first=21, Body__c=LONG)
    turn_until(site, lambda: {status_of(sandbox, each) for each in (*short, *long)} == {"Delivered"})
    assert len(smsc.seen("submit")) == 20 + 3 * 3 + 1
    assert {each["to"] for each in smsc.seen("submit")} == {number_of(n, "MX").removeprefix("+") for n in range(1, 24)}
    assert "+" in record(sandbox, long[0])["Provider_Id__c"]
    assert site.alarms() == {}


def test_a_cut_line_leaves_doubt_that_a_receipt_settles(smsc: Smsc, site: Site, sandbox: Sandbox) -> None:
    """What was under way when the line fell is Unknown and not sent again; its receipt, by its number, settles it."""
    (one,) = plant(sandbox, 1, "MX")
    smsc.ways(script=[{"drop": "before"}])
    turn_until(site, lambda: status_of(sandbox, one) == "Unknown")
    (given,) = smsc.seen("submit")
    smsc.wait("bind", 2)
    receipt = f"id:{given['id']} sub:001 dlvrd:001 submit date:2611210840 done date:2611210841 stat:DELIVRD err:000"
    smsc.order(deliver={"source_addr": given["to"], "esm_class": 4, "short_message": receipt})
    smsc.wait("acknowledged")
    turn_until(site, lambda: status_of(sandbox, one) == "Delivered")
    assert len(smsc.seen("submit")) == 1


def test_a_refused_bind_sounds_an_alarm_and_routes_go_on(smsc: Smsc, site: Site, sandbox: Sandbox) -> None:
    """While the password is wrong an alarm says so and the route's next account takes over; mended, it sends again."""
    smsc.ways(password="another")
    plant(sandbox, 1, "MX")
    turn_until(site, lambda: f"account {SMSCLOUDS}" in site.alarms())
    assert [(row.state, row.account) for row in site.messages()] == [(State.CLAIMED, NRS)]
    smsc.ways(password="secret")
    until(lambda: any(bind["status"] == 0 for bind in smsc.seen("bind")), "a bind that was let in")
    site.later(120)
    (second,) = plant(sandbox, 1, "MX", first=2)
    turn_until(site, lambda: status_of(sandbox, second) == "Sent")
    assert [each["to"] for each in smsc.seen("submit")] == [number_of(2, "MX").removeprefix("+")]
    assert f"account {SMSCLOUDS}" not in site.alarms()


def test_a_person_s_text_reaches_the_org(smsc: Smsc, site: Site, sandbox: Sandbox) -> None:
    """STOP over SMPP is an opt-out of the contact whose number it comes from."""
    (one,) = plant(sandbox, 1, "MX")
    site.sweep()
    turn_until(site, lambda: status_of(sandbox, one) == "Sent")
    smsc.order(deliver={"source_addr": number_of(1, "MX")[1:], "destination_addr": "TEST", "short_message": "BAJA"})
    smsc.wait("acknowledged")
    contact = record(sandbox, one)["Contact__c"]
    turn_until(site, lambda: record(sandbox, contact, "Contact")["SMS_Opt_Out__c"])
    assert record(sandbox, contact, "Contact")["SMS_Opt_Out__c"] is True
