"""Texts with braces: literal pieces around expressions, each `{…}` rendered by itself."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from connector.mapping.expression import Expression, ExpressionFault, Names

LONGEST_TEXT = 5_000
LONGEST_MARKUP = 100_000
"""Characters of a mail or a page in HTML. No guide gives a limit; with this, what every message
carries stays bounded."""
MOST_EXPRESSIONS = 50


@dataclass(frozen=True, slots=True)
class Template:
    """n+1 literal `pieces` around n `expressions`."""

    pieces: tuple[str, ...]
    expressions: tuple[Expression, ...]

    @property
    def lone(self) -> bool:
        """Whether it is one expression and nothing else, which keeps its type."""
        return len(self.expressions) == 1 and not any(self.pieces)

    @property
    def literal(self) -> str | None:
        """The text, if no expression stands in it."""
        return None if self.expressions else self.pieces[0]

    def values(self, names: Names) -> tuple[str, ...]:
        """Each expression as it stands in the text.

        Raises:
            ExpressionFault: one of them cannot be worked out.
        """
        return tuple([written(expression.value(names)) for expression in self.expressions])

    def value(self, names: Names) -> Any:
        """What it gives: a lone expression's own value (None for null), else the text.

        Raises:
            ExpressionFault: an expression cannot be worked out.
        """
        if not self.expressions:
            return self.pieces[0]
        if self.lone:
            return self.expressions[0].value(names)
        text = [self.pieces[0]]
        for piece, expression in zip(self.pieces[1:], self.expressions, strict=True):
            text += (written(expression.value(names)), piece)
        return "".join(text)


def written(value: Any) -> str:
    """A value as it stands in a text: nothing for null, whole numbers without a point, times in UTC (RFC 3339)."""
    if type(value) is str:
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%SZ")
    return str(value)


def split(text: str, longest: int = LONGEST_TEXT) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Literal pieces (`{{` and `}}` made plain braces) and the sources of the expressions between them.

    Raises:
        ExpressionFault: a brace without its partner, or a text too long.
    """
    if len(text) > longest:
        raise ExpressionFault(f"this text has {len(text)} characters; at most {longest} are allowed")
    pieces, sources, piece, at = [], [], [], 0
    while at < len(text):
        character = text[at]
        if text[at : at + 2] in {"{{", "}}"}:
            piece.append(character)
            at += 2
        elif character == "{":
            end = _closing(text, at)
            sources.append(text[at + 1 : end])
            pieces.append("".join(piece))
            piece, at = [], end + 1
        elif character == "}":
            raise ExpressionFault("a `}` stands here without its `{`; for a plain brace write }}", text[at:])
        else:
            piece.append(character)
            at += 1
    if len(sources) > MOST_EXPRESSIONS:
        raise ExpressionFault(f"{len(sources)} expressions stand in this text; at most {MOST_EXPRESSIONS} are allowed")
    return (*pieces, "".join(piece)), tuple(sources)


def _closing(text: str, opening: int) -> int:
    """Where the brace that `opening` opens is closed, past quoted texts and inner braces."""
    depth = 0
    for at, character in _outside_quotes(text, opening):
        depth += {"{": 1, "}": -1}.get(character, 0)
        if not depth:
            return at
    raise ExpressionFault("a `{` stands here without its `}`; for a plain brace write {{", text[opening:])


def _outside_quotes(text: str, at: int) -> Iterator[tuple[int, str]]:
    quote = ""
    while at < len(text):
        character = text[at]
        if quote and character == "\\":
            at += 1
        elif quote:
            quote = "" if character == quote else quote
        elif character in "'\"":
            quote = character
        else:
            yield at, character
        at += 1
