"""What becomes of a write that the CRM refuses, by the class of its error.

A lock: tried again later, apart from the others and in small calls. A value too long: cut to what the field holds and
written at once. A field that is gone or closed to us: taken out, and the rest of the record written at once. The row's
own fault: parked, and what else the record is owed written at once. Each record is treated by its own result, so that
a bad one holds up none of its batch.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import structlog

from connector.model.errors import BudgetSpent, CRMError, ExchangeError
from connector.model.failures import Failure, Fault, Retry
from connector.model.records import WriteEnd, WriteResult
from connector.store.lost_fields import Lost, LostField
from connector.sync.field_watch import Descriptions, takes
from connector.sync.owing import Owing, in_calls
from connector.sync.parts import Parts

log = structlog.get_logger()

_MOST_ROUNDS = 8
"""How often one write is mended: the CRM names one bad field at a time."""
_NOT_SHOWN = "The org does not show the field, or not as one that the connector may write."
_NO_ADDRESS = "The write names neither a record nor a key to know one by; correct what the mapping writes, and its key."


class WritePolicy:
    """One round of writing. `lost` are the fields set aside, those found in this round included."""

    def __init__(self, parts: Parts, lost: Lost) -> None:
        self._parts = parts
        self._describes = Descriptions(parts)
        self._cut: Counter[tuple[str, str]] = Counter()
        self.lost = dict(lost)
        self.spent: BudgetSpent | None = None

    def carry_out(self, owing: Sequence[Owing]) -> list[WriteResult | None]:
        """One result a record, in the order given; None for those not asked for, because the budget was `spent`.

        Raises:
            LeaseHeld: this process lost its lease; its successor makes the writes, and those already made once more.
        """
        results: dict[int, WriteResult | None] = {}
        waiting = list(owing)
        for item in waiting:
            item.take_out(self._closed(item))
            if not item.has_address():
                results[id(item)] = WriteResult(WriteEnd.PARKED, failure=Failure("NO_ADDRESS", _NO_ADDRESS))
        waiting = [item for item in waiting if id(item) not in results]
        for _ in range(_MOST_ROUNDS):
            asked = [item for item in waiting if not item.says_nothing()]
            told = self._ask(asked)
            results.update(told)
            waiting = [item for item in asked if self._mended(item, told.get(id(item)))]
            if not waiting:
                break
        for (name, field), count in self._cut.items():
            log.warning("value_cut", object=name, field=field, count=count)
        return [self._nothing_left(item) if item.says_nothing() else results.get(id(item)) for item in owing]

    def _ask(self, asked: Sequence[Owing]) -> dict[int, WriteResult | None]:
        told: dict[int, WriteResult | None] = {}
        for call in in_calls(asked):
            if self.spent is not None:
                break
            with self._parts.database.read() as connection:
                self._parts.tenure.look(connection, self._parts.clock())
            try:
                results: Sequence[WriteResult] = self._parts.crm.write([item.write() for item in call])
            except BudgetSpent as spent:
                self.spent = spent
                break
            except (CRMError, ExchangeError) as error:
                log.warning("writes_put_off", size=len(call), reason=str(error))
                results = [WriteResult(WriteEnd.PASSING, failure=Failure(type(error).__name__, str(error)))] * len(call)
            told.update((id(item), result) for item, result in zip(call, results, strict=True))
        return told

    def _mended(self, item: Owing, result: WriteResult | None) -> bool:
        """Whether the write was changed so that it can be made again at once."""
        if result is None or result.failure is None:
            return False
        if result.end is WriteEnd.FIELD_LOST:
            self._learn(item, result, result.failure)
            return item.take_out(self._closed(item))
        if result.failure.code == "STRING_TOO_LONG" and self._cut_to_fit(item, result):
            return True
        return result.end is WriteEnd.PARKED and item.part_from({name.lower() for name in result.fields}, result)

    def _learn(self, item: Owing, result: WriteResult, failure: Failure) -> None:
        """Remembers which of the write's fields are lost: those describe does not show writeable.

        One that is blamed and yet writeable is the row's own fault. Where the org cannot be asked, its blame counts.
        """
        blamed = {name.lower() for name in result.fields}
        names = (*item.fields, item.rows[0].key_field or "")
        if not any(name.lower() in blamed for name in names):
            return
        seen = self._describes.of(item.object)
        for name in filter(None, names):
            if (name.lower() in blamed) if seen is None else not takes(seen, name, item.creates):
                reason = failure.reason if name.lower() in blamed else _NOT_SHOWN
                self._remember(item, LostField(
                    item.object, name, (), item.creates, failure.code, reason, self._parts.clock()
                ))  # fmt: skip

    def _remember(self, item: Owing, lost: LostField) -> None:
        known = self.lost.get(lost.place, lost)
        mappings = {*known.mappings, *(row.mapping or row.object for row in item.rows)}
        self.lost[lost.place] = replace(
            known, mappings=tuple(sorted(mappings)), creates=known.creates or lost.creates, checked_at=lost.checked_at
        )

    def _closed(self, item: Owing) -> set[str]:
        """Those of the write's fields that are lost; all of them when the key it goes by is."""
        if not self.lost:
            return set()
        place = item.object.lower()
        if (place, (item.rows[0].key_field or "").lower()) in self.lost:
            return set(item.fields)
        return {name for name in item.fields if (place, name.lower()) in self.lost}

    def _cut_to_fit(self, item: Owing, result: WriteResult) -> bool:
        lengths = self._describes.lengths(item.object)
        blamed = {name.lower() for name in result.fields} or {name.lower() for name in item.fields}
        cut = {
            name: shorter
            for name, value in item.fields.items()
            if name.lower() in blamed and (shorter := cut_to(value, lengths.get(name.lower(), 0))) is not None
        }
        item.fields = item.fields | cut
        item.cut |= set(cut)
        self._cut.update((item.object, name) for name in cut)
        return bool(cut)

    def _nothing_left(self, item: Owing) -> WriteResult:
        if not item.set_aside:
            return WriteResult(WriteEnd.DONE, item.rows[0].record_id)
        return WriteResult(WriteEnd.FIELD_LOST, item.rows[0].record_id, self.failure_of_lost(item))

    def failure_of_lost(self, item: Owing) -> Failure:
        """Why fields of the record were set aside, as a sentence."""
        names = {name.lower() for name in (*item.set_aside, item.rows[0].key_field or "")}
        lost = [each for each in self.lost.values() if each.object == item.object and each.field.lower() in names]
        code = lost[0].code if lost else "INVALID_FIELD"
        reasons = " ".join(f"{each.field} is set aside: {each.reason}" for each in lost)
        return Failure(code, reasons, Fault.MAPPING, Retry.WHEN_MENDED)


def cut_to(value: Any, length: int) -> str | None:
    """A text cut to `length` characters with "…" as its last; None when it fits, is no text, or `length` is 0.

    Counted in UTF-16 units, of which a character outside the basic plane takes two: whichever way the CRM counts, the
    text fits.
    """
    if not isinstance(value, str) or length < 1:
        return None
    units = value.encode("utf-16-le", "replace")
    if len(units) <= 2 * length:
        return None
    return units[: 2 * (length - 1)].decode("utf-16-le", "ignore") + "…"
