"""`python -m benchmarks.report_memory`: the memory that an events report of a million rows takes; writes JSON.

A pretend 360NRS in a process of its own streams the report over a real socket through the adapter's statuses
conversation, in the pages in which news is stored. What is told is thrown away, or, with --store, kept in a SQLite
store as a poll keeps it. Each number of rows is read in a process of its own, so that its peak is its own.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console
from rich.table import Table

from benchmarks.pretend_report import RECIPIENTS, number_of
from connector import log
from connector.demo.memory import peak_rss_mb
from connector.model.messages import OpenBatch, OpenMessage
from connector.model.states import State
from connector.providers.nrs360.adapter import NRS360
from connector.providers.nrs360.options import NRS360Options
from connector.providers.talk import Line
from connector.store import inbox, migrate
from connector.store.db import Database

RESULTS = Path(__file__).with_name("report_memory.json")


def main() -> None:
    """Measures each number of rows, prints them side by side and writes them."""
    parser = argparse.ArgumentParser(prog="benchmarks.report_memory", description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[10_000, 1_000_000])
    parser.add_argument("--store", action="store_true", help="keep the news in a store; writes no JSON")
    parser.add_argument("--read", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--url", help=argparse.SUPPRESS)
    wanted = parser.parse_args()
    log.set_up("console", "ERROR")
    if wanted.read is not None:
        print(json.dumps(_read(wanted.url, wanted.read, keep=wanted.store)))  # our parent reads it
        return
    with pretended() as url:
        measured = [_in_a_process(url, rows, keep=wanted.store) for rows in wanted.rows]
    Console(stderr=True).print(_table(measured))
    if not wanted.store:
        RESULTS.write_text(json.dumps(measured, indent=2) + "\n")


@contextmanager
def pretended() -> Iterator[str]:
    """The address of a pretend 360NRS in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.pretend_report"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        if process.stdout is None or process.stdin is None:
            raise RuntimeError("the pretend provider has no pipes to be spoken to by")
        yield process.stdout.readline().strip()
        process.stdin.close()


def _in_a_process(url: str, rows: int, *, keep: bool) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.report_memory", "--read", str(rows), "--url", url]
    done = subprocess.run([*command, *(["--store"] if keep else [])], stdout=subprocess.PIPE, check=True)
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def _read(url: str, rows: int, *, keep: bool) -> dict[str, Any]:
    """Reads one report; how much news it told, how much was kept, how long it took, and the peak of this process."""
    account = {"username": "sandbox", "api_password": "sandbox", "base_url": url}
    account = {"username": "sandbox", "api_password": "sandbox", "base_url": url}
    provider = NRS360("main", NRS360Options.model_validate(account))
    started = time.perf_counter()
    told = kept = 0
    with tempfile.TemporaryDirectory() as folder, httpx.HTTPTransport() as transport:
        database = Database(f"sqlite:///{folder}/store.db")
        migrate.upgrade(database)
        before = peak_rss_mb()
        for news in Line(transport, url).converse(provider.statuses([open_batch(rows)])):
            told += len(news)
            if keep:
                with database.begin() as connection:
                    kept += inbox.keep(connection, "main", provider.name, news, datetime.now(UTC))
        database.close()
    seconds = time.perf_counter() - started
    return {
        "rows": rows,
        "news": told,
        "kept": kept,
        "rows_a_second": round(rows / seconds),
        "peak_rss_mb_before": before,
        "peak_rss_mb": peak_rss_mb(),
    }


def open_batch(rows: int, *, every: int = 1) -> OpenBatch:
    """A batch to every (second, third …) recipient of the sending whose report has so many rows."""
    numbers = map(number_of, range(0, RECIPIENTS, every))
    messages = tuple(OpenMessage(f"m{number}", f"+{number}", State.ACCEPTED, None) for number in numbers)
    return OpenBatch("01JREPORT", datetime(2020, 5, 1, tzinfo=UTC), str(rows), messages)


def _table(measured: list[dict[str, Any]]) -> Table:
    table = Table(title="an events report, read as it comes")
    for name in measured[0]:
        table.add_column(name.replace("_", " "), justify="right")
    for row in measured:
        table.add_row(*(f"{value:,}" for value in row.values()))
    return table


if __name__ == "__main__":
    main()
