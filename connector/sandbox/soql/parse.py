"""From the text of a SOQL query to its syntax tree."""

import re
from datetime import date, datetime
from functools import lru_cache
from importlib import resources
from typing import Any

from lark import Lark, Token, Transformer, UnexpectedCharacters, UnexpectedEOF, UnexpectedInput, UnexpectedToken
from lark.exceptions import VisitError

from connector.sandbox.soql import syntax
from connector.sandbox.soql.errors import QueryError, at

_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", '"': '"', "'": "'", "\\": "\\", "_": "_", "%": "%"}
_ESCAPE = re.compile(r"\\(u[0-9A-Fa-f]{4}|.)", re.DOTALL)
_GRAMMAR = resources.files("connector.sandbox.soql").joinpath("grammar.lark").read_text(encoding="utf-8")
_PARSER = Lark(_GRAMMAR, parser="lalr", propagate_positions=False, maybe_placeholders=True)


@lru_cache(maxsize=512)
def parse(text: str) -> syntax.Select:
    """The tree of `text`; raises QueryError MALFORMED_QUERY with row and column, as Salesforce does."""
    try:
        tree: syntax.Select = _Builder(text).transform(_PARSER.parse(text))
    except UnexpectedInput as error:
        raise _malformed(text, error) from error
    except VisitError as error:
        if isinstance(error.orig_exc, QueryError):
            raise error.orig_exc from error
        if not isinstance(error.orig_exc, RecursionError):
            raise
        raise QueryError("QUERY_TOO_COMPLICATED", "Query is too complicated: its parentheses go too deep.") from error
    except RecursionError as error:
        raise QueryError("QUERY_TOO_COMPLICATED", "Query is too complicated: its parentheses go too deep.") from error
    return tree


def _malformed(text: str, error: UnexpectedInput) -> QueryError:
    if isinstance(error, UnexpectedCharacters):
        offset, found = error.pos_in_stream or 0, error.char
    elif isinstance(error, UnexpectedToken) and error.token.type != "$END":
        offset, found = error.token.start_pos or 0, str(error.token)
    elif isinstance(error, UnexpectedToken | UnexpectedEOF):
        offset, found = len(text.rstrip()), "<EOF>"
    else:
        offset, found = 0, text[:1]
    return QueryError("MALFORMED_QUERY", at(text, offset, f"unexpected token: '{found}'"))


def _whole(text: str) -> str:
    """`text` with pairs of `\\uXXXX` surrogates joined to the characters they stand for."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


class _Builder(Transformer[Token, Any]):
    """Folds lark's tree into ours; needs the text only to point at what is wrong."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self._text = text

    def _refuse(self, token: Token, complaint: str) -> QueryError:
        return QueryError("MALFORMED_QUERY", at(self._text, token.start_pos or 0, complaint))

    def start(self, items: list[Any]) -> syntax.Select:
        select: syntax.Select = items[0]
        return select

    def select(self, items: list[Any]) -> syntax.Select:
        _, (fields, children), _, source, _scope, where, group, order, limit, offset, *_views = items
        name, alias = source
        group_by, having = group or ((), None)
        return syntax.Select(
            fields=fields,
            children=children,
            source=str(name),
            source_offset=name.start_pos,
            alias=str(alias).lower() if alias else None,
            where=where,
            group_by=group_by,
            having=having,
            order_by=order or (),
            limit=limit,
            offset=offset,
        )

    def select_list(self, items: list[Any]) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
        return (
            tuple(item for item in items if isinstance(item, syntax.Selected)),
            tuple(item for item in items if isinstance(item, syntax.Select)),
        )

    def field_item(self, items: list[Any]) -> syntax.Selected:
        return syntax.Selected(items[0], str(items[1]) if items[1] else None)

    def child_item(self, items: list[Any]) -> syntax.Select:
        select: syntax.Select = items[0]
        return select

    def source(self, items: list[Any]) -> tuple[Token, Token | None]:
        return items[0], items[-1]

    def scope(self, _items: list[Any]) -> None:
        return None

    def view(self, _items: list[Any]) -> None:
        return None

    def where(self, items: list[Any]) -> Any:
        return items[1]

    having = where

    def group(self, items: list[Any]) -> tuple[tuple[Any, ...], Any]:
        return tuple(items[2:-1]), items[-1]

    def order(self, items: list[Any]) -> tuple[Any, ...]:
        return tuple(items[2:])

    def ordering(self, items: list[Any]) -> syntax.Ordering:
        expression, direction, _, place = items
        return syntax.Ordering(
            expression, (direction or "").lower() == "desc", place is not None and place.lower() == "last"
        )

    def limit(self, items: list[Any]) -> int:
        return int(items[1])

    def offset(self, items: list[Any]) -> int:
        count = int(items[1])
        if count > 2000:
            raise QueryError("NUMBER_OUTSIDE_VALID_RANGE", "Maximum SOQL offset allowed is 2000")
        return count

    def path(self, items: list[Any]) -> syntax.Path:
        return syntax.Path(tuple(str(item) for item in items), items[0].start_pos)

    def call(self, items: list[Any]) -> syntax.Call:
        return syntax.Call(str(items[0]).upper(), items[1], items[0].start_pos)

    def all_of(self, items: list[Any]) -> syntax.Junction:
        return syntax.Junction("AND", tuple(item for item in items if not isinstance(item, Token)))

    def any_of(self, items: list[Any]) -> syntax.Junction:
        return syntax.Junction("OR", tuple(item for item in items if not isinstance(item, Token)))

    def negation(self, items: list[Any]) -> syntax.Not:
        return syntax.Not(items[1])

    def compare(self, items: list[Any]) -> syntax.Compare:
        operand, operator, value = items
        return syntax.Compare(operand, "!=" if operator == "<>" else str(operator), value)

    def like(self, items: list[Any]) -> syntax.Compare:
        return syntax.Compare(items[0], "like", items[2])

    def member(self, items: list[Any]) -> syntax.Member:
        return syntax.Member(items[0], items[2], negated=False)

    def not_member(self, items: list[Any]) -> syntax.Member:
        return syntax.Member(items[0], items[3], negated=True)

    def value_list(self, items: list[Any]) -> tuple[syntax.Value, ...]:
        return tuple(items)

    def subselect(self, items: list[Any]) -> syntax.Select:
        select: syntax.Select = items[0]
        return select

    def includes(self, items: list[Any]) -> syntax.Includes:
        return syntax.Includes(items[0], tuple(items[2:]), negated=False)

    def excludes(self, items: list[Any]) -> syntax.Includes:
        return syntax.Includes(items[0], tuple(items[2:]), negated=True)

    def string(self, items: list[Token]) -> syntax.Text:
        token = items[0]

        def unescape(match: re.Match[str]) -> str:
            escape = match[1]
            if len(escape) > 1:
                return chr(int(escape[1:], 16))
            if escape not in _ESCAPES:
                raise self._refuse(token, f"invalid string escape: '\\{escape}'")
            return _ESCAPES[escape]

        def keep_for_like(match: re.Match[str]) -> str:
            return match[0] if match[1] in "\\_%" else unescape(match)

        quoted = str(token)[1:-1]
        return syntax.Text(_whole(_ESCAPE.sub(unescape, quoted)), _whole(_ESCAPE.sub(keep_for_like, quoted)))

    def number(self, items: list[Token]) -> float | int:
        text = str(items[0])
        return int(text) if re.fullmatch(r"[+-]?\d{1,18}", text) else float(text)

    def instant(self, items: list[Token]) -> datetime:
        try:
            return datetime.fromisoformat(str(items[0]).upper())
        except ValueError as error:
            raise self._refuse(items[0], f"Invalid datetime: {items[0]}") from error

    def day(self, items: list[Token]) -> date:
        try:
            return date.fromisoformat(str(items[0]))
        except ValueError as error:
            raise self._refuse(items[0], f"Invalid date: {items[0]}") from error

    def relative(self, items: list[Token]) -> syntax.Relative:
        name, _, count = str(items[0]).partition(":")
        return syntax.Relative(name.upper(), int(count))

    def word(self, items: list[Token]) -> syntax.Value:
        word = str(items[0]).upper()
        constants: dict[str, syntax.Value] = {"NULL": None, "TRUE": True, "FALSE": False}
        return constants[word] if word in constants else syntax.Relative(word, None)
