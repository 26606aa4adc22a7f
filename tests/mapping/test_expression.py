"""What stands in braces: names, values, faults, and how much an expression may take."""

import resource
import time
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from connector.mapping.expression import (
    LONGEST_EXPRESSION,
    LONGEST_OPERAND,
    LONGEST_RESULT,
    ExpressionFault,
    Names,
    Scope,
    compile_expression,
)
from connector.mapping.plan import flatten
from connector.mapping.template import written

SCOPE = Scope(frozenset({"to.country", "channel", "at"}), moments=frozenset({"at"}))


def _value(source: str, **values: Any) -> Any:
    return compile_expression(source, SCOPE).value(
        Names({name.replace("__dot__", "."): each for name, each in values.items()})
    )


@pytest.mark.parametrize(
    ("source", "fields"),
    [
        ("Body__c", ("Body__c",)),
        (" Contact__r . FirstName ", ("Contact__r.FirstName",)),
        ("Name + ' ' + Contact__r.FirstName", ("Name", "Contact__r.FirstName")),
        ("to.country == 'MX' && channel == 'sms'", ()),
        ("'Body__c {x} ' + \"Foo__c\" + r'\\Bar__c'", ()),
        ("Name.startsWith('A') ? Name : Other__c", ("Name", "Other__c")),
        ("size(Name) > 3 // Foo__c", ("Name",)),
        ("{'a': Name}['a']", ("Name",)),
        ("Name in ['A', First__c]", ("Name", "First__c")),
        ("(Name + 'x').size() + 1", ("Name",)),
        ("type(Name) == string", ("Name",)),
        ("ns__Field__c + myfield__c", ("ns__Field__c", "myfield__c")),
    ],
)
def test_the_fields_of_an_expression_are_found(source: str, fields: tuple[str, ...]) -> None:
    """Names in quotes, comments, functions and our own words are not fields; all else that is named is."""
    assert compile_expression(source, SCOPE).fields == fields


@pytest.mark.parametrize(
    ("source", "said", "near"),
    [
        ("provider.id", "`provider.id` is not known here", "provider.id"),
        ("to.contry == 'MX'", "did you mean `to.country`?", "to.contry"),
        ("Name +", "is not a valid expression: it ends too early", ""),
        ("Name + ) 1", "is not a valid expression", ") 1"),
        ("Name.shout()", "there is no function or name `shout`", "()"),
        ("Name == “A”", "is a typographic quote", "“"),
        ("Name == 'A", "a quote is opened and never closed", "'"),
        ("Name = 'A'", "is not a valid expression", "= 'A'"),
        ("  ", "these braces are empty", ""),
        ("[1, 2].map(x, x + x)", "`map` is a loop", ""),
        ("['a'].exists(x, x == Name)", "`exists` is a loop", ""),
        ("has(Contact__r.FirstName)", "write `Name != null`", "has"),
        ("(" * 99 + "Name" + ")" * 99, "is nested too deeply", ""),
        (".Name", "`.Name` is not known here", ".Name"),
        ("Name; Name", "`;` has no meaning", ";"),
    ],
)
def test_a_faulty_expression_says_what_and_where(source: str, said: str, near: str) -> None:
    """The fault is found before the run, with the part that is wrong."""
    with pytest.raises(ExpressionFault) as fault:
        compile_expression(source, SCOPE)
    assert said in str(fault.value)
    assert fault.value.near.startswith(near)


def test_values_keep_their_types() -> None:
    """An expression gives what CEL gives: numbers, truth, moments, texts."""
    at = datetime(2026, 11, 21, 9, tzinfo=UTC)
    assert _value("Amount__c + 1.5", Amount__c=2.0) == 3.5
    assert _value("Name == 'A'", Name="A") is True
    assert _value("at + duration('1h')", at=at) == datetime(2026, 11, 21, 10, tzinfo=UTC)
    assert _value("Name == null ? 'nobody' : Name", Name=None) == "nobody"


@pytest.mark.parametrize("source", ["Name + 1", "Name + 'x'", "Name > 3", "1 / 0", "Name ? 1 : 2", "int('x')"])
def test_an_error_value_never_becomes_a_text(source: str) -> None:
    """CEL hands errors back as values; here they are faults, so that none goes out as a message."""
    with pytest.raises(ExpressionFault, match="cannot be worked out"):
        _value(source, Name=None)


@pytest.mark.parametrize("source", ["[Name]", "{'a': Name}", "b'abc'", "duration('1h')", "type(Name)"])
def test_what_is_no_single_value_is_a_fault(source: str) -> None:
    """A list, a map, bytes: nothing of that kind can be written to a field or a text."""
    with pytest.raises(ExpressionFault, match="not one value that can be written"):
        _value(source, Name="A")


_scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False)
    | st.text(st.characters(exclude_categories=("Cs",)), max_size=30)
    | st.lists(st.integers(0, 9), max_size=2)
    | st.dictionaries(st.sampled_from("ab"), st.integers(0, 9), max_size=2)
)
_paths = st.sampled_from(["Name", "Contact__r.FirstName", "Contact__r.Account.Name", "Body__c"])
_records = st.fixed_dictionaries(
    {},
    optional={
        "Name": _scalars,
        "Body__c": _scalars,
        "Contact__r": st.none()
        | st.fixed_dictionaries(
            {}, optional={"FirstName": _scalars, "Account": st.none() | st.fixed_dictionaries({"Name": _scalars})}
        ),
    },
)


def _outcome(path: str, names: Names, *, direct: bool) -> Any:
    try:
        value = compile_expression(path, SCOPE, direct=direct).value(names)
    except ExpressionFault:
        return ExpressionFault
    return type(value), value


@given(_paths, _records)
@example("Name", {"Name": "Hola\0 Ana"})
@example("Name", {"Name": 2**63})
def test_the_direct_lookup_means_what_cel_means(path: str, record: dict[str, Any]) -> None:
    """A bare name gives the same value, or the same refusal, with and without CEL."""
    names = Names(flatten(record, [(path, tuple(path.split(".")))]))
    assert _outcome(path, names, direct=True) == _outcome(path, names, direct=False)


@pytest.mark.parametrize("source", ["Name", "Name + ''", "'a\0b'"])
def test_a_nul_is_refused_and_cuts_nothing(source: str) -> None:
    """CEL would end the text there without a word; here it is a fault, in values and in expressions."""
    with pytest.raises(ExpressionFault, match="holds a NUL character"):
        _value(source, Name="Hola\0 Ana")


def test_a_long_value_is_refused_by_both_ways() -> None:
    """No result is longer than its bound, and no operand longer than CEL may be given."""
    with pytest.raises(ExpressionFault, match=str(LONGEST_RESULT)):
        _value("Name", Name="x" * (LONGEST_RESULT + 1))
    with pytest.raises(ExpressionFault, match=str(LONGEST_OPERAND)):
        _value("Name + 'x'", Name="x" * (LONGEST_OPERAND + 1))
    with pytest.raises(ExpressionFault, match=str(LONGEST_RESULT)):
        _value("Name + Name + Name", Name="x" * LONGEST_OPERAND)


@pytest.mark.parametrize(
    "bomb",
    [
        "['x']" + ".map(x, x + x)" * 30,
        "(" * 240 + "1" + ")" * 240,
        "[" * 240 + "]" * 240,
        "!" * 499 + "true",
        "-" * 480 + "1",
        "+".join(["Name"] * 40),
        "+".join(["Name"] * 90),
        "Name.matches('" + "(a*)*" * 80 + "')",
        "Name.matches('((((a{1,99}){1,99}){1,99}){1,99})')",
        "'" + "\\'" * 300,
        "[1,2,3].all(a,[1,2,3].all(b,[1,2,3].all(c,true)))",
        "x" * 1_000_000,
        "Name" + ".a" * 240,
    ],
    ids=range(13),
)
def test_expression_bombs_end_soon_and_small(bomb: str) -> None:
    """Long, deep, looping, doubling: refused or worked out, in bounded time and memory."""
    before, begun = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    try:
        value = _value(bomb, Name="a" * LONGEST_OPERAND)
        assert len(written(value)) <= LONGEST_RESULT
        told = ""
    except ExpressionFault as fault:
        told = str(fault)
    assert len(told) < 2 * LONGEST_EXPRESSION + 200
    assert time.process_time() - begun < 1.0
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 * 1024


def test_sums_are_counted_outside_of_texts() -> None:
    """Sums make intermediate texts, so they have a bound; a plus sign in a text is none."""
    assert _value("+".join(["Name"] * 31), Name="x") == "x" * 31
    assert _value("'" + "+" * 100 + "'") == "+" * 100
    with pytest.raises(ExpressionFault, match="more than 30 sums"):
        _value("+".join(["Name"] * 32), Name="x")


@given(st.text(max_size=60))
def test_any_text_compiles_or_is_a_fault(source: str) -> None:
    """Nothing that a person could type crashes the compiler."""
    try:
        said = compile_expression(source, SCOPE).source
    except ExpressionFault as fault:
        said = str(fault)
    assert said


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        ("x", "x"),
        (True, "true"),
        (3, "3"),
        (5.0, "5"),
        (2.5, "2.5"),
        (datetime(2026, 11, 21, 9, 5, 1, tzinfo=UTC), "2026-11-21T09:05:01Z"),
    ],
)
def test_values_in_a_text(value: Any, text: str) -> None:
    """Null is nothing, whole numbers have no point, moments are UTC."""
    assert written(value) == text
