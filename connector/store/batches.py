"""Batches: any number of rows is one statement with one JSON parameter, built once a process.

A statement is built by its shape (table, columns, what to do about rows that are there) and kept: building it anew for
every few rows cost more than running it.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from operator import itemgetter
from typing import Any

import orjson
from sqlalchemy import (
    Connection,
    CursorResult,
    Executable,
    Row,
    Subquery,
    Table,
    Update,
    bindparam,
    cast,
    column,
    func,
    select,
    text,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

Rows = Sequence[Mapping[str, Any]]
_TOLD = "told"
"""The parameter that carries the rows."""


def incoming(connection: Connection, table: Table, names: Sequence[str], rows: Rows) -> Subquery:
    """The rows as something to select from: one JSON parameter, however many they are.

    `names` are columns of `table`, whose types say how each value travels.
    """
    return _source(_is_sqlite(connection), table, tuple(names), bindparam(None, _told(connection, rows)))


def of_rows(
    connection: Connection,
    query: Callable[[Subquery], Executable],
    table: Table,
    names: Sequence[str],
    rows: Rows,
    **more: Any,
) -> CursorResult[Any]:
    """Runs the statement that `query` makes of the rows as a subquery; `more` are its other parameters, by name.

    `query` must be a function of a module: it is asked once a process, and its statement kept.
    """
    statement = _asking(query, _is_sqlite(connection), table, tuple(names))
    return connection.execute(statement, {_TOLD: _told(connection, rows), **more})


def of_ids(
    connection: Connection, query: Callable[[Subquery], Executable], table: Table, ids: Sequence[Any], **more: Any
) -> CursorResult[Any]:
    """As `of_rows`, of rows that have nothing but an id."""
    return of_rows(connection, query, table, ("id",), [{"id": each} for each in ids], **more)


def unindexed(named: Any) -> Any:
    """A column that is never null, in a form that no index serves: SQLite then takes the index that is meant.

    SQLite keeps no count of what is in a table, and takes all messages of a state, an org or a standing for as few as
    those with one id; there may be millions of them.
    """
    return func.coalesce(named, None)


def _is_sqlite(connection: Connection) -> bool:
    return connection.dialect.name == "sqlite"


@cache
def _asking(
    query: Callable[[Subquery], Executable], of_sqlite: bool, table: Table, names: tuple[str, ...]
) -> Executable:
    return query(_source(of_sqlite, table, names, bindparam(_TOLD)))


def _source(of_sqlite: bool, table: Table, names: tuple[str, ...], told: Any) -> Subquery:
    if of_sqlite:
        each = func.json_each(told).table_valued("value")
        return select(*(func.json_extract(each.c.value, f"$.{name}").label(name) for name in names)).subquery(
            "incoming"
        )
    # a column list with types, which is how PostgreSQL reads records from JSON
    recordset = func.jsonb_to_recordset(cast(told, postgresql.JSONB)).table_valued(
        *(column(name, table.c[name].type) for name in names)
    )
    return select(recordset.render_derived(name="told", with_types=True)).subquery("incoming")


def _told(connection: Connection, rows: Rows) -> str:
    """The rows as JSON that every database keeps: PostgreSQL has no NUL, and UTF-8 no half of a surrogate pair.

    Both become U+FFFD, for one such character from outside must not keep a whole batch out.
    """
    plain = _time_for_sqlite if _is_sqlite(connection) else _time_for_postgresql
    try:
        payload = orjson.dumps(rows, plain, orjson.OPT_PASSTHROUGH_DATETIME).decode()
    except TypeError:
        payload = orjson.dumps(_without_halves(rows), plain, orjson.OPT_PASSTHROUGH_DATETIME).decode()
    return _NUL.sub(r"\1\\ufffd", payload) if "\\u0000" in payload else payload


_NUL = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")


def _without_halves(value: Any) -> Any:
    if isinstance(value, str):
        return re.sub("[\ud800-\udfff]", "\ufffd", value)
    if isinstance(value, Mapping):
        return {_without_halves(name): _without_halves(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without_halves(item) for item in value]
    return value


def _time_for_sqlite(value: Any) -> str:
    if not isinstance(value, datetime):
        raise TypeError(f"{type(value).__name__} does not travel to the database")
    aware = value if value.tzinfo is UTC else value.astimezone(UTC)
    return aware.isoformat(" ", "microseconds")[:_WITHOUT_OFFSET]


_WITHOUT_OFFSET = len("2026-01-01 00:00:00.000000")


def _time_for_postgresql(value: Any) -> str:
    return f"{_time_for_sqlite(value)}+00"


def put(
    connection: Connection,
    table: Table,
    rows: Rows,
    *,
    unless: Sequence[str] = (),
    returning: Sequence[str] = (),
    replace: Sequence[str] = (),
) -> Sequence[Row[Any]]:
    """Inserts all rows in one statement.

    Rows that would break the unique columns `unless` are left out, or, with `replace`, have those columns written
    over. With `returning`, gives those columns of the rows that went in. All rows must have the first one's keys.
    """
    if not rows:
        return ()
    names = tuple(rows[0])
    # in order of their unique key, so that two that put the same rows wait for each other and not in a circle
    ordered = sorted(rows, key=itemgetter(*unless)) if unless else rows
    statement = _insertion(_is_sqlite(connection), table, names, tuple(unless), tuple(returning), tuple(replace))
    done = connection.execute(statement, {_TOLD: _told(connection, ordered)})
    return done.all() if returning else ()


@cache
def _insertion(
    of_sqlite: bool,
    table: Table,
    names: tuple[str, ...],
    unless: tuple[str, ...],
    returning: tuple[str, ...],
    replace: tuple[str, ...],
) -> Executable:
    source = _source(of_sqlite, table, names, bindparam(_TOLD))
    chosen = select(*source.c).where(text("true"))  # without it SQLite reads ON CONFLICT as the end of a join
    insertion = (sqlite.insert if of_sqlite else postgresql.insert)(table)
    statement: Any = insertion.from_select(list(names), chosen, include_defaults=False)
    if replace:
        statement = statement.on_conflict_do_update(
            index_elements=list(unless), set_={name: statement.excluded[name] for name in replace}
        )
    elif unless:
        statement = statement.on_conflict_do_nothing(index_elements=list(unless))
    if returning:
        statement = statement.returning(*(table.c[name] for name in returning))
    made: Executable = statement
    return made


def amend(connection: Connection, table: Table, rows: Rows, *, key: str = "id") -> int:
    """Updates all rows by `key` in one statement; each row gives its own values. Gives the number of rows updated."""
    if not rows:
        return 0
    names = tuple(rows[0])
    statement = _amendment(_is_sqlite(connection), table, names, key)
    return connection.execute(statement, {_TOLD: _told(connection, rows)}).rowcount


@cache
def _amendment(of_sqlite: bool, table: Table, names: tuple[str, ...], key: str) -> Update:
    source = _source(of_sqlite, table, names, bindparam(_TOLD))
    statement = (
        update(table)
        .values({table.c[name]: source.c[name] for name in names if name != key})
        .where(table.c[key] == source.c[key])
    )
    return statement if of_sqlite else _in_order(statement, table, source, key)


def _in_order(statement: Update, table: Table, source: Subquery, key: str) -> Update:
    """The update, its rows locked by key first: two that change the same rows wait for each other and not in a circle.

    SQLite has one writer at a time and needs none of it.
    """
    same = table.c[key].in_(select(source.c[key]))
    locked = select(table.c[key]).where(same).order_by(table.c[key]).with_for_update().cte("locked")
    return statement.where(table.c[key] == locked.c[key])
