"""How far e-mails are told of: Smsclouds' end when they are accepted, 360NRS's soft bounces are no end."""

import re
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from connector.cli.accounting import Books, books
from connector.cli.single_pass import SinglePass
from connector.model.messages import News, NewsKind
from connector.model.states import State
from connector.sandbox.server import Sandbox
from connector.store import backlog, inbox
from connector.store.attempts import ATTEMPT
from connector.sync.housekeeping import housekeep
from connector.sync.poll import poll_statuses
from tests.store.making import rows
from tests.sync.site import NRS, SMSCLOUDS, Site, mapping, plant, record, requests, site_on, statuses

REPORT = "GET /sendings/{id}/reports/events"
HOUR = 3600.0


@pytest.fixture
def site(sandbox: Sandbox, url: str, folder: Path) -> Iterator[Site]:
    """A connector whose e-mails and SMS to Mexico go through Smsclouds, and all others through 360NRS."""
    sandbox.reset()
    text = mapping().read_text("utf-8")
    to = "  to: {field: Contact__r.MobilePhone, email: Contact__r.Email, region: Contact__r.MailingCountryCode}\n"
    text = re.sub(r"^  to:.*\n", to, text, flags=re.MULTILINE)
    text = re.sub(r"^  whatsapp:.*\n", '  email: {subject: "Hola"}\n', text, flags=re.MULTILINE)
    route = f"route:\n  - {{when: \"to.country == 'MX'\", account: {SMSCLOUDS}}}\n  - {{account: {NRS}}}\n"
    text = text[: text.index("route:")] + route + text[text.index("on_status:") : text.index("tests:")]
    written = folder / "emails.yaml"
    written.write_text(text.replace("WhatsApp: whatsapp", "Email: email"), "utf-8")
    sender = {"email_sender": "us@example.com"}
    with site_on(sandbox, url, mappings=[str(written)], accounts={NRS: sender, SMSCLOUDS: sender}) as running:
        yield running


def plant_email(sandbox: Sandbox, country: str) -> str:
    """Queues an e-mail."""
    (record_id,) = plant(sandbox, 1, country, Channel__c="Email")
    sandbox.org.update("Contact", {record(sandbox, record_id)["Contact__c"]: {"Email": "ana@example.com"}})
    return record_id


def unsaid(site: Site) -> int:
    """Messages that a single pass would wait for."""
    parts = site.parts
    since = parts.clock() - parts.timing.final_after
    with parts.database.read() as connection:
        return backlog.without_last_word(connection, tuple(parts.providers), parts.last_words(), since)


def total(read: Books) -> dict[str, int]:
    """The report's line of all messages."""
    return {column: number for column, number in read.groups["total"]["all"].items() if number}


def left_alone(site: Site) -> list[bool]:
    """Of each batch, whether it is never to be asked about again."""
    return [row.poll_at.year == 9999 for row in rows(site.parts.database, ATTEMPT)]


def test_an_accepted_email_has_ended_where_nothing_more_is_told(site: Site, sandbox: Sandbox) -> None:
    """Through Smsclouds its acceptance is the last word: it counts as delivered, is not asked about, and its record,
    set back, is a new message; it is dropped in time. An SMS of the same account is at its end when it was sent."""
    email = plant_email(sandbox, "MX")
    (sms,) = plant(sandbox, 1, "MX", first=2)
    site.pull()
    site.dispatch(SMSCLOUDS)
    site.push()
    assert site.states() == {"accepted": 2}
    assert total(books(site.app)) == {"delivered": 1, "in flight": 1}
    assert unsaid(site) == 1
    site.work_until(lambda: site.states() == {"accepted": 1, "sent": 1} and not site.owed())
    assert total(books(site.app)) == {"delivered": 2}
    assert unsaid(site) == 0
    assert site.at_rest()
    site.later(HOUR)
    poll_statuses(site.parts, SMSCLOUDS)
    assert left_alone(site) == [True, True]
    site.later(80 * HOUR)
    assert books(site.app).silent == ()
    sandbox.org.update("SMS_Message__c", {each: {"Status__c": "Queued"} for each in (email, sms)})
    site.pull()
    assert len(site.messages()) == 4
    site.later(2 * 24 * HOUR)
    housekeep(site.parts, 1)
    assert not {row.state for row in site.messages()} & {State.ACCEPTED, State.SENT}


def test_a_single_pass_does_not_wait_for_what_is_never_told(site: Site, sandbox: Sandbox) -> None:
    """It ends when Smsclouds has accepted the e-mail, however long it may wait for last words."""
    plant_email(sandbox, "MX")
    began = time.monotonic()
    SinglePass(site.app, site.parts).run(wait=60)
    assert time.monotonic() - began < 45
    assert site.states() == {"accepted": 1}
    assert statuses(sandbox) == {"Sent": 1}


@pytest.fixture
def bounced(site: Site, sandbox: Sandbox) -> Site:
    """A site whose one e-mail, through 360NRS, has bounced softly."""
    told = {"shares": {"undelivered": 0.0, "expired": 1.0, "rejected": 0.0}}
    httpx.post(f"{sandbox.providers_url}/sandbox/providers", json={"nrs360": told}).raise_for_status()
    plant_email(sandbox, "ES")
    site.work_until(lambda: "soft_bounced" in {row.word for row in rows(site.parts.database, inbox.INBOX)})
    site.note()
    site.push()
    return site


def test_a_soft_bounce_leaves_an_email_sent_until_nothing_more_is_expected(bounced: Site, sandbox: Sandbox) -> None:
    """It is in flight and asked about; after `final_after` it is no more, and the report names it."""
    assert bounced.states() == {"sent": 1}
    assert total(books(bounced.app)) == {"in flight": 1}
    assert unsaid(bounced) == 1
    bounced.later(HOUR)
    before = requests(sandbox, REPORT, "nrs360")
    poll_statuses(bounced.parts, NRS)
    assert requests(sandbox, REPORT, "nrs360") == before + 1
    bounced.later(80 * HOUR)
    poll_statuses(bounced.parts, NRS)
    before = requests(sandbox, REPORT, "nrs360")
    bounced.later(100 * HOUR)
    poll_statuses(bounced.parts, NRS)
    assert requests(sandbox, REPORT, "nrs360") == before
    assert unsaid(bounced) == 0
    assert [(each.account, each.number) for each in books(bounced.app).silent] == [(NRS, 1)]
    assert bounced.states() == {"sent": 1}


@pytest.mark.parametrize("word", [State.DELIVERED, State.UNDELIVERED])
def test_what_follows_a_soft_bounce_still_counts(bounced: Site, word: State) -> None:
    """A mail server that was full takes the e-mail later, or turns it away for good: both are its end."""
    message = bounced.message()
    news = News(NewsKind.STATUS, "k1", bounced.clock(), word, word.value, message_id=message.id)
    with bounced.parts.database.begin() as connection:
        inbox.keep(connection, NRS, "nrs360", [news], bounced.clock())
    bounced.note()
    assert bounced.states() == {word.value: 1}
