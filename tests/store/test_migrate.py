"""The migrations make exactly the tables that the code speaks of."""

from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect, text
from sqlmodel import SQLModel

from connector.store import migrate
from connector.store.caps import SPENDING
from connector.store.db import Database
from connector.store.lookups import LOOKUP
from connector.store.typed_sends import TYPED_SEND
from tests.store.making import rows


@pytest.fixture
def empty(empty_url: str) -> Any:
    """A database with no tables."""
    store = Database(empty_url)
    yield store
    store.close()


def test_from_nothing_to_the_tables_of_the_code(empty: Database) -> None:
    """After an upgrade the database and the code's tables do not differ in table, column, type, index or key."""
    assert migrate.pending(empty)
    before, after = migrate.upgrade(empty)
    assert before is None
    assert after is not None
    with empty.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "render_as_batch": True})
        assert compare_metadata(context, SQLModel.metadata) == []
    assert not migrate.pending(empty)


def test_the_checks_of_the_code_are_in_the_database(empty: Database) -> None:
    """Every CHECK that the tables declare is there after the migrations, under its name."""
    migrate.upgrade(empty)
    declared = {
        (table.name, check.name)
        for table in SQLModel.metadata.tables.values()
        for check in table.constraints
        if check.__visit_name__ == "table_or_column_check_constraint" or "Check" in type(check).__name__
    }
    with empty.read() as connection:
        there = {
            (name, check["name"])
            for name in inspect(connection).get_table_names()
            for check in inspect(connection).get_check_constraints(name)
        }
    assert len(declared) >= 4
    assert declared <= there


def test_an_upgrade_of_what_is_up_to_date_changes_nothing(empty: Database) -> None:
    """Run again it finds nothing to do, and says so by the same revision twice."""
    _, head = migrate.upgrade(empty)
    assert migrate.upgrade(empty) == (head, head)


def test_what_was_spent_and_looked_up_before_is_kept_by_the_upgrade(empty: Database) -> None:
    """Rows of the tables as they were have spent no lookups and wait for no cap; and the way back is there too."""
    with empty.begin() as connection:
        command.upgrade(migrate._config(connection), "0004")
    with empty.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO spending (at, attempt_id, account, mapping, messages, parts, money)"
                " VALUES ('2026-03-02 09:00:00', 'A1', 'a', 'm', 2, 3, 4)"
            )
        )
        connection.execute(
            text(
                "INSERT INTO lookup (id, account, target, standing, requested_at, tries, lost)"
                " VALUES ('L1', 'a', '+34600000001', 'due', '2026-03-02 09:00:00', 0, 0)"
            )
        )
    migrate.upgrade(empty)
    (spent,) = rows(empty, SPENDING)
    assert (spent.attempt_id, spent.messages, spent.parts, spent.money, spent.lookups) == ("A1", 2, 3, 4, 0)
    (lookup,) = rows(empty, LOOKUP)
    assert (lookup.id, lookup.room_at) == ("L1", None)
    assert rows(empty, TYPED_SEND) == []
    with empty.begin() as connection:
        command.downgrade(migrate._config(connection), "0004")
        assert "typed_send" not in inspect(connection).get_table_names()


def test_an_upgrade_that_fails_leaves_nothing_behind(empty: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """All migrations are one transaction: after a failure in their midst there are no tables at all."""
    real = migrate.command.upgrade

    def fail(*arguments: Any) -> None:
        real(*arguments)
        raise OSError("no space")

    monkeypatch.setattr(migrate.command, "upgrade", fail)
    with pytest.raises(OSError, match="no space"):
        migrate.upgrade(empty)
    monkeypatch.undo()
    with empty.read() as connection:
        assert inspect(connection).get_table_names() == []
