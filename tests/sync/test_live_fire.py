"""Live-fire safety: who may be sent to outside production, and what was queued before the first start."""

from datetime import timedelta

import pytest

from connector.model.states import State
from connector.sandbox.server import Sandbox
from tests.sync.site import Site, number_of, plant, received, record, set_back, site_on


def plant_later(sandbox: Sandbox) -> list[str]:
    """Queues a message well after the first start, for the org tells whole seconds only."""
    sandbox.org.clock.ahead = timedelta(seconds=5)
    try:
        return plant(sandbox, first=2)
    finally:
        sandbox.org.clock.ahead = timedelta()


def test_outside_production_only_the_listed_numbers_are_sent_to(sandbox: Sandbox, url: str) -> None:
    """The others are held, and their records say why and what to do."""
    ids = plant(sandbox, 3)
    live = {"production": False, "allow": [number_of(2)]}
    with site_on(sandbox, url, live=live) as site:
        site.pull()
        site.dispatch()
        site.push()
        assert [row.state for row in sorted(site.messages(), key=lambda row: row.to_number)] == [
            State.HELD,
            State.ACCEPTED,
            State.HELD,
        ]
    told = record(sandbox, ids[0])
    assert told["Status__c"] == "Held"
    assert "not on the list" in told["Error__c"]
    assert "[live] allow" in told["Error__c"]
    assert received(sandbox)["received"] == 1


@pytest.mark.parametrize("said", ["auto", True, False])
def test_the_org_is_asked_whether_it_is_in_production(sandbox: Sandbox, url: str, said: object) -> None:
    """Unless the settings say it; the sandbox is a Developer Edition, which is not."""
    with site_on(sandbox, url, live={"production": said}) as site:
        assert site.parts.live.production is (said is True)


def test_what_was_queued_before_the_first_start_is_held_until_it_is_set_back(sandbox: Sandbox, url: str) -> None:
    """It is held once, unclaimed; set back by a person it is sent, as often as that; what is queued later, at once."""
    (old,) = plant(sandbox)
    with site_on(sandbox, url, live={"send_backlog": False}) as site:
        site.pull()
        (new,) = plant_later(sandbox)
        site.pull()
        site.dispatch()
        site.push()
        states = {row.record_id: (row.state, row.failure_code) for row in site.messages()}
        assert states == {old: (State.HELD, "BACKLOG"), new: (State.ACCEPTED, None)}
        assert "before the connector was first started" in record(sandbox, old)["Error__c"]
        set_back(sandbox, old)
        site.pull()
        site.dispatch()
        assert {row.state for row in site.messages()} == {State.ACCEPTED}
        site.work_until(lambda: site.states() == {"delivered": 2} and not site.owed())
        set_back(sandbox, old)
        site.pull()
        assert site.states() == {"delivered": 2, "claimed": 1}
    assert received(sandbox)["distinct"] == 2


def test_the_first_start_is_the_first_one_only(sandbox: Sandbox, url: str) -> None:
    """A daemon started again still sends what was queued after the first start, while it was away."""
    guarded = {"send_backlog": False}
    with site_on(sandbox, url, live=guarded) as site:
        first = site.parts.live.backlog_before
    plant_later(sandbox)
    with site_on(sandbox, url, live=guarded) as site:
        assert site.parts.live.backlog_before == first
        site.pull()
        assert site.states() == {"claimed": 1}


def test_the_backlog_is_sent_when_asked_for(site: Site, sandbox: Sandbox) -> None:
    """With send_backlog nothing is held for its age."""
    assert site.parts.live.backlog_before is None
    plant(sandbox)
    site.pull()
    assert site.states() == {"claimed": 1}
