"""The parts every verb works with, built by `connector.app` and handed down."""

import random
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from connector.crm.base import CRM
from connector.mapping.record_mapping import RecordMapping
from connector.model.capability import LastWord, last_words
from connector.model.caps import Cap
from connector.model.live_fire import LiveFire
from connector.providers.account import AccountOptions
from connector.providers.base import Provider
from connector.providers.talk import Talker
from connector.store import lease
from connector.store.db import Database, Transaction
from connector.store.intake import Reading
from connector.sync.alarms import Alarms
from connector.sync.breakers import Breakers
from connector.sync.rates import Rates

LEASE_NAME = "daemon"
CLAIM_MARGIN = timedelta(seconds=30)
"""How much longer than the provider's longest answer a claim must hold when its message is sent."""


@dataclass(frozen=True, slots=True)
class Timing:
    """How long things may take and wait; `connector.settings.Pace` says what each means."""

    claim_lifetime: timedelta
    linger: timedelta
    first_poll: timedelta
    first_poll_when_pushed: timedelta
    final_after: timedelta
    high_water: int


class Tenure:
    """Our hold on the lease: its fencing number while we have it."""

    def __init__(self) -> None:
        self.fence: int | None = None

    def check(self, connection: Transaction, now: datetime) -> None:
        """Makes sure inside a transaction that the lease is still ours.

        Raises:
            LeaseHeld: it is not; nothing may be sent.
        """
        lease.check(connection, LEASE_NAME, self.fence if self.fence is not None else -1, now)

    def look(self, connection: Transaction, now: datetime) -> None:
        """Makes sure, before the CRM is written to, that the lease is still ours at this moment.

        Raises:
            LeaseHeld: it is not; nothing may be written.
        """
        lease.look(connection, LEASE_NAME, self.fence if self.fence is not None else -1, now)


@dataclass(frozen=True, slots=True)
class Parts:
    """What verbs work with. `line` gives the calling thread its own connection to an account.

    `broken_off`: accounts whose last round of sending failed, each with its attempts that may have left and whose end
    nobody noted; what else that round attempted never left.
    """

    database: Database
    crm: CRM
    org: str
    providers: Mapping[str, Provider[AccountOptions]]
    mappings: Mapping[str, RecordMapping]
    clock: Callable[[], datetime]
    line: Callable[[str], Talker]
    run: str
    timing: Timing
    alarms: Alarms
    breakers: Breakers
    rates: Rates
    live: LiveFire
    caps: tuple[Cap, ...] = ()
    tenure: Tenure = field(default_factory=Tenure)
    stopping: threading.Event = field(default_factory=threading.Event)
    broken_off: dict[str, set[str]] = field(default_factory=dict)

    def last_words(self) -> frozenset[LastWord]:
        """Where an account's messages of a channel have reached their end without being reported as delivered."""
        return last_words({name: provider.capability for name, provider in self.providers.items()})

    def reading(self, mapping: str, read_at: datetime, now: datetime) -> Reading:
        """What the store is told of a mapping's records that were read then, and are claimed from now on."""
        return Reading(
            org=self.org,
            mapping=mapping,
            run=self.run,
            read_at=read_at,
            claim_expires=now + self.timing.claim_lifetime,
            last_words=self.last_words(),
        )

    def first_poll(self, account: str) -> timedelta:
        """How long after a send an account's provider is asked first: later where it tells by itself."""
        provider = self.providers[account]
        if provider.capability.pushes_statuses and provider.settings.public_url:
            return self.timing.first_poll_when_pushed
        return self.timing.first_poll


def backoff(tries: int, *, first: float = 2.0, most: float = 600.0) -> timedelta:
    """How long to wait before the next try, with jitter so that many do not come back at once."""
    return timedelta(seconds=min(most, first * 2 ** min(tries, 16)) * random.uniform(0.7, 1.3))  # noqa: S311  # spreading, not secrecy
