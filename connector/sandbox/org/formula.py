"""Validation rule formulas: parsed once, then asked of each record that is saved.

Source: Salesforce Help, "Formula Operators and Functions by Context". What a formula uses and this module does not know
is refused when the org is built, so that no rule passes unread.
"""

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from importlib import resources
from typing import Any

from lark import Lark, Token, Transformer, UnexpectedInput
from lark.exceptions import VisitError

from connector.sandbox.org.schema import Object

Record = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Saving:
    """A record about to be saved: its values by field name as the org keeps them, and those before (None when new)."""

    new: Record
    prior: Record | None
    now: datetime


Term = Callable[[Saving], Any]
_PARSER = Lark(
    resources.files("connector.sandbox.org").joinpath("formula.lark").read_text(encoding="utf-8"), parser="lalr"
)


class FormulaError(Exception):
    """A formula that cannot be read, in a sentence."""


def compiled(text: str, target: Object) -> Term:
    """The formula as a function of a record being saved; raises FormulaError."""
    try:
        term: Term = _Compiler(target).transform(_PARSER.parse(text))
    except UnexpectedInput as error:
        raise FormulaError(f"The formula {text!r} of {target.name} cannot be parsed: {error}") from error
    except VisitError as error:
        raise FormulaError(f"The formula {text!r} of {target.name} is refused: {error.orig_exc}") from error
    return term


def _blank(value: Any) -> bool:
    return value is None or value == ""


def _compare(relation: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def compare(left: Any, right: Any) -> bool:
        if left is None or right is None:
            return relation in (operator.eq, operator.ne) and relation(left, right)
        return relation(left, right)

    return compare


_COMPARISONS = {
    "=": _compare(operator.eq),
    "==": _compare(operator.eq),
    "<>": _compare(operator.ne),
    "!=": _compare(operator.ne),
    "<": _compare(operator.lt),
    ">": _compare(operator.gt),
    "<=": _compare(operator.le),
    ">=": _compare(operator.ge),
}


def _sum(sign: str, left: Any, right: Any) -> Any:
    if sign == "&":
        return f"{left or ''}{right or ''}"
    if left is None or right is None:
        return None
    # A number added to a time counts days.
    if isinstance(left, datetime | date) and isinstance(right, int | float):
        right = timedelta(days=right)
    if isinstance(left, datetime) and isinstance(right, datetime):
        return (left - right) / timedelta(days=1)
    return left + right if sign == "+" else left - right


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "NOT": lambda value: not value,
    "ISBLANK": _blank,
    "ISNULL": lambda value: value is None,
    "BLANKVALUE": lambda value, other: other if _blank(value) else value,
    "NULLVALUE": lambda value, other: other if value is None else value,
    "LEN": lambda value: len(value or ""),
    "TEXT": lambda value: "" if value is None else str(value),
    "UPPER": lambda value: value and value.upper(),
    "LOWER": lambda value: value and value.lower(),
    "CONTAINS": lambda value, part: (part or "") in (value or ""),
    "BEGINS": lambda value, part: (value or "").startswith(part or ""),
    "ISPICKVAL": lambda value, choice: (value or "") == choice,
    "REGEX": lambda value, pattern: re.fullmatch(pattern, value or "") is not None,
    "AND": lambda *values: all(values),
    "OR": lambda *values: any(values),
    "IF": lambda condition, then, otherwise: then if condition else otherwise,
}
_CONSTANTS = {"TRUE": True, "FALSE": False, "NULL": None}


class _Compiler(Transformer[Token, Any]):
    """Folds the parse tree into closures. A bare field is a `Reference`, for the functions that ask about a field."""

    def __init__(self, target: Object) -> None:
        super().__init__()
        self._target = target

    def number(self, items: list[Any]) -> Term:
        value = float(items[0])
        return lambda _: value

    def string(self, items: list[Any]) -> Term:
        value = re.sub(r"\\(.)", r"\1", str(items[0])[1:-1])
        return lambda _: value

    def name(self, items: list[Any]) -> Term:
        word = str(items[0])
        if word.upper() in _CONSTANTS:
            value = _CONSTANTS[word.upper()]
            return lambda _: value
        field = self._target.field(word)
        if field is None:
            raise FormulaError(f"{self._target.name} has no field {word}")
        return Reference(field.name, field.type)

    def any_of(self, items: list[Any]) -> Term:
        return lambda saving: any(item(saving) for item in items)

    def all_of(self, items: list[Any]) -> Term:
        return lambda saving: all(item(saving) for item in items)

    def negation(self, items: list[Any]) -> Term:
        return lambda saving: not items[0](saving)

    def signed(self, items: list[Any]) -> Term:
        sign, term = items
        return lambda saving: -(term(saving) or 0) if sign == "-" else term(saving)

    def comparison(self, items: list[Any]) -> Term:
        left, word, right = items
        compare = _COMPARISONS[word]
        return lambda saving: compare(left(saving), right(saving))

    def sum(self, items: list[Any]) -> Term:
        return _chain(items, _sum)

    def product(self, items: list[Any]) -> Term:
        def multiply(sign: str, left: Any, right: Any) -> Any:
            if left is None or right is None or (sign == "/" and not right):
                return None
            return left * right if sign == "*" else left / right

        return _chain(items, multiply)

    def call(self, items: list[Any]) -> Term:
        name = str(items[0]).upper()
        arguments = [each for each in items[1:] if each is not None]
        if name in ("ISCHANGED", "PRIORVALUE"):
            return self._of_field(name, arguments)
        if name == "ISNEW":
            return lambda saving: saving.prior is None
        if name == "NOW":
            return lambda saving: saving.now
        if name == "TODAY":
            return lambda saving: saving.now.date()
        if name not in _FUNCTIONS:
            raise FormulaError(f"the function {name} is not known")
        function = _FUNCTIONS[name]
        return lambda saving: function(*(each(saving) for each in arguments))

    def _of_field(self, name: str, arguments: list[Any]) -> Term:
        if len(arguments) != 1 or not isinstance(arguments[0], Reference):
            raise FormulaError(f"{name} takes one field")
        reference = arguments[0]
        if name == "ISCHANGED":
            return lambda saving: saving.prior is not None and reference(saving) != reference.before(saving)
        return reference.before


def _chain(items: list[Any], apply: Callable[[str, Any, Any], Any]) -> Term:
    first, rest = items[0], list(zip(items[1::2], items[2::2], strict=True))

    def evaluate(saving: Saving) -> Any:
        value = first(saving)
        for sign, term in rest:
            value = apply(str(sign), value, term(saving))
        return value

    return evaluate


@dataclass(frozen=True, slots=True)
class Reference:
    """A field in a formula: called, its value now; `before`, its value before the save, or now for a new record."""

    name: str
    type: str

    def __call__(self, saving: Saving) -> Any:
        return self._read(saving.new)

    def before(self, saving: Saving) -> Any:
        """The prior value."""
        return self._read(saving.new if saving.prior is None else saving.prior)

    def _read(self, record: Record) -> Any:
        value = record.get(self.name)
        if value is None:
            return None
        if self.type == "datetime":
            return datetime.fromisoformat(value)
        if self.type == "date":
            return date.fromisoformat(value)
        return bool(value) if self.type == "boolean" else value
