"""Texts with braces."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.mapping.expression import ExpressionFault, Names, Scope, compile_expression
from connector.mapping.template import Template, split

SCOPE = Scope(frozenset())


def _template(text: str) -> Template:
    pieces, sources = split(text)
    return Template(pieces, tuple(compile_expression(source, SCOPE) for source in sources))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Hola {Name}!", "Hola Ana!"),
        ("{Name}{Name}", "AnaAna"),
        ("{{Name}}", "{Name}"),
        ("{{{Name}}}", "{Ana}"),
        ("{Empty__c}x{Missing__c}", "x"),
        ("{ {'a': Name}['a'] }-", "Ana-"),
        ("{'}' + Name}-", "}Ana-"),
        ("{\"{\" + Name + '\\''}-", "{Ana'-"),
        ("{Amount__c} USD", "5 USD"),
        ("", ""),
    ],
)
def test_texts_are_rendered_brace_by_brace(text: str, value: str) -> None:
    """Each brace by itself, null as nothing, doubled braces as braces."""
    names = Names({"Name": "Ana", "Empty__c": None, "Amount__c": 5.0})
    assert _template(text).value(names) == value


def test_a_lone_expression_keeps_its_type() -> None:
    """One expression and nothing else is its value, and null stays null."""
    assert _template("{Amount__c}").value(Names({"Amount__c": 5.0})) == 5.0
    assert _template("{Name}").value(Names({"Name": None})) is None
    assert _template("{Name} ").value(Names({"Name": None})) == " "


@pytest.mark.parametrize(
    ("text", "said"), [("a } b", "a `}` stands here"), ("a {Name b", "a `{` stands here"), ("{'}", "a `{` stands here")]
)
def test_a_brace_without_its_partner_is_told(text: str, said: str) -> None:
    """A brace that is never closed, or never opened, is a fault and no text."""
    with pytest.raises(ExpressionFault, match=said):
        split(text)


@given(st.text(max_size=80))
def test_any_text_round_trips_with_its_braces_doubled(text: str) -> None:
    """Doubling the braces of any text gives that very text back."""
    assert split(text.replace("{", "{{").replace("}", "}}")) == ((text,), ())


@given(st.lists(st.text("ab {}'\"", max_size=6), min_size=1, max_size=6))
def test_pieces_and_expressions_are_told_apart(pieces: list[str]) -> None:
    """However literal pieces and expressions are mixed, n+1 pieces stand around n expressions."""
    text = "{Name}".join(piece.replace("{", "{{").replace("}", "}}") for piece in pieces)
    assert split(text) == (tuple(pieces), ("Name",) * (len(pieces) - 1))
