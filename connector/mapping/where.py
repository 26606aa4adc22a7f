"""A `where` as far as it can be read: the fields it names, and what its plainest conditions ask for.

SOQL is the org's own language, so nothing here refuses a condition; what is not plain is left alone.
Source: "SOQL and SOSL Reference", Condition Expression Syntax.
"""

import re
from collections.abc import Container, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from connector.mapping.scopes import is_field

_TOKEN = re.compile(r"'(?:\\.|[^'\\])*'|[0-9][0-9A-Za-z.:+-]*|:[0-9]+|\{[^}]*\}|[A-Za-z][A-Za-z0-9_.]*|[!<>]=|<>|\S")
_WORDS = frozenset(
    "and or not in like null true false includes excludes select from where asc desc nulls first last".split()  # noqa: SIM905 - a list of words reads best as words
)
_DATE_LITERAL = re.compile(
    r"(?:TODAY|YESTERDAY|TOMORROW|(?:LAST|THIS|NEXT|N)_[A-Z0-9_]+|LAST_90_DAYS)\Z", re.IGNORECASE
)
_CURRENCY = re.compile(r"[A-Z]{3}[0-9]+(?:\.[0-9]+)?\Z")
_SIGNS = frozenset({"=", "!=", "<>", "<", ">", "<=", ">="})
_ODD_QUOTES = frozenset('"\u201c\u201d\u201e\u2018\u2019\u201a\u00ab\u00bb')
_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)?\Z")
_ODD_IN_A_TEXT = re.compile(r"\\[^'\"\\]|[{}]")
_DEEPEST = 20


@dataclass(frozen=True)
class Condition:
    """One of the conditions that must all hold.

    `names` are the fields that it names, as written. It is plain where `field` is not empty: then the field must be one
    of `values`, or, with `excluded`, none of them; None among them is null. `counts` where a number is its limit.
    """

    names: tuple[str, ...]
    field: str = ""
    values: frozenset[str | None] = frozenset()
    excluded: bool = False
    counts: bool = False

    @cached_property
    def depends_on(self) -> frozenset[str]:
        """The record's own fields that it looks at, in small letters; a relationship is looked at by its lookup."""
        return frozenset(own for name in self.names for own in _own_fields(name.lower()))

    def looks_at(self, fields: Container[str]) -> bool:
        """Whether any of the fields, in small letters, decides it."""
        return any(own in fields for own in self.depends_on)

    def holds(self, text: str) -> bool:
        """Whether a plain condition holds once the field is this text; capitals do not matter to the org."""
        values = {None if value is None else _same(value) for value in self.values}
        return ((_same(text) or None) in values) is not self.excluded


def field_names(where: str) -> list[str]:
    """The fields that a condition names; a condition with a query inside is left to the org."""
    tokens = _tokens(where)
    return [] if _is_left_alone(tokens) else _names(tokens)


def odd_quote(where: str) -> str | None:
    """The first quote outside of a text that is none in SOQL: a double or a typographic one."""
    return next((token for token in _tokens(where) if token in _ODD_QUOTES), None)


def comparisons(where: str) -> list[tuple[str, str]]:
    """Every field that is compared with a text, by ``=``, ``!=`` or IN, with that text."""
    tokens = _tokens(where)
    found = []
    for at, name in enumerate([] if _is_left_alone(tokens) else tokens):
        values = _compared(tokens[at + 1 :]) if name[0].isalpha() and is_field(name) else frozenset()
        found += [(name, value) for value in sorted(each for each in values if each is not None)]
    return found


def bare_words(where: str) -> list[str]:
    """What stands where a value must, after an operator, and is none: a text without its quotes, or a field."""
    tokens = _tokens(where)
    if _is_left_alone(tokens):
        return []
    values = _value_places(tokens)
    around = enumerate(zip(tokens, [*tokens[1:], ""], strict=False))
    return [word for at, (word, after) in around if at in values and _is_bare(word, after)]


def conditions(where: str) -> tuple[Condition, ...] | None:
    """What must hold, all of it; one that is not plain where AND does not join all.

    None where the fields are not known: there is a query inside, or no field in what is written.
    """
    tokens = _tokens(where)
    if _is_left_alone(tokens) or (tokens and not _names(tokens)):
        return None
    if not tokens or _too_deep(tokens):
        return (Condition(tuple(_names(tokens))),)
    found, waiting = [], [tokens]
    while waiting:
        part = _unwrapped(waiting.pop())
        joined = _joined_by_and(part)
        if len(joined) > 1:
            waiting += reversed(joined)
        else:
            found.append(_condition(part))
    return tuple(found)


def _own_fields(name: str) -> tuple[str, ...]:
    first, _, rest = name.partition(".")
    if not rest:
        return (first,)
    return (f"{first.removesuffix('__r')}__c",) if first.endswith("__r") else (f"{first}id",)


def _same(text: str) -> str:
    return text.strip().casefold()


def _tokens(where: str) -> list[str]:
    return [found.group() for found in _TOKEN.finditer(where)]


def _is_left_alone(tokens: Sequence[str]) -> bool:
    """Where a query stands inside, or quotes that are none, what seems to be a field may be none."""
    return any(token.lower() == "select" or token in _ODD_QUOTES for token in tokens)


def _value_places(tokens: Sequence[str]) -> set[int]:
    """Where values stand: after an operator, and in the brackets after IN."""
    places, listed = set(), False
    for at, (before, here) in enumerate(pairwise(tokens), 1):
        listed = (listed or (before.lower() == "in" and here == "(")) and here != ")"
        if listed or before.lower() in _SIGNS | {"like"}:
            places.add(at)
    return places


def _is_word(token: str) -> bool:
    """Whether it is one of SOQL's own: a keyword, a date, an amount in a currency."""
    return token.lower() in _WORDS or any(each.match(token) for each in (_DATE_LITERAL, _CURRENCY))


def _is_bare(token: str, after: str) -> bool:
    return token[0].isalpha() and not _is_word(token) and after != "("


def _compared(tokens: Sequence[str]) -> frozenset[str | None]:
    """The texts with which the field before these tokens is compared."""
    operator = tokens[0].lower() if tokens else ""
    if operator == "not":
        tokens, operator = tokens[1:], tokens[1].lower() if tokens[1:] else ""
    if operator == "in" and ")" in tokens:
        return _values("in", tokens[1 : tokens.index(")") + 1])
    return _values(operator, tokens[1:2])


def _names(tokens: Sequence[str]) -> list[str]:
    names = []
    for token, after in zip(tokens, [*tokens[1:], ""], strict=False):
        if _is_bare(token, after) and is_field(token):
            names.append(token)
    return names


def _depths(tokens: Sequence[str]) -> list[int]:
    """How many brackets are open after each token."""
    depths, depth = [], 0
    for token in tokens:
        depth += {"(": 1, ")": -1}.get(token, 0)
        depths.append(depth)
    return depths


def _too_deep(tokens: Sequence[str]) -> bool:
    """Also where brackets do not pair: then nothing is known of what joins what."""
    depths = _depths(tokens)
    return max(depths) > _DEEPEST or min(depths) < 0 or depths[-1] != 0


def _unwrapped(tokens: list[str]) -> list[str]:
    while len(tokens) > 1 and tokens[0] == "(" and all(_depths(tokens)[:-1]):
        tokens = tokens[1:-1]
    return tokens


def _joined_by_and(tokens: list[str]) -> list[list[str]]:
    depths = _depths(tokens)
    if any(token.lower() == "or" and not depth for token, depth in zip(tokens, depths, strict=True)):
        return [tokens]
    parts: list[list[str]] = [[]]
    for token, depth in zip(tokens, depths, strict=True):
        if token.lower() == "and" and not depth:
            parts.append([])
        else:
            parts[-1].append(token)
    return parts


def _condition(tokens: Sequence[str]) -> Condition:
    names = tuple(_names(tokens))
    if len(tokens) >= 3 and tokens[0] in names:
        values = _values(tokens[1].lower(), tokens[2:])
        if values:
            return Condition(names, tokens[0].lower(), values, excluded=tokens[1] in {"!=", "<>"})
    counts = any(before in {"<", ">", "<=", ">="} and _NUMBER.match(token) for before, token in pairwise(tokens))
    return Condition(names, counts=counts)


def _values(operator: str, tokens: Sequence[str]) -> frozenset[str | None]:
    """What the field is compared with; nothing where that is not plain."""
    if operator == "in":
        listed, commas = tokens[1:-1:2], tokens[2:-1:2]
        texts = frozenset(_text(each) for each in listed)
        fits = tokens[0] == "(" and tokens[-1] == ")" and len(tokens) % 2 and all(each == "," for each in commas)
        return frozenset(texts) if fits and None not in texts else frozenset()
    if len(tokens) != 1:
        return frozenset()
    if operator == "=" and tokens[0].lower() == "null":
        return frozenset({None})
    text = _text(tokens[0]) if operator in {"=", "!=", "<>"} else None
    return frozenset() if text is None else frozenset({text})


def _text(token: str) -> str | None:
    """What stands between quotes; None for what is no text, or not one to be read without doubt."""
    if len(token) < 2 or token[0] != "'" or token[-1] != "'" or _ODD_IN_A_TEXT.search(token):
        return None
    return re.sub(r"\\(.)", r"\1", token[1:-1])
