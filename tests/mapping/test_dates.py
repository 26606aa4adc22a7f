"""Dates in texts: people must not read them in the form in which machines write them."""

import re
from pathlib import Path
from typing import Any

import pytest

from connector.mapping.expression import Names, compile_expression
from connector.mapping.scopes import MESSAGE

GUIDE = Path(__file__).parents[2] / "docs" / "administrators.md"


@pytest.mark.parametrize(
    ("old", "new", "shown"),
    [
        ('text: "{Body__c}"', 'text: "At §{Send_After__c}"', "2026-01-01T09:00:00.000+0000"),
        ('text: "{Body__c}"', 'text: "§{Birthdate__c}"', "2026-01-01"),
        ('text: "{Body__c}"', 'text: "§{Opens__c}"', "09:00:00.000Z"),
        ('body: ["{Contact__r.FirstName}"]', 'body: ["§{Send_After__c}"]', "2026-01-01T09:00:00.000+0000"),
        ("kind: service", 'email: {subject: "For §{Send_After__c}"}', "2026-01-01T09:00:00.000+0000"),
        ("kind: service", 'email: {subject: Hi, html: "<p>§{Send_After__c}</p>"}', "2026-01-01T09:00:00.000+0000"),
    ],
)
def test_a_date_in_a_text_is_warned_of(
    load_text: Any, example: str, describe: Any, old: str, new: str, shown: str
) -> None:
    """The warning shows what people would read, at the field, and says what to make instead."""

    def described(name: str) -> Any:
        found = describe(name)
        more = [type(found.fields["Id"])("Birthdate__c", "date"), type(found.fields["Id"])("Opens__c", "time")]
        return type(found)(name, {**found.fields, **{each.name: each for each in more}})

    text = example.partition("tests:")[0]
    assert old in text
    before = text.replace(old, new, 1).partition("§")[0]
    warnings = load_text(text.replace(old, new.replace("§", ""), 1), described).warnings
    found = [each for each in warnings if f"people would read `{shown}`" in each.text]
    assert [(each.line, each.column) for each in found] == [(before.count("\n") + 1, len(before) - before.rfind("\n"))]
    assert "text formula field" in found[0].text


def test_dates_elsewhere_are_no_matter(load_text: Any, example: str, describe: Any) -> None:
    """Where a machine reads them, or where an expression makes a text of them, they are right."""
    assert not [each for each in load_text(example, describe).warnings if "people would read" in each.text]
    spelt = example.replace('text: "{Body__c}"', 'text: "{Body__c} {string(timestamp(Send_After__c).getHours())}"')
    spelt = spelt.partition("tests:")[0].replace("body: [", 'conversation: "{Send_After__c}", body: [')
    assert not [each for each in load_text(spelt, describe).warnings if "people would read" in each.text]


def test_what_the_guide_shows_of_dates_gives_what_it_says() -> None:
    """Each expression of the section on dates is worked out, for nine o'clock UTC on the fifth of March 2026."""
    section = GUIDE.read_text("utf-8").partition("### Dates")[2].partition("\n#")[0]
    rows = re.findall(r"^\| `([^`]+)` \| `([^`]+)`", section, re.MULTILINE)
    values = {"Send_After__c": "2026-03-05T09:00:00.000+0000", "Birthdate": "2026-03-05"}
    assert rows
    for source, wanted in rows:
        expression = compile_expression(source, MESSAGE)
        assert str(expression.value(Names(dict(values)))) == wanted, source
