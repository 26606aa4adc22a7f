"""What can be checked only by knowing what a field is for: none of these can mean what is written."""

from collections.abc import Callable
from typing import Any

import pytest

Problems = Callable[..., list[tuple[int, int, str]]]
HELD = "{Status__c: Held"


def placed(example: str, old: str, new: str) -> tuple[str, tuple[int, int]]:
    """The example without its tests, with a change, and the line and column of the § in it."""
    text = example.partition("tests:")[0]
    assert old in text
    text = text.replace(old, new, 1)
    before = text.partition("§")[0]
    return text.replace("§", ""), (before.count("\n") + 1, len(before) - before.rfind("\n"))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "field: Contact__r.MobilePhone",
            "field: §Contact__r.Email",
            "`Contact__r.Email` is of the type email in the org and holds no phone numbers",
        ),
        ("field: Contact__r.MobilePhone", "field: §Contact__c", "is of the type reference in the org"),
        ("field: Contact__r.MobilePhone", "field: §Contact__r.FirstName", "`Contact__r.FirstName` is a name"),
        ("region: Contact", "email: §Contact__r.MobilePhone, region: Contact", "is of the type phone"),
        ("[Contact.MobilePhone,", "[§Contact.Id,", "`Contact.Id` is of the type id in the org and holds no phone"),
        ("[Contact.MobilePhone,", "[§Contact.FirstName,", "`Contact.FirstName` is a name and holds no phone"),
        ("region: Contact__r.MailingCountryCode", "region: §UK", "`UK` is no country; did you mean `GB`?"),
        ("region: Contact__r.MailingCountryCode", "region: §XX", "`XX` is no country"),
        (
            "region: Contact__r.MailingCountryCode",
            "region: {field: Channel__c, values: {SMS: MX, WhatsApp: §UK}}",
            "did you mean `GB`?",
        ),
        ("region: Contact__r.MailingCountryCode", "region: {field: Channel__c, default: §EN}", "`EN` is no country"),
        ('Delivered_At__c: "{at}"', 'Delivered_At__c: §"{status}"', "`Delivered_At__c` is a datetime, and `status` is"),
        (HELD, '{Status__c: Held, Urgent__c: §"{text}"', "`Urgent__c` is true or false, and `text` is not"),
        (HELD, '{Status__c: Held, Priority__c: §"{at}"', "`Priority__c` is a number, and `at` is not"),
        ("when: \"channel == 'whatsapp'\"", 'when: §"Body__c"', "`Body__c` is of the type textarea, and never true"),
        ("when: \"to.country == 'MY'\"", 'when: "§Body__c > 5"', "`Body__c` is a text; put '…' around the 5"),
        ("when: \"to.country == 'MY'\"", "when: \"to.country == 'a > 1' || 7 <= §Body__c\"", "put '…' around the 7"),
    ],
)
def test_what_cannot_mean_what_is_written_is_warned_of(
    load_text: Any, example: str, describe: Any, old: str, new: str, said: str
) -> None:
    """By the types of the fields: told at its place, before a record is read."""
    text, place = placed(example, old, new)
    found = [(each.line, each.column) for each in load_text(text, describe).warnings if said in each.text]
    assert found == [place], [str(each) for each in load_text(text, describe).warnings]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("field: Contact__r.MobilePhone", "field: Sender__c"),
        ("field: Contact__r.MobilePhone", "field: Body__c"),
        ("field: Contact__r.MobilePhone", "field: Priority__c"),
        ("region: Contact__r.MailingCountryCode", "region: GB"),
        ("region: Contact__r.MailingCountryCode", "region: XK"),
        ("region: Contact__r.MailingCountryCode", "region: {field: Channel__c, values: {SMS: mx, WhatsApp: ES}}"),
        ('Delivered_At__c: "{at}"', 'Delivered_At__c: "{Send_After__c}"'),
        (HELD, '{Status__c: Held, Urgent__c: "{Urgent__c}", Sender__c: "{at}"'),
        (HELD, '{Status__c: Held, Priority__c: "{provider.id}"'),
        ("when: \"channel == 'whatsapp'\"", 'when: "Urgent__c"'),
        ("when: \"to.country == 'MY'\"", 'when: "Priority__c > 5"'),
        ("when: \"to.country == 'MY'\"", "when: \"Body__c == '5'\""),
        ("when: \"to.country == 'MY'\"", "when: \"Body__c != 'Body__c > 5'\""),
        ("when: \"to.country == 'MY'\"", 'when: "size(Body__c) > 5"'),
        ("when: \"to.country == 'MY'\"", 'when: "double(Body__c) > 5.0"'),
    ],
)
def test_what_can_be_meant_is_not(load_text: Any, example: str, describe: Any, old: str, new: str) -> None:
    """Numbers in any text, phones kept as numbers, checkboxes, and texts that are measured or converted."""
    before = {each.text for each in load_text(example, describe).warnings}
    assert [
        each for each in load_text(placed(example, old, new)[0], describe).warnings if each.text not in before
    ] == []


@pytest.mark.parametrize(
    ("hours", "said"),
    [
        (
            '{from: "21:00", to: "08:00"}',
            "from 21:00 to 08:00, and these are hours of the night; if nothing may arrive then, ",
        ),
        ('{from: "08:00", to: "02:00"}', "from 08:00 to 02:00, and these are hours of the night"),
        ('{from: "01:00", to: "05:00"}', "from 01:00 to 05:00, and these are hours of the night"),
        ('{from: "08:00", to: "21:00"}', ""),
        ('{from: "12:00", to: "00:00"}', ""),
        ('{from: "00:00", to: "12:00"}', ""),
    ],
)
def test_hours_of_the_night_are_warned_of(load_text: Any, example: str, hours: str, said: str) -> None:
    """`hours` are those in which messages may arrive: who writes the quiet hours there is told."""
    text = example.replace('{from: "08:00", to: "21:00", zone: recipient}', hours)
    told = [each for each in load_text(text).warnings if "hours of the night" in each.text]
    assert [(each.line, each.column) for each in told] == ([(20, 3)] if said else [])
    assert not said or said in told[0].text
