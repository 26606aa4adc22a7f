"""Names that stand in a text without their braces, or with Salesforce's own: customers must not read them."""

from collections.abc import Callable
from typing import Any

import pytest

Problems = Callable[..., list[tuple[int, int, str]]]

HELD = "{Status__c: Held"


def placed(example: str, old: str, new: str) -> tuple[str, tuple[int, int]]:
    """The example with a change, and the line and column of the § in it."""
    assert old in example
    text = example.partition("tests:")[0].replace(old, new, 1)
    before = text.partition("§")[0]
    return text.replace("§", ""), (before.count("\n") + 1, len(before) - before.rfind("\n"))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('text: "{Body__c}"', "text: §Body__c", '`Body__c` is sent as these letters; for the field write "{Body__c}"'),
        ('text: "{Body__c}"', 'text: §" Body__c "', "is sent as these letters"),
        ('text: "{Body__c}"', "text: §Contact__r.FirstName", '"{Contact__r.FirstName}"'),
        ('sender: "{Sender__c}"', "sender: §Sender__c", "is sent as these letters"),
        ('campaign: "{Campaign__r.Name}"', "campaign: §Campaign__r.Name", "is sent as these letters"),
        ('body: ["{Contact__r.FirstName}"]', "body: [§Contact__r.FirstName]", "is sent as these letters"),
        ('"{Contact__c}", Subject', "§Contact__c, Subject", "is written as these letters"),
        ('"{claim.token}"', "§claim.token", 'for its value write "{claim.token}"'),
        ('"{match.id}"', "§match.id", 'for its value write "{match.id}"'),
        (HELD, "{Status__c: Held, Sender__c: §failure.reason", "is written as these letters"),
        (HELD, "{Status__c: Held, Sender__c: §Owner.Nick__c", "is written as these letters"),
        (HELD, "{Status__c: Held, Sender__c: §Person__pr.Name__pc", "is written as these letters"),
    ],
)
def test_a_name_without_braces_is_refused(problems_of: Problems, example: str, old: str, new: str, said: str) -> None:
    """Its letters would go out: told at its place, with what to write, and with no org at hand."""
    text, place = placed(example, old, new)
    assert [each[:2] for each in problems_of(text) if said in each[2]] == [place]


def test_a_moment_without_braces_is_told_once(problems_of: Problems, example: str) -> None:
    """One mistake is one problem."""
    text, place = placed(example, 'send_at: "{Send_After__c}"', "send_at: §Send_After__c")
    assert [each[:2] for each in problems_of(text)] == [place]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (HELD, "{Status__c: Held, Sender__c: SMS_Message__c"),
        (HELD, "{Status__c: Held, Sender__c: \"{'Body__c'}\""),
        ('text: "{Body__c}"', 'text: "See Body__c"'),
        ('text: "{Body__c}"', 'text: "{{Body__c}}"'),
        ('sender: "{Sender__c}"', "sender: MyShop"),
        (HELD, "{Status__c: Held, Sender__c: clinic.example"),
    ],
)
def test_letters_that_are_meant_can_be_written(problems_of: Problems, example: str, old: str, new: str) -> None:
    """An object of the mapping, a text between ' and ' in braces, and names within a text are all right."""
    assert problems_of(placed(example, old, new)[0]) == []


@pytest.mark.parametrize(
    ("old", "new", "name"),
    [
        ('Description: "{text}"', "Description: §text", "text"),
        ('"SMS {status}"', "§status", "status"),
        ('text: "{Body__c}"', "text: §CreatedDate", "CreatedDate"),
        ('sender: "{Sender__c}"', "sender: §Id", "Id"),
    ],
)
def test_a_word_that_may_be_meant_is_a_warning(
    load_text: Any, example: str, describe: Any, old: str, new: str, name: str
) -> None:
    """One of our words, or a standard field of the object, alone in a text: most likely its braces are missing."""
    text, place = placed(example, old, new)
    said = [each for each in load_text(text, describe).warnings if f'write "{{{name}}}"' in each.text]
    assert [(each.line, each.column) for each in said] == [place]


def test_a_value_of_a_picklist_is_no_field(load_text: Any, example: str, describe: Any) -> None:
    """A picklist's value may be called like a field, or like one of our words."""

    def described(name: str) -> Any:
        found = describe(name)
        if name == "Task":
            kind = type(found.fields["Status"])("Type", "picklist", 255)
            return type(found)(name, {**found.fields, "Type": kind})
        return found

    text = example.replace("Status: Completed", "Status: Completed, Type: text")
    assert not [each for each in load_text(text, described).warnings if "these letters" in each.text]
    plain = example.replace("Status: Completed", "Status: Completed, Plain__c: text")
    assert [each for each in load_text(plain, described).warnings if "these letters" in each.text]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('text: "{Body__c}"', 'text: "Hi §{!Contact__r.FirstName}"'),
        ('text: "{Body__c}"', 'text: "§{ ! Body__c }"'),
        (HELD, '{Status__c: Held, Sender__c: "§{!Body__c}"'),
        (HELD, '{Status__c: Held, Sender__c: "§{!text}"'),
    ],
)
def test_the_exclamation_mark_of_salesforce_is_refused(
    problems_of: Problems, example: str, describe: Any, old: str, new: str
) -> None:
    """`{!Name}` is how Salesforce's own templates write a field; here it means "not", and only a checkbox has that."""
    text, place = placed(example, old, new)
    assert [each[:2] for each in problems_of(text, describe) if "leave the `!` out" in each[2]] == [place]


def test_a_checkbox_can_be_negated(load_text: Any, problems_of: Problems, example: str, describe: Any) -> None:
    """With the org a checkbox is known; without it a text of the message is warned of, for there it is unlikely."""
    text = example.replace(HELD, '{Status__c: Held, Urgent__c: "{!Urgent__c}"')
    assert problems_of(text, describe) == []
    assert not [each for each in load_text(text).warnings if "`!`" in each.text]
    inside = example.partition("tests:")[0].replace('text: "{Body__c}"', 'text: "Hi {!Body__c}"')
    assert problems_of(inside) == []
    assert [each.line for each in load_text(inside).warnings if "leave the `!` out" in each.text] == [11]
