"""A mapping's own stop and start words, and what it writes for each."""

from typing import Any

import pytest

from connector.mapping.record_mapping import RecordMapping
from connector.model.messages import PhoneMatch
from connector.model.records import RecordWrite, WriteCause

CONTACT = "003000000000001AAA"


def test_words_are_kept_as_they_are_compared(load_text: Any, example: str) -> None:
    """Accents, capitals and punctuation of the file are taken off, for replies are read so too."""
    text = example.replace("on_opt_out:", 'on_opt_out:\n  words: ["¡No molesten!"]')
    text = text.replace("tests:", 'on_opt_in:\n  words: ["Volvé"]\n  set: {Contact.SMS_Opt_Out__c: false}\ntests:')
    (mapping,) = load_text(text).mappings
    assert (mapping.stop_words, mapping.start_words) == (frozenset({"no molesten"}), frozenset({"volve"}))
    matches = [PhoneMatch("Contact", CONTACT, "Phone"), PhoneMatch("Lead", "00Q1", "MobilePhone")]
    assert mapping.on_opt_in(matches) == [
        RecordWrite("Contact", {"SMS_Opt_Out__c": False}, record_id=CONTACT, cause=WriteCause.OPT_OUT)
    ]


def test_without_words_of_its_own_a_mapping_adds_none(mapping: RecordMapping) -> None:
    """The example says none, and writes nothing for a start."""
    assert mapping.stop_words == mapping.start_words == frozenset()
    assert mapping.on_opt_in([PhoneMatch("Contact", CONTACT, "Phone")]) == []


@pytest.mark.parametrize(
    ("section", "word", "wrong"),
    [
        ("on_opt_out", "START", "is a word that starts messages again; it cannot do both"),
        ("on_opt_in", "Baja", "is a word that stops messages; it cannot do both"),
        ("on_opt_out", "!!", "holds neither a letter nor a digit"),
    ],
)
def test_words_that_mean_the_opposite_or_nothing_are_refused(
    problems_of: Any, example: str, section: str, word: str, wrong: str
) -> None:
    """A word is one or the other, and something that can be said."""
    text = example
    if section == "on_opt_in":
        text = text.replace("tests:", "on_opt_in:\n  set: {Contact.SMS_Opt_Out__c: false}\ntests:")
    text = text.replace(f"{section}:", f'{section}:\n  words: ["{word}"]')
    assert [said for _, _, said in problems_of(text) if f"`{word}` {wrong}" in said]
