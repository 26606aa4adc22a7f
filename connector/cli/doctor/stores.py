"""The store: reachable, up to date, with room on its disk; and who works on it."""

import shutil
from collections.abc import Iterator
from pathlib import Path

from connector.app import App
from connector.cli.doctor.checks import Check, failed, ok, warning
from connector.cli.opening import is_new, named
from connector.cli.times import shown
from connector.model.errors import StoreError
from connector.store import lease, migrate
from connector.sync.parts import LEASE_NAME

_AREA = "store"
_LOW, _TOO_LOW = 2 * 1024**3, 200 * 1024**2
"""Bytes left on the disk. A hundred thousand messages with their events take about 200 MB."""


def check_store(app: App) -> Iterator[Check]:
    """Looks at the store; without tables, nothing in it is looked at."""
    try:
        new = is_new(app.database)
        pending = new or migrate.pending(app.database)
    except StoreError as error:
        yield failed(_AREA, "reach", str(error), "check [store] url, and that its server runs or its folder exists")
        return
    yield ok(_AREA, "reach", f"{named(app.database)} {'is not there yet' if new else 'can be read'}")
    if pending:
        yield failed(_AREA, "tables", "they are missing or old", "run `connector db upgrade`")
    else:
        yield ok(_AREA, "tables", "they are up to date")
        yield from _lease(app)
    yield from _disk(app)


def _disk(app: App) -> Iterator[Check]:
    if not app.database.sqlite:
        yield ok(_AREA, "disk", "it is the database server's; its own monitoring watches it")
        return
    file = app.database.engine.url.database
    if not file:
        yield warning(
            _AREA, "disk", "the store is in memory and is gone with the process", "name a file in [store] url"
        )
        return
    free = shutil.disk_usage(Path(file).resolve().parent).free
    text = f"{free / 1024**3:.1f} GB are free"
    if free < _TOO_LOW:
        yield failed(_AREA, "disk", text, "free some space: a full disk stops everything")
    elif free < _LOW:
        yield warning(_AREA, "disk", text, "free some space soon: a full disk stops everything")
    else:
        yield ok(_AREA, "disk", text)


def _lease(app: App) -> Iterator[Check]:
    holder = working(app)
    yield ok(_AREA, "daemon", f"{holder} works on this store" if holder else "no daemon works on this store now")


def working(app: App) -> str | None:
    """Who works on the store now, and until when at least; None when nobody does. Raises StoreError."""
    with app.database.read() as connection:
        held = lease.holder(connection, LEASE_NAME)
    if held is None or held[1] <= app.clock():
        return None
    return f"{held[0]} (until {shown(held[1])} at least)"
