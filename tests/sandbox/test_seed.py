"""The seed makes the same believable records every time."""

import re
from collections import Counter
from typing import Any

import phonenumbers
import pytest

from connector.sandbox.providers.gsm import GSM, UTF_16
from connector.sandbox.seed import plant, records


def rows(name: str, messages: int, seed: int = 1, **options: Any) -> list[dict[str, Any]]:
    return [row for object_name, row in records(messages, seed, **options) if object_name == name]


def e164(contact: dict[str, Any]) -> str:
    number = phonenumbers.parse(contact["MobilePhone"], contact["MailingCountryCode"])
    assert phonenumbers.is_valid_number(number), contact["MobilePhone"]
    assert phonenumbers.region_code_for_number(number) == contact["MailingCountryCode"], contact["MobilePhone"]
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def test_the_same_seed_makes_the_same_records() -> None:
    """Two runs with one seed agree in every field, and another seed makes other records."""
    assert list(records(200, 5)) == list(records(200, 5))
    assert list(records(200, 5)) != list(records(200, 6))


def test_numbers_are_valid_and_distinct() -> None:
    """Every number of a good record is valid in its country, read with the record's country, and nobody shares one."""
    contacts = rows("Contact", 4000, bad=False)
    numbers = [e164(contact) for contact in contacts]
    leads = [phonenumbers.parse(lead["MobilePhone"], "MX") for lead in rows("Lead", 4000) if "+" in lead["MobilePhone"]]
    assert len(set(numbers)) == 4000
    assert leads
    assert all(map(phonenumbers.is_valid_number, leads))
    assert {contact["MailingCountryCode"] for contact in contacts} == {"MX", "ES", "GB", "US"}
    assert {bool(re.match(r"\+", contact["MobilePhone"])) for contact in contacts} == {True, False}


def test_bodies_are_sendable_and_numbered() -> None:
    """Every good body has its serial and fits both providers: 306 GSM characters, or 70 outside GSM."""
    bodies = [row["Body__c"] for row in rows("SMS_Message__c", 2000, bad=False)]
    assert [re.search(r"#(\d{6})", body)[1] for body in bodies] == [f"{serial:06d}" for serial in range(1, 2001)]  # type: ignore[index]
    for body in bodies:
        assert UTF_16.length(body) <= 70 if GSM.lacks(body) else GSM.length(body) <= 306, body
    assert any(GSM.lacks(body) for body in bodies)
    assert any("€" in body for body in bodies)
    assert any(GSM.length(body) > 160 for body in bodies)


def test_one_in_a_hundred_is_bad() -> None:
    """About one per cent cannot or must not be sent, of each kind, and none when bad is False."""

    def faults(bad: bool) -> Counter[str]:
        found: Counter[str] = Counter()
        for contact, message in zip(rows("Contact", 6000, bad=bad), rows("SMS_Message__c", 6000, bad=bad), strict=True):
            found["opt-out"] += contact["SMS_Opt_Out__c"]
            found["body"] += not message["Body__c"]
            found["phone"] += not any(character.isdigit() for character in contact["MobilePhone"][-4:])
        return found

    spoiled = faults(True)
    assert 30 <= spoiled.total() <= 90
    assert all(spoiled[kind] for kind in ("opt-out", "body", "phone"))
    assert faults(False).total() == 0


def test_messages_are_queued_with_links_and_priorities() -> None:
    """Messages are Queued on channel SMS with priorities 1 to 5 or none, most in the campaign, each with a contact."""
    messages = rows("SMS_Message__c", 500)
    assert {(row["Status__c"], row["Channel__c"]) for row in messages} == {("Queued", "SMS")}
    assert {row["Priority__c"] for row in messages} == {None, 1, 2, 3, 4, 5}
    assert [row["Contact__c"] for row in messages] == [row["External_Id__c"] for row in rows("Contact", 500)]
    assert {row["Campaign__c"] for row in messages} == {None, rows("Campaign", 500)[0]["External_Id__c"]}


def test_planting_links_by_the_ids_that_insert_returns() -> None:
    """Lookups hold the ids that the CRM gave, in batches, and the counts are told."""
    held: dict[str, dict[str, Any]] = {}
    sizes: list[int] = []

    def insert(name: str, given: list[dict[str, Any]]) -> list[str]:
        sizes.append(len(given))
        ids = [f"{name}/{len(held) + place}" for place in range(len(given))]
        held.update(zip(ids, given, strict=True))
        return ids

    counts = plant(insert, 1200, 3)
    assert counts == {"Campaign": 1, "Contact": 1200, "SMS_Message__c": 1200, "Lead": 24}
    assert len(sizes) < 12
    for row in held.values():
        if "Body__c" in row:
            assert held[row["Contact__c"]]["External_Id__c"][-6:] == row["External_Id__c"][-6:]
            assert row["Campaign__c"] is None or held[row["Campaign__c"]]["Name"] == "Autumn reminders"


def test_a_second_planting_has_serials_of_its_own() -> None:
    """With `first`, more messages come beside the ones that are there, with other external ids and numbers."""
    early, late = rows("Contact", 300, bad=False), rows("Contact", 300, bad=False, first=301)
    assert not {row["External_Id__c"] for row in early} & {row["External_Id__c"] for row in late}
    assert len({e164(row) for row in early + late}) == 600


def test_malaysians_come_when_they_are_named() -> None:
    """With `countries` people have numbers of those countries, valid and distinct; without it nothing changes."""
    numbers = [e164(contact) for contact in rows("Contact", 1000, bad=False, countries=["MY"])]
    assert len(set(numbers)) == 1000
    assert all(re.fullmatch(r"\+601\d{8}", number) for number in numbers)
    mixed = rows("Contact", 300, bad=False, countries=["MY", "MX"])
    assert {contact["MailingCountryCode"] for contact in mixed} == {"MX", "MY"}
    assert list(records(300, 5, countries=["MX", "ES", "GB", "US"])) == list(records(300, 5))


@pytest.mark.parametrize("countries", [[], ["DE"], [5], ["MY", {}]])
def test_unknown_countries_are_refused(countries: list[Any]) -> None:
    """A country that the seed has no numbers of, or none at all, is refused with those that it has."""
    with pytest.raises(ValueError, match=r"\['ES', 'GB', 'MX', 'MY', 'US'\]"):
        list(records(1, 1, countries=countries))
