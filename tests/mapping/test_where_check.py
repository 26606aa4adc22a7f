"""What the connector writes must take a record out of `where`: a mapping that texts for ever is refused."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.crm.describe import read_object
from connector.mapping.load import load
from connector.mapping.where import conditions, field_names
from connector.model.capability import AccountCapability
from connector.model.errors import MappingError
from connector.model.messages import Channel
from connector.model.states import State

Problems = Callable[..., list[tuple[int, int, str]]]

WHERE = "  where: \"Status__c = 'Queued' AND (Send_After__c = NULL OR Send_After__c <= {now})\""
CLAIM = '  claim: {Status__c: Sending, Claim_Token__c: "{claim.token}", Claim_Expires__c: "{claim.expires}"}'
FAILED = "failed:      {set: {Status__c: Failed,"


def changed(example: str, where: str = "", claim: str = "", failed: str = "") -> str:
    """The example with its condition, its claim or its end of what failed written otherwise."""
    for old, new in ((WHERE, f'  where: "{where}"'), (CLAIM, f"  claim: {claim}"), (FAILED, failed)):
        assert old in example
        if new not in {'  where: ""', "  claim: ", ""}:
            example = example.replace(old, new)
    return example


def told(load_text: Any, text: str, describe: Any = None) -> list[str]:
    """The warnings about records that ask again."""
    return [each.text for each in load_text(text, describe).warnings if "again and again" in each.text]


OWN_OBJECT = """version: 1
name: birthday
source:
  object: Contact
  where: "MobilePhone != NULL AND CreatedDate = LAST_N_DAYS:3000"
  claim: {Description: "{claim.token}"}
message:
  to: {field: MobilePhone, region: MX}
  text: "Hola {FirstName}"
route:
  - {account: nrs-main}
on_status:
  accepted: {set: {Title: Sent}}
  delivered: {set: {Title: Delivered}}
  failed: {set: {Title: Failed}}
  held: {set: {Title: Held}}
  unknown: {set: {Title: Unknown}}
  cancelled: {set: {Title: Cancelled}}
"""


def test_a_claim_that_leaves_the_record_in_where_is_refused(problems_of: Problems) -> None:
    """None of the fields that are claimed is asked for: everybody would be texted at every look, so it is an error."""
    ((line, column, text),) = problems_of(OWN_OBJECT)
    assert (line, column) == (6, 3)
    assert "the claim does not take the record out of `where`" in text
    assert "`MobilePhone` and `CreatedDate`" in text
    assert not problems_of(OWN_OBJECT.replace("MobilePhone != NULL", "MobilePhone != NULL AND Title = 'Due'").replace(
        "claim: {", "claim: {Title: Sending, "
    ))  # fmt: skip


@pytest.mark.parametrize(
    "where",
    [
        "Body__c != NULL AND CreatedDate = TODAY",
        "Status__c = 'Queued'",
        "(Status__c = 'Queued' OR Status__c = 'Again') AND Sender__c LIKE 'A%'",
        "NOT Status__c = 'Sent'",
        "Contact__r.DoNotCall = false AND Contact__r.Phone != NULL",
        "CreatedDate > 2026-01-01T00:00:00Z",
    ],
)
def test_a_claim_of_other_fields_is_refused(problems_of: Problems, example: str, describe: Any, where: str) -> None:
    """However the condition is written, none of its fields changes by the claim."""
    text = changed(example, where, '{Claim_Token__c: "{claim.token}"}')
    assert [each[:2] for each in problems_of(text, describe) if "out of `where`" in each[2]] == [(7, 3)]


@pytest.mark.parametrize(
    ("where", "claim"),
    [
        ("Status__c = 'Queued'", "{Status__c: Sending}"),
        ("status__c = 'Queued'", "{Status__c: Sending}"),
        ("Status__c IN ('Queued', 'Other')", "{Status__c: Sending}"),
        ("Sender__c != 'ours' AND Body__c != NULL", "{Sender__c: ours}"),
        ("Status__c != 'Sent' AND Claim_Token__c = NULL", '{Status__c: Sending, Claim_Token__c: "{claim.token}"}'),
        ("Sender__c = NULL", "{Sender__c: ours}"),
        ("Urgent__c = true", "{Urgent__c: false}"),
        ("Status__c LIKE 'Q%'", "{Status__c: Queued}"),
        ("Status__c = 'Queued' OR Sender__c = 'x'", "{Status__c: Sending}"),
        ("NOT (Status__c = 'Sending')", "{Status__c: Sending}"),
        ("toLabel(Status__c) = 'En cola'", "{Status__c: Sending}"),
        ("Claim_Expires__c = NULL OR Claim_Expires__c < {now}", '{Claim_Expires__c: "{claim.expires}"}'),
        ("Id NOT IN (SELECT WhatId FROM Task)", '{Claim_Token__c: "{claim.token}"}'),
        ("Contact__r.Phone != NULL", '{Contact__c: "{Lead__c}"}'),
        ("((Status__c = 'Queued') AND (Body__c != NULL))", "{Status__c: Sending}"),
        ("Status__c = 'Que", "{Status__c: Sending}"),
        ("Status__c IN ('Sending', 'A' 'B')", "{Status__c: Sending}"),
        (")Status__c(", "{Status__c: Sending}"),
    ],
)
def test_a_claim_that_may_take_the_record_out_is_left_alone(
    load_text: Any, example: str, where: str, claim: str
) -> None:
    """Only what is certain is refused: a condition of any other form is the org's to judge."""
    text = changed(example, where, claim)
    assert told(load_text, text) == []


@pytest.mark.parametrize(
    "where",
    [
        "Status__c = 'Sending'",
        "Status__c = 'sending' AND Body__c != NULL",
        "(Status__c IN ('Queued', 'Sending'))",
        "Status__c != 'Sent'",
        "Status__c <> 'Sent' AND (Body__c != NULL AND Status__c != 'Failed')",
    ],
)
def test_a_claim_that_where_asks_for_is_refused(problems_of: Problems, example: str, describe: Any, where: str) -> None:
    """The constant that the claim writes fulfils the condition, at the place of that constant."""
    text = changed(example, where, "{Status__c: Sending}")
    assert [each[:2] for each in problems_of(text, describe) if "`Status__c = 'Sending'`" in each[2]] == [(7, 22)]


@pytest.mark.parametrize(
    ("where", "failed"),
    [
        ("Status__c IN ('Queued', 'Failed') AND (Send_After__c = NULL OR Send_After__c <= {now})", ""),
        ("Status__c = 'Queued'", "failed:      {set: {Status__c: Queued,"),
        ("Status__c != 'Sending' AND Status__c != 'Sent' AND Body__c != NULL", ""),
    ],
)
def test_an_end_after_which_the_record_asks_again_is_refused(
    problems_of: Problems, example: str, describe: Any, where: str, failed: str
) -> None:
    """What failed would be sent again at once, and fail again, at the provider's price."""
    text = changed(example, where, failed=failed)
    found = [each for each in problems_of(text, describe) if "again and again" in each[2]]
    line = next(number for number, each in enumerate(text.splitlines(), 1) if each.startswith("  failed"))
    assert any(each[:2] == (line, 34) and "after `failed` the record asks" in each[2] for each in found)


@pytest.mark.parametrize(
    ("where", "failed"),
    [
        ("Status__c IN ('Queued', 'Again')", "failed: {set: {Status__c: Retry,"),
        (
            "Status__c IN ('Queued', 'Failed') AND Priority__c < 3",
            'failed: {set: {Status__c: Failed, Priority__c: "{Priority__c == null ? 1.0 : Priority__c + 1.0}",',
        ),
        ("Status__c IN ('Queued', 'Failed') AND Claim_Token__c = NULL", ""),
        ("Status__c = 'Failed' OR Status__c = 'Queued'", ""),
        ("Status__c = 'Queued' AND Error__c = NULL", "failed: {set: {Status__c: Queued,"),
        ("Status__c = 'Queued'", ""),
    ],
)
def test_a_record_that_may_be_out_after_the_end_is_left_alone(
    load_text: Any, example: str, where: str, failed: str
) -> None:
    """A field that the same write, or the claim, changes otherwise may keep the record out: so are repeats bounded."""
    assert told(load_text, changed(example, where, failed=failed)) == []


@pytest.mark.parametrize(
    ("where", "claim", "failed"),
    [
        ("Formula__c = 'yes'", '{Claim_Token__c: "{claim.token}"}', ""),
        ("LastModifiedDate < TODAY", '{Claim_Token__c: "{claim.token}"}', ""),
        ("Status__c IN ('Queued', 'Failed') AND Formula__c = 'yes'", "", ""),
        ("Status__c IN ('Queued', 'Failed') AND Priority__c < 3", "", ""),
        ("Status__c IN ('Queued', 'Delivered') AND Sent_At__c = NULL", "", ""),
        ("Status__c IN ('Queued', 'Held')", "", ""),
    ],
)
def test_what_the_org_may_prevent_is_a_warning(
    load_text: Any, problems_of: Problems, example: str, describe: Any, where: str, claim: str, failed: str
) -> None:
    """A formula may follow from the claim, and a count may be kept by an automation: such a mapping can be used."""

    def described(name: str) -> Any:
        found = describe(name)
        if name == "SMS_Message__c":
            extra = {"LastModifiedDate": type(found.fields["Id"])("LastModifiedDate", "datetime", updateable=False)}
            return type(found)(name, {**found.fields, **extra})
        return found

    text = changed(example, where, claim, failed)
    assert problems_of(text, described) == []
    assert len(told(load_text, text, described)) == 1
    assert len(told(load_text, text)) == 1


def test_the_last_word_of_a_provider_is_an_end(
    tmp_path: Path, example: str, accounts: dict[str, AccountCapability], describe: Any
) -> None:
    """Where a provider says no more than `accepted`, a status that asks again then is an error; else a warning."""
    path = tmp_path / "mapping.yaml"
    path.write_text(changed(example, "Status__c IN ('Queued', 'Sent')"), "utf-8")
    (warning,) = [each for each in load([path], accounts, describe=describe).warnings if "`accepted`" in each.text]
    assert "again and again" in warning.text
    nrs = accounts["nrs-main"]
    assert nrs.capability is not None
    says_no_more = replace(nrs, capability=replace(nrs.capability, last_word={Channel.SMS: State.ACCEPTED}))
    with pytest.raises(MappingError, match="error: after `accepted` the record asks for a message again"):
        load([path], {**accounts, "nrs-main": says_no_more}, describe=describe)


def test_without_the_org_a_field_of_ones_own_may_be_a_formula(
    load_text: Any, problems_of: Problems, example: str
) -> None:
    """Offline it is a warning where the org decides, but a field that the mapping writes is certainly no formula."""
    other = changed(example, "Ready__c = true", '{Claim_Token__c: "{claim.token}"}')
    assert len(told(load_text, other)) == 1
    ours = changed(example, "Status__c = 'Queued'", '{Claim_Token__c: "{claim.token}"}')
    assert [each[:2] for each in problems_of(ours)] == [(7, 3)]


@given(st.text("()' =!<>{}\\,.aA1", max_size=60) | st.text(max_size=60))
def test_any_condition_is_read_or_left_alone(where: str) -> None:
    """What is no SOQL has conditions all the same, none of them lost and none that names what is not there."""
    read = conditions(where) or ()
    assert sorted(name for each in read for name in each.names) == sorted(field_names(where))


def test_the_orgs_word_for_a_formula_is_heard() -> None:
    """Describe says which fields are calculated."""
    field = {"name": "Ready__c", "type": "boolean"}
    assert read_object({"name": "A__c", "fields": [{**field, "calculated": True}]}).fields["Ready__c"].calculated
    assert not read_object({"name": "A__c", "fields": [field]}).fields["Ready__c"].calculated


def test_a_condition_of_brackets_takes_no_time() -> None:
    """The deepest condition that fits a file is read at once."""
    deepest = "(a__c = 'x' AND " * 300 + "b__c = 'y'" + ")" * 300
    read = conditions(deepest)
    assert read is not None
    assert [each.field for each in read] == [""]
