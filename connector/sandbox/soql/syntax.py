"""The syntax tree of a SOQL query. `offset` is a character index into the query's text, for error messages."""

from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class Path:
    """A field, with the relationships that lead to it: `Contact__r.Account.Name` has three parts."""

    parts: tuple[str, ...]
    offset: int


@dataclass(frozen=True, slots=True)
class Call:
    """A function of one argument or none: `COUNT()`, `MAX(CreatedDate)`, `FIELDS(ALL)`."""

    name: str
    argument: "Path | Call | None"
    offset: int


Expression = Path | Call


@dataclass(frozen=True, slots=True)
class Relative:
    """A date literal named relative to today, such as `TODAY` or `LAST_N_DAYS:30`."""

    name: str
    count: int | None


@dataclass(frozen=True, slots=True)
class Text:
    """A quoted string: `value` as it compares, `pattern` as LIKE reads it (`\\_`, `\\%` and `\\\\` still escaped)."""

    value: str
    pattern: str


Value = Text | float | int | bool | datetime | date | Relative | None


@dataclass(frozen=True, slots=True)
class Compare:
    """`operand operator value`; the operator is one of = != < <= > >= and like."""

    operand: Expression
    operator: str
    value: Value


@dataclass(frozen=True, slots=True)
class Member:
    """`operand [NOT] IN (…)`, over literals or over a subselect of one field."""

    operand: Expression
    values: "tuple[Value, ...] | Select"
    negated: bool


@dataclass(frozen=True, slots=True)
class Includes:
    """A test of a multi-select picklist; each value may join several choices by semicolons."""

    operand: Expression
    values: tuple[Value, ...]
    negated: bool


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite of a condition, by SOQL's two-valued logic: what is not true is false."""

    condition: "Condition"


@dataclass(frozen=True, slots=True)
class Junction:
    """Conditions joined by one word, `AND` or `OR`."""

    word: str
    conditions: "tuple[Condition, ...]"


Condition = Compare | Member | Includes | Not | Junction


@dataclass(frozen=True, slots=True)
class Selected:
    """One expression of the select list, and the alias it was given."""

    expression: Expression
    alias: str | None


@dataclass(frozen=True, slots=True)
class Ordering:
    """One term of ORDER BY. Salesforce sorts nulls first unless told otherwise, ascending or descending."""

    expression: Expression
    descending: bool
    nulls_last: bool


@dataclass(frozen=True, slots=True)
class Select:
    """A whole query. `children` are the subqueries of the select list, whose `source` is a child relationship."""

    fields: tuple[Selected, ...]
    children: "tuple[Select, ...]"
    source: str
    source_offset: int
    alias: str | None
    where: Condition | None
    group_by: tuple[Expression, ...]
    having: Condition | None
    order_by: tuple[Ordering, ...]
    limit: int | None
    offset: int | None
