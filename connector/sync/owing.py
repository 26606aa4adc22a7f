"""What one CRM record is owed: all writes due for it as one, and the parts in which many are asked for."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from connector.model.records import RecordWrite, WriteCause, WriteResult

_FIRST_TRIES_A_CALL = 10
"""Records a call when those that met a lock are tried again; from the second time on, one."""
_SMALL_CALLS = 20
"""Calls that one round spends on records that met a lock; with more of them, the calls grow instead."""


@dataclass(slots=True)
class Owing:
    """The writes due for one record, and the one write that settles them: later values win, field by field.

    `rows` are the store's, oldest first. `set_aside` are fields taken out because the CRM takes them no more; `stale`
    are those, by row, that a later write has told already; `cut` are those whose text was shortened to fit.
    `refused` has the result of rows that were parted from the others because the CRM blames what they alone say.
    """

    rows: list[Any] = field(default_factory=list)
    fields: dict[str, Any] = field(default_factory=dict)
    set_aside: set[str] = field(default_factory=set)
    stale: dict[int, set[str]] = field(default_factory=dict)
    cut: set[str] = field(default_factory=set)
    refused: dict[int, WriteResult] = field(default_factory=dict)

    @property
    def object(self) -> str:
        """The record's object."""
        name: str = self.rows[0].object
        return name

    @property
    def creates(self) -> bool:
        """Whether the write may make the record: it is known by a key of ours."""
        return self.rows[0].record_id is None

    @property
    def lock_parent(self) -> str | None:
        """The record whose lock kept the last try out; None when no lock did."""
        return next((row.lock_parent for row in self.rows if row.lock_parent is not None), None)

    def add(self, row: Any, stale: set[str]) -> None:
        """Takes a row in that is newer than those before it."""
        self.rows.append(row)
        self.stale[row.id] = stale
        whole = not stale and row.set_aside is None
        self.fields.update(row.fields if whole else {name: row.fields[name] for name in self.wanted(row)})

    def wanted(self, row: Any) -> list[str]:
        """The fields of a row that are still to be written."""
        names = row.fields if row.set_aside is None else row.set_aside
        return [name for name in names if name not in self.stale[row.id]]

    def take_out(self, names: set[str]) -> bool:
        """Takes fields out, as the CRM takes them no more; whether there were any."""
        found = names & set(self.fields)
        self.set_aside |= found
        self.fields = {name: value for name, value in self.fields.items() if name not in found}
        return bool(found)

    def part_from(self, blamed: set[str], result: WriteResult) -> bool:
        """Leaves out the rows that write a blamed field (lower case); whether others are left, to be written alone."""
        live = [row for row in self.rows if row.id not in self.refused]
        bad = {row.id for row in live if any(name.lower() in blamed for name in self.wanted(row))}
        left = [row for row in live if row.id not in bad and self.wanted(row)]
        if not bad or not left:
            return False
        self.refused |= dict.fromkeys(bad, result)
        self.fields = {
            name: row.fields[name] for row in left for name in self.wanted(row) if name not in self.set_aside
        }
        return bool(self.fields)

    def result_of(self, row: Any, of_record: WriteResult) -> WriteResult:
        """What became of one row, by what became of the record."""
        return self.refused.get(row.id, of_record)

    def has_address(self) -> bool:
        """Whether the CRM can know which record is meant."""
        first = self.rows[0]
        return bool(first.record_id or (first.key_field and first.key))

    def says_nothing(self) -> bool:
        """Whether nothing is left to write of what there was."""
        return not self.fields and (bool(self.set_aside) or any(self.stale.values()))

    def write(self) -> RecordWrite:
        """The write as the CRM is asked for it."""
        first = self.rows[0]
        return RecordWrite(
            first.object, self.fields, first.record_id, first.key_field, first.key, WriteCause(first.cause)
        )


def by_record(rows: Sequence[Any], stale: Mapping[int, set[str]]) -> list[Owing]:
    """Due rows gathered by the record they are owed to."""
    owing: dict[tuple[str, str | None, str | None, str | None], Owing] = {}
    for row in rows:
        item = owing.setdefault((row.object, row.record_id, row.key_field, row.key), Owing())
        item.add(row, stale.get(row.id, set()))
    return list(owing.values())


def in_calls(owing: Sequence[Owing]) -> Iterator[list[Owing]]:
    """The parts in which to ask: first all that met no lock, side by side as the CRM likes; then the rest, one by one.

    Those are asked for in small calls of one form, sorted by the record whose lock they met, so that no two of them
    that lock the same parent are ever under way at once.
    """
    free = [item for item in owing if item.lock_parent is None]
    if free:
        yield free
    locked = sorted((item for item in owing if item.lock_parent is not None), key=_form)
    least = -(-len(locked) // _SMALL_CALLS)
    for _, several in groupby(locked, key=_form):
        by_parent = sorted(several, key=lambda item: (_size(item), item.lock_parent or ""))
        for size, alike in groupby(by_parent, key=_size):
            items = list(alike)
            step = max(size, least)
            yield from (items[start : start + step] for start in range(0, len(items), step))


def _form(item: Owing) -> tuple[str, str]:
    first = item.rows[0]
    return first.object, first.key_field or ""


def _size(item: Owing) -> int:
    return _FIRST_TRIES_A_CALL if max(row.tries for row in item.rows) <= 1 else 1
