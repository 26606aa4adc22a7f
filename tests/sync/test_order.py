"""The order of steps, broken off between every two of them by a crash, and taken up by a successor."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from connector.model.records import RecordWrite, WriteCause, WriteResult
from connector.model.states import State
from connector.providers.exchange import Request
from connector.sandbox.server import Sandbox
from connector.store import attempts, claims, intake, outbox, writes
from tests.store.making import rows
from tests.sync.site import NRS, Site, plant, received, record, requests, statuses

LEASE_RUNS_OUT = 60.0


class Crash(BaseException):
    """The process ends here."""


class CrashingCRM:
    """The real org, until a write of one cause: there the process ends, before or after the org has acted."""

    def __init__(self, crm: Any, cause: WriteCause, *, after: bool) -> None:
        self._crm, self._cause, self._after = crm, cause, after

    def __getattr__(self, name: str) -> Any:
        return getattr(self._crm, name)

    def write(self, wanted: list[RecordWrite]) -> list[WriteResult]:
        """Writes, unless this is the fatal one."""
        fatal = any(write.cause is self._cause for write in wanted)
        if fatal and not self._after:
            raise Crash
        results: list[WriteResult] = self._crm.write(wanted)
        if fatal:
            raise Crash
        return results


class CrashingLine:
    """The real line, until something is sent: there the process ends, before or after the provider has acted."""

    def __init__(self, line: Any, *, after: bool) -> None:
        self._line, self._after = line, after

    def __getattr__(self, name: str) -> Any:
        return getattr(self._line, name)

    def ask(self, request: Request) -> Any:
        """Asks, unless this is the fatal request."""
        if not request.sends:
            return self._line.ask(request)
        if self._after:
            self._line.ask(request)
        raise Crash


def at_function(module: Any, name: str, *, after: bool = False) -> Callable[[Site, pytest.MonkeyPatch], None]:
    """The process ends in a function of ours, so that its transaction is rolled back; or right after it, within it."""

    def arm(_: Site, patch: pytest.MonkeyPatch) -> None:
        real = getattr(module, name)

        def ends(*given: Any, **named: Any) -> None:
            if after:
                real(*given, **named)
            raise Crash

        patch.setattr(module, name, ends)

    return arm


def at_crm(cause: WriteCause, *, after: bool) -> Callable[[Site, pytest.MonkeyPatch], None]:
    """The process ends at a call to the CRM."""
    return lambda site, _: site.with_parts(crm=CrashingCRM(site.parts.crm, cause, after=after))


def at_provider(*, after: bool) -> Callable[[Site, pytest.MonkeyPatch], None]:
    """The process ends at the send."""

    def arm(site: Site, _: pytest.MonkeyPatch) -> None:
        real = site.parts.line
        site.with_parts(line=lambda account: CrashingLine(real(account), after=after))

    return arm


Arm = Callable[[Site, pytest.MonkeyPatch], None]
HARMLESS: tuple[tuple[str, Arm], ...] = (
    ("before the rows are committed", at_function(intake, "take_in", after=True)),
    ("before the claims are written", at_crm(WriteCause.CLAIM, after=False)),
    ("after the claims are written", at_crm(WriteCause.CLAIM, after=True)),
    ("before the claims are confirmed", at_function(claims, "confirm")),
    ("while the claims are confirmed", at_function(claims, "confirm", after=True)),
    ("before the attempt is written", at_function(attempts, "begin")),
    ("before the attempt is committed", at_function(attempts, "begin", after=True)),
    ("before the statuses are written back", at_crm(WriteCause.STATUS, after=False)),
    ("after the statuses are written back", at_crm(WriteCause.STATUS, after=True)),
    ("before the write-back is settled", at_function(writes, "settle")),
    ("while the write-back is settled", at_function(outbox, "left_queue")),
)


@contextmanager
def crashed(sandbox: Sandbox, url: str, arm: Arm) -> Iterator[Site]:
    """A connector that ended at a point, and the one that was started after it."""
    first = Site(sandbox, url)
    with pytest.MonkeyPatch.context() as patch:
        arm(first, patch)
        with pytest.raises(Crash):
            for _ in range(100):
                first.work()
    first.vanish()
    successor = Site(sandbox, url, ahead=LEASE_RUNS_OUT)
    try:
        yield successor
    finally:
        successor.close()


@pytest.mark.parametrize(("where", "arm"), HARMLESS, ids=[where for where, _ in HARMLESS])
def test_a_crash_away_from_the_send_costs_nothing(sandbox: Sandbox, url: str, where: str, arm: Arm) -> None:
    """Wherever else the process ends, its successor sends each message exactly once and tells every record."""
    plant(sandbox, 4)
    plant(sandbox, 2, "MX", first=21)
    with crashed(sandbox, url, arm) as successor:
        successor.work_through()
        assert sum(successor.states().values()) == 6
    assert received(sandbox) == {"received": 6, "distinct": 6, "duplicates": 0}
    assert statuses(sandbox) == {"Delivered": 4, "Sent": 2}
    tasks = sandbox.org.rows("Task")
    assert len(tasks) == len({row["SMS_External_Id__c"] for row in tasks}) == 6


def test_a_crash_between_the_attempt_and_the_send_is_unknown_and_is_never_sent(sandbox: Sandbox, url: str) -> None:
    """The attempt is committed and the request did not leave: nobody can know that, so it stays unknown."""
    ids = plant(sandbox, 3)
    with crashed(sandbox, url, at_provider(after=False)) as successor:
        assert successor.states() == {"unknown": 3}
        successor.work_through()
        for _ in range(3):
            successor.later(600)
            successor.work()
        assert successor.states() == {"unknown": 3}
        (attempt,) = rows(successor.parts.database, attempts.ATTEMPT)
        assert attempt.outcome == "crashed"
    assert requests(sandbox, "POST /sms") == 0
    assert {record(sandbox, each)["Status__c"] for each in ids} == {"Unknown"}


def test_a_crash_between_the_send_and_its_note_is_found_again_at_the_provider(sandbox: Sandbox, url: str) -> None:
    """The provider has it and we noted nothing: unknown at first, then found by its campaign's name, sent once."""
    plant(sandbox, 3)
    with crashed(sandbox, url, at_provider(after=True)) as successor:
        assert successor.states() == {"unknown": 3}
        successor.work_until(lambda: successor.states() == {"delivered": 3})
        successor.work_through()
    assert requests(sandbox, "POST /sms") == 1
    assert received(sandbox) == {"received": 3, "distinct": 3, "duplicates": 0}
    assert statuses(sandbox) == {"Delivered": 3}


def test_a_crash_while_the_answer_is_noted_is_found_again_too(sandbox: Sandbox, url: str) -> None:
    """The note's transaction rolls back as a whole: the attempt stands without an end, and is looked up."""
    plant(sandbox, 2)
    with crashed(sandbox, url, at_function(attempts, "end", after=True)) as successor:
        assert successor.states() == {"unknown": 2}
        successor.work_until(lambda: successor.states() == {"delivered": 2})
    assert received(sandbox) == {"received": 2, "distinct": 2, "duplicates": 0}


def test_a_provider_without_a_listing_leaves_a_crash_in_doubt(sandbox: Sandbox, url: str) -> None:
    """Smsclouds cannot be searched: what a crash left there stays unknown, and no second request leaves."""
    plant(sandbox, 2, "MX")
    with crashed(sandbox, url, at_provider(after=True)) as successor:
        successor.work_through()
        successor.later(3600)
        successor.work()
        assert successor.states() == {"unknown": 2}
    assert requests(sandbox, "POST /api/v3/campaign", "smsclouds") == 1


def test_the_attempt_is_durable_before_its_request_leaves(site: Site, sandbox: Sandbox) -> None:
    """When the request reaches the line, another connection to the store already sees the attempt and its messages."""
    plant(sandbox)
    seen: list[tuple[int, set[str]]] = []
    real = site.parts.line

    class Looking:
        """Looks at the store at the moment of the send."""

        def __init__(self, account: str) -> None:
            self._line = real(account)

        def ask(self, request: Request) -> Any:
            found = rows(site.parts.database, attempts.ATTEMPT)
            seen.append((len(found), set(site.states())))
            return self._line.ask(request)

    site.with_parts(line=Looking)
    site.pull()
    site.dispatch()
    assert seen == [(1, {State.ATTEMPTING})]


def test_the_body_that_was_sent_is_the_one_whose_hash_was_committed(site: Site, sandbox: Sandbox) -> None:
    """Two attempts with different texts have different hashes, so that evidence can be compared."""
    plant(sandbox)
    site.pull()
    site.dispatch()
    plant(sandbox, first=2)
    site.pull()
    site.dispatch()
    first, second = (row.body_hash for row in rows(site.parts.database, attempts.ATTEMPT))
    assert first != second
    assert len(first) == 64


def test_a_store_that_fails_while_an_answer_is_noted_is_asked_again(
    site: Site, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer exists only in memory then: it is kept until the store takes it, with an alarm meanwhile."""
    from connector.model.errors import StoreError

    plant(sandbox)
    site.pull()
    real, tries = attempts.end, []
    alarms: list[dict[str, str]] = []

    def fails_once(*given: Any) -> None:
        tries.append(given)
        if len(tries) == 1:
            raise StoreError("the store refused: database or disk is full.")
        alarms.append(site.alarms())
        real(*given)

    monkeypatch.setattr(attempts, "end", fails_once)
    assert site.dispatch(NRS).accepted == 1
    assert site.states() == {"accepted": 1}
    assert "Answers of providers wait in memory meanwhile." in alarms[0]["store"]
    assert site.alarms() == {}
    assert received(sandbox)["received"] == 1
