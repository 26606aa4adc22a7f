"""`python -m benchmarks.providers`: what sending costs at each provider, beside its floor; writes providers.json.

Messages that are claimed already go through the real dispatch verb, with the real store (SQLite) and real sockets, to
the sandbox in a process of its own, until what came of them is noted. The floor is the same client sending the same
bodies, as many at once, with nothing between; the second floor writes the same rows beside it. The sandbox answers
within a millisecond or two, as no provider does: what a batch shares is also measured where an answer takes longer.
"""

import argparse
import json
import os
import platform
import tempfile
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console
from rich.table import Table

from benchmarks.sending import ACCOUNTS, Measured, Run, ask_all, ask_and_write_all, run
from connector import log
from connector.demo.world import World
from connector.model.states import State
from connector.providers.registry import PROVIDERS

RESULTS = Path(__file__).with_name("providers.json")
_ANSWER_SECONDS = (0.25, 1.0)
"""How long the pretend provider takes to answer, besides not at all, where a request carries many messages."""
_REQUESTS = 12
"""How many requests a run is to make whose answers take so long."""


def main() -> None:
    """Measures, prints and writes."""
    parser = argparse.ArgumentParser(prog="benchmarks.providers", description=__doc__)
    parser.add_argument("--messages", type=int, default=2_000)
    parser.add_argument("--provider", choices=sorted(PROVIDERS), help="this one alone; writes nothing")
    parser.add_argument("--rounds", type=int, default=3, help="how often each is measured; the fastest of each counts")
    wanted = parser.parse_args()
    log.set_up("console", "ERROR")
    console = Console(stderr=True, width=120)
    rows, load = [], os.getloadavg()[0]
    for measured in ACCOUNTS:
        if wanted.provider in (None, measured.provider):
            console.print(f"{measured.name}, {wanted.messages:,} messages, {wanted.rounds} rounds")
            rows.append(measure(measured, wanted.messages, wanted.rounds))
    console.print(_table(rows))
    if wanted.provider is None:
        told = {
            "python": platform.python_version(),
            "cpus": os.cpu_count(),
            "load_average_before": round(load, 1),
            "load_average_after": round(os.getloadavg()[0], 1),
            "messages": wanted.messages,
            "rows": rows,
        }
        RESULTS.write_text(json.dumps(told, indent=2) + "\n")


def measure(measured: Measured, messages: int, rounds: int) -> dict[str, Any]:
    """The row of one account: the fastest of its runs beside the fastest of its floors, taken in turns."""
    runs: list[Run] = []
    bare: list[float] = []
    with_rows: list[float] = []
    with tempfile.TemporaryDirectory() as folder, World(seed=1, speed=1.0) as world:
        recorded = run(measured, world, messages, 0, Path(folder), record=True)
        for number in range(1, rounds + 1):
            runs.append(run(measured, world, messages, number, Path(folder)))
            bare.append(ask_all(world.providers_url, recorded))
            with_rows.append(ask_and_write_all(world.providers_url, recorded, Path(folder) / f"floor{number}.db"))
        best = min(runs, key=lambda run: run.seconds)
        slow = [
            _answered_late(measured, world, messages * _REQUESTS // best.requests, number, Path(folder), seconds)
            for number, seconds in enumerate(_ANSWER_SECONDS, rounds + 1)
            if best.requests < messages
        ]
    return {
        "account": measured.name,
        "messages": sum(best.states.values()),
        "accepted": best.states[State.ACCEPTED],
        "senders": best.senders,
        "messages_a_second": round(messages / best.seconds, 1),
        "floor_messages_a_second": round(messages / min(bare), 1),
        "share_of_floor": round(min(bare) / best.seconds, 3),
        "share_of_floor_with_rows": round(min(with_rows) / best.seconds, 3),
        "aim": measured.aim,
        "requests_per_1000": round(1000 * best.requests / messages, 2),
        "cpu_ms_a_message": round(1000 * best.cpu_seconds / messages, 3),
        "answered_late": slow,
    }


def _answered_late(
    measured: Measured, world: World, messages: int, number: int, folder: Path, seconds: float
) -> dict[str, Any]:
    """One run at a provider that takes so many seconds for every answer, beside the floor of the same requests."""
    faults = f"{world.providers_url}/sandbox/faults"
    rule = {"target": measured.provider, "operation": "*", "kind": "slow", "seconds": seconds}
    httpx.post(faults, json=rule, trust_env=False).raise_for_status()
    late = run(measured, world, messages, number, folder, record=True)
    bare = ask_all(world.providers_url, late)
    httpx.delete(faults, trust_env=False).raise_for_status()
    return {
        "answer_seconds": seconds,
        "messages": messages,
        "requests": late.requests,
        "messages_a_second": round(messages / late.seconds, 1),
        "floor_messages_a_second": round(messages / bare, 1),
        "share_of_floor": round(bare / late.seconds, 3),
    }


def _table(rows: list[dict[str, Any]]) -> Table:
    table = Table(title="from claimed to noted, at each provider")
    late = [f"{seconds:g} s" for seconds in _ANSWER_SECONDS]
    names = ("account", "sent/s", "floor/s", "share", "with rows", *late, "aim", "requests/1,000", "CPU ms")
    for name in names:
        table.add_column(name, justify="left" if name == "account" else "right", no_wrap=name == "account")
    for row in rows:
        met = row["share_of_floor"] >= row["aim"]
        table.add_row(
            row["account"],
            f"{row['messages_a_second']:,}",
            f"{row['floor_messages_a_second']:,}",
            f"{row['share_of_floor']:.0%}" if met else f"[yellow]{row['share_of_floor']:.0%}[/]",
            f"{row['share_of_floor_with_rows']:.0%}",
            *([f"{each['share_of_floor']:.0%}" for each in row["answered_late"]] or [""] * len(late)),
            f"{row['aim']:.0%}",
            f"{row['requests_per_1000']:,}",
            f"{row['cpu_ms_a_message']}",
        )
    return table


if __name__ == "__main__":
    main()
