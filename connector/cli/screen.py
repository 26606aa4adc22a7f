"""How answers look: tables and colours on a terminal, plain lines elsewhere, one JSON object where a program reads."""

import sys
from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

STYLES: Mapping[str, str] = {"ok": "green", "warning": "yellow", "failed": "red"}


def on_terminal() -> bool:
    """Whether a person looks at standard output."""
    return sys.stdout.isatty()


def complain(sentence: str) -> None:
    """One red sentence on standard error."""
    Console(stderr=True, soft_wrap=True, highlight=False).print(Text(sentence, style="red"))


def remark(sentence: str) -> None:
    """Something worth knowing that is not the answer: on standard error, so that answers can be piped."""
    Console(stderr=True, soft_wrap=True, highlight=False).print(Text(sentence))


def say(sentence: str = "", style: str = "") -> None:
    """One line of the answer; the style shows on a terminal only."""
    Console(soft_wrap=True, highlight=False).print(Text(sentence, style=style))


def show_json(value: Mapping[str, Any]) -> None:
    """One JSON object, in one line."""
    sys.stdout.write(orjson.dumps(value, default=str).decode() + "\n")


def show_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Rows under their columns; numbers to the right. A cell that says ok, warning or failed has its colour."""
    texts = [["" if cell is None else str(cell) for cell in row] for row in rows]
    if not on_terminal():
        _show_lines(title, columns, texts)
        return
    numeric = [all(isinstance(row[at], int | float) for row in rows) and bool(rows) for at in range(len(columns))]
    table = Table(title=escape(title), title_justify="left")
    for name, right in zip(columns, numeric, strict=True):
        table.add_column(escape(name), justify="right" if right else "left")
    for row in texts:
        table.add_row(*(Text(cell, style=STYLES.get(cell, "")) for cell in row))
    Console(highlight=False).print(table)


def _show_lines(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    lines = [list(columns), *([cell.replace("\n", " ") for cell in row] for row in rows)]
    widths = [max(len(line[at]) for line in lines) for at in range(len(columns))]
    say(title)
    for line in lines:
        say("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
