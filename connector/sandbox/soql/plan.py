"""From a query's tree to the SQL that answers it, and how its rows are laid out.

A query for records runs in two steps, as Salesforce's own cursors do: once for the keys of all rows, in order; then,
page by page, for the fields. A page therefore shows records as they are when it is read.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from typing import Any

from connector.sandbox.org.schema import Field, Object, Schema
from connector.sandbox.soql import syntax
from connector.sandbox.soql.conditions import Conditions, Parameter
from connector.sandbox.soql.errors import QueryError
from connector.sandbox.soql.layout import Layout, Node
from connector.sandbox.soql.scope import Column, Scope

_COUNTED = Field("count", "count", "int")
_DAY = Field("day", "day", "date")
_DATE_PARTS = {
    "CALENDAR_YEAR": "%Y",
    "CALENDAR_MONTH": "%m",
    "DAY_IN_MONTH": "%d",
    "DAY_IN_YEAR": "%j",
    "HOUR_IN_DAY": "%H",
}
_AGGREGATES = {"COUNT": "count({})", "COUNT_DISTINCT": "count(DISTINCT {})", "MIN": "min({})", "MAX": "max({})"}
_NUMERIC_AGGREGATES = {"SUM": "total({})", "AVG": "avg({})"}
_FIELD_GROUPS = {"ALL": (True, False), "CUSTOM": (True,), "STANDARD": (False,)}


@dataclass(frozen=True, slots=True)
class ChildPlan:
    """A subquery: `sql` takes a JSON array of parent ids, then `parameters`; its first column is the parent."""

    name: str
    sql: str
    parameters: tuple[Parameter, ...]
    shape: Node
    booleans: tuple[int, ...]
    limit: int | None


@dataclass(frozen=True, slots=True)
class Plan:
    """How to answer one query.

    For records, `keys` yields row keys in order and `page` takes them as a JSON array. For aggregates, `keys` yields
    the rows themselves, under `header`. With `counting`, it yields the one number that is asked for. `columns` are the
    places of the selected fields in a row of a page, in the order of `header`; `datetimes` those of them that are
    datetimes.
    """

    object: Object
    keys: str
    parameters: tuple[Parameter, ...]
    page: str
    shape: Node | None
    header: tuple[str, ...]
    booleans: tuple[int, ...]
    columns: tuple[int, ...] = ()
    children: tuple[ChildPlan, ...] = ()
    counting: bool = False
    datetimes: tuple[int, ...] = ()


class Planner:
    """Plans one query against a schema; relative dates are counted from `now`."""

    def __init__(self, schema: Schema, text: str, now: datetime, *, deleted: bool) -> None:
        self._schema = schema
        self._text = text
        self._now = now
        self._deleted = deleted
        self._aliases: Iterator[str] = (f"t{number}" for number in count())

    def plan(self, query: syntax.Select) -> Plan:
        """The plan; raises QueryError."""
        root = self._schema.get(query.source)
        scope = self._scope(root, query)
        if _is_count(query):
            keys, parameters = self._keys(query, scope, "count(*)", [])
            return Plan(scope.root.object, keys, parameters, "", None, (), (), counting=True)
        if query.group_by or any(_aggregating(each.expression) for each in query.fields):
            return self._aggregate(query, scope)
        return self._records(query, scope)

    def _scope(self, root: Object | None, query: syntax.Select) -> Scope:
        if root is None:
            message = (
                f"sObject type '{query.source}' is not supported. If you are attempting to use a custom object, be "
                "sure to append the '__c' after the entity name. Please reference your WSDL or the describe call for "
                "the appropriate names."
            )
            raise QueryError("INVALID_TYPE", message)
        return Scope(self._schema, root, query, self._text, self._aliases)

    def _records(self, query: syntax.Select, scope: Scope) -> Plan:
        keys, parameters = self._keys(query, scope, f"{scope.root.alias}.rowid", [])
        reading = Scope(self._schema, scope.root.object, query, self._text, self._aliases)
        layout = Layout(reading)
        for selected in self._expanded(query, reading):
            layout.add(self._column(reading, selected.expression), selected.alias)
        source = f"json_each(?) AS wanted CROSS JOIN {reading.tables()}"
        where = f"{reading.root.alias}.rowid = wanted.value ORDER BY wanted.key"
        page = f"SELECT {', '.join(layout.sql)} FROM {source} WHERE {where}"  # noqa: S608 - the schema's names
        children = tuple(self._child(each, scope.root.object) for each in query.children)
        header = tuple(layout.header)
        booleans, columns = tuple(layout.booleans), tuple(layout.columns)
        datetimes = tuple(layout.datetimes)
        return Plan(
            scope.root.object,
            keys,
            parameters,
            page,
            layout.shape,
            header,
            booleans,
            columns,
            children,
            datetimes=datetimes,
        )

    def _expanded(self, query: syntax.Select, scope: Scope) -> list[syntax.Selected]:
        expanded: list[syntax.Selected] = []
        for selected in query.fields:
            call = selected.expression
            if not (isinstance(call, syntax.Call) and call.name == "FIELDS"):
                expanded.append(selected)
                continue
            group = call.argument.parts[0].upper() if isinstance(call.argument, syntax.Path) else ""
            if group not in _FIELD_GROUPS:
                raise scope.refuse("MALFORMED_QUERY", call.offset, "FIELDS takes ALL, CUSTOM or STANDARD")
            if group != "STANDARD" and not 0 < (query.limit or 0) <= 200:
                raise QueryError("MALFORMED_QUERY", "The SOQL FIELDS function must have a LIMIT of at most 200")
            expanded.extend(
                syntax.Selected(syntax.Path((each.name,), call.offset), None)
                for each in scope.root.object.fields
                if each.custom in _FIELD_GROUPS[group]
            )
        return expanded

    def _child(self, query: syntax.Select, parent: Object) -> ChildPlan:
        relationships = self._schema.children(parent)
        found = next((each for each in relationships if each.name.lower() == query.source.lower()), None)
        if found is None:
            message = f"Didn't understand relationship '{query.source}' in FROM part of query call."
            raise Scope(self._schema, parent, query, self._text, self._aliases).refuse(
                "INVALID_TYPE", query.source_offset, message
            )
        scope = Scope(self._schema, found.child, query, self._text, self._aliases)
        layout = Layout(scope, first=scope.root.column(found.field.name))
        for selected in self._expanded(query, scope):
            layout.add(self._column(scope, selected.expression), selected.alias)
        parents = f"{scope.root.column(found.field.name)} IN (SELECT value FROM json_each(?))"  # noqa: S608
        unlimited = syntax.Select(**{**_parts(query), "limit": None, "offset": None})
        sql, parameters = self._keys(unlimited, scope, ", ".join(layout.sql), [parents])
        return ChildPlan(found.name, sql, parameters, layout.shape, tuple(layout.booleans), query.limit)

    def _aggregate(self, query: syntax.Select, scope: Scope) -> Plan:
        header: list[str] = []
        sql: list[str] = []
        booleans: list[int] = []
        unnamed = count()
        for selected in query.fields:
            column = self._column(scope, selected.expression)
            called = isinstance(selected.expression, syntax.Call)
            header.append(selected.alias or (f"expr{next(unnamed)}" if called else column.names[-1]))
            if column.field.type == "boolean":
                booleans.append(len(sql))
            sql.append(column.sql)
        keys, parameters = self._keys(query, scope, ", ".join(sql), [])
        return Plan(scope.root.object, keys, parameters, "", None, tuple(header), tuple(booleans))

    def _keys(
        self, query: syntax.Select, scope: Scope, columns: str, more: list[str]
    ) -> tuple[str, tuple[Parameter, ...]]:
        """The SELECT of `columns` with the query's clauses; the parameter of `more` comes first, at run time."""
        conditions = self._conditions(scope)
        where = [*more, *([] if self._deleted else [f"{scope.root.alias}.IsDeleted = 0"])]
        if query.where is not None:
            where.append(conditions.sql(query.where))
        tail = ""
        if query.group_by:
            tail += " GROUP BY " + ", ".join(self._column(scope, each).sql for each in query.group_by)
        if query.having is not None:
            tail += " HAVING " + conditions.sql(query.having)
        if query.order_by:
            tail += " ORDER BY " + ", ".join(self._ordering(scope, each) for each in query.order_by)
        if query.limit is not None or query.offset is not None:
            tail += f" LIMIT {-1 if query.limit is None else query.limit} OFFSET {query.offset or 0}"
        clause = f" WHERE {' AND '.join(where)}" if where else ""
        return f"SELECT {columns} FROM {scope.tables()}{clause}{tail}", tuple(conditions.parameters)  # noqa: S608

    def _conditions(self, scope: Scope) -> Conditions:
        return Conditions(self._text, self._now, lambda expression: self._column(scope, expression), self._subselect)

    def _subselect(self, query: syntax.Select) -> tuple[str, list[Parameter]]:
        scope = self._scope(self._schema.get(query.source), query)
        if len(query.fields) != 1:
            raise QueryError("MALFORMED_QUERY", "A semi join sub-select can only query one field.")
        column = self._column(scope, query.fields[0].expression)
        sql, parameters = self._keys(query, scope, column.sql, [])
        return sql, list(parameters)

    def _ordering(self, scope: Scope, ordering: syntax.Ordering) -> str:
        column = self._column(scope, ordering.expression)
        if not column.field.filterable:
            complaint = f"field '{column.field.name}' can not be sorted in a query call"
            raise scope.refuse("INVALID_FIELD", ordering.expression.offset, complaint)
        direction = "DESC" if ordering.descending else "ASC"
        return f"{column.sql} {direction} NULLS {'LAST' if ordering.nulls_last else 'FIRST'}"

    def _column(self, scope: Scope, expression: syntax.Expression) -> Column:
        if isinstance(expression, syntax.Path):
            return scope.column(expression)
        name = expression.name
        if expression.argument is None:
            if name != "COUNT":
                raise scope.refuse("MALFORMED_QUERY", expression.offset, f"{name} needs a field")
            return Column("count(*)", _COUNTED, ("count",))
        inner = self._column(scope, expression.argument)
        if name in ("COUNT", "COUNT_DISTINCT"):
            return Column(_AGGREGATES[name].format(inner.sql), _COUNTED, inner.names)
        if name in _AGGREGATES:
            return Column(_AGGREGATES[name].format(inner.sql), inner.field, inner.names)
        if name in _NUMERIC_AGGREGATES:
            return Column(_NUMERIC_AGGREGATES[name].format(inner.sql), Field(name, name, "double"), inner.names)
        if name in _DATE_PARTS:
            part = f"CAST(strftime('{_DATE_PARTS[name]}', substr({inner.sql}, 1, 19)) AS INTEGER)"
            return Column(part, _COUNTED, inner.names)
        if name == "DAY_ONLY":
            return Column(f"substr({inner.sql}, 1, 10)", _DAY, inner.names)
        if name in ("TOLABEL", "FORMAT"):
            return inner
        raise scope.refuse("MALFORMED_QUERY", expression.offset, f"Invalid aggregate function: {name}")


def _parts(query: syntax.Select) -> dict[str, Any]:
    return {name: getattr(query, name) for name in query.__dataclass_fields__}


def _aggregating(expression: syntax.Expression) -> bool:
    return isinstance(expression, syntax.Call) and expression.name in {**_AGGREGATES, **_NUMERIC_AGGREGATES}


def _is_count(query: syntax.Select) -> bool:
    if len(query.fields) != 1 or query.group_by or query.fields[0].alias:
        return False
    call = query.fields[0].expression
    return isinstance(call, syntax.Call) and call.name == "COUNT" and call.argument is None
