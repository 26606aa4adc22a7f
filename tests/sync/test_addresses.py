"""Recipients that are addresses: quiet hours by their country, live fire by the list, stops kept at 360NRS too."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import httpx
import pytest
from structlog.testing import capture_logs

from connector.mapping.parts import SendingHours
from connector.model.consent import PERSON, ConsentSource, ConsentWord
from connector.model.messages import News, NewsKind
from connector.model.records import WriteCause
from connector.model.states import State
from connector.sandbox.server import Sandbox
from connector.sections import Live
from connector.store import consent as ledger
from connector.store import inbox, lost_fields
from connector.store.db import Transaction
from connector.store.lost_fields import LostField
from connector.store.outbox import Move
from connector.sync.blacklist import keep_blacklist
from connector.sync.consent import Reach, tell, write_starts, write_stops
from connector.sync.field_watch import look_again
from connector.sync.gates.hours import hours
from connector.sync.parts import Parts
from tests.mapping.by_address import finding_addresses
from tests.sync.site import NRS, SPEED, Site, all_delivered, mapping, number_of, plant, record, site_on

NOON = datetime(2026, 1, 15, 12, tzinfo=UTC)


def moved(to: str, country: str, *, zone: str = "recipient", now: datetime = NOON) -> Move | None:
    """What the gate of hours, 08:00 to 21:00, does to a message."""
    mapping = SimpleNamespace(hours=SendingHours(time(8), time(21), zone))
    row = SimpleNamespace(id="m1", mapping="x", to_number=to, country=country, expires_at=None)
    parts = cast("Parts", SimpleNamespace(mappings={"x": mapping}))
    return hours(parts, cast("Transaction", None), "main", [row], now).get("m1")


@pytest.mark.parametrize(
    ("country", "opens"),
    [
        ("ES", None),
        ("GB", None),
        ("MX", NOON.replace(hour=16)),  # 08:00 in Tijuana, the last of Mexico's zones to begin its day
        ("JP", NOON.replace(day=15, hour=23)),
        ("", None),
    ],
)
def test_an_address_has_the_hours_of_its_country(country: str, opens: datetime | None) -> None:
    """An e-mail waits until all of its country may be written to; where no country is known, by UTC."""
    move = moved("ana@example.com", country)
    assert (move.not_before if move is not None else None) == opens
    assert move is None or move.to is State.HELD


def test_a_zone_of_the_mapping_is_the_address_s_too() -> None:
    """`zone` by name says it for all."""
    assert moved("ana@example.com", "ES", zone="Asia/Tokyo") is not None
    assert moved("ana@example.com", "JP", zone="Europe/Madrid") is None


def test_a_number_keeps_its_own_hours() -> None:
    """A number's area tells more than its country."""
    assert moved("+818012345678", "ES") is not None
    assert moved("+34600000001", "JP") is None


def test_live_fire_s_list_takes_addresses() -> None:
    """In the form in which messages bear them."""
    assert Live(allow=("+34 600 000 001", " Ana@Example.com")).allow == ("+34600000001", "ana@example.com")
    with pytest.raises(ValueError, match="no domain"):
        Live(allow=("ana@nowhere",))


@pytest.fixture
def kind(request: pytest.FixtureRequest) -> str:
    """SQLite, unless a test asks for both."""
    name: str = getattr(request, "param", "sqlite")
    return name


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """360NRS, pretended."""
    with Sandbox(seed=3, speed=SPEED) as pretended:
        yield pretended


def test_a_stop_of_an_address_is_kept_on_360nrs_s_list_of_addresses(sandbox: Sandbox, url: str) -> None:
    """Put on it when a person stops it and taken off when they lift it; the list of SMS is left alone."""
    with site_on(sandbox, url) as site:
        for stopped in (True, False):
            _person_says(site, "ana@example.com", stopped=stopped)
            assert keep_blacklist(site.parts, NRS) == 1
            assert site.alarms() == {}
            assert _blacklisted(sandbox) == (["ana@example.com"] if stopped else [])


def _person_says(site: Any, address: str, *, stopped: bool) -> None:
    with site.parts.database.begin() as connection:
        at = site.clock() - timedelta(minutes=1)
        word = ConsentWord(address, PERSON, stopped, ConsentSource.PERSON, at, {"why": "a letter"})
        tell(Reach.of(site.parts), connection, [word], site.clock())


def _blacklisted(sandbox: Sandbox) -> list[str]:
    base = f"{sandbox.providers_url}/nrs360/api/rest/v2/blacklist"
    read = {
        kind: httpx.get(f"{base}/{kind}", auth=("sandbox", "sandbox")).raise_for_status().json()["data"]
        for kind in ("sms", "mailing")
    }
    assert read["sms"] == []
    return [row["recipient"] for row in read["mailing"]]


# -- records that hold an address

ANA = "ana@example.com"
EMAILS = """  to: {field: Contact__r.MobilePhone, email: Contact__r.Email, region: Contact__r.MailingCountryCode}
  email: {subject: Hola}
"""


@contextmanager
def emailing(sandbox: Sandbox, url: str, folder: Path) -> Iterator[Site]:
    """A site that sends e-mails beside SMS, and finds records by their addresses."""
    text = finding_addresses(mapping().read_text("utf-8")).replace("WhatsApp: whatsapp", "Email: email")
    lines = [line for line in text.splitlines(keepends=True) if "whatsapp" not in line]
    text = "".join(EMAILS if line.startswith("  to:") else line for line in lines)
    path = folder / "emailing.yaml"
    path.write_text(text[: text.index("tests:")], "utf-8")
    all_delivered(sandbox)
    with site_on(sandbox, url, mappings=[str(path)], accounts={NRS: {"email_sender": "us@example.com"}}) as site:
        yield site


@pytest.fixture
def site(sandbox: Sandbox, url: str, folder: Path) -> Iterator[Site]:
    """One such site."""
    with emailing(sandbox, url, folder) as running:
        yield running


def contact(sandbox: Sandbox, email: str | None = ANA, **changes: Any) -> str:
    """A contact with an address as somebody typed it."""
    (made,) = sandbox.org.insert(
        "Contact", [{"LastName": "Ruiz", "Email": email, "MailingCountryCode": "ES"} | changes]
    )
    return made


def email_to(sandbox: Sandbox, contact_id: str, serial: int = 1) -> str:
    """Queues an e-mail to a contact."""
    fields = {"Status__c": "Queued", "Body__c": f"Hola #{serial:06d}", "Contact__c": contact_id, "Channel__c": "Email"}
    (made,) = sandbox.org.insert("SMS_Message__c", [fields])
    return made


def opted_out(sandbox: Sandbox, contact_id: str) -> tuple[bool, bool]:
    """What a contact's fields say: (no e-mails, no SMS)."""
    row = record(sandbox, contact_id, "Contact")
    return row["HasOptedOutOfEmail"], row["SMS_Opt_Out__c"]


def stopping(site: Site, recipient: str) -> set[str]:
    """Whose word stops a number or an address."""
    with site.parts.database.read() as connection:
        voices = ledger.standing(connection, site.parts.org, [recipient]).get(recipient, {})
    return {voice for voice, row in voices.items() if row.stopped}


def person_stops(site: Site, recipient: str) -> None:
    """A person tells the connector to stop a recipient; what follows is written to the CRM."""
    _person_says(site, recipient, stopped=True)
    with site.parts.database.begin() as connection:
        write_stops(Reach.of(site.parts), connection, [recipient], site.clock())
    site.push()


def stops_written(site: Site) -> list[tuple[str, dict[str, Any]]]:
    """(record, fields) of what was written for stops."""
    return [(row.record_id, row.fields) for row in site.writes("done") if row.cause == WriteCause.OPT_OUT]


@pytest.mark.parametrize("typed", ["ana@example.com", "Ana@Example.COM", "ANA@example.com"])
def test_a_stop_reaches_the_record_however_its_address_is_typed(site: Site, sandbox: Sandbox, typed: str) -> None:
    """The sweep reads addresses as sending does; another's record, and one without an address, are left alone."""
    made, other, none, broken = (
        contact(sandbox, each) for each in (typed, "eva@example.com", None, "ana..ruiz@example.com")
    )
    site.sweep()
    person_stops(site, ANA)
    assert stops_written(site) == [(made, {"HasOptedOutOfEmail": True})]
    assert opted_out(sandbox, made) == (True, False)
    assert {opted_out(sandbox, each) for each in (other, none, broken)} == {(False, False)}
    assert site.alarms() == {}


def test_a_changed_address_is_followed(site: Site, sandbox: Sandbox) -> None:
    """The address a record held before leads to it no more."""
    made = contact(sandbox)
    site.sweep()
    sandbox.org.update("Contact", {made: {"Email": "ana@example.org"}})
    site.sweep()
    person_stops(site, ANA)
    assert stops_written(site) == []
    person_stops(site, "ana@example.org")
    assert stops_written(site) == [(made, {"HasOptedOutOfEmail": True})]


def test_a_flag_of_any_record_stops_emails_to_its_address_and_nothing_else(site: Site, sandbox: Sandbox) -> None:
    """Another record that holds the address says no: the e-mail is held, an SMS to the same person goes; a person who
    clears the flag lets e-mails go."""
    flagged = contact(sandbox, "ANA@example.com", HasOptedOutOfEmail=True)
    (sms,) = plant(sandbox)
    asked = record(sandbox, sms)["Contact__c"]
    sandbox.org.update("Contact", {asked: {"Email": ANA}})
    email = email_to(sandbox, asked)
    site.sweep()
    assert (len(stopping(site, ANA)), stopping(site, number_of(1))) == (1, set())
    site.work_until(lambda: site.states() == {"held": 1, "delivered": 1} and not site.owed())
    assert record(sandbox, email)["Status__c"] == "Held"
    assert record(sandbox, sms)["Status__c"] == "Delivered"
    assert stops_written(site) == [], "the CRM said it, so it is not told"
    sandbox.org.update("Contact", {flagged: {"HasOptedOutOfEmail": False}})
    site.sweep()
    assert stopping(site, ANA) == set()


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"], indirect=True)
def test_an_address_filled_in_after_its_stop_is_found_though_its_number_was_stopped_since(
    site: Site, sandbox: Sandbox
) -> None:
    """A record is told of its number in one field and of its address in another: having been told of one is no reason
    not to be told of the other."""
    person_stops(site, ANA)
    (sms,) = plant(sandbox)
    made = record(sandbox, sms)["Contact__c"]
    site.sweep()
    site.later(60)
    person_stops(site, number_of(1))
    assert opted_out(sandbox, made) == (False, True)
    sandbox.org.update("Contact", {made: {"Email": ANA}})
    for _ in range(2):
        site.sweep()
        site.push()
    assert opted_out(sandbox, made) == (True, True)
    assert stops_written(site) == [(made, {"SMS_Opt_Out__c": True}), (made, {"HasOptedOutOfEmail": True})]


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"], indirect=True)
def test_taking_a_stop_back_clears_what_it_set_and_not_what_the_crm_said(site: Site, sandbox: Sandbox) -> None:
    """Of two records with the address one had opted out by itself; that we told it of its number changes nothing."""
    (sms,) = plant(sandbox)
    own = record(sandbox, sms)["Contact__c"]
    sandbox.org.update("Contact", {own: {"Email": ANA, "HasOptedOutOfEmail": True}})
    ours = contact(sandbox)
    site.sweep()
    began = site.clock()
    person_stops(site, number_of(1))
    person_stops(site, ANA)
    assert (opted_out(sandbox, own), opted_out(sandbox, ours)) == ((True, True), (True, False))
    with site.parts.database.begin() as connection:
        write_starts(Reach.of(site.parts), connection, {ANA: began}, site.clock())
    site.push()
    assert (opted_out(sandbox, own), opted_out(sandbox, ours)) == ((True, True), (False, False))


def test_what_a_queue_says_of_an_address_outlasts_the_sweep(site: Site, sandbox: Sandbox) -> None:
    """A field of `consent` that the index knows for numbers stops an e-mail too, until it is cleared."""
    made = contact(sandbox, SMS_Opt_Out__c=True)
    email_to(sandbox, made)
    site.pull()
    for _ in range(2):
        site.sweep()
        assert len(stopping(site, ANA)) == 1
    site.dispatch()
    assert site.states() == {"held": 1}
    sandbox.org.update("Contact", {made: {"SMS_Opt_Out__c": False}})
    site.sweep()
    assert stopping(site, ANA) == set()


def test_a_reply_by_address_is_filed_under_who_holds_it(site: Site, sandbox: Sandbox) -> None:
    """A reply that names no message of ours finds its person by the address, as others do by the number."""
    made = contact(sandbox, "Ana@example.com")
    site.sweep()
    news = News(NewsKind.REPLY, "r1", site.clock(), phone=ANA, text="¿Quién es?")
    with site.parts.database.begin() as connection:
        inbox.keep(connection, NRS, "nrs360", [news], site.clock())
    site.note()
    site.later(6)
    assert site.note().replies == 1
    site.push()
    (task,) = [row for row in sandbox.org.rows("Task") if row["Subject"] == "SMS reply"]
    assert (task["WhoId"], task["Description"]) == (made, "¿Quién es?")


def test_a_mapping_that_looks_for_addresses_alone_files_no_reply_of_a_number(
    sandbox: Sandbox, url: str, folder: Path
) -> None:
    """No record of it can be whose it is: the reply stays in the inbox, and the log says so."""
    text = finding_addresses(mapping().read_text("utf-8"))
    phones = "{by: phone, in: [Contact.MobilePhone, Contact.Phone, Lead.MobilePhone]}, "
    assert text.count(phones) == 1
    (folder / "addresses.yaml").write_text(text.replace(phones, "").partition("tests:")[0], "utf-8")
    with site_on(sandbox, url, mappings=[str(folder / "addresses.yaml")]) as site, capture_logs() as logs:
        news = [
            News(NewsKind.REPLY, phone, site.clock(), phone=phone, text="¿Quién es?") for phone in ("+34600111222", ANA)
        ]
        with site.parts.database.begin() as connection:
            inbox.keep(connection, NRS, "nrs360", news, site.clock())
        site.note()
        site.later(6)
        assert site.note().replies == 2
        site.push()
    (task,) = [row for row in sandbox.org.rows("Task") if row["Subject"] == "SMS reply"]
    assert task["Description"] == "¿Quién es?"
    assert len([line for line in logs if line["event"] == "reply_of_no_mapping"]) == 1


def test_an_opt_out_field_that_the_org_closed_is_waited_for(site: Site) -> None:
    """A field that a stop of an address writes is looked for again; what no mapping writes is forgotten."""
    now = site.clock()
    lost = [
        LostField("Contact", field, ("sms-outbox",), creates=False, code="X", reason="closed", checked_at=now)
        for field in ("HasOptedOutOfEmail", "Gone__c")
    ]
    with site.parts.database.begin() as connection:
        lost_fields.keep(connection, lost, now)
    assert [field for _, field in look_again(site.parts)] == ["hasoptedoutofemail"]
