"""E-mails the whole way: from records with an address through 360NRS and Smsclouds, and back to the record."""

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from connector.model.records import WriteCause
from connector.sandbox.server import Sandbox
from connector.store import consent as ledger
from connector.web.hooks import hook_server
from tests.mapping.by_address import finding_addresses
from tests.sync import site as sites
from tests.sync.site import NRS, SMSCLOUDS, Site, plant, record, site_on, statuses

SECRET = "a-secret-of-this-test-alone"
MESSAGE = """  to: {field: Contact__r.MobilePhone, email: Contact__r.Email, region: Contact__r.MailingCountryCode}
"""
EMAIL = """  email: {subject: "Hola {Contact__r.LastName}", html: "<p>{Body__c}</p>"}
"""
ROUTE = f"""route:
  - {{when: "channel == 'email' && to.country == 'MX'", account: {SMSCLOUDS}}}
  - {{account: {NRS}}}
"""


@pytest.fixture
def site(sandbox: Sandbox, url: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """A connector that sends e-mails through both."""
    sandbox.reset()
    usual = sites.settings_for

    def with_senders(world: Sandbox, store: str, **sections: Any) -> dict[str, Any]:
        made = usual(world, store, **sections)
        made["accounts"][NRS] |= {"email_sender": "us@example.com", "hook_secret": SECRET}
        made["accounts"][SMSCLOUDS] |= {"email_sender": "us@example.com"}
        return {**made, "mappings": [str(_mapping(folder, Path(path))) for path in made["mappings"]]}

    monkeypatch.setattr(sites, "settings_for", with_senders)
    with site_on(sandbox, url) as running:
        yield running


def _mapping(folder: Path, example: Path) -> Path:
    """The example mapping, with e-mails beside SMS."""
    text = finding_addresses(example.read_text("utf-8"))
    text = text[: text.index("route:")] + ROUTE + text[text.index("on_status:") : text.index("tests:")]
    text = re.sub(r"^  to:.*\n", MESSAGE, text, flags=re.MULTILINE)
    text = re.sub(r"^  whatsapp:.*\n", EMAIL, text, flags=re.MULTILINE).replace("WhatsApp: whatsapp", "Email: email")
    written = folder / example.name
    written.write_text(text, "utf-8")
    return written


def plant_emails(sandbox: Sandbox, count: int, country: str = "ES", *, first: int = 1) -> list[str]:
    """Queues e-mails to contacts that have an address."""
    ids = plant(sandbox, count, country, first=first, Channel__c="Email")
    for serial, record_id in enumerate(ids, first):
        contact = record(sandbox, record_id)["Contact__c"]
        sandbox.org.update("Contact", {contact: {"Email": f"Ana.{serial}@Example.COM"}})
    return ids


def outcomes_are(sandbox: Sandbox, **told: Any) -> None:
    """Says what becomes of what the pretend 360NRS takes."""
    httpx.post(f"{sandbox.providers_url}/sandbox/providers", json={"nrs360": told}).raise_for_status()


def test_emails_go_out_and_their_last_word_reaches_the_record(site: Site, sandbox: Sandbox) -> None:
    """Each e-mail is sent once, to the address, by the account of its route; 360NRS tells of delivery by its report,
    and of Smsclouds, which tells nothing of e-mails, its acceptance is the last word."""
    outcomes_are(sandbox, shares={"undelivered": 0.0, "expired": 0.0, "rejected": 0.0}, habits={"opened": 0.0})
    plant_emails(sandbox, 12)
    plant_emails(sandbox, 5, "MX", first=20)
    plant(sandbox, 3, first=40)
    site.work_until(lambda: site.states() == {"delivered": 15, "accepted": 5} and not site.owed())
    assert Counter((row.account, row.channel) for row in site.messages()) == {
        (NRS, "email"): 12,
        (NRS, "sms"): 3,
        (SMSCLOUDS, "email"): 5,
    }
    assert {row.to_number for row in site.messages() if row.channel == "email"} == {
        f"ana.{serial}@example.com" for serial in (*range(1, 13), *range(20, 25))
    }
    assert statuses(sandbox) == {"Delivered": 15, "Sent": 5}
    assert site.alarms() == {}


def test_an_address_that_does_not_exist_is_told_to_the_record(site: Site, sandbox: Sandbox) -> None:
    """A hard bounce ends as undelivered, with the reason on the record."""
    outcomes_are(sandbox, shares={"undelivered": 1.0, "expired": 0.0, "rejected": 0.0})
    (bounced,) = plant_emails(sandbox, 1)
    site.work_through()
    assert site.states() == {"undelivered": 1}
    assert record(sandbox, bounced)["Error__c"] == "hard_bounced: the address does not exist; mend it on the record"


@contextmanager
def unsubscribing(site: Site, sandbox: Sandbox) -> Iterator[None]:
    """While everybody who is sent an e-mail opens it and unsubscribes, which 360NRS pushes to the connector."""
    outcomes_are(
        sandbox,
        shares={"undelivered": 0.0, "expired": 0.0, "rejected": 0.0},
        habits={"opened": 1.0, "clicked": 0.0, "unsubscribed": 1.0},
    )
    receiver = hook_server(site.app)
    receiver.start()
    outcomes_are(sandbox, events_url=f"http://127.0.0.1:{receiver.port}/hooks/{NRS}/{SECRET}/events")
    try:
        yield
    finally:
        outcomes_are(sandbox, events_url=None)
        receiver.stop()


def unsubscribed(site: Site) -> bool:
    """Whether the first contact's address is known to be stopped."""
    with site.parts.database.read() as connection:
        return bool(ledger.history(connection, site.parts.org, "ana.1@example.com"))


def test_who_unsubscribes_gets_no_further_email_and_still_gets_sms(site: Site, sandbox: Sandbox) -> None:
    """The ledger's key is the address: the next e-mail to it is held with the reason, the number is not stopped, and
    360NRS's own list of addresses is told of nothing that it told us."""
    with unsubscribing(site, sandbox):
        plant_emails(sandbox, 1)
        site.work_until(lambda: unsubscribed(site) and site.states() == {"delivered": 1})
    (again,) = plant_emails(sandbox, 1)
    (sms,) = plant(sandbox, 1)
    site.work_until(lambda: site.states() == {"delivered": 2, "held": 1} and not site.owed())
    assert record(sandbox, again)["Status__c"] == "Held"
    assert "the recipient asked for no messages" in record(sandbox, again)["Error__c"]
    assert record(sandbox, sms)["Status__c"] == "Delivered"


def test_an_unsubscribe_is_written_to_every_record_that_holds_the_address_once(site: Site, sandbox: Sandbox) -> None:
    """However the address is typed there; not to records of another address, and not to the field of SMS."""
    with unsubscribing(site, sandbox):
        (message,) = plant_emails(sandbox, 1)
        contact = record(sandbox, message)["Contact__c"]
        lead, other = sandbox.org.insert(
            "Lead",
            [
                {"LastName": "Ruiz", "Company": "Casa", "Email": "ANA.1@example.com"},
                {"LastName": "Sosa", "Company": "Casa", "Email": "ana.2@example.com"},
            ],
        )
        site.sweep()
        site.work_until(lambda: unsubscribed(site) and site.states() == {"delivered": 1} and not site.owed())
    for _ in range(2):  # what was written comes back as the records' own word, and is no news
        site.sweep()
        site.work()
    told = [row for row in site.writes() if row.cause == WriteCause.OPT_OUT]
    assert sorted(row.record_id for row in told) == sorted([contact, lead])
    assert {row.standing for row in told} == {"done"}
    person = record(sandbox, contact, "Contact")
    assert (person["HasOptedOutOfEmail"], person["SMS_Opt_Out__c"]) == (True, False)
    assert record(sandbox, lead, "Lead")["HasOptedOutOfEmail"] is True
    assert record(sandbox, other, "Lead")["HasOptedOutOfEmail"] is False
    assert site.alarms() == {}


def test_an_email_without_an_address_is_refused_by_its_record(site: Site, sandbox: Sandbox) -> None:
    """A person reads which field to fill in, or to mend."""
    (missing,) = plant(sandbox, 1, Channel__c="Email")
    (broken,) = plant_emails(sandbox, 1, first=2)
    contact = record(sandbox, broken)["Contact__c"]
    sandbox.org.update("Contact", {contact: {"Email": "ana..ruiz@example.com"}})
    site.work_through()
    assert site.states() == {"rejected": 2}
    assert record(sandbox, missing)["Error__c"].startswith("address_missing: Contact__r.Email is empty")
    assert record(sandbox, broken)["Error__c"].startswith("address_unreadable: Contact__r.Email: what stands before")
