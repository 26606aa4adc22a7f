"""Runs the migrations over the connection that `connector.store.migrate` hands in; there is no alembic.ini."""

from alembic import context
from sqlmodel import SQLModel

from connector.store import lookup_tables, schedule, tables, typed_sends  # noqa: F401  # the tables register themselves with the metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=SQLModel.metadata,
    render_as_batch=True,  # SQLite alters a table by copying it
)
with context.begin_transaction():
    context.run_migrations()
