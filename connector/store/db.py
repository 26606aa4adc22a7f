"""The database: one engine, and transactions that are short."""

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import orjson
from sqlalchemy import (
    Connection,
    Engine,
    create_engine,
    event,
    make_url,
)
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
        self._writing: Connection | None = None

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """A transaction that may write. Keep it short, and never hold it across a network call.

        Raises:
            StoreError: the database refused: a full disk, a lost server, a file that cannot be written.
        """
        try:
            if self.sqlite:
                with self._writer, self._one_connection() as connection, connection.begin():
                    yield connection
            else:
                with self.engine.begin() as connection:
                    yield connection
        except DBAPIError as error:
            raise StoreError(_sentence(error)) from error
        except PoolTimeout as error:
            raise StoreError(_ALL_BUSY) from error

    @contextmanager
    def _one_connection(self) -> Iterator[Connection]:
        """The connection that all of SQLite's writers use in turn, until something goes wrong on it.

        Each connection keeps the last payload of each of its statements, megabytes; so there is one that has them.
        """
        if self._writing is None:
            self._writing = self.engine.connect()
        try:
            yield self._writing
        except BaseException:
            self._let_go()
            raise

    def _let_go(self) -> None:
        connection, self._writing = self._writing, None
        if connection is not None:
            connection.close()

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
        with self._writer:
            self._let_go()
        self.engine.dispose()


_PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=30000", "foreign_keys=ON", "cache_size=-1000")
"""1,000 KiB of pages a connection: there are as many connections as jobs, and the system keeps the file at hand."""


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
    if make_url(url).database in (None, "", ":memory:"):
        raise StoreError(
            "the store's address names no file, and in memory all would be forgotten that must not be sent twice; "
            "[store] url is like sqlite:///connector.db."
        )
    engine = create_engine(
        url,
        json_serializer=dumps,
        json_deserializer=orjson.loads,
        hide_parameters=True,  # they are texts and numbers, and a traceback in the log shows its errors' words
        pool_size=16,
        max_overflow=16,
        pool_use_lifo=True,  # the fewer are used, the less is kept by each of them
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _: Any) -> None:
        connection.isolation_level = None  # the driver's own BEGIN comes too late and takes no write lock
        for pragma in _PRAGMAS:
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
