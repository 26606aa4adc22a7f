"""From a settings file to an app that commands work with, closed again at the end."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Literal

import typer

from connector import log
from connector.app import App, build
from connector.cli.screen import remark
from connector.model.errors import StoreError
from connector.settings import Settings, read
from connector.store import migrate
from connector.store.db import Database

SettingsFile = Annotated[
    Path | None,
    typer.Option("--config", help="The settings file. Without it, connector.toml in the working directory is read."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of a table.")]


SendBacklog = Annotated[
    bool,
    typer.Option("--send-backlog", help="Send what was queued before the first start too, instead of holding it."),
]


@contextmanager
def opened(file: Path | None, *, store: bool = True, quiet: bool = True, send_backlog: bool = False) -> Iterator[App]:
    """The app of a settings file. `store`: its tables must be up to date. `quiet`: only what is wrong is logged.

    `send_backlog` stands above the setting of that name.

    Raises:
        SettingsError: the settings cannot be used.
        StoreError: the store cannot be reached, or `connector db upgrade` has to run first.
    """
    settings = read(file)
    if send_backlog:
        settings = settings.model_copy(update={"live": settings.live.model_copy(update={"send_backlog": True})})
    log.set_up(settings.log.form, _level(settings, quiet))
    app = build(settings)
    try:
        if store:
            require_tables(app)
        yield app
    finally:
        app.close()


def require_tables(app: App) -> None:
    """Makes sure that no migration is missing; no command but `db upgrade` changes tables.

    Raises:
        StoreError: one is, or the store cannot be reached.
    """
    if is_new(app.database) or migrate.pending(app.database):
        raise StoreError(
            f"{named(app.database)} has no tables, or old ones: if it is the store you mean, run "
            "`connector db upgrade`, then this again."
        )


def is_new(database: Database) -> bool:
    """Whether the store is a file that is not there yet, in a folder that is; to connect to it would make it."""
    file = database.engine.url.database if database.sqlite else None
    if not file or file.startswith("file:"):
        return False
    return Path(file).parent.is_dir() and not Path(file).exists()


def name_store(app: App) -> None:
    """Says beside the answer which store it speaks of, for the one that is meant may be another."""
    remark(f"store: {named(app.database)}")


def named(database: Database) -> str:
    """A store's address without its password; a file by its whole path."""
    url = database.engine.url.set(query={})
    if database.sqlite and url.database:
        url = url.set(database=str(Path(url.database).resolve()))
    return url.render_as_string(hide_password=True)


def _level(settings: Settings, quiet: bool) -> Literal["DEBUG", "INFO", "WARNING", "ERROR"]:
    return "WARNING" if quiet and settings.log.level == "INFO" else settings.log.level
