"""The events report: CSV, read line by line, so that its size costs no memory (guide: "Events report by sending")."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from connector.model.errors import Unreadable

COLUMNS = (
    "campaignName", "campaignId", "sendingId", "contactId", "event", "phone", "email", "landline", "countryIso",
    "browser", "os", "url", "createdAt",
)  # fmt: skip
"""The guide's columns for every channel but voice."""


@dataclass(frozen=True, slots=True)
class ReportedEvent:
    """One row. `phone` is E.164 with its plus, `at` the time as written."""

    phone: str
    word: str
    at: str
    campaign_name: str


class EventsReport:
    """The rows of a report that can be read; `broken` counts those that cannot, and is whole once they are all read.

    Each line is read by itself: an unbalanced quote costs one row, not the rest of the report.

    Raises, while it is iterated:
        Unreadable: the first line is neither the guide's header nor a row of its columns.
    """

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = lines
        self.broken = 0

    def __iter__(self) -> Iterator[ReportedEvent]:
        first = next(self._lines, None)
        if first is None:
            return
        columns = _cells(first.removeprefix("\ufeff")) or []
        if not {"event", "phone"} <= set(columns):
            if len(columns) != len(COLUMNS):
                raise Unreadable("the events report does not begin with the columns the guide gives")
            columns, self._lines = list(COLUMNS), _again(first, self._lines)
        for line in self._lines:
            event = _event(columns, line)
            if event is not None:
                yield event
            elif line.strip():
                self.broken += 1


def time_of(text: str) -> datetime | None:
    """ISO 8601 with its offset, or a bare time, which is UTC; None for anything else."""
    try:
        read = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    return read if read.tzinfo else read.replace(tzinfo=UTC)


def _again(first: str, rest: Iterator[str]) -> Iterator[str]:
    yield first
    yield from rest


def _cells(line: str) -> list[str] | None:
    try:
        return next(csv.reader([line], strict=True), None)
    except csv.Error:
        return None


def _event(columns: Sequence[str], line: str) -> ReportedEvent | None:
    cells = _cells(line)
    if cells is None or len(cells) != len(columns):
        return None
    row = dict(zip(columns, cells, strict=True))
    phone, word = row["phone"].strip().removeprefix("+"), row["event"].strip()
    if not (phone.isascii() and phone.isdecimal()) or not word:
        return None
    return ReportedEvent(f"+{phone}", word, row.get("createdAt", ""), row.get("campaignName", ""))
