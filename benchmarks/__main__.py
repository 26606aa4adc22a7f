"""`make bench`: prints a table and writes benchmarks/results.json. ARGS="--messages 10000 --large 100000"."""

import argparse
import json
import platform
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.floor import floor
from benchmarks.recording import OrgTransport, ProviderTransport, Recording
from connector import log, settings
from connector.app import build
from connector.demo.run import always_open, demo_settings, work_through
from connector.demo.world import World
from connector.store import migrate
from connector.store.db import Database

PROVIDERS = ("nrs360", "smsclouds")
"""Those that batch: what is measured here is requests and rows a message, not how long one message a request takes."""
RESULTS = Path(__file__).with_name("results.json")


def main() -> None:
    """Measures, prints and writes."""
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("--messages", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=3, help="how often it is measured; the fastest counts")
    parser.add_argument("--large", type=int, default=100_000, help="messages of the memory run; 0 leaves it out")
    wanted = parser.parse_args()
    log.set_up("console", "ERROR")
    console = Console(stderr=True)
    console.print(f"the main job, {wanted.messages:,} messages, the sandbox in a process of its own")
    jobs = [_demo(wanted.messages) for _ in range(wanted.rounds)]
    job = min(jobs, key=lambda each: each["seconds"])
    console.print("the same requests and rows, with no logic between")
    seconds = _floor(wanted.messages)
    result: dict[str, Any] = {
        "python": platform.python_version(),
        "messages": wanted.messages,
        "seconds": job["seconds"],
        "seconds_of_all_rounds": [each["seconds"] for each in jobs],
        "messages_a_second": round(wanted.messages / job["seconds"], 1),
        "floor_seconds": round(seconds, 2),
        "share_of_floor": round(seconds / job["seconds"], 3),
        "crm_calls_per_1000": round(1000 * job["crm_calls"] / wanted.messages, 2),
        "provider_requests_per_1000": round(1000 * job["provider_requests"] / wanted.messages, 2),
        "send_requests_per_1000": round(1000 * job["send_requests"] / wanted.messages, 2),
        "peak_rss_mb": max(each["peak_rss_mb"] for each in jobs),
        "lost": sum(each["lost"] for each in jobs),
        "duplicated": sum(each["duplicated"] for each in jobs),
    }
    if wanted.large:
        console.print(f"memory for {wanted.large:,} messages")
        large = _demo(wanted.large)
        result |= {
            "large_messages": wanted.large,
            "large_peak_rss_mb": large["peak_rss_mb"],
            "large_messages_a_second": round(wanted.large / large["seconds"], 1),
        }
    RESULTS.write_text(json.dumps(result, indent=2) + "\n")
    table = Table(title="benchmarks")
    table.add_column("what")
    table.add_column("figure", justify="right")
    for name, value in result.items():
        table.add_row(name.replace("_", " "), f"{value:,}" if isinstance(value, int | float) else str(value))
    console.print(table)


def _demo(messages: int) -> dict[str, Any]:
    """The demonstration in a process of its own, so that its memory is its own."""
    wanted = {"once": True, "messages": messages, "as_json": True, "seed": 1, "database": None, "providers": PROVIDERS}
    command = [sys.executable, "-c", f"from connector.demo import run; run(**{wanted!r})"]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
    book: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return book


def _floor(messages: int) -> float:
    recording = Recording()
    with tempfile.TemporaryDirectory() as folder:
        with World(seed=1, speed=1.0) as world:
            recorded = Path(folder) / "recorded.db"
            chosen = settings.of(demo_settings(world, f"sqlite:///{recorded}", always_open(Path(folder))))
            app = build(chosen, transport=ProviderTransport(recording), crm_transport=OrgTransport(recording))
            migrate.upgrade(app.database)
            recording.watch(app.database.engine)
            work_through(app, world, messages, Console(stderr=True), silent=True, providers=PROVIDERS)
            app.close()
            port = chosen.web.port
        with World(seed=1, speed=1.0) as world:
            world.queue(messages)
            store = Path(folder) / "floor.db"
            empty = Database(f"sqlite:///{store}")
            migrate.upgrade(empty)
            empty.close()
            base = f"http://127.0.0.1:{port}"
            world.push_to(
                {"nrs360": {"events_url": f"{base}/events"}, "smsclouds": {"responses_url": f"{base}/responses"}}
            )
            return floor(recording, world, store, port)


if __name__ == "__main__":
    main()
