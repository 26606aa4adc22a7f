"""Pauses: what a person stops waits where it is, and everything else goes on."""

from dataclasses import replace
from datetime import timedelta

import pytest

from connector.model.scopes import Scope
from connector.model.states import State
from connector.sandbox.server import Sandbox
from connector.store import backlog, outbox, pauses
from connector.sync.pause_watch import PauseWatch
from connector.sync.pull import Pulled
from tests.sync.site import NRS, SMSCLOUDS, Site, plant, received, site_on, statuses

EVERY = [(Scope.EVERYTHING, ""), (Scope.ACCOUNT, NRS), (Scope.MAPPING, "sms-outbox")]


def pause(site: Site, scope: Scope, name: str) -> None:
    """A person pauses something."""
    with site.parts.database.begin() as connection:
        assert pauses.pause(connection, scope, name, "a try", site.clock())


def resume(site: Site, scope: Scope, name: str) -> None:
    """And lets it go on."""
    with site.parts.database.begin() as connection:
        assert pauses.resume(connection, scope, name)


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"], indirect=True)
@pytest.mark.parametrize(("scope", "name"), EVERY)
def test_what_is_paused_is_not_sent_and_goes_on_afterwards(
    site: Site, sandbox: Sandbox, scope: Scope, name: str
) -> None:
    """The next round of dispatch sends nothing of it; the message stays claimed, and is sent once when resumed."""
    plant(sandbox)
    site.pull()
    pause(site, scope, name)
    site.dispatch()
    site.push()
    assert site.states() == {"claimed": 1}
    assert statuses(sandbox) == {"Sending": 1}
    assert received(sandbox)["received"] == 0
    resume(site, scope, name)
    site.pull()
    site.dispatch()
    assert received(sandbox) == {"received": 1, "distinct": 1, "duplicates": 0}


def test_a_claim_that_lapses_under_a_pause_is_renewed_before_its_message_is_sent(site: Site, sandbox: Sandbox) -> None:
    """A pause of hours costs the org no renewals, and what waited is sent under a claim that holds."""
    plant(sandbox)
    site.pull()
    pause(site, Scope.ACCOUNT, NRS)
    before = site.message().claim_expires
    site.later(3 * 3600)
    site.pull()
    assert site.message().claim_expires == before
    resume(site, Scope.ACCOUNT, NRS)
    site.dispatch()
    assert site.states() == {"claimed": 1}
    site.pull()
    assert site.message().claim_expires > site.clock()
    site.dispatch()
    assert site.states() == {"accepted": 1}


@pytest.mark.parametrize(("scope", "name"), [EVERY[0], EVERY[2]])
def test_a_paused_mapping_is_not_read(site: Site, sandbox: Sandbox, scope: Scope, name: str) -> None:
    """Its records stay queued in the CRM until it goes on."""
    plant(sandbox)
    pause(site, scope, name)
    assert site.pull() == Pulled()
    assert (site.states(), statuses(sandbox)) == ({}, {"Queued": 1})
    resume(site, scope, name)
    assert site.pull().claimed == 1


def test_one_account_paused_stops_no_other(site: Site, sandbox: Sandbox) -> None:
    """The other account sends, however much waits for the paused one, and reading goes on."""
    plant(sandbox, 3)
    pause(site, Scope.ACCOUNT, NRS)
    site.with_parts(timing=replace(site.parts.timing, high_water=2))
    site.pull()
    plant(sandbox, 1, country="MX", first=9)
    site.pull()
    site.dispatch(NRS)
    site.dispatch(SMSCLOUDS)
    assert site.states() == {"claimed": 3, "accepted": 1}


def test_a_paused_mapping_does_not_starve_the_others_of_its_account(sandbox: Sandbox, url: str) -> None:
    """Messages that wait with a better rank than an unpaused mapping's do not fill the account's room."""
    with site_on(sandbox, url, accounts={NRS: {"batch_size": 1, "senders": 1}}) as site:
        (mapping,) = site.parts.mappings.values()
        plant(sandbox, 3)
        site.pull()
        site.with_parts(mappings={"other": replace(mapping, name="other")})
        plant(sandbox, 1, first=9)
        site.pull()
        pause(site, Scope.MAPPING, "sms-outbox")
        site.dispatch()
        assert {row.mapping: row.state for row in site.messages()} == {
            "sms-outbox": State.CLAIMED,
            "other": State.ACCEPTED,
        }


@pytest.mark.parametrize(("scope", "name"), EVERY)
def test_a_pass_does_not_wait_for_what_is_paused(site: Site, sandbox: Sandbox, scope: Scope, name: str) -> None:
    """Nothing paused counts as due, or as waiting to be sent."""
    plant(sandbox)
    site.pull()

    def due() -> tuple[int, int]:
        until = site.clock() + timedelta(seconds=10)
        with site.parts.database.read() as connection:
            counted = backlog.due(connection, site.parts.org, ["sms-outbox"], [NRS], until)
            return counted["messages"], outbox.waiting(connection)

    assert due() == (1, 1)
    pause(site, scope, name)
    assert due() == (0, 0)


def test_the_end_of_a_pause_is_told_once(site: Site) -> None:
    """Neither its beginning is, nor that of another one; one that began and ended between two looks is never seen."""
    watch = PauseWatch(site.parts)
    told = []
    for step in (pause, resume, pause, resume):
        told.append(watch.some_ended())
        step(site, Scope.ACCOUNT, NRS)
    pause(site, Scope.EVERYTHING, "")
    assert [*told, watch.some_ended(), watch.some_ended()] == [False, False, True, False, True, False]
