"""A `where` as the org would take it: values that no record has, texts without quotes, what the org alone can say."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from connector.mapping.load import load
from connector.model.capability import AccountCapability
from connector.model.errors import MappingError, QueryFault, SessionLost
from connector.model.records import RecordQuery

Problems = Callable[..., list[tuple[int, int, str]]]
Accounts = dict[str, AccountCapability]


def asking(example: str, where: str) -> str:
    """The example with another condition."""
    line = next(each for each in example.splitlines() if each.startswith("  where:"))
    return example.replace(line, f'  where: "{where}"')


@pytest.mark.parametrize(
    ("where", "column", "said"),
    [
        ("Status__c = 'Queud'", 23, "`Queud` is not among the values of `Status__c`; did you mean `Queued`?"),
        ("Status__c IN ('Queued', 'Nwe')", 35, "`Nwe` is not among the values"),
        ("Status__c NOT IN ('Sent', 'Snet')", 37, "`Snet` is not among the values"),
        ("Body__c != NULL OR (Status__c = 'Waiting')", 43, "`Waiting` is not among the values"),
    ],
)
def test_a_value_that_no_record_has_is_warned_of(
    load_text: Any, example: str, describe: Any, where: str, column: int, said: str
) -> None:
    """Nothing would ever be sent, and nobody told: the value is looked up in the picklist."""
    warnings = load_text(asking(example, where), describe).warnings
    assert [(each.line, each.column) for each in warnings if said in each.text] == [(6, column)]


@pytest.mark.parametrize(
    "where",
    [
        "Status__c = 'Queued'",
        "Status__c = 'queued'",
        "Status__c = 'Queued' AND Sender__c = 'O\u2019Brien'",
        "Status__c = 'Queued' AND Sender__c = 'Anything'",
        "Status__c IN ('Queued') AND toLabel(Channel__c) = 'Kurznachricht'",
        "Status__c = 'Queued' AND Id NOT IN (SELECT WhatId FROM Task WHERE Status = 'Odd')",
    ],
)
def test_values_that_records_have_are_no_matter(load_text: Any, example: str, describe: Any, where: str) -> None:
    """Capitals do not matter to the org, and texts, labels and queries inside are not looked up."""
    warnings = load_text(asking(example, where), describe).warnings
    assert [each.text for each in warnings if "is not among" in each.text] == []


@pytest.mark.parametrize(
    ("where", "column", "said"),
    [
        ("Status__c = Queued", 23, "`Queued` stands where a value must; put '…' around a text: 'Queued'"),
        ("Status__c != queued", 24, "put '…' around a text: 'queued'"),
        ("Status__c IN ('Sent', Queued)", 33, "put '…' around a text: 'Queued'"),
        ("Status__c LIKE Que", 26, "put '…' around a text: 'Que'"),
        ("Status__c = \u2018Queued\u2019", 23, "`\u2018` is no quote in a condition"),
        ('Status__c = \\"Queued\\"', 10, "a text there stands between ' and '"),
        ("Status__c = \u201cQueued\u201d", 23, "`\u201c` is no quote in a condition"),
    ],
)
def test_a_text_without_its_quotes_is_told(
    problems_of: Problems, example: str, describe: Any, where: str, column: int, said: str
) -> None:
    """The sentence is of quotes, once, and not of a field that nobody meant."""
    ((line, at, text),) = problems_of(asking(example, where), describe)
    assert (line, at) == (6, column)
    assert said in text


def test_an_amount_in_a_currency_is_a_value(problems_of: Problems, example: str, describe: Any) -> None:
    """`USD5000` is how SOQL writes money in an org of several currencies."""
    assert problems_of(asking(example, "Status__c = 'Queued' AND Priority__c > USD5000"), describe) == []


class Pages:
    """Answers queries as an org does; keeps them."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.asked: list[RecordQuery] = []

    def __call__(self, query: RecordQuery) -> Iterator[object]:
        self.asked.append(query)
        if self.error is not None:
            raise self.error
        yield object()
        raise AssertionError("one page is enough")


def test_what_the_org_refuses_is_told_at_where(tmp_path: Path, example: str, accounts: Accounts, describe: Any) -> None:
    """In the org's own words, at the condition."""
    path = tmp_path / "mapping.yaml"
    path.write_text(asking(example, "Status__c == 'Queued'"), "utf-8")
    words = "The org answered HTTP 400:\nStatus__c == 'Queued'\n           ^\nunexpected token: '='."
    pages = Pages(QueryFault(words, code="MALFORMED_QUERY", status=400))
    with pytest.raises(MappingError, match=r"mapping.yaml:6:10: error: The org .* 'Queued' unexpected token: '='"):
        load([path], accounts, describe=describe, ask=pages)


def test_a_rank_that_the_org_cannot_sort_by_is_told_at_rank(
    tmp_path: Path, example: str, accounts: Accounts, describe: Any
) -> None:
    """What the org was not asked, for it cannot be ordered, is about the order."""
    path = tmp_path / "mapping.yaml"
    path.write_text(example, "utf-8")
    with pytest.raises(MappingError, match=r"mapping.yaml:8:9: error: cannot be ranked"):
        load([path], accounts, describe=describe, ask=Pages(QueryFault("cannot be ranked by")))


def test_one_record_is_asked_for(tmp_path: Path, example: str, accounts: Accounts, describe: Any) -> None:
    """One query a mapping, for one record, with `{now}` filled in; none for a file that has errors already."""
    good, bad = tmp_path / "a.yaml", tmp_path / "b.yaml"
    good.write_text(example, "utf-8")
    bad.write_text(example.replace("name: sms-outbox", "name: other").replace("{Body__c}", "{Bdy__c}"), "utf-8")
    pages = Pages()
    assert load([good], accounts, describe=describe, ask=pages).mappings
    (query,) = pages.asked
    assert (query.object, query.limit) == ("SMS_Message__c", 1)
    assert "{now}" not in query.where
    with pytest.raises(MappingError):
        load([bad], accounts, describe=describe, ask=pages)
    assert len(pages.asked) == 1


def test_an_org_that_is_away_is_no_fault_of_the_mapping(
    tmp_path: Path, example: str, accounts: Accounts, describe: Any
) -> None:
    """A lost session is told as such."""
    path = tmp_path / "mapping.yaml"
    path.write_text(example, "utf-8")
    with pytest.raises(SessionLost):
        load([path], accounts, describe=describe, ask=Pages(SessionLost("the login fails")))
