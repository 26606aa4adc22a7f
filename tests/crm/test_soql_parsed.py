"""What our SOQL says to a parser that shares nothing with it: the sandbox's, made from the reference's grammar."""

import re
from dataclasses import asdict
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from connector.crm import soql
from connector.model.records import Ranked
from connector.sandbox.soql import parse, syntax

TEXTS = st.text(st.characters(codec="utf-8"), max_size=120)
"""Any text that can travel: half of a surrogate pair can stand in no request."""
HOSTILE = st.lists(
    st.sampled_from(["'", '"', "\\", "\\'", "\\u0027", "%", "_", "\n", "\r", "\t", "\b", "\f", "\0", "\x85", "\u2028"])
    | st.sampled_from([" OR Id != null", ") OR (", "--", "/*", "{now}", ":", "LIMIT 1", "ñ", "🦤"]),
    max_size=20,
).map("".join)
ORDER = (Ranked("Priority__c"), Ranked("Id"))


def statement(*conditions: str) -> str:
    """A query as reading a queue makes it."""
    return soql.select("SMS_Message__c", ("Id", "Contact__r.Name"), conditions, ORDER, 200)


def shape(query: syntax.Select) -> Any:
    """A query's tree without what its texts say and where its names stand."""

    def bare(node: Any) -> Any:
        if isinstance(node, dict):
            return {name: bare(each) for name, each in node.items() if not re.fullmatch(r"(source_)?offset", name)} | (
                {"value": "…", "pattern": "…"} if set(node) == {"value", "pattern"} else {}
            )
        return [bare(each) for each in node] if isinstance(node, list | tuple) else node

    return bare(asdict(query))


@given(TEXTS | HOSTILE)
@example("' OR Name != '")
@example("\\' OR Name != \\'")
@example("\\")
def test_any_text_is_one_value_of_the_query_it_stands_in(text: str) -> None:
    """The parser gets the text back as it was, in a query that differs from that of a plain word in nothing else."""
    read, plain = (
        parse.parse(statement("Status__c = 'Queued' OR Name = null", f"Name = {soql.literal(each)}"))
        for each in (text, "Ana")
    )
    assert isinstance(read.where, syntax.Junction)
    (compared,) = (each for each in read.where.conditions if isinstance(each, syntax.Compare))
    assert isinstance(compared.value, syntax.Text)
    assert compared.value.value == text
    assert shape(read) == shape(plain)


@given(st.lists(TEXTS | HOSTILE, min_size=1, max_size=5, unique=True))
def test_texts_in_a_list_stay_as_many_as_they_are(texts: list[str]) -> None:
    """An IN list holds just the values it was made of, in their order."""
    (condition,) = soql.in_lists("Name", texts)
    where = parse.parse(statement(condition)).where
    assert isinstance(where, syntax.Member)
    assert isinstance(where.values, tuple)
    assert [each.value for each in where.values if isinstance(each, syntax.Text)] == texts


@given(TEXTS | HOSTILE, st.booleans())
def test_the_condition_of_the_next_page_holds_any_last_value(text: str, descending: bool) -> None:
    """A record whose ranked text is hostile neither breaks the next page's query nor widens it."""
    order = (Ranked("Name", descending), Ranked("Id"))
    read, plain = (parse.parse(statement(soql.after(order, (each, "a01000000000001AAA")))) for each in (text, "Ana"))
    assert shape(read) == shape(plain)
    assert repr(text) in repr(read)


@given(
    st.integers(-(10**15), 10**15)
    | st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**9), max_value=10**9, places=4)
    | st.booleans()
    | st.none()
    | st.dates(date(1700, 1, 1))
    | st.datetimes(datetime(1700, 1, 1), timezones=st.just(UTC)).map(  # noqa: DTZ001 - hypothesis adds the zone
        lambda each: each.replace(microsecond=each.microsecond // 1000 * 1000)
    )
)
def test_other_values_are_read_as_what_they_are(value: object) -> None:
    """Numbers, truth, null, dates and moments arrive as themselves and not as words or texts."""
    where = parse.parse(statement(f"Field__c = {soql.literal(value)}")).where
    assert isinstance(where, syntax.Compare)
    expected = float(value) if isinstance(value, Decimal) else value
    assert where.value == expected
    assert isinstance(where.value, bool) == isinstance(value, bool)
