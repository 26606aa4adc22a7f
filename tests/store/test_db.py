"""What goes wrong with a database ends in a sentence that says what to do."""

import sqlite3
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine, select, text
from sqlalchemy.pool import QueuePool

from connector.model.errors import StoreError
from connector.store import cursors, outbox
from connector.store.batches import amend, put
from connector.store.db import Database, new_id
from connector.store.outbox import MESSAGE
from tests.conftest import START, Clock
from tests.store.making import messages, rows

ONLY_SQLITE = pytest.mark.parametrize("kind", ["sqlite"], indirect=True)
ONLY_POSTGRESQL = pytest.mark.parametrize("kind", ["postgresql"], indirect=True)


def test_a_database_without_tables_says_how_to_make_them(empty_url: str) -> None:
    """The sentence names the command that makes the tables."""
    database = Database(empty_url)
    said = r"no tables yet, or old ones: run `connector db upgrade`"
    with pytest.raises(StoreError, match=said), database.read() as connection:
        outbox.counts(connection)
    database.close()


@pytest.mark.parametrize(
    "address", ["nonsense", "mysql+nothing://x/y", "sqlite+what:///x", "postgresql://u:p4ss@h:x/d"]
)
def test_an_address_that_is_none_names_the_setting(address: str) -> None:
    """A mistyped address is refused at the start with the setting to look at, and never shows the password."""
    with pytest.raises(StoreError, match=r"\[store\] url") as refused:
        Database(address)
    assert "p4ss" not in str(refused.value)


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///", "sqlite:///:memory:"])
def test_a_store_in_memory_is_refused(url: str) -> None:
    """What has been sent would be forgotten with the process."""
    with pytest.raises(StoreError, match=r"names no file.*\[store\] url is like sqlite:///connector.db"):
        Database(url)


def test_a_folder_that_is_not_there_is_named_as_the_cause(tmp_path: Path) -> None:
    """SQLite in a folder that does not exist: the sentence says so."""
    database = Database(f"sqlite:///{tmp_path / 'nowhere' / 'store.db'}")
    with pytest.raises(StoreError, match="Its folder must exist and be writable"), database.begin():
        pass


@ONLY_SQLITE
def test_a_file_that_cannot_be_written_says_so(url: str, clock: Clock) -> None:
    """A read-only database is a sentence about its permissions, and is still read."""
    path = url.removeprefix("sqlite:///")
    database = Database(f"sqlite:///file:{path}?mode=ro&uri=true")
    said = "cannot be written; check its owner and permissions"
    with pytest.raises(StoreError, match=said), database.begin() as connection:
        cursors.keep(connection, "x", {}, clock())
    with database.read() as connection:
        assert cursors.get(connection, "x") is None
    database.close()


@ONLY_SQLITE
def test_a_full_disk_says_so_and_goes_on_when_there_is_room(database: Database, clock: Clock) -> None:
    """A write that does not fit is a sentence and leaves nothing; with room again the store goes on by itself."""
    with database.begin() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")
    with pytest.raises(StoreError, match="disk is full: free some space"), database.begin() as connection:
        cursors.keep(connection, "x", {"much": "x" * 100_000}, clock())
    with database.begin() as connection:
        assert cursors.get(connection, "x") is None
        connection.exec_driver_sql("PRAGMA max_page_count=1000000")
    with database.begin() as connection:
        cursors.keep(connection, "x", {"much": "x" * 100_000}, clock())
    with database.read() as connection:
        assert cursors.get(connection, "x") is not None


@ONLY_SQLITE
def test_a_file_that_another_process_holds_says_so(url: str, database: Database) -> None:
    """A lock that is not given up in time is a sentence that asks for a second daemon."""
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)) as other:
        with database.read() as connection:
            connection.exec_driver_sql("PRAGMA busy_timeout=20")
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="is a second daemon running on this file"), database.begin():
            pass
        other.execute("ROLLBACK")
    with database.begin() as connection:
        assert connection.execute(text("SELECT 1")).scalar_one() == 1


@ONLY_SQLITE
def test_a_commit_is_on_the_disk(database: Database) -> None:
    """Every connection writes ahead and waits for the disk: a commit outlives a power cut."""
    with database.begin() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar_one() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar_one() == 2


@ONLY_POSTGRESQL
def test_a_server_that_does_not_know_the_database_says_so(url: str) -> None:
    """A missing database is not mistaken for missing tables."""
    database = Database(url.replace("test_", "absent_"))
    with pytest.raises(StoreError, match=r'database "absent_.*Create it, or check \[store\] url'), database.read():
        pass


@ONLY_POSTGRESQL
def test_a_server_that_went_away_comes_back(url: str, database: Database) -> None:
    """Connections cut by the server are a sentence at most once; the next transaction finds a new one."""
    with database.read() as connection:
        assert connection.execute(text("SELECT 1")).scalar_one() == 1
    admin = create_engine(url, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        mine = "datname = current_database() AND pid <> pg_backend_pid()"
        cut = connection.execute(text(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {mine}")).all()  # noqa: S608
        assert len(cut) == 1
    admin.dispose()
    with database.begin() as connection:
        assert connection.execute(text("SELECT 2")).scalar_one() == 2


def test_connections_that_are_all_busy_are_a_sentence(url: str) -> None:
    """When none is given back in time the caller is told, by the error it expects of a store."""
    database = Database(url)
    database.engine.dispose()
    database.engine = create_engine(url, poolclass=QueuePool, pool_size=1, max_overflow=0, pool_timeout=0.05)
    with database.read(), pytest.raises(StoreError, match="all connections to the database are busy"), database.read():
        pass
    database.close()


def test_a_transaction_that_fails_leaves_nothing(database: Database, clock: Clock) -> None:
    """Whatever is raised inside, nothing of the transaction stays and the error arrives as it was."""
    with pytest.raises(KeyError), database.begin() as connection:
        cursors.keep(connection, "x", {}, clock())
        raise KeyError("x")
    with database.read() as connection:
        assert cursors.get(connection, "x") is None


def test_readers_do_not_wait_for_a_writer(url: str, clock: Clock) -> None:
    """While a transaction writes, others read what was committed before it."""
    database = Database(url)
    with database.begin() as writer:
        cursors.keep(writer, "x", {"n": 1}, clock())
        with ThreadPoolExecutor(1) as other, database.read() as reader:
            assert other.submit(cursors.get, reader, "x").result(timeout=5) is None
    database.close()


def test_writers_take_turns(url: str, clock: Clock) -> None:
    """Threads that read, add and write back under one transaction each lose no step."""
    database = Database(url)
    start = threading.Barrier(4)
    [message_id] = messages(database, clock(), 1)

    def add() -> None:
        start.wait(timeout=10)
        for _ in range(10):
            with database.begin() as connection:
                chosen = select(MESSAGE.c.parts).where(MESSAGE.c.id == message_id).with_for_update()
                amend(connection, MESSAGE, [{"id": message_id, "parts": connection.execute(chosen).scalar_one() + 1}])

    with ThreadPoolExecutor(4) as threads:
        for job in [threads.submit(add) for _ in range(4)]:
            job.result(timeout=30)
    assert rows(database)[0].parts == 40
    database.close()


def test_ids_sort_by_the_time_of_their_making() -> None:
    """Ids made one after the other, many in a millisecond, are in order and never alike."""
    ids = [new_id() for _ in range(2000)]
    time.sleep(0.002)
    ids.append(new_id())
    assert ids == sorted(set(ids))
    assert {len(one) for one in ids} == {26}


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(-1e9, 1e9) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


def _storable(value: object) -> object:
    if isinstance(value, str):
        return "".join("\ufffd" if c == "\x00" or "\ud800" <= c <= "\udfff" else c for c in value)
    if isinstance(value, list):
        return [_storable(item) for item in value]
    if isinstance(value, dict):
        return {_storable(key): _storable(item) for key, item in value.items()}
    return value


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=st.lists(st.dictionaries(st.text(max_size=5), _JSON, max_size=3), min_size=1, max_size=4))
def test_what_goes_in_comes_out(database: Database, values: list[dict[str, object]]) -> None:
    """Any JSON that a batch holds is read back as it was, but for characters that no database keeps."""
    names = [new_id() for _ in values]
    with database.begin() as connection:
        put(
            connection,
            cursors.CURSOR,
            [{"name": at, "value": value, "updated_at": START} for at, value in zip(names, values, strict=True)],
        )
        kept = [cursors.get(connection, name) for name in names]
    assert kept == [_storable(value) for value in values]


@pytest.mark.parametrize("hours", [-11, 0, 5.75])
def test_times_come_back_in_utc(database: Database, hours: float) -> None:
    """A time in any zone is the same moment when read, to the microsecond, and says that it is UTC."""
    at = datetime(2026, 3, 2, 23, 59, 59, 123456, tzinfo=timezone(timedelta(hours=hours)))
    with database.begin() as connection:
        put(connection, cursors.CURSOR, [{"name": "x", "value": {}, "updated_at": at}])
        [row] = connection.execute(select(cursors.CURSOR)).all()
        found = connection.execute(select(cursors.CURSOR.c.name).where(cursors.CURSOR.c.updated_at == at)).all()
    assert row.updated_at == at
    assert row.updated_at.tzinfo is UTC
    assert len(found) == 1


@ONLY_SQLITE
def test_all_writers_use_one_connection_until_one_of_them_fails(url: str) -> None:
    """What each connection keeps of what was written is kept once; after a failure the next writer has a fresh one."""
    database = Database(url)

    def used() -> object:
        with database.begin() as connection:
            return connection.connection.dbapi_connection

    with ThreadPoolExecutor(4) as threads:
        assert len({id(each.result()) for each in [threads.submit(used) for _ in range(20)]}) == 1
    first = database._writing
    with pytest.raises(StoreError), database.begin() as connection:
        connection.execute(text("SELECT * FROM nowhere"))
    assert database._writing is None
    used()
    assert database._writing is not first
    database.close()
    assert database._writing is None
