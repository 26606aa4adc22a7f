"""The table of jobs: name, how often, what it does, and whom its work wakes."""

from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import timedelta

from connector.settings import Settings
from connector.sync.blacklist import keep_blacklist
from connector.sync.dispatch import dispatch
from connector.sync.floor import keep_floor
from connector.sync.housekeeping import housekeep
from connector.sync.lookup import look_up
from connector.sync.note import note
from connector.sync.parts import Parts
from connector.sync.pause_watch import LOOKS_EVERY, PauseWatch
from connector.sync.poll import poll_replies, poll_statuses
from connector.sync.provider_consent import hear_blacklist
from connector.sync.pull import pull
from connector.sync.push import push
from connector.sync.reconcile import reconcile
from connector.sync.release import release
from connector.sync.schedule import WATCHED_EVERY
from connector.sync.schedule_watch import watch_scheduled
from connector.sync.sweep import sweep
from connector.sync.token_watch import watch_token
from connector.sync.unknown import send_again

QUEUE = "pull"
"""The job that reads what is queued in the CRM."""

_TOKENS_EVERY = 6 * 3600.0
_SWEEPS_TRIED, _BLACKLISTS_TRIED = 3, 1
"""Failures after which sending begins all the same. A provider that is away keeps nobody else's messages waiting."""


@dataclass(frozen=True, slots=True)
class Job:
    """One row: `every` is in seconds; a truthy result wakes the jobs in `wakes` at once.

    `hung_after` seconds of running, it is reported. `slows` marks a job that reads the CRM and so slows down as the
    day's budget runs out. At a start, one that `sends` waits until each with `before_sending` has come through, or has
    failed so many times (`jobs.opt_outs_first`).
    """

    name: str
    every: float
    verb: Callable[[], object]
    wakes: tuple[str, ...] = ()
    hung_after: float = 300.0
    slows: bool = False
    sends: bool = False
    before_sending: int = 0


def table(parts: Parts, settings: Settings, senders: Mapping[str, Executor]) -> tuple[Job, ...]:
    """All jobs of a daemon; what talks to a provider has one row an account, so that a slow one holds up no other."""
    pace, hung = settings.pace, settings.pace.hung_after
    rows = [
        Job(
            QUEUE,
            pace.pull,
            lambda: pull(parts),
            tuple(f"dispatch {name}" for name in parts.providers),
            hung,
            slows=True,
        ),
        Job("pauses", LOOKS_EVERY, PauseWatch(parts).some_ended, (QUEUE,), hung),
        Job("note", pace.note, lambda: note(parts), (), hung),
        Job("push", pace.push, lambda: push(parts), (), hung),
        Job("sweep", pace.sweep, lambda: sweep(parts), (), 4 * hung, slows=True, before_sending=_SWEEPS_TRIED),
        Job("unknown", pace.reconcile, lambda: send_again(parts), (), hung),
        Job("release", pace.release, lambda: release(parts), ("pull",), hung, slows=True),
        Job("housekeeping", pace.housekeeping, lambda: housekeep(parts, settings.store.keep_days), (), 4 * hung),
    ]
    asked = {mapping.lookup.account for mapping in parts.mappings.values() if mapping.lookup is not None}
    sending = tuple(f"dispatch {name}" for name in parts.providers)
    for account, provider in parts.providers.items():
        patient = hung + provider.settings.longest_answer
        rows += [
            Job(f"balance {account}", pace.balance, _of(keep_floor, parts, account), (f"dispatch {account}",), patient),
            Job(f"token {account}", _TOKENS_EVERY, _of(watch_token, parts, account), (), patient),
            Job(
                f"dispatch {account}",
                pace.dispatch,
                _dispatch(parts, account, senders[account]),
                (),
                patient,
                sends=True,
            ),
            Job(f"poll {account}", pace.poll, _of(poll_statuses, parts, account), ("note",), patient),
            Job(f"replies {account}", pace.replies, _of(poll_replies, parts, account), ("note",), patient),
            Job(f"reconcile {account}", pace.reconcile, _of(reconcile, parts, account), ("note",), patient),
        ]
        if provider.account_capability().cancels_scheduled:
            every, watch = WATCHED_EVERY.total_seconds(), _of(watch_scheduled, parts, account)
            rows.append(Job(f"scheduled {account}", every, watch, ("release",), 4 * patient))
        if account in asked:
            verb = _look_up(parts, account, senders[account])
            rows.append(Job(f"lookup {account}", pace.dispatch, verb, sending, patient))
        if provider.account_capability().keeps_blacklist:
            rows.append(Job(f"blacklist {account}", pace.push, _of(keep_blacklist, parts, account), (), patient))
            hears = _hear_blacklist(parts, account, timedelta(seconds=pace.blacklist))
            every = min(pace.blacklist, pace.balance)
            heard = Job(f"blacklisted {account}", every, hears, (), 4 * patient, before_sending=_BLACKLISTS_TRIED)
            rows.append(heard)
    return tuple(rows)


def _dispatch(parts: Parts, account: str, senders: Executor) -> Callable[[], object]:
    return lambda: dispatch(parts, account, senders)


def _look_up(parts: Parts, account: str, senders: Executor) -> Callable[[], object]:
    return lambda: look_up(parts, account, senders)


def _hear_blacklist(parts: Parts, account: str, every: timedelta) -> Callable[[], object]:
    return lambda: hear_blacklist(parts, account, every)


def _of(verb: Callable[[Parts, str], int], parts: Parts, account: str) -> Callable[[], object]:
    return lambda: verb(parts, account)


def slowed(every: float, budget_used: float) -> float:
    """How often a job that reads the CRM runs when this share (0 to 1) of the day's requests is used.

    Full pace up to half of the budget, then slower in proportion to what is left, at most twenty times.
    """
    left = max(0.0, 1.0 - budget_used)
    return every if left >= 0.5 else min(every * 20, every * 0.5 / max(left, 0.025))
