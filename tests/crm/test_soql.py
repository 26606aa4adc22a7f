"""SOQL: quoting, slicing, limits, and the keyset condition held against a sort in Python."""

import re
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from functools import cmp_to_key
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.crm import soql
from connector.model.errors import QueryFault
from connector.model.records import Ranked

UNESCAPES = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", '"': '"', "'": "'", "\\": "\\"}


def read_string(text: str) -> str:
    """A SOQL string as the reference says it is read; fails when it ends early or late."""
    whole = re.fullmatch(r"'((?:[^'\\\n\r]|\\.)*)'", text)
    assert whole is not None, text
    return re.sub(r"\\(.)", lambda escape: UNESCAPES[escape.group(1)], whole.group(1))


@given(st.text(max_size=200))
def test_a_text_cannot_leave_its_quotes(text: str) -> None:
    """Every text is read back as itself, quotes, backslashes and line ends included."""
    assert read_string(soql.literal(text)) == text


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (None, "null"),
        (True, "true"),
        (False, "false"),
        (3, "3"),
        (1.0, "1.0"),
        (1e16, "10000000000000000"),
        (1e-7, "0.0000001"),
        (Decimal("2.50"), "2.50"),
        (date(2026, 11, 21), "2026-11-21"),
        (datetime(2026, 11, 21, 1, 2, 3, 4567, UTC), "2026-11-21T01:02:03.004Z"),
        (datetime(2026, 11, 21, 1, tzinfo=timezone(timedelta(hours=-6))), "2026-11-21T07:00:00.000Z"),
    ],
)
def test_values_are_written_as_soql_has_them(value: object, written: str) -> None:
    """Numbers without exponent, dates unquoted and in UTC, booleans and null as words."""
    assert soql.literal(value) == written


@pytest.mark.parametrize("value", [datetime(2026, 1, 1), float("nan"), float("inf"), [1], "x" * 4001])  # noqa: DTZ001 - the fault
def test_what_soql_has_no_word_for_is_refused(value: object) -> None:
    """A datetime without zone, no number, a list and a text over 4,000 characters end in a sentence."""
    with pytest.raises(QueryFault, match=r"\."):
        soql.literal(value)


@pytest.mark.parametrize("name", ["", "Id FROM Contact", "a b", "1a", "a.", ".a", "a..b", "Ñ", "a'", "a\n"])
def test_a_field_name_is_nothing_else(name: str) -> None:
    """What is no field name never gets into a statement."""
    with pytest.raises(QueryFault):
        soql.path(name)


@pytest.mark.parametrize(("count", "lists"), [(0, 0), (1, 1), (700, 1), (701, 2), (1500, 3)])
def test_in_lists_are_sliced_and_never_empty(count: int, lists: int) -> None:
    """At most 700 values a list, all of them once, and no list for none."""
    values = [f"003{n:015d}" for n in range(count)]
    made = list(soql.in_lists("Id", values * 2))
    assert len(made) == lists
    assert "IN ()" not in "".join(made)
    assert re.findall(r"'(\w+)'", "".join(made)) == values


def test_seven_hundred_ids_fit_an_address() -> None:
    """A full slice of ids is within the org's limit of an address, and reads back as it was."""
    [condition] = soql.in_lists("Id", [f"003{n:015d}" for n in range(700)])
    statement = soql.select("Contact", ("Id", "Name"), (condition,), (), 2000)
    address = soql.address("query", statement)
    assert len(address) < soql.ADDRESS_LIMIT
    assert parse_qs(urlsplit(address).query)["q"] == [statement]


@given(st.text(st.characters(exclude_categories=("Cs",)), max_size=50))
def test_an_address_carries_any_text(text: str) -> None:
    """Spaces, plus signs, ampersands and every alphabet arrive as they were."""
    statement = f"SELECT Id FROM Contact WHERE Name = {soql.literal(text)}"  # noqa: S608 - what is tested
    assert parse_qs(urlsplit(soql.address("query", statement)).query)["q"] == [statement]


def test_a_statement_too_long_for_an_address_is_refused() -> None:
    """The org would answer 414 in HTML; we say how long it is and what to do."""
    with pytest.raises(QueryFault, match="shorten the mapping's where"):
        soql.address("query", "SELECT Id FROM Contact WHERE Name = '" + "x" * 16_000 + "'")


def test_a_select_holds_every_condition_apart() -> None:
    """A mapping's OR does not swallow the keyset's condition, and nulls come last in every column."""
    order = (Ranked("Priority__c", descending=True), Ranked("Id"))
    made = soql.select("SMS_Message__c", ("Id", "Contact__r.Name"), ("a = 1 OR b = 2", " ", "c = 3"), order, 200)
    assert made == (
        "SELECT Id,Contact__r.Name FROM SMS_Message__c WHERE (a = 1 OR b = 2) AND (c = 3)"
        " ORDER BY Priority__c DESC NULLS LAST,Id ASC NULLS LAST LIMIT 200"
    )


Row = tuple[int | None, str | None, bool, int]


def holds(condition: str, row: Row) -> bool:
    """Whether a row meets a keyset condition, by SOQL's rules: a comparison with null is false, ``= null`` asks."""
    names = dict(zip(("Number__c", "Text__c", "Flag__c", "Id"), row, strict=True))

    def compared(found: re.Match[str]) -> str:
        value: Any = names[found.group(1)]
        written = found.group(3)
        other: Any = {"null": None, "true": True, "false": False}.get(written, written)
        if isinstance(other, str):
            other = read_string(written) if written.startswith("'") else int(written)
        if found.group(2) == "=":
            return str(value == other)
        return str(value is not None and (value < other if found.group(2) == "<" else value > other))

    terms = re.sub(r"(\w+) ([<>=]) ('(?:[^'\\]|\\.)*'|[\w-]+)", compared, condition)
    return bool(eval(terms.replace(" AND ", " and ").replace(" OR ", " or ")))  # noqa: S307 - our own words alone


@given(
    st.lists(
        st.tuples(st.none() | st.integers(-2, 2), st.none() | st.sampled_from(["", "a", "b'"]), st.booleans()),
        max_size=12,
    ),
    st.tuples(st.booleans(), st.booleans(), st.booleans()),
    st.permutations(["Number__c", "Text__c", "Flag__c"]),
    st.integers(1, 4),
)
def test_keyset_pages_show_every_row_once(
    values: list[tuple[int | None, str | None, bool]],
    descending: tuple[bool, bool, bool],
    names: list[str],
    size: int,
) -> None:
    """Page by page, in any order of nullable columns and either direction, the pages are the sorted whole."""
    rows: list[Row] = [(*value, number) for number, value in enumerate(values)]
    order = (*(Ranked(name, down) for name, down in zip(names, descending, strict=True)), Ranked("Id"))
    places = {"Number__c": 0, "Text__c": 1, "Flag__c": 2, "Id": 3}

    def compare(one: Row, other: Row) -> int:
        for column in order:
            left: Any = one[places[column.field]]
            right: Any = other[places[column.field]]
            if left == right:
                continue
            if left is None or right is None:
                return 1 if left is None else -1
            return (1 if left > right else -1) * (-1 if column.descending else 1)
        return 0

    whole = sorted(rows, key=cmp_to_key(compare))
    seen: list[Row] = []
    condition = ""
    while page := [row for row in whole if not condition or holds(condition, row)][:size]:
        seen += page
        last = [page[-1][places[column.field]] for column in order]
        condition = soql.after(order, last)
    assert seen == whole
