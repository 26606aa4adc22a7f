"""A mapping against the org: names, writeable fields, picklists, lengths, keys."""

from collections.abc import Callable
from typing import Any

import pytest

from connector.mapping.org import Org, UnknownName

Problems = Callable[..., list[tuple[int, int, str]]]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('text: "{Body__c}"', 'text: "{§Boddy__c}"', "SMS_Message__c has no field `Boddy__c`; did you mean `Body__c`?"),
        ('text: "{Body__c}"', "text: \"{§Boddy__c + ''}\"", "did you mean `Body__c`?"),
        ("field: Contact__r.MobilePhone", "field: §Contact__r.Mobile", "Contact has no field `Mobile`"),
        ("field: Contact__r.MobilePhone", "field: §Contakt__r.MobilePhone", "did you mean `Contact__r`?"),
        ("region: Contact__r.MailingCountryCode", "region: §Contact__r.Country", "Contact has no field `Country`"),
        ("field: Channel__c", "field: §Chanel__c", "did you mean `Channel__c`?"),
        ("Contact__r.DoNotCall", "§Contact__r.DoNotCal", "did you mean `DoNotCall`?"),
        ("[Priority__c, CreatedDate]", "[§Priorty__c, CreatedDate]", "did you mean `Priority__c`?"),
        ("Send_After__c <= {now}", "§Sent_After__c <= {now}", "did you mean `Send_After__c`?"),
        ("\"to.country == 'MY'\"", '"§Foo__c == null"', "SMS_Message__c has no field `Foo__c`"),
        ("object: SMS_Message__c", "object: §SMS_Massage__c", "the org has no object `SMS_Massage__c`"),
        ("{Status__c: Held", "{§Statuss__c: Held", "did you mean `Status__c`?"),
        ("{Status__c: Held", "{Status__c: §On hold", "`On hold` is not among the values of `Status__c`"),
        ("{Status__c: Held", "{Status__c: §Hold", "did you mean `Held`?"),
        ("{Status__c: Held", "{Status__c: Held, §Formula__c: x", "cannot be written by the connector's user"),
        ("{Status__c: Held", "{Status__c: Held, Sender__c: §" + "x" * 21, "21 characters; `Sender__c` holds 20"),
        (
            "{Status__c: Held",
            '{Status__c: Held, Sender__c: §"' + "x" * 21 + '{Name}"',
            "21 characters; `Sender__c` holds 20",
        ),
        ("{Status__c: Held", '{Status__c: Held, Urgent__c: §"true"', "write that without quotes"),
        ("{Status__c: Held", "{Status__c: Held, Priority__c: §high", "`Priority__c` is a number"),
        ("{Status__c: Held", "{Status__c: Held, Priority__c: §true", "not true or false"),
        ("{Status__c: Held", "{Status__c: Held, Sender__c: §28888", "put quotes around the number"),
        ("{Status__c: Held", "{Status__c: Held, Urgent__c: §1", "is true or false"),
        ("{Status__c: Held", '{Status__c: Held, Sent_At__c: §"on {at}"', "`Sent_At__c` is a datetime"),
        ("object: Task\n", "object: §Tusk\n", "the org has no object `Tusk`"),
        ("key: SMS_External_Id__c\n", "key: §Plain__c\n", "must be marked as external id and as unique"),
        ("key: SMS_External_Id__c\n", "key: §SMS_Key__c\n", "Task has no field `SMS_Key__c`"),
        ("Status: Completed", "Status: §Done", "`Done` is not among the values of `Status`"),
        ("Lead.MobilePhone", "Lead.§Mobile", "did you mean `MobilePhone`?"),
        ("Lead.MobilePhone", "§Person.MobilePhone", "the org has no object `Person`"),
        ("Contact.SMS_Opt_Out__c: true", "§Contact.OptOut__c: true", "Contact has no field `OptOut__c`"),
        ("Contact.SMS_Opt_Out__c: true", "Contact.SMS_Opt_Out__c: §stop", "write that without quotes"),
    ],
)
def test_what_the_org_would_refuse_is_told_before(
    problems_of: Problems, example: str, describe: Any, old: str, new: str, said: str
) -> None:
    """Each is found before a record is read, at its place (§), with the nearest name where there is one."""
    assert old in example
    text = example.replace(old, new, 1)
    before = text.partition("§")[0]
    found = [each for each in problems_of(text.replace("§", ""), describe) if said in each[2]]
    assert found, problems_of(text.replace("§", ""), describe)
    assert found[0][:2] == (before.count("\n") + 1, len(before) - before.rfind("\n"))


def test_without_the_org_names_are_taken_on_trust(problems_of: Problems, example: str) -> None:
    """A mapping can be checked with no org at hand."""
    assert not problems_of(example.replace("Sender__c", "Whatever__c"))


@pytest.mark.parametrize(
    ("where", "names"),
    [
        ("Status__c = 'Queued' AND CreatedDate = LAST_N_DAYS:30", []),
        ("Campaign__r.Name LIKE 'It\\'s Bad__c%' OR NOT (Priority__c IN (1, 2))", []),
        ("CreatedDate > 2026-01-01T00:00:00Z AND CreatedDate < TODAY", []),
        ("Id IN (SELECT Foo__c FROM Bar__c)", []),
        ("Staus__c != null", ["Staus__c"]),
        ("CALENDAR_YEAR(CreatedDate) = 2026 AND Contact__r.Frist > 'a'", ["Frist"]),
    ],
)
def test_the_fields_of_a_condition_are_checked(
    problems_of: Problems, example: str, describe: Any, where: str, names: list[str]
) -> None:
    """SOQL's own words, functions, dates and texts are no fields; a misspelt field is."""
    line = next(each for each in example.splitlines() if each.startswith("  where:"))
    text = example.replace(line, f'  where: "{where}"'.replace("\\", "\\\\"))
    found = [each for each in problems_of(text, describe) if "the claim does not take" not in each[2]]
    assert [name for name in names if not any(f"`{name}`" in text for _, _, text in found)] == []
    assert len(found) == len(names)


def test_values_of_the_channel_field_are_compared_with_the_orgs(load_text: Any, example: str, describe: Any) -> None:
    """A value that records can have and the mapping does not list is worth a warning, and so is the reverse."""
    loaded = load_text(example.replace("{SMS: sms, WhatsApp: whatsapp}", "{SMS: sms, Fax: whatsapp}"), describe)
    said = " ".join(warning.text for warning in loaded.warnings)
    assert "Channel__c can be `WhatsApp`, which is not listed here" in said
    assert "`Fax` is not among the values of Channel__c in the org: SMS, WhatsApp" in said


def test_expressions_that_fail_on_empty_fields_are_warned_of(load_text: Any, example: str) -> None:
    """A field that would be left out for some records is told before the run."""
    loaded = load_text(example.replace('"SMS {status}"', "\"{'SMS to ' + Contact__r.FirstName}\""))
    assert any("when the record's fields are empty this is left out" in each.text for each in loaded.warnings)
    safe = example.replace('"SMS {status}"', "\"{Name == null ? 'SMS' : 'SMS to ' + Name} {at + duration('1h')}\"")
    assert not [each for each in load_text(safe).warnings if "left out" in each.text]


def test_an_opt_out_that_finds_nobody_is_warned_of(load_text: Any, example: str) -> None:
    """An object without a phone field to look in is never found."""
    loaded = load_text(example.replace("Contact.SMS_Opt_Out__c: true", "User.SMS_Opt_Out__c: true"))
    assert any("no User is ever found by its number" in each.text for each in loaded.warnings)


def test_trouble_of_the_crm_is_not_taken_for_a_missing_object() -> None:
    """A lost session is no reason to call a mapping wrong."""

    def describe(name: str) -> Any:
        raise ConnectionError(name)

    with pytest.raises(ConnectionError):
        Org(describe).object("Contact")


def test_a_relationship_to_several_objects_takes_the_first_that_has_the_field(describe: Any) -> None:
    """`Who` of a Task is a Contact or a Lead; a field that only one has is found."""
    org = Org(describe)
    assert org.field("Task", "Who.FirstName").name == "FirstName"
    with pytest.raises(UnknownName, match="Contact and Lead has no field `Nick`"):
        org.field("Task", "Who.Nick")
