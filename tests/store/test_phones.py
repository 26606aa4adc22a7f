"""The phone index: which record holds a number, and whether its person said no."""

from connector.model.messages import PhoneMatch
from connector.store import phones
from connector.store.db import Database
from connector.store.phones import Seen
from tests.conftest import Clock
from tests.store.making import ORG, statements

ANA, EVA = "+34600000001", "+34600000002"


def see(database: Database, clock: Clock, *seen: Seen, org: str = ORG) -> None:
    """Takes over what a sweep saw."""
    with database.begin() as connection:
        phones.see(connection, org, seen, clock())


def holders(database: Database, *numbers: str, org: str = ORG) -> dict[str, list[PhoneMatch]]:
    """The records that hold the numbers."""
    with database.read() as connection:
        return phones.holders(connection, org, numbers)


def test_a_number_is_found_wherever_it_stands(database: Database, clock: Clock) -> None:
    """A contact and a lead with the same number are both found, in an order that stays; other orgs' are not."""
    lead = Seen("Lead", "00Q1", "MobilePhone", ANA, opted_out=True)
    contact = Seen("Contact", "0031", "Phone", ANA, opted_out=False)
    see(database, clock, lead, contact, Seen("Contact", "0032", "Phone", EVA, opted_out=False))
    see(database, clock, contact, org="00D000000000002EAA")
    found = [PhoneMatch("Contact", "0031", "Phone"), PhoneMatch("Lead", "00Q1", "MobilePhone", opted_out=True)]
    assert holders(database, ANA, "+1") == {ANA: found}
    assert holders(database) == {}


def test_a_newer_sweep_replaces_what_was_known(database: Database, clock: Clock) -> None:
    """A field that changed its number is found by the new one only; one that lost it is found by none."""
    see(database, clock, Seen("Contact", "0031", "Phone", ANA, opted_out=False))
    changed = Seen("Contact", "0031", "Phone", EVA, opted_out=True)
    see(database, clock, Seen("Contact", "0031", "Phone", ANA, opted_out=False), changed)
    assert holders(database, ANA, EVA) == {EVA: [PhoneMatch("Contact", "0031", "Phone", opted_out=True)]}
    see(database, clock, Seen("Contact", "0031", "Phone", None, opted_out=False))
    assert holders(database, ANA, EVA) == {}
    with database.read() as connection:
        assert phones.size(connection) == 1


def test_deleted_records_are_forgotten(database: Database, clock: Clock) -> None:
    """A deleted contact is found no more; a lead with the same id text stays."""
    see(
        database,
        clock,
        Seen("Contact", "1", "Phone", ANA, opted_out=False),
        Seen("Contact", "1", "MobilePhone", EVA, opted_out=False),
        Seen("Lead", "1", "Phone", ANA, opted_out=False),
    )
    with database.begin() as connection:
        phones.forget(connection, ORG, "Contact", ["1"])
    assert holders(database, ANA, EVA) == {ANA: [PhoneMatch("Lead", "1", "Phone")]}


def test_a_thousand_fields_are_one_statement(database: Database, clock: Clock) -> None:
    """A sweep's page, seen for the first time and again, is one statement."""
    seen = [Seen("Contact", f"{n:04}", "Phone", f"+346{n:08}", opted_out=False) for n in range(1000)]
    see(database, clock, *seen)
    with statements(database) as asked:
        see(database, clock, *reversed(seen))
        assert len(holders(database, *(field.number or "" for field in seen))) == 1000
    assert len(asked) == 2


def test_an_address_is_found_beside_numbers(database: Database, clock: Clock) -> None:
    """A contact's number and its e-mail address are found apart, and each says which of the two it is."""
    number = Seen("Contact", "0031", "Phone", ANA, opted_out=False)
    see(database, clock, number, Seen("Contact", "0031", "Email", "ana@example.com", opted_out=True))
    assert holders(database, ANA, "ana@example.com", "eva@example.com") == {
        ANA: [PhoneMatch("Contact", "0031", "Phone")],
        "ana@example.com": [PhoneMatch("Contact", "0031", "Email", opted_out=True, by_address=True)],
    }
