"""Lookups → providers: what messages wait for is asked, in the background, and kept for those that come after."""

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import structlog

from connector.model.errors import ConnectorError, MayHaveLeft, NeverLeft, Refused, Throttled, Unreadable
from connector.model.failures import Fault, Retry
from connector.model.lookups import LookedUp
from connector.providers.account import AccountOptions
from connector.providers.base import Provider
from connector.store import caps, lookups
from connector.store.db import Transaction, new_id
from connector.store.lookups import LookupEnd
from connector.sync.allowance import lookup_cost
from connector.sync.answers import LONG_WAIT
from connector.sync.breakers import Standing
from connector.sync.lookup_caps import spend, within_caps
from connector.sync.parts import Parts, backoff

log = structlog.get_logger()

MOST_TRIES = 6
"""Tries that certainly cost nothing, or were turned away, after which a lookup has failed."""
MOST_LOST = 2
"""Answers lost, after which a lookup has failed: each may have cost, so that one is asked again once and no more."""
LONGEST_UNDER_WAY = timedelta(hours=24)
"""How long a provider may take over a lookup it has begun."""

_QUESTIONS_A_SENDER = 4
_ACCOUNT_PAUSE = timedelta(seconds=60)
_LOST_IN_A_CRASH = "the connector stopped before the answer came"


@dataclass(slots=True)
class _Flight:
    """Questions that leave side by side; once it is `over`, those whose turn has not come stay here."""

    over: bool = False


@dataclass(frozen=True, slots=True)
class _Begun:
    """Questions that are committed; `spent_as` is the id under which the caps count them, as of `at`."""

    rows: Sequence[Any]
    spent_as: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class _Asked:
    """How one question ended; `pauses`: the account should be left alone for a while; `free`: it certainly cost
    nothing."""

    end: LookupEnd
    pauses: bool = False
    free: bool = False


def look_up(parts: Parts, account: str, senders: Executor) -> int:
    """Asks an account for the lookups that are due, by its senders, rate and breaker; gives how many were settled.

    A question is committed before it leaves. One whose answer is lost, to a crash too, may have cost money and is
    asked again at most once. A lookup that the provider takes its time over is asked after until it is there. One that
    a cap forbids waits until there is room, and the messages that wait for it are held. Lookups that fail by the
    account's or its provider's fault open its breaker, as sends do, and one may be what closes it.

    Raises:
        LeaseHeld: this process lost its lease; nothing was asked.
    """
    provider = parts.providers[account]
    settled = _take_up_interrupted(parts, account)
    for standing in ("under_way", "due"):
        while not parts.stopping.is_set():
            begun = _begin(parts, provider, standing)
            if not begun.rows:
                break
            ask = _ask if standing == "due" else _ask_after
            ended = list(senders.map(partial(_in_flight, parts, provider, _Flight(), ask), begun.rows))
            settled += _noted(parts, account, begun, ended)
            if any(each.pauses for each in ended):
                return settled
    return settled


def _take_up_interrupted(parts: Parts, account: str) -> int:
    """Questions that were under way when a process ended: their answers are lost."""
    now = parts.clock()
    with parts.database.read() as connection:
        rows = lookups.due(connection, account, "asking", now, 10_000)
    if not rows:
        return 0
    lost = [_Asked(_lost(row, _LOST_IN_A_CRASH, now)) for row in rows]
    with parts.database.begin() as connection:
        parts.tenure.check(connection, now)  # who lost the lease may be looking at its successor's questions
        return _note(parts, connection, account, _Begun(rows, None, now), lost)


def _begin(parts: Parts, provider: Provider[AccountOptions], standing: str) -> _Begun:
    """The lookups that are asked for now; those that may cost are committed as such, and with them what they spend."""
    now, account = parts.clock(), provider.account
    nothing = _Begun((), None, now)
    breaker = parts.breakers.standing(account)
    probing = breaker is Standing.HALF_OPEN
    _, room = parts.rates.left(account, 1, 1 if probing else provider.settings.senders * _QUESTIONS_A_SENDER)
    if breaker is Standing.OPEN or not room:
        return nothing
    costs = standing == "due"
    with parts.database.begin() as connection:
        parts.tenure.check(connection, now)
        rows = lookups.due(connection, account, standing, now, room)
        if costs and rows:
            rows = within_caps(parts, connection, account, rows, now)
        if probing and rows and not parts.breakers.probe(account):
            return nothing
        begun = _Begun(rows, new_id() if costs else None, now)
        if begun.spent_as and rows:
            lookups.begin(connection, [row.id for row in rows])
            spend(parts.providers, connection, account, begun.spent_as, len(rows), now)
    parts.rates.take(account, 0, len(rows))
    return begun


def _in_flight(
    parts: Parts,
    provider: Provider[AccountOptions],
    flight: _Flight,
    ask: Callable[[Parts, Provider[AccountOptions], Any], _Asked],
    row: Any,
) -> _Asked:
    """Asks, unless a question beside this one has told that the account is to be left alone."""
    if flight.over:
        end = _end(row, row.standing, tries=row.tries, under_way=row.under_way, error=row.error)
        return _Asked(end, pauses=True, free=True)
    asked = ask(parts, provider, row)
    if asked.pauses or parts.breakers.standing(provider.account) is Standing.OPEN:
        flight.over = True
    return asked


def _ask(parts: Parts, provider: Provider[AccountOptions], row: Any) -> _Asked:
    """Asks once; whatever goes wrong, the question is committed and never asked again more often than is said."""
    account = provider.account
    try:
        told = parts.line(account).hear(provider.look_up(row.target))
    except (MayHaveLeft, Unreadable) as error:
        _failed_at(parts, account, error)
        return _Asked(_lost(row, str(error), parts.clock()))
    except ConnectorError as error:
        if _of_the_target(error):
            parts.breakers.worked(account)
            return _Asked(_failed(row, str(error), parts.clock()), free=True)
        _failed_at(parts, account, error)
        free = isinstance(error, NeverLeft | Refused)
        return _Asked(_put_off(parts, account, row, error), pauses=True, free=free)
    except Exception as error:  # a bug in an adapter must not ask for ever
        log.exception("lookup_failed", account=account, lookup=row.id)
        return _Asked(_failed(row, f"{type(error).__name__} in the adapter", parts.clock()))
    parts.breakers.worked(account)
    parts.alarms.settle(_subject(account))
    return _Asked(_answered(row, told, parts.clock()))


def _ask_after(parts: Parts, provider: Provider[AccountOptions], row: Any) -> _Asked:
    """Asks what became of a lookup under way, which costs nothing."""
    account, now = provider.account, parts.clock()
    too_late = row.requested_at + LONGEST_UNDER_WAY <= now
    try:
        told = parts.line(account).hear(provider.looked_up(row.target, row.under_way))
    except ConnectorError as error:
        of_the_target = _of_the_target(error)
        if of_the_target:
            parts.breakers.worked(account)
        else:
            _failed_at(parts, account, error)
        if too_late or of_the_target:
            return _Asked(_failed(row, str(error), parts.clock()))
        again = parts.clock() + backoff(row.tries + 1)
        end = _end(row, "under_way", tries=row.tries + 1, not_before=again, under_way=row.under_way, error=str(error))
        return _Asked(end, pauses=not isinstance(error, Unreadable))
    except Exception as error:
        log.exception("lookup_failed", account=account, lookup=row.id)
        return _Asked(_failed(row, f"{type(error).__name__} in the adapter", parts.clock()))
    parts.breakers.worked(account)
    if told.under_way is not None and too_late:
        hours = LONGEST_UNDER_WAY // timedelta(hours=1)
        return _Asked(_failed(row, f"the provider did not finish it within {hours} hours", parts.clock()))
    return _Asked(_answered(row, told, parts.clock()))


def _noted(parts: Parts, account: str, begun: _Begun, ended: Sequence[_Asked]) -> int:
    with parts.database.begin() as connection:
        return _note(parts, connection, account, begun, ended)


def _note(parts: Parts, connection: Transaction, account: str, begun: _Begun, ended: Sequence[_Asked]) -> int:
    """Notes how questions ended; what certainly cost nothing is given back to the caps. How many were settled."""
    free = sum(1 for each in ended if each.free)
    lookups.end(connection, account, [each.end for each in ended], parts.clock())
    if begun.spent_as and free:
        caps.give_back(connection, begun.spent_as, begun.at, lookup_cost(parts.providers, account) * free)
    return sum(1 for each in ended if each.end.settled_at is not None)


def _answered(row: Any, told: LookedUp, now: datetime) -> LookupEnd:
    if told.under_way is not None:
        tries = row.tries + 1 if row.standing == "under_way" else 0
        again = now + backoff(tries, first=1.0)
        return _end(row, "under_way", tries=tries, not_before=again, under_way=told.under_way)
    return replace(_end(row, "known", tries=row.tries, settled_at=now), told=told)


def _lost(row: Any, why: str, now: datetime) -> LookupEnd:
    lost = row.lost + 1
    if lost >= MOST_LOST:
        reason = f"{why}; each of {lost} questions may have cost, and no more are asked"
        return _end(row, "failed", tries=row.tries, lost=lost, settled_at=now, error=reason)
    return _end(row, "due", tries=row.tries, lost=lost, not_before=now + backoff(row.tries), error=why)


def _failed(row: Any, why: str, now: datetime) -> LookupEnd:
    return _end(row, "failed", tries=row.tries, settled_at=now, error=why)


def _put_off(parts: Parts, account: str, row: Any, error: ConnectorError) -> LookupEnd:
    """Nothing was done, and nothing cost: it is tried again, so many times."""
    now, tries = parts.clock(), row.tries + 1
    if tries >= MOST_TRIES:
        return replace(_failed(row, str(error), now), tries=tries)
    wait = backoff(tries)
    if isinstance(error, Throttled):
        wait = max(wait, timedelta(seconds=error.wait))
        parts.rates.wait(account, error.wait)
    elif isinstance(error, Refused):
        wait = max(wait, _ACCOUNT_PAUSE)
    return _end(row, "due", tries=tries, not_before=now + wait, error=str(error))


def _end(
    row: Any,
    standing: str,
    *,
    tries: int,
    lost: int | None = None,
    not_before: datetime | None = None,
    under_way: str | None = None,
    settled_at: datetime | None = None,
    error: str | None = None,
) -> LookupEnd:
    kept = row.lost if lost is None else lost
    return LookupEnd(row.id, row.target, standing, tries, kept, not_before, under_way, settled_at, error)


def _of_the_target(error: ConnectorError) -> bool:
    """Whether the provider refused this very target, and not us or the moment."""
    if not isinstance(error, Refused) or isinstance(error, Throttled):
        return False
    return error.failure.fault is not Fault.ACCOUNT and error.failure.retry is not Retry.LATER


def _failed_at(parts: Parts, account: str, error: ConnectorError) -> None:
    """Tells of a question that the account or its provider has let fail; a short "not now" is no failure of theirs."""
    if not isinstance(error, Throttled) or error.wait > LONG_WAIT.total_seconds():
        parts.breakers.failed(account, str(error))
    log.warning("lookup_ended", account=account, reason=str(error))
    parts.alarms.sound(_subject(account), f"{error} Messages wait for lookups there as long as their mappings say.")


def _subject(account: str) -> str:
    return f"lookups of {account}"
