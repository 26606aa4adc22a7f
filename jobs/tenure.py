"""Holding the org's lease for as long as a piece of work takes."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from connector.app import App
from connector.model.errors import StoreError
from connector.store import lease
from connector.sync.parts import LEASE_NAME, Parts
from jobs.runner import LEASE_LIFETIME, give_lease_back, take_lease

_RENEW_EVERY = LEASE_LIFETIME.total_seconds() / 6


@contextmanager
def holding_lease(app: App, parts: Parts) -> Iterator[None]:
    """Takes the lease, renews it meanwhile, and gives it back.

    A process that is paused for too long loses it; `parts.tenure.check` then raises in its next transaction.

    Raises:
        LeaseHeld: another process works on this org.
    """
    take_lease(app, parts, wait=False)
    over = threading.Event()
    watch = threading.Thread(target=_renew, args=(app, parts, over), name="lease", daemon=True)
    watch.start()
    try:
        yield
    finally:
        over.set()
        watch.join()
        give_lease_back(app, parts)


def _renew(app: App, parts: Parts, over: threading.Event) -> None:
    while not over.wait(_RENEW_EVERY):
        fence = parts.tenure.fence
        try:
            with parts.database.begin() as connection:
                if fence is None or not lease.renew(connection, LEASE_NAME, fence, app.clock(), LEASE_LIFETIME):
                    parts.alarms.sound("lease", "another process has taken the lease over; this one stops.")
                    return
        except StoreError as error:
            parts.alarms.sound("store", str(error))
        else:
            parts.alarms.settle("store")
