"""A process that was paused and lost its lease: it writes no more to the CRM, and leaves its successor's work alone."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from connector.model.errors import LeaseHeld, MayHaveLeft
from connector.model.records import RecordWrite, WriteResult
from connector.sandbox.server import Sandbox
from connector.store import lease
from connector.store.lookups import LOOKUP
from connector.store.writes import WRITE
from connector.sync import push as pushing
from tests.store.making import rows
from tests.sync.site import SMSCLOUDS, Site, plant, record, site_on
from tests.sync.test_lookup import asks, looking_up

PAUSE = 60.0
BOTH_STORES = pytest.mark.parametrize("kind", ["sqlite", "postgresql"], indirect=True)


def paused(site: Site) -> None:
    """Stands still for longer than a lease lasts; meanwhile another process takes over and brings all to its end."""
    site.clock.go_on(PAUSE)
    with site_on(site.sandbox, site.url, ahead=PAUSE) as successor:
        successor.work_until(lambda: successor.states() == {"delivered": 1} and not successor.owed())


def to_another(site: Site) -> None:
    """The lease goes to another process."""
    with site.parts.database.begin() as connection:
        connection.execute(lease.LEASE.update().values(holder="another:1", fence=lease.LEASE.c.fence + 1))


def owing_sent(site: Site, sandbox: Sandbox) -> str:
    """A record that is owed the word that its message was sent, and nothing else yet."""
    (record_id,) = plant(sandbox)
    site.pull()
    site.dispatch()
    assert site.states() == {"accepted": 1}
    assert site.owed()
    return record_id


class Interrupted:
    """The real CRM; something happens at the first write, before it is made or in place of it."""

    def __init__(self, crm: Any, happens: Callable[[], None]) -> None:
        self._crm = crm
        self._happens = happens
        self.writes = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._crm, name)

    def write(self, wanted: Sequence[RecordWrite]) -> list[WriteResult]:
        """As the CRM does it."""
        self.writes += 1
        if self.writes == 1:
            self._happens()
        results: list[WriteResult] = self._crm.write(wanted)
        return results


@BOTH_STORES
def test_a_word_that_was_overtaken_during_a_pause_is_not_written(
    site: Site, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It had read what is owed; then its successor wrote Delivered, and Sent does not come over it."""
    record_id = owing_sent(site, sandbox)
    gather, pauses = pushing.by_record, [paused]

    def gather_and_pause(*given: Any) -> Any:
        owing = gather(*given)
        if pauses:
            pauses.pop()(site)
        return owing

    monkeypatch.setattr(pushing, "by_record", gather_and_pause)
    with pytest.raises(LeaseHeld):
        site.push()
    assert record(sandbox, record_id)["Status__c"] == "Delivered"
    assert site.owed() == 0


def test_a_call_that_was_cut_off_by_a_pause_makes_nothing_due_again(site: Site, sandbox: Sandbox) -> None:
    """Its connection died meanwhile; what the successor has written and noted stays noted."""
    record_id = owing_sent(site, sandbox)

    def cut_off() -> None:
        paused(site)
        raise MayHaveLeft("The connection to the org broke before an answer came.")

    site.with_parts(crm=Interrupted(site.parts.crm, cut_off))
    with pytest.raises(LeaseHeld):
        site.push()
    assert site.owed() == 0
    site.later(PAUSE)
    site.push()
    assert record(sandbox, record_id)["Status__c"] == "Delivered"


def test_no_call_of_a_push_follows_one_during_which_the_lease_was_lost(site: Site, sandbox: Sandbox) -> None:
    """Records that met a lock are written by calls of their own; the lease is looked at before each."""
    plant(sandbox, 3)
    site.pull()
    site.dispatch()
    locked = [row.id for row in site.writes("due")][1:]
    with site.parts.database.begin() as connection:
        connection.execute(WRITE.update().where(WRITE.c.id.in_(locked)).values(tries=2, lock_parent="a parent"))
    org = Interrupted(site.parts.crm, lambda: to_another(site))
    site.with_parts(crm=org)
    with pytest.raises(LeaseHeld):
        site.push()
    assert org.writes == 1
    with pytest.raises(LeaseHeld):
        site.push()
    assert org.writes == 1


def test_a_question_that_the_successor_asks_is_left_alone(sandbox: Sandbox, url: str, tmp_path: Path) -> None:
    """It looks as one that a crash left; but whoever has no lease cannot say so."""
    with looking_up(sandbox, url, tmp_path) as site:
        plant(sandbox, country="MX")
        site.pull()
        site.dispatch(SMSCLOUDS)
        to_another(site)
        with site.parts.database.begin() as connection:
            connection.execute(LOOKUP.update().values(standing="asking"))
        with pytest.raises(LeaseHeld):
            asks(site)
        (question,) = rows(site.parts.database, LOOKUP)
        assert (question.standing, question.lost) == ("asking", 0)
