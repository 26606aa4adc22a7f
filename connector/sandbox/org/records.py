"""The org's records: an SQLite database in memory, one table an object, one column a field.

Text columns ignore case as Salesforce's comparisons do (for the letters A to Z; SQLite folds no others).
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from connector.sandbox.org.schema import NUMBER_TYPES, TEXT_TYPES, Field, Object, Schema

Row = tuple[Any, ...]


def _column(field: Field) -> str:
    if field.type in TEXT_TYPES:
        kind = "TEXT COLLATE NOCASE"
    elif field.type in ("boolean", "int"):
        kind = "INTEGER"
    else:
        kind = "REAL" if field.type in NUMBER_TYPES else "TEXT"
    derived = f" GENERATED ALWAYS AS ({field.derived}) VIRTUAL" if field.derived else ""
    return f'"{field.name}" {kind}{derived}'


def _indexed(field: Field) -> bool:
    lookup = field.type == "reference" and field.reference_to != ("User",)
    return lookup or field.name == "SystemModstamp" or (field.custom and field.type == "picklist")


@dataclass(slots=True)
class Transaction:
    """What is written inside stays, unless `undone` is set or an exception leaves it."""

    undone: bool = False


class Records:
    """The database. Nothing here checks a value; whoever writes has done so. One thread at a time."""

    def __init__(self, schema: Schema) -> None:
        self._connection = sqlite3.connect(
            ":memory:", isolation_level=None, check_same_thread=False, cached_statements=1024
        )
        self._connection.execute("PRAGMA temp_store = MEMORY")
        self._savepoints = 0
        for each in schema.objects.values():
            self._create(each)

    def _create(self, target: Object) -> None:
        columns = [_column(field) for field in target.fields]
        if target.field("IsDeleted") is None:
            columns.append('"IsDeleted" INTEGER')
        self._connection.execute(f'CREATE TABLE "{target.name}" (row INTEGER PRIMARY KEY, {", ".join(columns)})')
        self._connection.execute(f'CREATE UNIQUE INDEX "{target.name}.Id" ON "{target.name}" ("Id")')
        for field in target.fields:
            name = f'"{target.name}.{field.name}" ON "{target.name}" ("{field.name}")'
            if field.unique or field.external_id:
                # What lies in the recycle bin holds no key.
                unique = "UNIQUE " if field.unique else ""
                self._connection.execute(f"CREATE {unique}INDEX {name} WHERE IsDeleted = 0")
            elif _indexed(field):
                self._connection.execute(f"CREATE INDEX {name}")

    def close(self) -> None:
        """Forget everything."""
        self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """All or nothing; may be nested. An exception undoes what was written since, and goes on."""
        transaction = Transaction()
        self._savepoints += 1
        name = f"s{self._savepoints}"
        self._connection.execute(f"SAVEPOINT {name}")
        try:
            yield transaction
        except BaseException:
            transaction.undone = True
            raise
        finally:
            if transaction.undone:
                self._connection.execute(f"ROLLBACK TO {name}")
            self._connection.execute(f"RELEASE {name}")
            self._savepoints -= 1

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[Row]:
        """Every row of a SELECT."""
        return self._connection.execute(sql, parameters).fetchall()

    def insert(self, target: Object, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """Write new rows of one set of columns."""
        names = ", ".join(f'"{name}"' for name in columns)
        marks = ", ".join("?" * len(columns))
        self._connection.executemany(f'INSERT INTO "{target.name}" ({names}) VALUES ({marks})', rows)  # noqa: S608 - the schema's names

    def update(self, target: Object, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """Change rows; each ends with its id."""
        changes = ", ".join(f'"{name}" = ?' for name in columns)
        self._connection.executemany(f'UPDATE "{target.name}" SET {changes} WHERE "Id" = ?', rows)  # noqa: S608 - the schema's names

    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> None:
        """Run one statement that returns nothing."""
        self._connection.execute(sql, parameters)

    def by_field(
        self, target: Object, field: str, values: Iterable[Any], columns: Sequence[str], *, deleted: bool = True
    ) -> list[Row]:
        """The `columns` of the rows whose field is one of `values`; without `deleted`, only of those not in the bin."""
        names = ", ".join(f'"{name}"' for name in columns)
        live = "" if deleted else " AND IsDeleted = 0"
        sql = f'SELECT {names} FROM "{target.name}" WHERE "{field}" IN (SELECT value FROM json_each(?)){live}'  # noqa: S608
        return self.rows(sql, (json.dumps(list(values)),))
