"""Lookups at 360 SMS App and 360NRS the whole way, as `tests.sync.test_lookup` has them at Smsclouds."""

import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from connector.sandbox.server import Sandbox
from connector.store import lookups
from connector.store.lookups import LOOKUP
from connector.sync.lookup import LONGEST_UNDER_WAY, look_up
from connector.web.hooks import hook_server
from tests.store.making import rows
from tests.sync.site import NRS, Site, mapping, plant, received, record, requests, site_on
from tests.web.hooked import until

BOTH_STORES = pytest.mark.parametrize("kind", ["sqlite", "postgresql"], indirect=True)
VTP = "vtp"
START, SHOW = "POST /validation/emails", "GET /validation/emails/{id}"
TO = "  to: {field: Contact__r.MobilePhone, email: Contact__r.Email, region: Contact__r.MailingCountryCode}\n"
EMAIL = '  email: {subject: "Hola"}\n'
LOOKUP_OF_EMAIL = f"""lookup:
  account: {NRS}
  set: {{Provider_Id__c: "{{lookup.result}}"}}
  stop: "lookup.valid == false"
route:
  - {{account: {NRS}}}
"""
LOOKUP_OF_PHONE = f"""lookup:
  account: {VTP}
  set: {{Provider_Id__c: "{{lookup.line_type}}", Error__c: "{{lookup.carrier}}, {{lookup.country}}"}}
  stop: "lookup.line_type == 'landline'"
route:
"""


def changed(folder: Path, *changes: tuple[str, str]) -> list[str]:
    """The example mapping, its tests left out and some of its lines another."""
    text = mapping().read_text("utf-8")
    text = text[: text.index("tests:")]
    for old, new in changes:
        found = re.search(old, text, flags=re.MULTILINE)
        assert found, old
        text = text[: found.start()] + new + text[found.end() :]
    written = folder / "changed.yaml"
    written.write_text(text, "utf-8")
    return [str(written)]


def asks(site: Site, account: str) -> int:
    """Runs the verb for an account."""
    return look_up(site.parts, account, site.senders[account])


def the_lookup(site: Site) -> Any:
    """The one lookup there is."""
    (only,) = rows(site.parts.database, LOOKUP)
    return only


@BOTH_STORES
def test_a_phone_is_verified_before_the_send(sandbox: Sandbox, url: str, folder: Path) -> None:
    """360 SMS App tells each number's type: landlines are not written to, the others are, and all records say it."""
    account = {
        "provider": "sms360app",
        "base_url": f"{sandbox.providers_url}/sms360app",
        "client_ids": ["sandbox"],
        "sender": "+19292968422",
    }
    ids = plant(sandbox, 40)
    mappings = changed(folder, (r"^route:\n", LOOKUP_OF_PHONE))
    with site_on(sandbox, url, mappings=mappings, accounts={VTP: account}) as site:
        site.pull()
        site.dispatch(NRS)
        assert asks(site, VTP) == 40
        site.dispatch(NRS)
        told = {row.target: lookups.known(row).line_type for row in rows(site.parts.database, LOOKUP)}
        states = {told[row.to_number]: row.state for row in site.messages()}
        assert states == {"mobile": "accepted", "voip": "accepted", "landline": "rejected"}
        landlines = sum(kind == "landline" for kind in told.values())
        assert site.states() == {"accepted": 40 - landlines, "rejected": landlines}
        site.push()
        written = [record(sandbox, each) for each in ids]
        assert {each["Error__c"].split(", ")[-1] for each in written if each["Status__c"] == "Sent"} == {"ES"}
        assert {each["Provider_Id__c"] for each in written if each["Status__c"] == "Failed"} == {"landline"}
    assert received(sandbox)["received"] == 40 - landlines


@contextmanager
def validating(sandbox: Sandbox, url: str, folder: Path, *, hooked: bool) -> Iterator[Site]:
    """A site whose e-mails' addresses are validated first; if `hooked`, 360NRS knows its receiver."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    account: dict[str, Any] = {"email_sender": "us@example.com"}
    if hooked:
        account |= {"public_url": f"http://127.0.0.1:{port}", "hook_secret": "a-secret/of this test"}
    mappings = changed(
        folder,
        (r"^  to:.*\n", TO),
        (r"^  whatsapp:.*\n", EMAIL),
        ("WhatsApp: whatsapp", "Email: email"),
        (r"^route:\n(  - .*\n)+", LOOKUP_OF_EMAIL),
    )
    with site_on(sandbox, url, mappings=mappings, accounts={NRS: account}, web={"port": port}) as site:
        receiver = hook_server(site.app)
        receiver.start()
        yield site
        receiver.stop()


def plant_email(sandbox: Sandbox, address: str) -> str:
    """Queues an e-mail to an address."""
    (message,) = plant(sandbox, 1, Channel__c="Email")
    sandbox.org.update("Contact", {record(sandbox, message)["Contact__c"]: {"Email": address}})
    return message


@BOTH_STORES
def test_a_validation_is_read_when_its_notification_has_come(sandbox: Sandbox, url: str, folder: Path) -> None:
    """The address is validated once; its webhook is stored, and has the result read before its time."""
    message = plant_email(sandbox, "ana.1@example.com")
    with validating(sandbox, url, folder, hooked=True) as site:
        site.pull()
        site.dispatch(NRS)
        assert asks(site, NRS) == 0
        assert the_lookup(site).standing == "under_way"
        with site.parts.database.begin() as connection:
            connection.execute(update(LOOKUP).values(not_before=site.clock() + LONGEST_UNDER_WAY))

        def read() -> bool:
            site.note()
            return asks(site, NRS) == 1

        until(read)
        site.dispatch(NRS)
        site.push()
        told = lookups.known(the_lookup(site))
        assert site.message().state == ("rejected" if told.valid is False else "accepted")
        if told.valid is not False:
            assert record(sandbox, message)["Status__c"] == "Sent"
    assert requests(sandbox, START) == 1


@BOTH_STORES
def test_a_validation_that_nobody_notifies_of_is_asked_after(sandbox: Sandbox, url: str, folder: Path) -> None:
    """Each result reaches its record; who is undeliverable is not written to."""
    addresses = [f"ana.{each}@example.com" for each in range(30)]
    with validating(sandbox, url, folder, hooked=False) as site:
        plant(sandbox, 30, Channel__c="Email")
        contacts = [row["Id"] for row in sandbox.org.rows("Contact")]
        sandbox.org.update("Contact", {c: {"Email": a} for c, a in zip(contacts, addresses, strict=True)})
        site.pull()
        site.dispatch(NRS)

        def settled() -> bool:
            site.later(5)
            asks(site, NRS)
            return all(row.standing == "known" for row in rows(site.parts.database, LOOKUP))

        until(settled)
        site.dispatch(NRS)
        results = {row.target: lookups.known(row).fields["result"] for row in rows(site.parts.database, LOOKUP)}
        assert set(results) == set(addresses)
        states = {(results[row.to_number], row.state) for row in site.messages()}
        assert states <= {("deliverable", "accepted"), ("risky", "accepted"), ("undeliverable", "rejected")}
        assert ("undeliverable", "rejected") in states
    assert requests(sandbox, START) == 30
    assert received(sandbox)["received"] == sum(result != "undeliverable" for result in results.values())


def test_a_validation_that_fails_or_never_ends_is_a_failure(sandbox: Sandbox, url: str, folder: Path) -> None:
    """By 360NRS's word at once; by our patience after a day; the messages then go on."""
    plant_email(sandbox, "ana.1@example.com")
    sandbox.providers.nrs360.configure({"validations_fail": True})
    with validating(sandbox, url, folder, hooked=False) as site:
        site.pull()
        site.dispatch(NRS)
        asks(site, NRS)
        site.later(5)
        until(lambda: asks(site, NRS) == 1)
        assert the_lookup(site).standing == "failed"
        assert "could not validate" in the_lookup(site).error
        site.dispatch(NRS)
        assert site.states() == {"accepted": 1}
        with site.parts.database.begin() as connection:
            lookups.ask_for(connection, {(NRS, "ana.2@example.com")}, site.clock())
        sandbox.faults.add({"target": "nrs360", "operation": SHOW, "kind": "status", "status": 500})
        asks(site, NRS)
        site.later(LONGEST_UNDER_WAY.total_seconds() + 1)
        assert asks(site, NRS) == 1
        assert {row.standing for row in rows(site.parts.database, LOOKUP)} == {"failed"}
