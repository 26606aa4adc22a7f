"""Runs the main job against the sandbox and accounts for every message."""

import contextlib
import re
import resource
import secrets
import socket
import sys
import tempfile
import time
from collections.abc import Collection, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import orjson
from rich.console import Console

from connector import log, settings
from connector.app import App, build
from connector.demo import accounts
from connector.demo.books import balanced, books, compare
from connector.demo.memory import peak_rss_mb
from connector.demo.screen import Screen, accounting
from connector.demo.world import World
from connector.model.messages import Channel
from connector.model.states import FINAL, WITH_THE_PROVIDER, State
from connector.store import attempts, inbox, migrate, outbox, writes
from connector.store.db import Transaction
from connector.sync.parts import Parts
from connector.web.hooks import hook_server
from jobs.runner import Daemon

_MAPPING = Path(__file__).parents[2] / "mappings" / "sms-outbox.yaml"
_PATIENCE_PER_MESSAGE = 0.1
_PATIENCE = 120.0
_LOOKS_EVERY = 0.5
_WITH_US = (State.QUEUED, State.CLAIMED, State.ATTEMPTING)
_SPEED = 1.0


def run(
    *,
    once: bool,
    messages: int,
    as_json: bool,
    seed: int,
    database: str | None,
    providers: Collection[str] = tuple(accounts.ACCOUNTS),
) -> int:
    """Queues `messages` in the sandbox's org, works through them, and accounts for each; 0 when the books balance.

    They go through `providers`, the same number to each country of all; what fewer have no route for goes to 360NRS.
    With `as_json`, one JSON object is the last line of standard output. Without `once` and on a terminal, the sandbox
    stays up afterwards, to be looked at, until Ctrl-C.
    """
    console = Console(stderr=as_json)
    log.set_up("console", "ERROR")
    with tempfile.TemporaryDirectory(prefix="connector-demo-") as folder, World(seed=seed, speed=_SPEED) as world:
        url = database or f"sqlite:///{folder}/connector.db"
        app = build(settings.of(demo_settings(world, url, always_open(Path(folder), providers))))
        try:
            book = work_through(app, world, messages, console, silent=as_json, providers=providers)
            balances = balanced(book)
            accounting(console, book, balances=balances, look=_look(world, url))
            if not once and not as_json and sys.stdin.isatty():
                console.print("\nThe sandbox stays up until Ctrl-C.", style="dim")
                with contextlib.suppress(KeyboardInterrupt):
                    time.sleep(24 * 3600)
        finally:
            app.close()
    if as_json:
        sys.stdout.buffer.write(orjson.dumps(book) + b"\n")
        sys.stdout.flush()
    return 0 if balances else 1


def always_open(folder: Path, providers: Collection[str] = ()) -> Path:
    """The example mapping without its quiet hours, for somebody may try the demonstration at night.

    With a route for each of `providers` that the example has none for.
    """
    example = accounts.routed(_MAPPING.read_text("utf-8"), providers)
    mapping = folder / _MAPPING.name
    mapping.write_text(re.sub(r"^  hours: .*\n", "", example, flags=re.MULTILINE), "utf-8")
    return mapping


def demo_settings(world: World, url: str, mapping: Path) -> dict[str, Any]:
    """Settings that lead to the sandbox, at the pace of a demonstration."""
    port = _free_port()
    return {
        "store": {"url": url},
        "web": {"port": port},
        "mappings": [str(mapping)],
        "crm": {"base_url": world.org_url, "client_id": "sandbox", "client_secret": "sandbox"},
        # nobody real is behind the sandbox, and its messages were queued before the daemon came
        "live": {"production": True, "send_backlog": True},
        "accounts": accounts.options_of(
            world,
            public_url=f"http://127.0.0.1:{port}",
            hook_secret=secrets.token_urlsafe(24),
        ),
        "pace": {
            "pull": 1.0,
            "dispatch": 0.5,
            "note": 0.5,
            "push": 1.0,
            "poll": 0.5,
            "replies": 2.0,
            "first_poll": 1.0,
            "first_poll_when_pushed": 15.0,
        },
    }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def work_through(
    app: App,
    world: World,
    messages: int,
    console: Console,
    *,
    silent: bool,
    providers: Collection[str] = tuple(accounts.ACCOUNTS),
) -> dict[str, Any]:
    """Queues messages, runs the daemon and its receiver until all is at an end, and gives the books."""
    migrate.upgrade(app.database)
    total = accounts.queue(world, messages, providers)
    parts = app.parts()
    daemon = Daemon(app, parts)
    receiver = hook_server(app)
    receiver.start()
    world.push_to(accounts.news_to(partial(_hook, app)))
    started = time.monotonic()
    daemon.start()
    try:
        _wait(app, parts, world, total, console, silent=silent)
    finally:
        daemon.stop()
        receiver.stop()
    seconds = time.monotonic() - started
    used, peak = resource.getrusage(resource.RUSAGE_SELF), peak_rss_mb()
    with app.database.read() as connection:
        states = outbox.counts(connection)
        by_account = outbox.counts_by_account(connection)
        send_requests = attempts.count(connection)
    return books(
        total,
        states,
        _said_all(parts, by_account, State.ACCEPTED),
        compare(world),
        _by_provider(app, by_account),
        by_account=_summed(by_account, {account: account for account, _ in by_account}),
        crm_calls=app.crm.calls(),
        provider_requests=app.lines.requests,
        send_requests=send_requests,
        seconds=round(seconds, 2),
        cpu_seconds=round(used.ru_utime + used.ru_stime, 2),
        peak_rss_mb=peak,
    )


def _hook(app: App, account: str, name: str) -> str:
    options = app.providers[account].settings
    secret = options.hook_secret.get_secret_value() if options.hook_secret else ""
    return f"{options.public_url}/hooks/{account}/{secret}/{name}"


def _by_provider(app: App, by_account: Mapping[tuple[str, Channel], Mapping[State, int]]) -> dict[str, dict[str, int]]:
    providers = {account: options["provider"] for account, options in app.settings.accounts.items()}
    return _summed(by_account, providers)


def _summed(
    by_account: Mapping[tuple[str, Channel], Mapping[State, int]], named: Mapping[str, str]
) -> dict[str, dict[str, int]]:
    """Messages by state, under the name that each account has; ``none`` for those that no account got."""
    table: dict[str, dict[str, int]] = {}
    for (account, _), states in by_account.items():
        known = table.setdefault(named[account] if account else "none", {})
        for state, number in states.items():
            known[state.value] = known.get(state.value, 0) + number
    return table


def _wait(app: App, parts: Parts, world: World, total: int, console: Console, *, silent: bool) -> None:
    """Until every message is at an end, every reply is heard and the CRM is owed nothing; or patience runs out."""
    deadline = time.monotonic() + _PATIENCE + total * _PATIENCE_PER_MESSAGE
    with Screen(console, total, silent=silent) as screen:
        while time.monotonic() < deadline:
            with app.database.read() as connection:
                # what news leads to is read after it, for PostgreSQL shows each statement a moment of its own
                news = inbox.count_waiting(connection)
                states = outbox.counts(connection)
                ended = _ended(parts, connection, states)
                owed = writes.count_due(connection)
            alarms = {subject: sentence for subject, (_, sentence) in app.alarms.standing().items()}
            screen.show(states, ended, owed, alarms)
            if ended == total and not owed and not news and _all_is_told(app, world):
                return
            time.sleep(_LOOKS_EVERY)


def _ended(parts: Parts, connection: Transaction, states: Mapping[State, int]) -> int:
    """Messages at an end. Those at a last word that is no end by itself are looked for when all are out."""
    ended = sum(states[state] for state in (*FINAL, State.HELD, State.UNKNOWN))
    if not any(states[state] for state in _WITH_US):
        ended += _said_all(parts, outbox.counts_by_account(connection), *WITH_THE_PROVIDER)
    return ended


def _all_is_told(app: App, world: World) -> bool:
    """Whether all replies have come, been worked through, and been written."""
    with app.database.read() as connection:
        news = inbox.standing(connection)
        owed = writes.count_due(connection)
    replies = sum(number for (kind, _), number in news.items() if kind == "reply")
    waits = any(number for (_, standing), number in news.items() if standing in ("new", "parked"))
    return not waits and not owed and replies >= int(world.providers_ledger()["replies"])


def _said_all(parts: Parts, by_account: Mapping[tuple[str, Channel], Mapping[State, int]], *states: State) -> int:
    """Messages in these states that are at the last word of their account and channel."""
    said = (word for word in parts.last_words() if word[2] in states)
    return sum(by_account.get((account, channel), {}).get(state, 0) for account, channel, state in said)


def _look(world: World, url: str) -> dict[str, str]:
    return {
        "the pretend org": f"{world.org_url}/sandbox/ledger/org",
        "what the providers received": f"{world.providers_url}/sandbox/ledger/providers",
        "the mapping that did it, with routes added for the US, GB and SMPP": "mappings/sms-outbox.yaml",
        "your own org and accounts": "README.md, “Your first real org”",
        "the store of this run": url,
    }
