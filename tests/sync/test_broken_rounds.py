"""A round of sending that fails in the midst: the next one settles what it left open, and nothing is sent twice."""

from collections.abc import Callable
from typing import Any

import pytest

from connector.model.errors import LeaseHeld, StoreError
from connector.sandbox.server import Sandbox
from connector.store import lease
from connector.store.attempts import ATTEMPT
from connector.sync import dispatch as dispatching
from connector.sync import planning
from connector.sync.parts import LEASE_NAME
from tests.store.making import rows, statements
from tests.sync.site import NRS, Site, plant, received, site_on, statuses

BOTH_STORES = pytest.mark.parametrize("kind", ["sqlite", "postgresql"], indirect=True)


def fails_once(does: Callable[..., Any], error: Exception, *, after: bool) -> Callable[..., Any]:
    """Something whose first call fails, before or after it has done its work."""
    calls: list[None] = []

    def call(*given: Any, **named: Any) -> Any:
        calls.append(None)
        if len(calls) == 1 and not after:
            raise error
        done = does(*given, **named)
        if len(calls) == 1:
            raise error
        return done

    return call


@pytest.fixture
def commits_unheard(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first commit of attempts succeeds, and its answer is lost."""
    lost = StoreError("the store refused: server closed the connection unexpectedly. Check the database.")
    monkeypatch.setattr(planning, "_committed", fails_once(planning._committed, lost, after=True))


@pytest.fixture
def fails_to_note(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is told cannot be noted, once, by a mistake of ours."""
    monkeypatch.setattr(
        dispatching, "hear_refusals", fails_once(dispatching.hear_refusals, ValueError("a mistake"), after=False)
    )


@BOTH_STORES
@pytest.mark.usefixtures("commits_unheard")
def test_attempts_whose_commit_went_unheard_are_sent_by_the_next_round(site: Site, sandbox: Sandbox) -> None:
    """Nothing of them was given to a sender, so they certainly never left: nobody is in doubt, nobody gets two."""
    plant(sandbox, 3)
    site.pull()
    with pytest.raises(StoreError):
        site.dispatch()
    assert site.states() == {"attempting": 3}
    assert received(sandbox)["received"] == 0
    assert site.dispatch().accepted == 3
    assert [row.outcome for row in rows(site.parts.database, ATTEMPT)] == ["never_left", "answered"]
    site.work_through()
    assert received(sandbox) == {"received": 3, "distinct": 3, "duplicates": 0}
    assert statuses(sandbox) == {"Delivered": 3}


@pytest.mark.usefixtures("fails_to_note")
def test_what_was_sent_and_could_not_be_noted_is_unknown_and_not_sent_again(site: Site, sandbox: Sandbox) -> None:
    """Its answer is lost, as in a crash; the provider's listing or a status settles it."""
    plant(sandbox)
    site.pull()
    with pytest.raises(ValueError, match="a mistake"):
        site.dispatch()
    assert site.states() == {"attempting": 1}
    site.dispatch()
    assert site.states() == {"unknown": 1}
    assert "could not be noted" in site.message().failure_reason
    site.work_through()
    assert site.states() == {"delivered": 1}
    assert received(sandbox) == {"received": 1, "distinct": 1, "duplicates": 0}


@pytest.mark.usefixtures("fails_to_note")
def test_one_answer_that_cannot_be_noted_keeps_the_others_from_nothing(sandbox: Sandbox, url: str) -> None:
    """All that is under way is waited for and noted before the round ends: the next one finds nothing in the air."""
    with site_on(sandbox, url, accounts={NRS: {"batch_size": 1, "senders": 3}}) as site:
        plant(sandbox, 3)
        sandbox.faults.add(
            {"target": "nrs360", "operation": "POST /sms", "kind": "slow", "seconds": 0.4, "times": 1, "after": 2}
        )
        site.pull()
        with pytest.raises(ValueError, match="a mistake"):
            site.dispatch()
        states = site.states()
        assert states["accepted"] >= 1
        assert states["accepted"] + states["attempting"] == 3
        site.dispatch()
        assert "attempting" not in site.states()
        assert site.states()["unknown"] == states["attempting"]
    assert received(sandbox) == {"received": 3, "distinct": 3, "duplicates": 0}


@pytest.mark.usefixtures("commits_unheard")
def test_without_the_lease_nothing_of_a_broken_round_is_touched(site: Site, sandbox: Sandbox) -> None:
    """Whoever has the lease has marked it already, and the next holder's mark is not overwritten."""
    plant(sandbox)
    site.pull()
    with pytest.raises(StoreError):
        site.dispatch()
    with site.parts.database.begin() as connection:
        connection.execute(lease.LEASE.update().values(holder="another:1", fence=lease.LEASE.c.fence + 1))
    with pytest.raises(LeaseHeld):
        site.dispatch()
    assert site.states() == {"attempting": 1}
    with site.parts.database.read() as connection:
        assert lease.holder(connection, LEASE_NAME) is not None


def test_a_round_that_ended_well_costs_the_next_one_nothing(site: Site, sandbox: Sandbox) -> None:
    """What a broken round left is looked for after an error alone."""
    plant(sandbox)
    site.pull()
    site.dispatch()
    with statements(site.parts.database) as asked:
        site.dispatch()
    assert len(asked) == 1, "what may be sent is all that is asked for"
