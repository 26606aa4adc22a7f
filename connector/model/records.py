"""Records of the CRM and what we owe them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from connector.model.failures import Failure


@dataclass(frozen=True, slots=True)
class Ranked:
    """One column of an order; nulls come last, and descending only where said."""

    field: str
    descending: bool = False


@dataclass(frozen=True, slots=True)
class RecordQuery:
    """Records of one object. `where` is SOQL as the mapping wrote it, its placeholders already filled in.

    Pages are keyset pages over `order` and Id, never OFFSET: a page starts after the last row of the one before.
    """

    object: str
    fields: tuple[str, ...]
    where: str = ""
    order: tuple[Ranked, ...] = ()
    page_size: int = 2000
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Up to `page_size` records as nested dicts (relationships as dicts or None, no `attributes`).

    `read_at` is our clock's time just before the page was asked for: what was written after it, it cannot show.
    """

    records: Sequence[dict[str, Any]]
    read_at: datetime


class WriteCause(StrEnum):
    """Why a write is owed."""

    CLAIM = "claim"
    STATUS = "status"
    ACTIVITY = "activity"
    REPLY = "reply"
    OPT_OUT = "opt_out"


@dataclass(frozen=True, slots=True)
class RecordWrite:
    """Fields to be written onto one record: an update by `record_id`, or an upsert by external id (`key_field`, `key`).

    Values are JSON values; datetimes are aware and written in Salesforce's form by the CRM's own file.
    """

    object: str
    fields: Mapping[str, Any]
    record_id: str | None = None
    key_field: str | None = None
    key: str | None = None
    cause: WriteCause = WriteCause.STATUS


class WriteEnd(StrEnum):
    """How a write ended, record by record."""

    DONE = "done"
    PASSING = "passing"  # try again: lock, timeout, no answer
    PARKED = "parked"  # the row's own fault: a person must look
    GONE = "gone"  # the record is deleted: noted, and we go on
    HELD_BY_ANOTHER = "held_by_another"  # the claim rule refused us: another daemon has it
    FIELD_LOST = "field_lost"  # a field went missing or lost its permission: the mapping's fault


@dataclass(frozen=True, slots=True)
class WriteResult:
    """The CRM's answer for one record, in the order asked.

    `fields` are those the CRM blames; `locked` the records (18-character ids) whose lock kept the write out, the
    record's parents among them; it is None where no lock did.
    """

    end: WriteEnd
    record_id: str | None = None
    failure: Failure | None = None
    fields: tuple[str, ...] = ()
    locked: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Budget:
    """Requests of the org's rolling 24 hours, as its last answer told them; 0 of 0 before the first answer."""

    used: int = 0
    limit: int = 0

    @property
    def share(self) -> float:
        """How much of the day's budget is used, 0 to 1."""
        return self.used / self.limit if self.limit else 0.0
