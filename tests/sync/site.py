"""A connector on a sandbox, its verbs run by hand: the real store, adapters, mapping and sockets."""

import atexit
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from connector import settings
from connector.app import App, build
from connector.crm.backoff import Backoff
from connector.demo.run import always_open
from connector.model.states import FINAL, State
from connector.sandbox.server import Sandbox
from connector.store import outbox, writes
from connector.store.outbox import MESSAGE
from connector.store.writes import WRITE
from connector.sync.dispatch import dispatch
from connector.sync.note import Noted, note
from connector.sync.parts import Parts
from connector.sync.poll import poll_replies, poll_statuses
from connector.sync.pull import Pulled, pull
from connector.sync.push import Pushed, push
from connector.sync.reconcile import mark_interrupted, reconcile
from connector.sync.sweep import sweep
from jobs.runner import give_lease_back, take_lease
from tests.store.making import rows

SPEED = 20.0
NRS, SMSCLOUDS = "nrs-main", "smsclouds-mx"
FAST = {
    "pull": 0.2,
    "dispatch": 0.1,
    "note": 0.1,
    "push": 0.1,
    "poll": 0.1,
    "replies": 0.5,
    "reconcile": 0.5,
    "linger": 0.0,
    "first_poll": 0.05,
    "first_poll_when_pushed": 2.0,
}
AT_REST = (*FINAL, State.HELD, State.UNKNOWN)
_COUNTRY = {"ES": ("+346", 8), "MX": ("+52449", 7), "GB": ("+447400", 6), "MY": ("+6012", 7)}


@cache
def mapping() -> Path:
    """The example mapping without its quiet hours, for tests run at night too."""
    folder = Path(tempfile.mkdtemp(prefix="mapping-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return always_open(folder)


class ShiftedClock:
    """The machine's time, moved ahead as far as a test wants."""

    def __init__(self, ahead: float = 0.0) -> None:
        self.ahead = timedelta(seconds=ahead)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def go_on(self, seconds: float) -> None:
        """Moves the clock ahead."""
        self.ahead += timedelta(seconds=seconds)


def settings_for(sandbox: Sandbox, url: str, **sections: Any) -> dict[str, Any]:
    """Settings that lead to a sandbox; a section given by keyword is laid over the usual one, account by account."""
    providers = sandbox.providers_url
    usual: dict[str, Any] = {
        "store": {"url": url},
        "web": {"port": 0},
        "mappings": [str(mapping())],
        "crm": {
            "base_url": sandbox.org_url,
            "client_id": "sandbox",
            "client_secret": "sandbox",
            "refused_login_pause": 0.0,
        },
        "accounts": {
            NRS: {
                "provider": "nrs360",
                "base_url": f"{providers}/nrs360/api/rest",
                "username": "sandbox",
                "api_password": "sandbox",
                "sender": "TEST",
            },
            SMSCLOUDS: {"provider": "smsclouds", "base_url": f"{providers}/smsclouds", "token": "sandbox"},
            "bulk360-my": {
                "provider": "bulk360",
                "base_url": f"{providers}/bulk360",
                "app_key": "sandbox",
                "app_secret": "sandbox",
            },
        },
        "pace": dict(FAST),
        "live": {"production": True, "send_backlog": True},
    }
    for name, laid_over in sections.items():
        if name == "accounts":
            for account, options in laid_over.items():
                usual["accounts"][account] = {**usual["accounts"].get(account, {}), **options}
        elif isinstance(laid_over, dict):
            usual[name] = {**usual.get(name, {}), **laid_over}
        else:
            usual[name] = laid_over
    return usual


class Site:
    """One connector with its store, holding the lease. Its verbs run when a test says so, in this thread."""

    def __init__(self, sandbox: Sandbox, url: str, *, ahead: float = 0.0, **sections: Any) -> None:
        self.sandbox = sandbox
        self.url = url
        self.clock = ShiftedClock(ahead)
        self.app: App = build(settings.of(settings_for(sandbox, url, **sections)), clock=self.clock)
        # no test sits through the waits between tries
        crm: Any = self.app.crm
        crm._backoff = Backoff(tries=crm.options.tries, sleep=lambda _: None)
        self.parts: Parts = self.app.parts()
        self.senders = {
            name: ThreadPoolExecutor(provider.settings.senders) for name, provider in self.parts.providers.items()
        }
        take_lease(self.app, self.parts, wait=False)
        mark_interrupted(self.parts)

    # -- verbs

    def pull(self) -> Pulled:
        """Reads and claims."""
        return pull(self.parts)

    def dispatch(self, account: str = NRS) -> Any:
        """Sends what is claimed for one account."""
        return dispatch(self.parts, account, self.senders[account])

    def note(self) -> Noted:
        """Works through the inbox."""
        return note(self.parts)

    def push(self) -> Pushed:
        """Writes what is owed."""
        return push(self.parts)

    def poll(self) -> int:
        """Asks all providers for statuses."""
        return sum(poll_statuses(self.parts, account) for account in self.parts.providers)

    def replies(self) -> int:
        """Asks all providers for replies."""
        return sum(poll_replies(self.parts, account) for account in self.parts.providers)

    def reconcile(self) -> int:
        """Looks unknown outcomes up."""
        return sum(reconcile(self.parts, account) for account in self.parts.providers)

    def sweep(self) -> int:
        """Fills the phone index."""
        return sweep(self.parts)

    def work(self) -> None:
        """One turn of everything."""
        self.pull()
        for account in self.parts.providers:
            self.dispatch(account)
        self.poll()
        self.reconcile()
        self.note()
        self.push()

    def work_until(self, true: Callable[[], object], seconds: float = 30.0) -> None:
        """Turns until `true`, and fails when it has not come by then."""
        deadline = time.monotonic() + seconds
        while not true():
            assert time.monotonic() < deadline, f"what the test waits for never came: {self.states()}"
            self.work()
            time.sleep(0.02)

    def work_through(self, seconds: float = 30.0) -> None:
        """Turns until every message is at rest and the CRM is owed nothing."""
        self.work_until(lambda: bool(self.messages()) and self.at_rest() and not self.owed(), seconds)

    # -- what can be seen

    def messages(self) -> Sequence[Any]:
        """All messages, oldest first."""
        return rows(self.parts.database, MESSAGE)

    def message(self) -> Any:
        """The one message there is."""
        (only,) = self.messages()
        return only

    def states(self) -> dict[str, int]:
        """How many messages stand in each state that has any."""
        with self.parts.database.read() as connection:
            return {state.value: number for state, number in outbox.counts(connection).items() if number}

    def at_rest(self) -> bool:
        """Whether no message will move by itself."""
        last = self.parts.last_words()
        return all(row.state in AT_REST or (row.account, row.channel, row.state) in last for row in self.messages())

    def owed(self) -> int:
        """How many writes are due."""
        with self.parts.database.read() as connection:
            return sum(number for (_, standing), number in writes.standing(connection).items() if standing == "due")

    def writes(self, standing: str | None = None) -> list[Any]:
        """Writes to the CRM, all or those of one standing."""
        return [row for row in rows(self.parts.database, WRITE) if standing in (None, row.standing)]

    def alarms(self) -> dict[str, str]:
        """Subjects in trouble, each with its sentence."""
        return {subject: sentence for subject, (_, sentence) in self.parts.alarms.standing().items()}

    def with_parts(self, **changes: Any) -> None:
        """Puts a test's own part in place of one of the real ones."""
        self.parts = replace(self.parts, **changes)

    def later(self, seconds: float) -> None:
        """Moves the clock ahead, the lease held all the while."""
        self.clock.go_on(seconds)
        take_lease(self.app, self.parts, wait=False)

    # -- the end

    def close(self) -> None:
        """Gives the lease and the connections back."""
        give_lease_back(self.app, self.parts)
        self.vanish()

    def vanish(self) -> None:
        """Ends as a killed process does: nothing is noted, and the lease is left to run out."""
        for senders in self.senders.values():
            senders.shutdown()
        self.app.close()


@contextmanager
def site_on(sandbox: Sandbox, url: str, **sections: Any) -> Iterator[Site]:
    """A site that is closed at the end."""
    site = Site(sandbox, url, **sections)
    try:
        yield site
    finally:
        site.close()


def new_store(template: Path, folder: Path, name: str = "store") -> str:
    """The address of a migrated SQLite store of its own."""
    path = folder / f"{name}.db"
    shutil.copy(template, path)
    return f"sqlite:///{path}"


# -- what stands in the org


def plant(sandbox: Sandbox, count: int = 1, country: str = "ES", *, first: int = 1, **changes: Any) -> list[str]:
    """Queues messages, each with a contact of its own and the serial of its place in its text; gives their ids."""
    prefix, width = _COUNTRY[country]
    serials = range(first, first + count)
    contacts = sandbox.org.insert(
        "Contact",
        [
            {
                "LastName": f"Ruiz {serial}",
                "MobilePhone": f"{prefix}{serial + 1_000_000:0{width}d}"[: len(prefix) + width],
                "MailingCountryCode": country,
            }
            for serial in serials
        ],
    )
    return sandbox.org.insert(
        "SMS_Message__c",
        [
            {"Status__c": "Queued", "Body__c": f"Hola #{serial:06d}", "Contact__c": contact, "Channel__c": "SMS"}
            | changes
            for serial, contact in zip(serials, contacts, strict=True)
        ],
    )


def number_of(serial: int, country: str = "ES") -> str:
    """The number of the contact that `plant` made for a serial."""
    prefix, width = _COUNTRY[country]
    return f"{prefix}{serial + 1_000_000:0{width}d}"[: len(prefix) + width]


def record(sandbox: Sandbox, record_id: str, object_name: str = "SMS_Message__c") -> dict[str, Any]:
    """A record of the org as it is now."""
    return next(row for row in sandbox.org.rows(object_name) if row["Id"] == record_id)


def statuses(sandbox: Sandbox) -> dict[str, int]:
    """How many messages of the org stand at each status."""
    found: dict[str, int] = {}
    for row in sandbox.org.rows("SMS_Message__c"):
        found[row["Status__c"]] = found.get(row["Status__c"], 0) + 1
    return found


def set_back(sandbox: Sandbox, record_id: str) -> None:
    """A person sets a record back to Queued."""
    sandbox.org.update("SMS_Message__c", {record_id: {"Status__c": "Queued"}})


def received(sandbox: Sandbox) -> dict[str, int]:
    """What the providers accepted: how many texts, and how many of them again."""
    told = sandbox.ledger.as_json()
    return {"received": told["received"], "distinct": told["distinct"], "duplicates": told["duplicates"]}


def requests(sandbox: Sandbox, operation: str, provider: str = "nrs360") -> int:
    """How often a provider was asked for an operation."""
    count: int = sandbox.ledger.as_json()["requests"].get(provider, {}).get(operation, 0)
    return count


def all_delivered(sandbox: Sandbox) -> None:
    """From now on no provider fails a message by itself, and nobody writes back."""
    sandbox.providers.nrs360.configure({"shares": {"delivered": 1.0}})
    sandbox.providers.smsclouds.configure({"shares": {"failed": 0.0, "retried": 0.0, "replies": 0.0}})


def waits_for_the_turn_of(site: Site, person: Callable[[], object]) -> bool:
    """Whether somebody beside the daemon begins only when its transaction that holds the lease's row is over."""
    done = threading.Event()
    thread = threading.Thread(target=lambda: (person(), done.set()))
    with site.parts.database.begin() as connection:
        site.parts.tenure.check(connection, site.clock())
        thread.start()
        began_early = done.wait(0.3)
    thread.join(timeout=30)
    return done.is_set() and not began_early
