"""Records found by an e-mail address: where a mapping says to look, and what a stop of an address writes there."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from connector.mapping.record_mapping import RecordMapping
from connector.model.messages import PhoneMatch
from connector.model.records import RecordWrite, WriteCause
from tests.mapping.by_address import finding_addresses

CONTACT, LEAD = "003000000000001AAA", "00Q000000000001AAA"
Problems = Callable[..., list[tuple[int, int, str]]]


@pytest.fixture
def text(example: str) -> str:
    """The example, finding records by their addresses too."""
    return finding_addresses(example)


@pytest.fixture
def found(load_text: Any, text: str, describe: Any) -> RecordMapping:
    """The same, compiled against the org."""
    (made,) = load_text(text, describe).mappings
    assert isinstance(made, RecordMapping)
    return made


def test_numbers_and_addresses_have_fields_and_opt_outs_of_their_own(found: RecordMapping) -> None:
    """Each kind of field is indexed with the opt-out field that its own section sets to true."""
    assert found.matches_by == ("message", "phone", "address")
    assert found.reply_address_fields() == (("Contact", "Email"), ("Lead", "Email"))
    assert found.address_index() == (
        ("Contact", "Email", "HasOptedOutOfEmail"),
        ("Lead", "Email", "HasOptedOutOfEmail"),
    )
    assert ("Contact", "MobilePhone", "SMS_Opt_Out__c") in found.phone_index()
    assert "Email" not in {field for _, field, _ in found.phone_index()}


def test_a_stop_writes_the_fields_of_what_was_stopped(found: RecordMapping) -> None:
    """Found by address, a record's SMS opt-out is left alone; found by number, its e-mail opt-out is."""

    def stop(object_name: str, record_id: str, field: str) -> RecordWrite:
        return RecordWrite(object_name, {field: True}, record_id=record_id, cause=WriteCause.OPT_OUT)

    by_address = [
        PhoneMatch(name, id_, "Email", by_address=True) for name, id_ in (("Contact", CONTACT), ("Lead", LEAD))
    ]
    assert found.on_opt_out([*by_address, *by_address]) == [
        stop("Contact", CONTACT, "HasOptedOutOfEmail"),
        stop("Lead", LEAD, "HasOptedOutOfEmail"),
    ]
    assert found.on_opt_out([PhoneMatch("Contact", CONTACT, "Phone")]) == [stop("Contact", CONTACT, "SMS_Opt_Out__c")]
    assert found.opt_out_fields(by_address[1]) == {"HasOptedOutOfEmail"}
    assert [write.fields for write in found.on_opt_in(by_address)] == [{"HasOptedOutOfEmail": False}]


def test_a_mapping_may_write_stops_of_addresses_alone(load_text: Any, text: str) -> None:
    """Without `set`, a stop of a number writes nothing."""
    (mapping,) = load_text(text.replace("  set: {Contact.SMS_Opt_Out__c: true}\n", "")).mappings
    assert mapping.on_opt_out([PhoneMatch("Contact", CONTACT, "Phone")]) == []
    assert len(mapping.on_opt_out([PhoneMatch("Contact", CONTACT, "Email", by_address=True)])) == 1


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (", in: [Contact.Email, Lead.Email]}", "}", "a match by address needs the fields to look in"),
        ("{by: message}", "§{by: message, in: [Contact.Email]}", "belongs to a match by phone or by address"),
        ("[Contact.Email,", "[§Email,", "must name an object and its field"),
        ("[Contact.Email,", "[§Contact.Phone,", "`Contact.Phone` stands in a match by phone too"),
        ("[Contact.Email,", "[Contact.§Emial,", "did you mean `Email`?"),
        ("[Contact.Email,", "[§Person.Email,", "the org has no object `Person`"),
        ("[Contact.Email,", "[Contact.§DoNotCall,", "is a boolean in the org and holds no e-mail addresses"),
        ("{Contact.HasOptedOutOfEmail: true", "{§Contact.NoEmail__c: true", "Contact has no field `NoEmail__c`"),
        ("{Contact.HasOptedOutOfEmail: true", "{Contact.HasOptedOutOfEmail: §no mail", "write that without quotes"),
        ("{Contact.HasOptedOutOfEmail: true", "{§HasOptedOutOfEmail: true", "must name an object and its field"),
        ("{Contact.HasOptedOutOfEmail: false}", "§{}", "must"),
        ("set_by_address: {Contact.HasOptedOutOfEmail: false}", "§words: [mula]", "the key `set` is missing"),
        (
            "set_by_address: {Contact.HasOptedOutOfEmail: false}",
            "§set_by_adress: {Contact.DoNotCall: false}",
            "did you",
        ),
    ],
)
def test_mistakes_are_told_at_their_place(
    problems_of: Problems, text: str, describe: Any, old: str, new: str, said: str
) -> None:
    """Each in a sentence, at its line and column (§) where one can be named."""
    assert text.count(old) == 1
    wrong = text.replace(old, new)
    before = wrong.partition("§")[0]
    told = [each for each in problems_of(wrong.replace("§", ""), describe) if said in each[2]]
    assert told, problems_of(wrong.replace("§", ""), describe)
    if "§" in wrong:
        assert told[0][:2] == (before.count("\n") + 1, len(before.rpartition("\n")[2]) + 1)


def test_a_stop_of_addresses_that_finds_nobody_is_warned_of(load_text: Any, text: str) -> None:
    """An object whose address fields are not named is never found by one, though it is found by its number."""
    loaded = load_text(text.replace(", {by: address, in: [Contact.Email, Lead.Email]}", ""))
    told = [each.text for each in loaded.warnings]
    assert [each for each in told if "no Contact is ever found by its e-mail address" in each], told
    assert not [each for each in told if "ever found by its number" in each]


def test_a_stop_of_numbers_where_addresses_alone_are_looked_for_is_named_as_what_is_wrong(
    load_text: Any, text: str
) -> None:
    """`set` is for numbers: the warning stands there, and says which key writes to records found by their address."""
    loaded = load_text(text.replace("{by: phone, in: [Contact.MobilePhone, Contact.Phone, Lead.MobilePhone]}, ", ""))
    (told,) = [each for each in loaded.warnings if "Contact is ever found by its number" in each.text]
    assert "only by its e-mail address; write this in `on_opt_out.set_by_address`, or" in told.text
    assert text.splitlines()[told.line - 1].startswith("  set: {Contact.SMS_Opt_Out__c")


def test_what_the_guide_shows_can_be_used(load_text: Any, example: str, describe: Any) -> None:
    """The sections of the administrators' page, in the example's place, are taken by the check and the org."""
    page = (Path(__file__).parents[2] / "docs" / "administrators.md").read_text("utf-8")
    (shown,) = [body for body in re.findall(r"```yml\n(.*?)```", page, re.DOTALL) if "by: address" in body]
    head, tail = example[: example.index("on_reply:")], example[example.index("tests:") :]
    loaded = load_text(head + shown + tail, describe)
    assert loaded.mappings[0].address_index() == (
        ("Contact", "Email", "HasOptedOutOfEmail"),
        ("Lead", "Email", "HasOptedOutOfEmail"),
    )
    assert not [each for each in loaded.warnings if "is ever found by" in each.text]
