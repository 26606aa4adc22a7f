"""Sending at one account by itself: the real dispatch verb on a store of its own, and the floors beside it."""

import gc
import shutil
import sqlite3
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx

from benchmarks.floor import write_all
from benchmarks.recording import Asked, ProviderTransport, Recording
from connector import settings
from connector.app import App, build
from connector.demo.run import always_open
from connector.demo.world import World
from connector.model.states import State
from connector.providers.talk import IDLE_LIMIT
from connector.store import attempts, lease, migrate, outbox
from connector.sync.dispatch import dispatch
from connector.sync.parts import LEASE_NAME, Parts
from connector.sync.pull import pull
from jobs.process import prepare_for_threads

_ACCOUNT = "measured"
_SERIALS = 10_000
"""Serials a run has to itself, so that none queues what another did."""


@dataclass(frozen=True, slots=True)
class Measured:
    """An account that is measured: whose numbers it takes, what its settings are, what share of the floor is aimed at,
    and the text of its messages as a mapping says it, by default one a message."""

    provider: str
    country: str
    options: Mapping[str, Any]
    aim: float
    variant: str = ""
    text: str = "{Body__c}"

    @property
    def name(self) -> str:
        """The row's name."""
        return f"{self.provider} ({self.variant})" if self.variant else self.provider


_OPTIMUM = {"authentication": "basic", "username": "sandbox", "password": "sandbox", "sender": "BENCH"}
_BULK360 = {"app_key": "sandbox", "app_secret": "sandbox"}
_ONE_TEXT = "Our office is closed on Monday."
ACCOUNTS = (
    Measured("nrs360", "ES", {"username": "sandbox", "api_password": "sandbox", "sender": "BENCH"}, 0.8),
    Measured("smsclouds", "MX", {"token": "sandbox"}, 0.8),
    Measured("bulk360", "MY", _BULK360, 0.8, "one text", _ONE_TEXT),
    Measured("bulk360", "MY", _BULK360, 0.5, "a text each"),
    Measured("optimum", "ES", _OPTIMUM, 0.8, "one text", _ONE_TEXT),
    Measured("optimum", "ES", _OPTIMUM | {"poll_statuses": True, "batch_size": 1, "senders": 4}, 0.5, "polled"),
    Measured("sms360app", "US", {"client_ids": ["sandbox"], "sender": "+19292968422"}, 0.5),
)
"""One row an account; every provider has at least one. A request of Bulk360 or Optimum Measures has one text for all
its numbers, so that messages with a text each travel alone."""


@dataclass(slots=True)
class Run:
    """What one run took. `waiting` is a copy of the store as it was before anything was sent."""

    seconds: float
    cpu_seconds: float
    requests: int
    states: dict[State, int]
    senders: int
    waiting: Path
    recording: Recording = field(default_factory=Recording)


def run(measured: Measured, world: World, messages: int, number: int, folder: Path, *, record: bool = False) -> Run:
    """Claims messages of its own into a store of its own, and times how they are sent."""
    store = folder / f"run{number}.db"
    _queue(world, measured, messages, first=1 + number * max(messages, _SERIALS))
    recording = Recording()
    with _opened(measured, world, store, recording if record else None) as (app, parts):
        while pull(parts):
            pass
        waiting = _copy(store, folder / f"waiting{number}.db") if record else store
        if record:
            recording.watch(app.database.engine)
        prepare_for_threads()
        senders = app.providers[_ACCOUNT].settings.senders
        with ThreadPoolExecutor(senders) as pool:
            cpu, started = time.process_time(), time.perf_counter()
            dispatch(parts, _ACCOUNT, pool)
            seconds, cpu_seconds = time.perf_counter() - started, time.process_time() - cpu
        with app.database.read() as connection:
            states, requests = outbox.counts(connection), attempts.count(connection)
    if states[State.ACCEPTED] != messages:
        raise RuntimeError(f"{measured.name}: of {messages} messages these came through: {_said(states)}")
    return Run(seconds, cpu_seconds, requests, states, senders, waiting, recording)


def _said(states: Mapping[State, int]) -> str:
    return ", ".join(f"{count} {state.value}" for state, count in states.items() if count)


def _queue(world: World, measured: Measured, messages: int, *, first: int) -> None:
    """Queues messages that can all be sent."""
    wishes = {"messages": messages, "first": first, "bad": False, "countries": [measured.country]}
    httpx.post(f"{world.org_url}/sandbox/seed", json=wishes, timeout=120.0, trust_env=False).raise_for_status()


@contextmanager
def _opened(measured: Measured, world: World, store: Path, recording: Recording | None) -> Iterator[tuple[App, Parts]]:
    chosen = settings.of(
        {
            "store": {"url": f"sqlite:///{store}"},
            "mappings": [str(_mapping(store.parent, measured.text))],
            "crm": {"base_url": world.org_url, "client_id": "sandbox", "client_secret": "sandbox"},
            "live": {"production": True, "send_backlog": True},
            "accounts": {
                _ACCOUNT: {"provider": measured.provider, "base_url": _address(world, measured), **measured.options}
            },
            "pace": {"linger": 0.0, "high_water": 1_000_000},
        }
    )
    app = build(chosen, transport=ProviderTransport(recording) if recording else None)
    migrate.upgrade(app.database)
    parts = app.parts()
    with parts.database.begin() as connection:
        parts.tenure.fence = lease.acquire(connection, LEASE_NAME, "benchmark", app.clock(), timedelta(days=1))
    try:
        yield app, parts
    finally:
        app.close()


def _address(world: World, measured: Measured) -> str:
    return f"{world.providers_url}/{measured.provider}" + ("/api/rest" if measured.provider == "nrs360" else "")


def _mapping(folder: Path, text: str) -> Path:
    """The example mapping with one route, to the account that is measured, with this text and the account's own
    sender."""
    mapping = always_open(folder)
    lines = mapping.read_text("utf-8").splitlines(keepends=True)
    kept, skipping = [], False
    for line in lines:
        if line[:1] not in " #":
            skipping = line.startswith(("route:", "tests:"))
        if not skipping and not line.startswith(("  whatsapp:", "  sender:")):
            kept.append(line.replace(", WhatsApp: whatsapp", "").replace("{Body__c}", text))
    mapping.write_text("".join(kept) + f"route: [{{account: {_ACCOUNT}}}]\n", "utf-8")
    return mapping


def _copy(store: Path, to: Path) -> Path:
    with sqlite3.connect(store) as source, sqlite3.connect(to) as target:
        source.backup(target)
    return to


# the floors


def ask_all(url: str, recorded: Run) -> float:
    """Seconds that the recorded requests take by themselves, as many at once as were."""
    mine = threading.local()
    clients: list[httpx.Client] = []
    tls = ssl.create_default_context()

    def ask(one: Asked) -> None:
        if not hasattr(mine, "client"):
            mine.client = httpx.Client(
                verify=tls,
                limits=httpx.Limits(max_connections=1, max_keepalive_connections=1, keepalive_expiry=IDLE_LIMIT),
                timeout=120.0,
                trust_env=False,
            )
            clients.append(mine.client)
        answer = mine.client.request(one.method, base + one.path, headers=one.headers, content=one.body)
        answer.raise_for_status()

    base = url.rstrip("/")
    gc.collect()
    with ThreadPoolExecutor(recorded.senders) as pool:
        started = time.perf_counter()
        list(pool.map(ask, recorded.recording.providers))
        seconds = time.perf_counter() - started
    for client in clients:
        client.close()
    return seconds


def ask_and_write_all(url: str, recorded: Run, store: Path) -> float:
    """Seconds of the recorded requests with the recorded rows written beside them."""
    shutil.copy(recorded.waiting, store)
    writing = threading.Thread(target=write_all, args=(recorded.recording, store))
    started = time.perf_counter()
    writing.start()
    ask_all(url, recorded)
    writing.join()
    return time.perf_counter() - started
