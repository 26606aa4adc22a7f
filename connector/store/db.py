"""The database: one engine, transactions that are short, and batches that are one statement each."""

import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import orjson
from sqlalchemy import (
    Connection,
    Engine,
    Row,
    Subquery,
    Table,
    Update,
    bindparam,
    cast,
    column,
    create_engine,
    event,
    func,
    select,
    text,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from ulid import ULID

from connector.model.errors import StoreError

Rows = Sequence[Mapping[str, Any]]


Transaction = Connection
"""What `Database.begin` and `Database.read` hand out, under the name that verbs know it by."""


def new_id() -> str:
    """26 characters that sort by the time of their making."""
    return str(ULID())


class Database:
    """A store by its URL: ``sqlite:///connector.db`` or ``postgresql+psycopg://user@host/name``.

    Thread-safe. On SQLite one writer at a time, in this process by a lock (its own busy wait is unfair), between
    processes by the file.
    """

    def __init__(self, url: str) -> None:
        try:
            self.engine = _engine(url)
        except (SQLAlchemyError, ImportError, ValueError) as error:
            # the error's own words may hold the address with its password
            kind = type(error).__name__
            raise StoreError(
                f"the store's address cannot be used ({kind}); [store] url is like sqlite:///connector.db or "
                "postgresql+psycopg://user:password@host/name."
            ) from None
        self.sqlite = self.engine.dialect.name == "sqlite"
        self._writer = threading.Lock()

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """A transaction that may write. Keep it short, and never hold it across a network call.

        Raises:
            StoreError: the database refused: a full disk, a lost server, a file that cannot be written.
        """
        try:
            if self.sqlite:
                with self._writer, self.engine.begin() as connection:
                    yield connection
            else:
                with self.engine.begin() as connection:
                    yield connection
        except DBAPIError as error:
            raise StoreError(_sentence(error)) from error
        except PoolTimeout as error:
            raise StoreError(_ALL_BUSY) from error

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that only reads.

        Raises:
            StoreError: the database cannot be read.
        """
        try:
            with self.engine.connect().execution_options(connector_reads=True) as connection:
                yield connection
        except DBAPIError as error:
            raise StoreError(_sentence(error)) from error
        except PoolTimeout as error:
            raise StoreError(_ALL_BUSY) from error

    def close(self) -> None:
        """Gives the connections back."""
        self.engine.dispose()


def _engine(url: str) -> Engine:
    def dumps(value: Any) -> str:
        return orjson.dumps(value).decode()

    if not url.startswith("sqlite"):
        return create_engine(
            url,
            json_serializer=dumps,
            json_deserializer=orjson.loads,
            hide_parameters=True,
            pool_size=16,
            max_overflow=16,
            pool_pre_ping=True,
        )
    engine = create_engine(
        url,
        json_serializer=dumps,
        json_deserializer=orjson.loads,
        hide_parameters=True,  # they are texts and numbers, and a traceback in the log shows its errors' words
        pool_size=16,
        max_overflow=16,
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _: Any) -> None:
        connection.isolation_level = None  # the driver's own BEGIN comes too late and takes no write lock
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=30000", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        reads = connection.get_execution_options().get("connector_reads")
        connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")

    return engine


def _sentence(error: DBAPIError) -> str:
    cause = str(error.orig).strip().splitlines()[0] if error.orig else type(error).__name__
    hint = next(
        (advice for word, advice in _ADVICE.items() if word in cause), "Check that the database can be reached."
    )
    return f"the store refused: {cause}. {hint}"


_ALL_BUSY = "all connections to the database are busy and stayed so; it is slow, or locked. Look at its load."
_NO_TABLES = "The database has no tables yet, or old ones: run `connector db upgrade`."
_FULL = "The disk is full: free some space; the connector goes on by itself."
_ADVICE = {
    "is full": _FULL,
    "No space left": _FULL,
    "locked": "Another process holds the database for too long; is a second daemon running on this file?",
    "readonly": "The database file cannot be written; check its owner and permissions.",
    "unable to open": "Its folder must exist and be writable; check [store] url in the settings.",
    "no such table": _NO_TABLES,
    "no such column": _NO_TABLES,
    'database "': "Create it, or check [store] url in the settings.",
    'role "': "Create that user, or check [store] url in the settings.",
    "does not exist": _NO_TABLES,
}
"""What to do, by a word of the database's own sentence; the first that is found counts."""


def incoming(connection: Connection, table: Table, names: Sequence[str], rows: Rows) -> Subquery:
    """The rows as something to select from: one JSON parameter, however many they are.

    `names` are columns of `table`, whose types say how each value travels.
    """
    payload = _payload([{name: _plain(row.get(name), connection) for name in names} for row in rows])
    if connection.dialect.name == "sqlite":
        each = func.json_each(bindparam(None, payload)).table_valued("value")
        return select(*(func.json_extract(each.c.value, f"$.{name}").label(name) for name in names)).subquery(
            "incoming"
        )
    # a column list with types, which is how PostgreSQL reads records from JSON
    recordset = func.jsonb_to_recordset(cast(bindparam(None, payload), postgresql.JSONB)).table_valued(
        *(column(name, table.c[name].type) for name in names)
    )
    return select(recordset.render_derived(name="told", with_types=True)).subquery("incoming")


_NUL = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")


def _payload(rows: list[dict[str, Any]]) -> str:
    """The rows as JSON that every database keeps: PostgreSQL has no NUL, and UTF-8 no half of a surrogate pair.

    Both become U+FFFD, for one such character from outside must not keep a whole batch out.
    """
    try:
        payload = orjson.dumps(rows).decode()
    except TypeError:
        payload = orjson.dumps(_without_halves(rows)).decode()
    return _NUL.sub(r"\1\\ufffd", payload) if "\\u0000" in payload else payload


def _without_halves(value: Any) -> Any:
    if isinstance(value, str):
        return re.sub("[\ud800-\udfff]", "\ufffd", value)
    if isinstance(value, Mapping):
        return {_without_halves(name): _without_halves(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without_halves(item) for item in value]
    return value


def _plain(value: Any, connection: Connection) -> Any:
    if isinstance(value, datetime):
        naive = value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
        return naive if connection.dialect.name == "sqlite" else f"{naive}+00"
    return value


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
    names = list(rows[0])
    # in order of their unique key, so that two that put the same rows wait for each other and not in a circle
    ordered = sorted(rows, key=lambda row: [row[name] for name in unless]) if unless else rows
    source = incoming(connection, table, names, ordered)
    chosen = select(*source.c).where(text("true"))  # without it SQLite reads ON CONFLICT as the end of a join
    insertion = (sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert)(table)
    statement: Any = insertion.from_select(names, chosen, include_defaults=False)
    if replace:
        statement = statement.on_conflict_do_update(
            index_elements=list(unless), set_={name: statement.excluded[name] for name in replace}
        )
    elif unless:
        statement = statement.on_conflict_do_nothing(index_elements=list(unless))
    if returning:
        return connection.execute(statement.returning(*(table.c[name] for name in returning))).all()
    connection.execute(statement)
    return ()


def amend(connection: Connection, table: Table, rows: Rows, *, key: str = "id") -> int:
    """Updates all rows by `key` in one statement; each row gives its own values. Gives the number of rows updated."""
    if not rows:
        return 0
    names = list(rows[0])
    source = incoming(connection, table, names, rows)
    statement = (
        update(table)
        .values({table.c[name]: source.c[name] for name in names if name != key})
        .where(table.c[key] == source.c[key])
    )
    return connection.execute(_in_order(connection, statement, table, source, key)).rowcount


def _in_order(connection: Connection, statement: Update, table: Table, source: Subquery, key: str) -> Update:
    """The update, its rows locked by key first: two that change the same rows wait for each other and not in a circle.

    SQLite has one writer at a time and needs none of it.
    """
    if connection.dialect.name == "sqlite":
        return statement
    same = table.c[key].in_(select(source.c[key]))
    locked = select(table.c[key]).where(same).order_by(table.c[key]).with_for_update().cte("locked")
    return statement.where(table.c[key] == locked.c[key])
