"""The main job, whole: from a queued record to a delivered message and an activity, over sockets, by the daemon."""

import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from connector import settings
from connector.app import App, build
from connector.demo.accounts import ACCOUNTS
from connector.model.capability import LastWord
from connector.model.states import FINAL, UNSETTLED, State
from connector.sandbox.server import Sandbox
from connector.store import accounting, inbox, outbox, writes
from connector.store.db import Database
from connector.store.outbox import MESSAGE
from connector.web.hooks import hook_server
from jobs.runner import Daemon
from tests.store.making import rows
from tests.sync.site import NRS, SMSCLOUDS, settings_for
from tests.web.hooked import until

MESSAGES = 300
SECRET = "the-secret-of-the-main-job-0815"
SERIAL = re.compile(r"#(\d{6,})")


@pytest.fixture(scope="module")
def world() -> Iterator[Sandbox]:
    """A sandbox for the module."""
    with Sandbox(seed=42, speed=5.0) as sandbox:
        yield sandbox


def worked_through(sandbox: Sandbox, url: str, seconds: float = 60.0) -> None:
    """Runs the daemon and its receiver until every message is at its end and nothing is owed."""
    hook = {"hook_secret": SECRET, "public_url": "http://127.0.0.1:1"}
    given = settings_for(sandbox, url, accounts={NRS: hook, SMSCLOUDS: hook})
    app = build(settings.of(given))
    parts = app.parts()
    daemon = Daemon(app, parts)
    receiver = hook_server(app)
    receiver.start()
    address = f"http://127.0.0.1:{receiver.port}/hooks"
    sandbox.providers.nrs360.configure({"events_url": f"{address}/{NRS}/{SECRET}/events"})
    sandbox.providers.smsclouds.configure({"responses_url": f"{address}/{SMSCLOUDS}/{SECRET}/responses"})
    daemon.start()
    try:
        until(lambda: _over(app, sandbox, parts.last_words()), seconds)
    finally:
        drained = daemon.stop()
        receiver.stop()
        app.close()
    assert drained


def _over(app: App, sandbox: Sandbox, last_words: frozenset[LastWord]) -> bool:
    with app.database.read() as connection:
        # what news leads to is read after it, for PostgreSQL shows each statement a moment of its own
        news = inbox.standing(connection)
        by_account = outbox.counts_by_account(connection)
        owed = sum(n for (_, standing), n in writes.standing(connection).items() if standing == "due")
    ended = sum(
        number
        for reached, states in by_account.items()
        for state, number in states.items()
        if state in (*FINAL, State.HELD, State.UNKNOWN) or (*reached, state) in last_words
    )
    heard = sum(number for (kind, _), number in news.items() if kind == "reply")
    told = all(not number for (_, standing), number in news.items() if standing in ("new", "parked"))
    return ended == MESSAGES and not owed and told and heard >= sandbox.ledger.as_json()["replies"]


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_three_hundred_messages_come_to_their_end_and_the_books_balance(
    world: Sandbox, url: str, database: Database
) -> None:
    """Every queued record is accounted for by the other side's ledgers: none lost, none twice, each told in the CRM."""
    world.reset()
    world.seed({"messages": MESSAGES})
    worked_through(world, url)
    ledger = world.ledger.as_json()
    assert ledger["duplicates"] == 0
    assert ledger["unnumbered"] == 0
    received = Counter[int]()
    for line in world.ledger.lines():
        _, serial, count = line.split()
        received[int(serial)] += int(count)
    records = world.org.rows("SMS_Message__c")
    statuses = Counter(row["Status__c"] for row in records)
    assert set(statuses) <= {"Delivered", "Sent", "Failed", "Held"}
    for row in records:
        found = SERIAL.search(row["Body__c"] or "")
        copies = received[int(found[1])] if found else 0
        if row["Status__c"] in ("Delivered", "Sent"):
            assert copies == 1, row
        elif row["Status__c"] == "Held":
            assert copies == 0, row
        else:
            assert row["Error__c"], "a failure tells its reason"
    assert _activities(world) == dict.fromkeys(_activities(world), 1)
    assert len([key for key in _activities(world) if key.startswith("r-")]) == ledger["replies"]
    _balance(database, statuses)


def _activities(world: Sandbox) -> dict[str, int]:
    return dict(Counter(row["SMS_External_Id__c"] for row in world.org.rows("Task")))


def _balance(database: Database, statuses: Counter[str]) -> None:
    """Our own books say what the org's records say, and every state is what its events made it."""
    with database.read() as connection:
        states = outbox.counts(connection)
        assert accounting.strayed(connection, 10) == []
    assert sum(states.values()) == sum(statuses.values()) == MESSAGES
    assert not any(states[state] for state in UNSETTLED)
    assert states[State.DELIVERED] == statuses["Delivered"]
    assert states[State.SENT] == statuses["Sent"]
    assert states[State.HELD] == statuses["Held"]
    sent = [row for row in rows(database, MESSAGE) if row.attempt_id]
    assert {row.tries for row in sent} == {1}


def test_the_demonstration_ends_with_an_account_of_every_message_through_all_five_providers() -> None:
    """`connector demo --once --messages 100 --json`: exit code 0 and one JSON object whose books balance."""
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "from connector.cli import main; main()",
            "demo",
            "--once",
            "--messages",
            "100",
            "--json",
        ],
        cwd=Path(__file__).parents[1],
        capture_output=True,
        timeout=110,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()[-2000:]
    book: dict[str, Any] = orjson.loads(done.stdout.splitlines()[-1])
    assert book["total"] == 100
    assert (book["lost"], book["duplicated"], book["in_flight"]) == (0, 0, 0)
    assert sum(book[state.value] for state in State if state not in UNSETTLED) == 100
    providers = {account.provider for account in ACCOUNTS.values()}
    assert set(book["by_provider"]) <= {*providers, "none"}
    for key in ("activities", "replies", "crm_calls", "provider_requests", "send_requests", "seconds", "peak_rss_mb"):
        assert book[key] >= 0
    through = {provider: sum(states.values()) for provider, states in book["by_provider"].items()}
    assert all(through[provider] >= 15 for provider in providers), through
    by_account = {account: sum(states.values()) for account, states in book["by_account"].items()}
    assert all(by_account[account.name] >= 5 for account in ACCOUNTS.values()), by_account
    assert sum(through.values()) == sum(by_account.values()) == 100
