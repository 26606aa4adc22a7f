"""`make chaos`: kills, faults, full disks, restarted servers and wrong clocks; then the zeros, for both stores.

`--seed` plays a run again. Exit code 1 when any number that must be zero is not.
"""

import argparse
import json
import random
import sys
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.chaos import storm
from tests.chaos.plan import Plan
from tests.chaos.verdict import Verdict
from tests.chaos.world import SENDS

WHOLE = Plan(messages=10_000, kills=50, seed=0, batch=40, store_troubles=4, clock_steps=6, patience=600.0)
SHORT = Plan(
    messages=400,
    kills=6,
    seed=0,
    batch=10,
    store_troubles=1,
    clock_steps=2,
    patience=60.0,
    providers=tuple(name for name in SENDS if name != "smpp"),
)
"""Without the message centre: the whole form has it, and its sessions want more of a machine that runs tests beside."""


def seeded(plan: Plan, seed: int) -> Plan:
    """The same plan, drawn from another seed."""
    return replace(plan, seed=seed)


def main() -> int:
    """Runs the storm on the stores asked for, prints the table and one JSON line."""
    parser = argparse.ArgumentParser(prog="tests.chaos", description=__doc__)
    parser.add_argument("--short", action="store_true", help="400 messages and 6 kills")
    parser.add_argument("--store", choices=["sqlite", "postgresql", "both"], default="both")
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--messages", type=int, default=None)
    parser.add_argument("--kills", type=int, default=None)
    parser.add_argument("--logs", type=Path, default=None, help="a folder in which the daemon's log is left")
    asked = parser.parse_args()
    plan = SHORT if asked.short else WHOLE
    plan = replace(
        seeded(plan, asked.seed if asked.seed is not None else random.SystemRandom().randrange(1, 1_000_000)),
        messages=asked.messages or plan.messages,
        kills=plan.kills if asked.kills is None else asked.kills,
    )
    console = Console(stderr=True)
    storm.prepare()
    kinds = ["sqlite", "postgresql"] if asked.store == "both" else [asked.store]
    verdicts = [storm.run(plan, kind, console.print, asked.logs) for kind in kinds]
    console.print(table(verdicts))
    passed = all(verdict.passed() for verdict in verdicts)
    sys.stdout.write(json.dumps({"passed": passed, "seed": plan.seed, "runs": [v.as_json() for v in verdicts]}) + "\n")
    return 0 if passed else 1


def table(verdicts: list[Verdict]) -> Table:
    """What must be zero, and what happened meanwhile, a column a store."""
    shown = Table(title=f"chaos, {verdicts[0].plan.messages:,} messages, seed {verdicts[0].plan.seed}")
    shown.add_column("what")
    for verdict in verdicts:
        shown.add_column(verdict.store, justify="right")
    for name in verdicts[0].audit.counts():
        shown.add_row(
            name.replace("_", " "),
            *(_coloured(verdict.audit.counts()[name]) for verdict in verdicts),
        )
    shown.add_row("owed or set aside", *(_coloured(sum(verdict.owing.values())) for verdict in verdicts))
    shown.add_section()
    shown.add_row("kills", *(str(verdict.kills) for verdict in verdicts))
    shown.add_row("messages cut off by kills", *(str(verdict.cut_off) for verdict in verdicts))
    shown.add_row("faults that fired", *(f"{sum(verdict.faults.values()):,}" for verdict in verdicts))
    shown.add_row("store troubles, clock steps", *(f"{v.blows['store']}, {v.blows['clock']}" for v in verdicts))
    shown.add_row(
        "unknown, by a fault and by a kill",
        *(f"{verdict.books.unknown_by_faults}, {verdict.books.unknown_by_kills}" for verdict in verdicts),
    )
    for status in sorted({status for verdict in verdicts for status in verdict.books.by_status}):
        shown.add_row(f"records {status}", *(f"{v.books.by_status.get(status, 0):,}" for v in verdicts))
    for provider in SENDS:
        shown.add_row(f"received by {provider}", *(f"{v.received.get(provider, 0):,}" for v in verdicts))
    shown.add_row("seconds", *(f"{verdict.seconds:.0f}" for verdict in verdicts))
    return shown


def _coloured(number: int) -> str:
    return f"[{'red' if number else 'green'}]{number}[/]"


if __name__ == "__main__":
    sys.exit(main())
