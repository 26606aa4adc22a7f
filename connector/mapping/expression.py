"""What stands in braces: CEL (Common Expression Language), compiled once and evaluated within a budget.

The only file that imports cel_expr_python. Names are dotted and flat: `Contact__r.FirstName` and `to.country` are one
variable each. A bare name is looked up directly, which means the same and costs a tenth of an evaluation.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches
from functools import lru_cache
from typing import Any, Final

from cel_expr_python import cel

from connector.model.errors import ConnectorError

LONGEST_EXPRESSION = 500
MOST_SUMS = 30
LONGEST_OPERAND = 10_000
"""Characters. CEL keeps every intermediate text of `a + b + c …` until the end, so what an expression can take grows
with the square of its sums times the length of its operands: with these figures, some tens of megabytes at most."""

LONGEST_RESULT = 20_000
"""Characters, where nothing longer is asked for."""

FIELD_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]*(?:\.[A-Za-z][A-Za-z0-9_]*){0,5}\Z")

_LOOPS = frozenset({"all", "exists", "exists_one", "existsOne", "filter", "map", "transformList", "transformMap"})
_RESERVED = frozenset(
    {"true", "false", "null", "in", "int", "uint", "double", "bool", "string", "bytes", "list", "map"}
)
_TOKEN = re.compile(
    r"""
    (?P<skip>\s+|//[^\n]*)
  | (?P<text>[rRbB]{0,2}(?:\"\"\"[\s\S]*?\"\"\"|'''[\s\S]*?'''|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'))
  | (?P<number>[0-9][0-9A-Za-z_]*(?:\.[0-9][0-9A-Za-z_]*)?)
  | (?P<chain>\.?[A-Za-z_][A-Za-z0-9_]*(?:\s*\.\s*[A-Za-z_][A-Za-z0-9_]*)*)
  | (?P<other>[\s\S])
    """,
    re.VERBOSE,
)
_PLACE = re.compile(r"<input>:(-?\d+):(-?\d+): (.*)")
_PLAIN_TYPES = (str, bool, int, float, datetime)


class ExpressionFault(ConnectorError):
    """An expression that cannot be compiled, or gives nothing that can be written. `near` is the part at fault."""

    def __init__(self, text: str, near: str = "") -> None:
        super().__init__(text)
        self.near = near


@dataclass(frozen=True, slots=True)
class Scope:
    """Which names exist where an expression stands: `words` are ours (`moments` those that are points in time), and
    where `of_record`, so are the record's fields."""

    words: frozenset[str]
    moments: frozenset[str] = frozenset()
    of_record: bool = True


@dataclass(frozen=True, slots=True)
class Expression:
    """A compiled expression. `fields` are the record's fields it names; `names` all names, ours included. What it gives
    may have `longest` characters."""

    source: str
    names: tuple[str, ...]
    fields: tuple[str, ...]
    direct: str | None
    program: Any
    gives_bool: bool
    longest: int = LONGEST_RESULT

    def value(self, names: "Names") -> Any:
        """Its value: str, bool, int, float, an aware datetime, or None for null and for what is absent.

        Raises:
            ExpressionFault: it cannot be worked out for these values, or gives no single value, or one too long.
        """
        if self.direct is not None:
            found = names.values.get(self.direct)
            if found is None or (type(found) is str and len(found) <= self.longest and "\0" not in found):
                return found
            return _checked(self.source, found, self.longest)
        return _evaluated(self.source, self.program, names, self.longest)


class Names:
    """The values of one record and moment by dotted name; what CEL makes of them is made once, when first asked."""

    __slots__ = ("_activations", "values")

    def __init__(self, values: dict[str, Any]) -> None:
        self.values = values
        self._activations: dict[int, Any] = {}

    def activation(self, program: "_Program") -> Any:
        """CEL's view of the values, of the names that the program's expressions use."""
        key = id(program.environment)
        if key not in self._activations:
            known = {name: self._operand(name) for name in program.environment.names}
            self._activations[key] = program.environment.env.Activation(known)
        return self._activations[key]

    def _operand(self, name: str) -> Any:
        value = self.values.get(name)
        if isinstance(value, str):
            if len(value) > LONGEST_OPERAND:
                raise ExpressionFault(
                    f"`{name}` has more than {LONGEST_OPERAND} characters, too many for an expression"
                )
            _check_whole(name, value)
        return value


@dataclass(frozen=True, slots=True)
class _Environment:
    names: tuple[str, ...]
    env: Any


@dataclass(frozen=True, slots=True)
class _Program:
    environment: _Environment
    compiled: Any


@lru_cache(maxsize=512)
def _environment(names: tuple[str, ...], moments: frozenset[str]) -> _Environment:
    types = {name: cel.Type.TIMESTAMP if name in moments else cel.Type.DYN for name in names}
    return _Environment(names, cel.NewEnv(variables=types))


def compile_expression(source: str, scope: Scope, *, direct: bool = True, longest: int = LONGEST_RESULT) -> Expression:
    """Compiles; the record's fields are whatever capitalised or custom names it uses (describe checks them later).

    `direct=False` evaluates even a bare name by CEL.

    Raises:
        ExpressionFault: not CEL, too long, a loop, or a name that does not exist here.
    """
    if not source.strip():
        raise ExpressionFault("these braces are empty; write a name between them, or {{ and }} for plain braces")
    if len(source) > LONGEST_EXPRESSION:
        raise ExpressionFault(f"this expression has {len(source)} characters; at most {LONGEST_EXPRESSION} are allowed")
    _check_whole("this expression", source)
    names = _names(source)
    for name in names:
        _check_name(name, scope)
    fields = tuple(name for name in names if name not in scope.words)
    bare = re.sub(r"\s*\.\s*", ".", source.strip())
    if direct and names == (bare,):
        return Expression(source, names, fields, bare, None, gives_bool=True, longest=longest)
    program = _compiled(source, names, scope.moments)
    kind = program.compiled.return_type().name()
    return Expression(source, names, fields, None, program, gives_bool=kind in {"BOOL", "DYN"}, longest=longest)


def _check_name(name: str, scope: Scope) -> None:
    if name in scope.words:
        return
    if scope.of_record and looks_like_field(name):
        return
    known = sorted(scope.words)
    close = get_close_matches(name, known, 1)
    hint = f"did you mean `{close[0]}`?" if close else f"known here: {', '.join(known) or 'nothing'}"
    fields = " and the record's fields" if scope.of_record and not close else ""
    raise ExpressionFault(f"`{name}` is not known here; {hint}{fields}", name)


def looks_like_field(name: str) -> bool:
    """Whether a name can be a record's field: Salesforce's own begin with a capital, custom ones end in __c or __r."""
    first = name.split(".", 1)[0]
    return first[:1].isupper() or first.endswith(("__c", "__r", "__pc", "__pr"))


def _names(source: str) -> tuple[str, ...]:
    """The dotted names an expression reads, in order of appearance, without functions, methods and loop variables."""
    tokens = [(found.lastgroup, found.group()) for found in _TOKEN.finditer(source) if found.lastgroup != "skip"]
    names: dict[str, None] = {}
    for index, (kind, text) in enumerate(tokens):
        before = tokens[index - 1][1] if index else ""
        after = tokens[index + 1][1] if index + 1 < len(tokens) else ""
        if kind == "other":
            _check_character(text)
        if kind != "chain":
            continue
        parts = [part.strip() for part in text.split(".")]
        called = after == "("
        if called:
            _check_called(parts)
        if parts[0]:
            selected = before == "."
        else:
            selected = before in {")", "]", "}"} or (index > 0 and tokens[index - 1][0] == "text")
        if called:
            parts = parts[:-1]
        if any(parts) and not selected:
            names[".".join(parts)] = None
    if [text for kind, text in tokens if kind == "other"].count("+") > MOST_SUMS:
        raise ExpressionFault(
            f"this expression has more than {MOST_SUMS} sums; write a text with several braces instead"
        )
    return tuple(name for name in names if name not in _RESERVED)


def _check_called(parts: list[str]) -> None:
    """Loops are refused: a record has no lists, so all they could do is take time and memory."""
    if len(parts) > 1 and parts[-1] in _LOOPS:
        raise ExpressionFault(f"`{parts[-1]}` is a loop, and expressions have none; write a || b, or x in ['a', 'b']")
    if parts == ["has"]:
        raise ExpressionFault("has() is not needed here: an absent field is null; write `Name != null`", "has")


def _check_character(text: str) -> None:
    if text in "\u201c\u201d\u201e\u2018\u2019\u201a\u00ab\u00bb":
        raise ExpressionFault(f"`{text}` is a typographic quote; a text in an expression stands between ' and '", text)
    if text in "\"'":
        raise ExpressionFault("a quote is opened and never closed in this expression", text)
    if not text.isascii() or text in "`\\;@#$^~":
        raise ExpressionFault(f"`{text}` has no meaning in an expression; a text stands between ' and '", text)


def _compiled(source: str, names: tuple[str, ...], moments: frozenset[str]) -> _Program:
    environment = _environment(names, moments & set(names))
    try:
        return _Program(environment, environment.env.compile(source))
    except RuntimeError as error:
        found = _PLACE.search(str(error))
        said = found.group(3).removesuffix("[INVALID_ARGUMENT]").strip() if found else str(error)
        near = _near(source, int(found.group(1)), int(found.group(2))) if found else ""
        raise ExpressionFault(f"`{source.strip()}` is not a valid expression: {_plain(said)}", near) from None


def _near(source: str, line: int, column: int) -> str:
    lines = source.split("\n")
    return lines[line - 1][column - 1 :] if 0 < line <= len(lines) else ""


def _plain(said: str) -> str:
    if "recursion" in said:
        return "it is nested too deeply"
    said = re.sub(r"expecting \{.*", "something is missing or misplaced", said, flags=re.DOTALL)
    said = said.replace("Syntax error: ", "").replace("(in container '')", "")
    said = said.replace("mismatched input '<EOF>'", "it ends too early,")
    return re.sub(r"undeclared reference to '([^']*)'", r"there is no function or name `\1`", said).strip()


def _evaluated(source: str, program: _Program, names: Names, longest: int) -> Any:
    try:
        result = program.compiled.eval(names.activation(program))
        kind = result.type().name()
    except (RuntimeError, UnicodeError, OverflowError, TypeError, ValueError) as error:
        raise ExpressionFault(f"`{source.strip()}` cannot be worked out: {_told(str(error))}") from None
    if kind == "ERROR":
        raise ExpressionFault(f"`{source.strip()}` cannot be worked out: {_told(str(result.plain_value()))}")
    if kind not in _KINDS:
        raise ExpressionFault(f"`{source.strip()}` gives a {kind.lower()}, not one value that can be written")
    return _checked(source, result.plain_value(), longest)


_KINDS = frozenset({"STRING", "NULL", "BOOL", "INT", "UINT", "DOUBLE", "TIMESTAMP"})


def _told(error: str) -> str:
    if "No matching overloads" in error:
        operation = error.rsplit(":", maxsplit=1)[-1].strip()
        return f"one of its values is empty or of the wrong kind ({operation}); test with `Name != null ? … : …`"
    return error.split("[", 1)[0].strip()


def _checked(source: str, value: Any, longest: int) -> Any:
    if value is None:
        return None
    if not isinstance(value, _PLAIN_TYPES):
        raise ExpressionFault(f"`{source.strip()}` gives a {type(value).__name__}, not one value that can be written")
    if isinstance(value, str):
        if len(value) > longest:
            raise ExpressionFault(f"`{source.strip()}` gives more than {longest} characters")
        _check_whole(source.strip(), value)
    if type(value) is int and not -(2**63) <= value < 2**63:
        raise ExpressionFault(f"`{source.strip()}` gives a number of more than 64 bits")
    return value


def _check_whole(name: str, value: str) -> None:
    """cel-expr-python 0.1.3 cuts a text at a NUL: a message would lose its end without a word."""
    if "\0" in value:
        raise ExpressionFault(f"`{name}` holds a NUL character, which no text can; remove it")
