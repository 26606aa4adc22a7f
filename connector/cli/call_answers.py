"""What an operation tells, for a person or a program: a JSON document, lines of JSON, a text, or a file."""

import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import NoneType
from typing import Any

import orjson
from pydantic import BaseModel, TypeAdapter

from connector.cli.screen import complain, on_terminal, remark
from connector.providers.nrs360.report import BrokenRow
from connector.providers.operation import Asked, Call, Operation


def writes_bytes(operation: Operation[..., Any]) -> bool:
    """Whether the answer is a file, which has no place on a terminal."""
    return operation.tells is bytes


def ask_and_show(call: Call[..., Any], asked: Asked, *, output: Path | None, compact: bool) -> bool:
    """Asks, and writes the answer as it comes, a page or a row at a time; false when rows of it could not be read."""
    if call.operation.follow:
        for page in call.pages_of(asked):
            _lines(_document(type(item), item) for item in page.data)
        return True
    return show_told(call.operation, call.of(asked), output=output, compact=compact)


def show_told(operation: Operation[..., Any], told: Any, *, output: Path | None, compact: bool) -> bool:
    """Writes what an operation without pages told; false when rows of it could not be read."""
    if operation.streams:
        return _rows(told)
    if isinstance(told, bytes) or (output is not None and isinstance(told, str)):
        _file(told.encode() if isinstance(told, str) else told, output)
    elif isinstance(told, str) and not compact:
        sys.stdout.write(told if told.endswith("\n") or not told else f"{told}\n")
    elif told is None and not compact:
        remark("It is done; this operation tells nothing.")
    else:
        _write(_document(operation.tells, told), 0 if compact else orjson.OPT_INDENT_2)
    return True


def _document(kind: type[Any], told: Any) -> Any:
    """By the guide's names, and only what was told."""
    if kind in (str, NoneType):
        return told
    if isinstance(told, BaseModel):
        return told.model_dump(mode="json", by_alias=True, exclude_unset=True)
    return TypeAdapter(kind).dump_python(told, mode="json", by_alias=True, exclude_unset=True)


def _rows(rows: Iterable[Any]) -> bool:
    broken = 0
    for row in rows:
        if isinstance(row, BrokenRow):
            broken += 1
            complain(f"line {row.line} of the answer is left out: {row.reason}")
        else:
            _write(row._asdict())
    return not broken


def _lines(items: Iterable[Mapping[str, Any]]) -> None:
    for item in items:
        _write(item)


def _write(value: Any, option: int = 0) -> None:
    sys.stdout.write(orjson.dumps(value, option=option).decode() + "\n")


def _file(content: bytes, output: Path | None) -> None:
    if output is None:
        sys.stdout.flush()
        sys.stdout.buffer.write(content)
        return
    output.write_bytes(content)
    remark(f"{len(content):,} bytes are in {output}.")


def needs_a_file(operation: Operation[..., Any], output: Path | None) -> bool:
    """Whether the answer is a file and would end on a terminal."""
    return writes_bytes(operation) and output is None and on_terminal()
