import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.sandbox.soql import syntax
from connector.sandbox.soql.errors import QueryError
from connector.sandbox.soql.parse import parse

ESCAPED = {"\\": "\\\\", "'": "\\'", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f"}
WORDS = (
    *(
        "SELECT",
        "FROM",
        "WHERE",
        "Id",
        "Name",
        "Contact__r.Name",
        "COUNT(",
        ")",
        "(",
        ",",
        "AND",
        "OR",
        "NOT",
        "=",
        "!=",
    ),
    *(
        "<",
        "IN",
        "LIKE",
        "'x'",
        "'\\'",
        "5",
        "-2.5",
        "NULL",
        "TRUE",
        "TODAY",
        "LAST_N_DAYS:3",
        "2026-01-01",
        "ORDER BY",
    ),
    *("2026-01-01T00:00:00Z", "2026-13-41", "GROUP", "HAVING", "ASC", "NULLS", "FIRST", "LIMIT", "OFFSET", "FOR VIEW"),
    *(":", "'", "~", "FIELDS(ALL)", "INCLUDES"),
)


def quoted(text):
    return "'" + "".join(ESCAPED.get(character, character) for character in text) + "'"


def condition(text):
    return parse(f"SELECT Id FROM Contact WHERE {text}").where  # noqa: S608


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_survives_quoting(text):
    """A string literal means what was escaped into it."""
    assert condition(f"Name = {quoted(text)}").value.value == text


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_survives_unicode_escapes(text):
    r"""A literal written all in \uXXXX, surrogate pairs included, is the same text."""
    units = text.encode("utf-16-be")
    escapes = "".join(f"\\u{units[place : place + 2].hex()}" for place in range(0, len(units), 2))
    assert condition(f"Name = '{escapes}'").value.value == text


@given(st.lists(st.sampled_from(WORDS), max_size=15))
def test_no_arrangement_of_words_crashes_the_parser(words):
    """A query parses or is refused as a query; nothing else ever comes out."""
    try:
        assert isinstance(parse(" ".join(["SELECT Id FROM Contact", *words])), syntax.Select)
    except QueryError as error:
        assert error.code in ("MALFORMED_QUERY", "NUMBER_OUTSIDE_VALID_RANGE")  # noqa: PT017


@given(st.text(max_size=40))
def test_no_text_crashes_the_parser(text):
    """Whatever is sent, the answer is a tree or MALFORMED_QUERY."""
    try:
        assert parse(text)
    except QueryError as error:
        assert error.code == "MALFORMED_QUERY"  # noqa: PT017


def test_a_whole_query_is_understood():
    """Every clause lands in its place, whatever the case of the keywords."""
    query = parse(
        "select Id, Contact__r.Account.Name, (SELECT Subject FROM Tasks LIMIT 3) FROM SMS_Message__c m "
        "WHERE m.Status__c = 'Queued' AND (Send_After__c = NULL OR Send_After__c <= 2026-11-21T10:00:00+02:00) "
        "Order By Priority__c DESC NULLS LAST, Id LIMIT 10 OFFSET 20 FOR VIEW"
    )
    assert [each.expression.parts for each in query.fields] == [("Id",), ("Contact__r", "Account", "Name")]
    assert (query.children[0].source, query.children[0].limit) == ("Tasks", 3)
    assert (query.source, query.alias, query.limit, query.offset) == ("SMS_Message__c", "m", 10, 20)
    assert query.where.word == "AND"
    assert query.where.conditions[1].word == "OR"
    assert [(each.descending, each.nulls_last) for each in query.order_by] == [(True, True), (False, False)]


@pytest.mark.parametrize(
    ("text", "token", "column"),
    [
        ("SELECT Id FROM Contact WHERE Id IN ()", ")", 37),
        ("SELECT Id FROM Contact WHERE a = 1 AND b = 2 OR c = 3", "OR", 46),
        ("SELECT Id FROM Contact WHERE", "<EOF>", 29),
        ("SELECT Id FROM Contact WHERE a IS NULL", "IS", 32),
        ("SELECT Id FROM Contact WHERE a = 'x", "'", 34),
        ("SELECT , FROM Contact", ",", 8),
        ("DELETE FROM Contact", "DELETE", 1),
        ("SELECT Id FROM Contact LIMIT -1", "-1", 30),
        ("SELECT Id FROM Contact WHERE a = :ids", ":", 34),
        ("SELECT Id FROM Contact; DROP TABLE Contact", ";", 23),
    ],
)
def test_a_mistake_is_shown_where_it_is(text, token, column):
    """MALFORMED_QUERY names the token and its row and column."""
    with pytest.raises(QueryError) as refused:
        parse(text)
    assert refused.value.code == "MALFORMED_QUERY"
    assert refused.value.message.splitlines()[-2:] == [
        f"ERROR at Row:1:Column:{column}",
        f"unexpected token: '{token}'",
    ]


def test_rows_are_counted_from_line_breaks():
    """The second line is row 2, with columns of its own."""
    with pytest.raises(QueryError) as refused:
        parse("SELECT Id\nFROM Contact WHERE x ~ 1")
    assert "ERROR at Row:2:Column:22" in refused.value.message


@pytest.mark.parametrize("value", [r"'\x'", "2026-02-30", "2026-02-30T00:00:00Z"])
def test_a_literal_that_means_nothing_is_refused(value):
    """Unknown escapes and days that do not exist are MALFORMED_QUERY."""
    with pytest.raises(QueryError, match=r"ERROR at Row:1"):
        condition(f"Name = {value}")


def test_what_goes_too_deep_is_refused():
    """No depth of nesting ends in anything but an answer."""
    with pytest.raises(QueryError) as refused:
        condition("NOT " * 20_000 + "a = 1")
    assert refused.value.code == "QUERY_TOO_COMPLICATED"
