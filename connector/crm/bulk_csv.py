"""The CSV of Bulk API 2.0: UTF-8 both ways, an empty value for "unchanged", ``#N/A`` for null.

Source: "Bulk API 2.0 and Bulk API Developer Guide", Bulk API 2.0 Data Files.
"""

import csv
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from io import BufferedReader, RawIOBase, StringIO, TextIOWrapper
from typing import IO

from connector.crm.collection import salesforce_datetime

NULL = "#N/A"
LONGEST_FIELD = 1_000_000
"""Characters. A long text area holds 131,072, just over what Python's reader takes by default."""
_IN_MEMORY = 8_000_000


def csv_pieces(rows: Iterable[Mapping[str, object]], columns: tuple[str, ...], limit: int) -> Iterator[IO[bytes]]:
    """The rows as files of at most `limit` bytes, each with its header and at its beginning. The caller closes them.

    A column that a row leaves out is empty (unchanged), None is ``#N/A`` (null).

    Raises:
        ValueError: a text that would be read as null, a datetime without zone, or one row over the limit.
    """
    header = _line(columns)
    piece: IO[bytes] | None = None
    size = 0
    for row in rows:
        line = _line([_cell(row[column]) if column in row else "" for column in columns])
        if len(header) + len(line) > limit:
            raise ValueError(f"One row is {len(line)} bytes long and a bulk job takes {limit}; shorten its texts.")
        if piece is not None and size + len(line) > limit:
            piece.seek(0)
            yield piece
            piece = None
        if piece is None:
            piece = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 - closed by whoever takes it
            size = piece.write(header)
        size += piece.write(line)
    if piece is not None:
        piece.seek(0)
        yield piece


def csv_rows(chunks: Iterable[bytes]) -> Iterator[dict[str, str]]:
    """The rows of a result file as it arrives; line breaks within quotes stay in their field."""
    csv.field_size_limit(max(csv.field_size_limit(), LONGEST_FIELD))
    # the answers name no charset; by the guide they are UTF-8
    text = TextIOWrapper(BufferedReader(_Chunks(chunks)), encoding="utf-8", newline="")
    yield from csv.DictReader(text)


class _Chunks(RawIOBase):
    """A readable file over chunks of bytes."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._left = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        while not self._left:
            chunk = next(self._chunks, None)
            if chunk is None:
                return 0
            self._left = memoryview(chunk)
        target = memoryview(buffer)  # type: ignore[arg-type]  # typeshed has no public name for what a buffer is
        taken = min(len(target), len(self._left))
        target[:taken] = self._left[:taken]
        self._left = self._left[taken:]
        return taken


def _line(cells: Iterable[str]) -> bytes:
    text = StringIO()
    # Python's writer quotes the characters of its line end alone: with both, no lone \r goes out bare
    csv.writer(text, lineterminator="\r\n").writerow(cells)
    return text.getvalue().encode()


def _cell(value: object) -> str:
    # an empty value would leave the field as it was, where a record's own empty text is meant to empty it
    if value is None or value == "":
        return NULL
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return salesforce_datetime(value)
    if isinstance(value, date):
        return value.isoformat()
    if value == NULL:
        raise ValueError(f"The text {NULL!r} means null in a bulk job; write this record by collections.")
    return str(value)
