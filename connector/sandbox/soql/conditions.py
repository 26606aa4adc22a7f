"""WHERE and HAVING as SQL, by SOQL's logic: a comparison with null is never unknown, and text ignores case."""

from collections.abc import Callable
from datetime import UTC, date, datetime

from connector.sandbox.org.ids import canonical
from connector.sandbox.org.schema import NUMBER_TYPES, Field
from connector.sandbox.soql import dates, syntax
from connector.sandbox.soql.errors import QueryError, at
from connector.sandbox.soql.scope import Column

Parameter = str | int | float
Resolve = Callable[[syntax.Expression], Column]
Subselect = Callable[[syntax.Select], tuple[str, list[Parameter]]]


def stamp(moment: datetime) -> str:
    """A datetime as the org keeps and shows it: UTC, `2026-11-21T01:02:03.000+0000`; without an offset it is UTC."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return f"{aware.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{aware.microsecond // 1000:03d}+0000"


class Conditions:
    """Writes conditions as SQL; `parameters` grows in the order of the question marks."""

    def __init__(self, text: str, now: datetime, resolve: Resolve, subselect: Subselect) -> None:
        self.parameters: list[Parameter] = []
        self._text = text
        self._now = now
        self._resolve = resolve
        self._subselect = subselect

    def sql(self, condition: syntax.Condition) -> str:
        """The condition as an SQL expression."""
        match condition:
            case syntax.Junction(word, parts):
                return "(" + f" {word} ".join(self.sql(part) for part in parts) + ")"
            case syntax.Not(inner):
                return f"NOT ifnull({self.sql(inner)}, 0)"
            case syntax.Compare(operand, operator, value):
                column = self._filterable(operand)
                return self._compare(column, operator, value, operand.offset)
            case syntax.Includes(operand, values, negated):
                return self._includes(self._filterable(operand), values, negated=negated)
            case syntax.Member(operand, values, negated):
                return self._member(self._filterable(operand), values, negated, operand.offset)

    def _filterable(self, operand: syntax.Expression) -> Column:
        column = self._resolve(operand)
        if not column.field.filterable:
            raise self._refuse(operand.offset, f"field '{column.field.name}' can not be filtered in a query call")
        return column

    def _refuse(self, offset: int, complaint: str, code: str = "INVALID_FIELD") -> QueryError:
        return QueryError(code, at(self._text, offset, complaint))

    def _bound(self, sql: str, *values: Parameter) -> str:
        self.parameters.extend(values)
        return sql

    def _compare(self, column: Column, operator: str, value: syntax.Value, offset: int) -> str:
        if value is None or (isinstance(value, syntax.Text) and not value.value):
            return self._compare_null(column, operator, offset)
        if isinstance(value, syntax.Relative):
            return self._compare_days(column, operator, value, offset)
        if operator == "like":
            if not isinstance(value, syntax.Text) or column.field.type in ("id", "reference"):
                raise self._refuse(
                    offset, f"invalid operator on {column.field.type} field", "INVALID_QUERY_FILTER_OPERATOR"
                )
            return self._bound(f"{column.sql} LIKE ? ESCAPE '\\'", value.pattern)
        parameter = self._parameter(column.field, value, offset)
        if operator == "!=":
            return self._bound(f"({column.sql} IS NULL OR {column.sql} <> ?)", parameter)
        return self._bound(f"{column.sql} {operator} ?", parameter)

    def _compare_null(self, column: Column, operator: str, offset: int) -> str:
        if operator not in ("=", "!="):
            raise self._refuse(offset, "null can only be compared by = and !=", "INVALID_QUERY_FILTER_OPERATOR")
        return f"{column.sql} IS {'NOT ' if operator == '!=' else ''}NULL"

    def _compare_days(self, column: Column, operator: str, value: syntax.Relative, offset: int) -> str:
        days = dates.days(value.name, value.count, self._now.date())
        if days is None or column.field.type not in ("date", "datetime"):
            raise self._refuse(offset, f"unexpected token: '{value.name}'", "MALFORMED_QUERY")
        shown = (
            (lambda day: stamp(datetime(day.year, day.month, day.day, tzinfo=UTC)))
            if (column.field.type == "datetime")
            else date.isoformat
        )
        first, after = (shown(day) for day in days)
        sql = column.sql
        forms: dict[str, tuple[str, tuple[str, ...]]] = {
            "=": (f"({sql} >= ? AND {sql} < ?)", (first, after)),
            "!=": (f"({sql} IS NULL OR {sql} < ? OR {sql} >= ?)", (first, after)),
            "<": (f"{sql} < ?", (first,)),
            ">": (f"{sql} >= ?", (after,)),
            "<=": (f"{sql} < ?", (after,)),
            ">=": (f"{sql} >= ?", (first,)),
        }
        if operator not in forms:
            raise self._refuse(offset, "invalid operator on date field", "INVALID_QUERY_FILTER_OPERATOR")
        form, parameters = forms[operator]
        return self._bound(form, *parameters)

    def _includes(self, column: Column, values: tuple[syntax.Value, ...], *, negated: bool) -> str:
        alternatives = []
        for value in values:
            choices = value.value.split(";") if isinstance(value, syntax.Text) else [str(value)]
            held = [self._bound(f"instr(';' || {column.sql} || ';', ?) > 0", f";{choice};") for choice in choices]
            alternatives.append("(" + " AND ".join(held) + ")")
        joined = " OR ".join(alternatives)
        return f"NOT ifnull(({joined}), 0)" if negated else f"({joined})"

    def _member(
        self, column: Column, values: "tuple[syntax.Value, ...] | syntax.Select", negated: bool, offset: int
    ) -> str:
        if isinstance(values, syntax.Select):
            sql, parameters = self._subselect(values)
            inside = self._bound(f"{column.sql} IN ({sql})", *parameters)
            return f"NOT ifnull({inside}, 0)" if negated else inside
        plain = [each for each in values if not self._apart(each)]
        parts = [self._compare(column, "=", each, offset) for each in values if self._apart(each)]
        if plain:
            bound = [self._parameter(column.field, each, offset) for each in plain]
            parts.append(self._bound(f"{column.sql} IN ({', '.join('?' * len(bound))})", *bound))
        joined = "(" + " OR ".join(parts) + ")"
        return f"NOT ifnull({joined}, 0)" if negated else joined

    @staticmethod
    def _apart(value: syntax.Value) -> bool:
        """Whether a value of a list needs a comparison of its own."""
        return (
            value is None or isinstance(value, syntax.Relative) or (isinstance(value, syntax.Text) and not value.value)
        )

    def _parameter(self, field: Field, value: syntax.Value, offset: int) -> Parameter:
        found = _parameter(field, value)
        if found is not None:
            return found
        if field.type in ("id", "reference") and isinstance(value, syntax.Text):
            raise self._refuse(offset, f"invalid ID field: {value.value}", "INVALID_QUERY_FILTER_OPERATOR")
        kind = {"datetime": "dateTime", "id": "reference"}.get(field.type, field.type)
        quoted = (
            "should"
            if kind in ("string", "reference", "textarea", "picklist", "phone", "email", "url")
            else "should not"
        )
        raise self._refuse(
            offset,
            f"value of filter criterion for field '{field.name}' must be of type {kind} and {quoted} be enclosed in "
            "quotes",
        )


def _parameter(field: Field, value: syntax.Value) -> Parameter | None:
    """The literal as SQLite compares it with the field's column, or None when it is of another type."""
    if field.type == "boolean":
        return int(value) if isinstance(value, bool) else None
    if field.type in NUMBER_TYPES:
        return value if isinstance(value, int | float) and not isinstance(value, bool) else None
    if field.type == "datetime":
        return stamp(value) if isinstance(value, datetime) else None
    if field.type == "date":
        return value.isoformat() if isinstance(value, date) and not isinstance(value, datetime) else None
    if not isinstance(value, syntax.Text):
        return None
    return canonical(value.value) if field.type in ("id", "reference") else value.value
