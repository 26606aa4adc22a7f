"""Reports: CSV, read line by line, so that their size costs no memory (guide: "Events report by sending", "Keystroke
report", "Validation results (CSV)")."""

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar, Generic, NamedTuple, TypeVar

from connector.model.address import is_address
from connector.model.errors import Unreadable

_CAPITAL = re.compile(r"(?<!^)[A-Z]")

LINES_OF_A_TEXT = 50
"""A call reads at most 500 characters, and so hardly more lines than these."""


@dataclass(frozen=True, slots=True)
class BrokenRow:
    """A line of a report that cannot be read: its number, from 1, and why; what it holds is not repeated."""

    line: int
    reason: str


Row = TypeVar("Row", bound=tuple[str, ...])


class CSVReport(Generic[Row]):
    """The rows of a report, each as its columns' words or as a `BrokenRow`.

    Each line is read by itself: an unbalanced quote costs one row, not the rest of the report. The columns are taken
    from the first line where it names them, in any order, and else from the guide; a column that is not there is "".

    Raises, while it is iterated:
        Unreadable: the first line is neither the guide's header nor a row of its columns.
    """

    name: ClassVar[str]
    row: ClassVar[Any]
    """The type of a row, whose fields are the columns in snake_case."""
    layouts: ClassVar[tuple[tuple[str, ...], ...]]
    """The columns that the guide gives, no two layouts of one length."""
    named_by: ClassVar[frozenset[str]]
    """The columns that tell a header from a row."""
    delimiter: ClassVar[str] = ","

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = lines

    def __iter__(self) -> Iterator[Row | BrokenRow]:
        first = next(self._lines, None)
        if first is None:
            return
        first = first.removeprefix("\ufeff")
        columns = self._columns_named(first)
        if columns is not None:
            yield from self._rows(columns, self._lines, 2)
        else:
            yield from self._rows(self._columns_of(first), _again(first, self._lines), 1)

    def _columns_named(self, line: str) -> Sequence[str] | None:
        columns = [column.strip() for column in _cells(line, self.delimiter) or ()]
        return columns if self.named_by <= set(columns) else None

    def _columns_of(self, line: str) -> Sequence[str]:
        count = len(_cells(line, self.delimiter) or ())
        for columns in self.layouts:
            if len(columns) == count:
                return columns
        raise Unreadable(f"the {self.name} does not begin with the columns the guide gives")

    def _rows(self, columns: Sequence[str], lines: Iterator[str], number: int) -> Iterator[Row | BrokenRow]:
        fields = [_CAPITAL.sub(lambda letter: f"_{letter[0].lower()}", column) for column in columns]
        places = [fields.index(field) if field in fields else None for field in self.row._fields]
        in_order = places == list(range(len(columns)))
        for line_number, line in enumerate(lines, number):
            cells = _cells(line, self.delimiter)
            if cells is not None and len(cells) == len(columns):
                yield self.row(*cells) if in_order else self.row(*("" if at is None else cells[at] for at in places))
            elif line.strip():
                yield BrokenRow(line_number, _why(cells, columns))


class EventRow(NamedTuple):
    """An event of a sending, each column as it is written. Calls have no browser, and only they a duration."""

    campaign_name: str
    campaign_id: str
    sending_id: str
    contact_id: str
    event: str
    phone: str
    email: str
    landline: str
    country_iso: str
    browser: str
    os: str
    url: str
    created_at: str
    call_duration_seconds: str

    @property
    def at(self) -> datetime | None:
        """When it happened; None where that is not a time."""
        return time_of(self.created_at)


class EventsReport(CSVReport[EventRow]):
    """The events of a sending (guide: "Events report by sending")."""

    name = "events report"
    row = EventRow
    layouts = (
        (
            "campaignName", "campaignId", "sendingId", "contactId", "event", "phone", "email", "landline", "countryIso",
            "browser", "os", "url", "createdAt",
        ),
        (
            "campaignName", "campaignId", "sendingId", "contactId", "event", "phone", "email", "landline", "countryIso",
            "callDurationSeconds", "createdAt",
        ),
    )  # fmt: skip
    named_by = frozenset({"event", "phone"})


class KeyRow(NamedTuple):
    """A key that a person has pressed in a call."""

    phonenumber: str
    key: str
    message: str


class KeysReport(CSVReport[KeyRow]):
    """The keys pressed in a sending's calls (guide: "Keystroke report"). Its texts may have several lines; such a row
    counts as one line."""

    name = "keystroke report"
    row = KeyRow
    layouts = (("phonenumber", "key", "message"),)
    named_by = frozenset({"phonenumber", "key"})

    def __init__(self, lines: Iterator[str]) -> None:
        super().__init__(_with_texts_whole(lines))


class ValidatedRow(NamedTuple):
    """What was found of an address: deliverable, undeliverable or risky."""

    email: str
    result: str


class ValidationReport(CSVReport[ValidatedRow]):
    """What a validation has found (guide: "Validation results (CSV)")."""

    name = "validation's result"
    row = ValidatedRow
    layouts = (("email", "result"),)
    named_by = frozenset({"email", "result"})
    delimiter = ";"


@dataclass(frozen=True, slots=True)
class ReportedEvent:
    """An event of a message. `recipient` is a number in E.164 or an e-mail address, `at` the time as written."""

    recipient: str
    word: str
    at: str
    campaign_name: str


class ReportedEvents:
    """The events of a report that are of a number, a call's landline too, or with `of_emails` of an address; `broken`
    counts the other lines, and is whole once all are read."""

    def __init__(self, report: EventsReport, *, of_emails: bool = False) -> None:
        self._report = report
        self._recipient = _address_in if of_emails else _number_in
        self.broken = 0

    def __iter__(self) -> Iterator[ReportedEvent]:
        for row in self._report:
            recipient = None if isinstance(row, BrokenRow) else self._recipient(row)
            if isinstance(row, BrokenRow) or recipient is None or not (word := row.event.strip()):
                self.broken += 1
            else:
                yield ReportedEvent(recipient, word, row.created_at, row.campaign_name)


def _number_in(row: EventRow) -> str | None:
    number = (row.phone or row.landline).strip().removeprefix("+")
    return f"+{number}" if number.isascii() and number.isdecimal() else None


def _address_in(row: EventRow) -> str | None:
    """The contact's address, which stands beside its number where it has both."""
    address = row.email.strip().lower()
    return address if is_address(address) else None


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


def _with_texts_whole(lines: Iterator[str]) -> Iterator[str]:
    """Lines, those of one quoted text put together; where a quote does not end soon, it is a stray one."""
    held: list[str] = []
    for line in lines:
        held.append(line)
        whole = sum(each.count('"') for each in held) % 2 == 0
        if whole:
            yield "\n".join(held)
        elif len(held) == LINES_OF_A_TEXT:
            yield from held
        else:
            continue
        held = []
    yield from held


def _cells(line: str, delimiter: str) -> list[str] | None:
    if '"' not in line:
        return line.split(delimiter)
    try:
        return next(csv.reader([line], delimiter=delimiter, strict=True), None)
    except csv.Error:
        return None


def _why(cells: Sequence[str] | None, columns: Sequence[str]) -> str:
    return "its quotes do not match" if cells is None else f"it has {len(cells)} cells for {len(columns)} columns"
