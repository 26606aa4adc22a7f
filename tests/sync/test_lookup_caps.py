"""Caps of lookups: never passed by anybody, and what one forbids waits with its message and goes on by itself."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from connector import settings
from connector.app import build
from connector.cli.single_pass import SinglePass
from connector.model.errors import SettingsError
from connector.sandbox.server import Sandbox
from connector.store.caps import SPENDING
from connector.store.lookups import LOOKUP
from connector.sync import lookup_caps
from connector.sync.allowance import Shortage
from connector.sync.lookup_caps import Asking
from connector.sync.release import release
from tests.store.making import rows
from tests.sync.site import (
    NRS,
    SMSCLOUDS,
    Site,
    plant,
    received,
    record,
    requests,
    settings_for,
    site_on,
    waits_for_the_turn_of,
)
from tests.sync.test_lookup import FIELDS, HLR, SET, asks, hlr_fault, send, with_lookup

BOTH_STORES = pytest.mark.parametrize("kind", ["sqlite", "postgresql"], indirect=True)
ONE_AT_ONCE = {SMSCLOUDS: {"hlr_fields": FIELDS, "senders": 1}}
TWO_AN_HOUR = {"accounts": {SMSCLOUDS: {"lookups_an_hour": 2}}}


@contextmanager
def capped(
    sandbox: Sandbox,
    url: str,
    folder: Path,
    caps: dict[str, Any],
    accounts: dict[str, Any] | None = None,
    **section: str,
) -> Iterator[Site]:
    """A site whose messages are looked up at Smsclouds, under caps."""
    mapping = with_lookup(folder, account=SMSCLOUDS, set=SET, **section)
    asked = {SMSCLOUDS: {"hlr_fields": FIELDS}, **(accounts or {})}
    with site_on(sandbox, url, mappings=mapping, accounts=asked, caps=caps) as site:
        yield site


def looked_up(sandbox: Sandbox) -> int:
    """How many questions the pretend provider was asked."""
    return requests(sandbox, HLR, "smsclouds")


@BOTH_STORES
@pytest.mark.parametrize("on_failure", ["send", "hold"])
def test_what_a_cap_forbids_waits_and_goes_on_by_itself(
    sandbox: Sandbox, url: str, folder: Path, on_failure: str
) -> None:
    """Two of four are looked up and sent; the others are held, whatever is said of failures, with the cap and the time
    on their records; an hour later they are looked up and sent, and nobody did anything."""
    ids = plant(sandbox, 4, "MX")
    with capped(sandbox, url, folder, TWO_AN_HOUR, on_failure=on_failure) as site:
        send(site)
        assert site.states() == {"accepted": 2, "held": 2}
        assert looked_up(sandbox) == 2
        assert {row.failure_code for row in site.messages() if row.state == "held"} == {"LOOKUP_CAP_REACHED"}
        told = [record(sandbox, each)["Error__c"] for each in ids]
        assert sum("the cap of 2 lookups an hour for the account smsclouds-mx is reached" in each for each in told) == 2
        assert sum("there is room again, about" in each for each in told) == 2
        site.later(1800)
        assert release(site.parts) == 0
        assert asks(site) == 0
        site.later(1900)
        assert asks(site) == 2
        assert release(site.parts) == 2
        send(site)
        assert site.states() == {"accepted": 4}
    assert looked_up(sandbox) == 4
    assert received(sandbox) == {"received": 4, "distinct": 4, "duplicates": 0}


def test_what_waits_is_spread_over_the_hours_to_come(sandbox: Sandbox, url: str, folder: Path) -> None:
    """Five for a cap of two: two now, two in an hour, one in two; a sixth that comes later queues behind them."""
    plant(sandbox, 5, "MX")
    with capped(sandbox, url, folder, TWO_AN_HOUR) as site:
        send(site)
        begun = site.clock()
        waits = sorted(row.room_at - begun for row in rows(site.parts.database, LOOKUP) if row.room_at)
        assert [round(each.total_seconds() / 3600) for each in waits] == [1, 1, 2]
        plant(sandbox, 1, "MX", first=50)
        send(site)
        last = max(row.room_at for row in rows(site.parts.database, LOOKUP) if row.room_at)
        assert round((last - begun).total_seconds() / 3600) == 2
        assert site.states() == {"accepted": 2, "held": 4}


def test_a_cap_of_everything_counts_all_accounts_and_a_days_is_a_day(sandbox: Sandbox, url: str, folder: Path) -> None:
    """An hour later there is still no room under a cap of a day; a day later there is."""
    plant(sandbox, 3, "MX")
    with capped(sandbox, url, folder, {"everything": {"lookups_a_day": 1}}) as site:
        send(site)
        site.later(3700)
        assert asks(site) == 0
        site.later(23 * 3600)
        assert asks(site) == 1
    assert looked_up(sandbox) == 2


def test_what_certainly_cost_nothing_is_not_counted(sandbox: Sandbox, url: str, folder: Path) -> None:
    """A question turned away, for the account or for the number, leaves its room; a lost answer does not."""
    plant(sandbox, 3, "MX")
    with capped(sandbox, url, folder, {"everything": {"lookups_an_hour": 2}}, ONE_AT_ONCE) as site:
        hlr_fault(sandbox, kind="status", status=429, times=1, seconds=1)
        hlr_fault(sandbox, kind="status", status=422, times=1, body='{"message": "no"}')
        hlr_fault(sandbox, kind="drop_after", times=1)
        site.pull()
        site.dispatch(SMSCLOUDS)
        for _ in range(4):
            asks(site)
            site.later(90)
        assert sum(row.lookups for row in rows(site.parts.database, SPENDING)) == 2
        standings = sorted(row.standing for row in rows(site.parts.database, LOOKUP))
        assert standings == ["due", "failed", "known"]


def test_lookups_and_messages_spend_of_the_same_money(sandbox: Sandbox, url: str, folder: Path) -> None:
    """Of 0.10 an hour, two lookups at 0.04 leave nothing for a text at 0.03, which is held for that cap."""
    plant(sandbox, 2, "MX")
    prices = {
        SMSCLOUDS: {"hlr_fields": FIELDS, "price_a_part": 0.03, "price_a_lookup": 0.04},
        NRS: {"price_a_part": 0.03},
        "bulk360-my": {"price_a_part": 0.03},
    }
    with capped(sandbox, url, folder, {"everything": {"money_an_hour": 0.10}}, prices) as site:
        send(site)
        assert looked_up(sandbox) == 2
        assert site.states() == {"held": 2}
        assert {row.failure_code for row in site.messages()} == {"CAP_REACHED"}
        site.later(3700)
        assert release(site.parts) == 2
        send(site)
        assert site.states() == {"accepted": 2}


def test_a_known_number_needs_no_room(sandbox: Sandbox, url: str, folder: Path) -> None:
    """What is kept of the number lets the next message go, though no lookup may be made."""
    (first,) = plant(sandbox, 1, "MX")
    contact = record(sandbox, first)["Contact__c"]
    with capped(sandbox, url, folder, {"everything": {"lookups_an_hour": 1}}, keep="2h") as site:
        send(site)
        plant(sandbox, 1, "MX", first=9, Contact__c=contact)
        send(site)
        assert site.states() == {"accepted": 2}
    assert looked_up(sandbox) == 1


@BOTH_STORES
def test_people_and_the_daemon_cannot_all_take_the_last_of_a_cap(sandbox: Sandbox, url: str, folder: Path) -> None:
    """Two who type `connector lookup` and the daemon's lookups at once: the cap between them, and all of it."""
    plant(sandbox, 4, "MX")
    caps = {"everything": {"lookups_an_hour": 5}}
    with capped(sandbox, url, folder, caps) as site:
        site.pull()
        site.dispatch(SMSCLOUDS)
        begin = threading.Barrier(3, timeout=30)
        begun: list[Asking | Shortage] = []

        def person() -> None:
            app = build(settings.of(settings_for(sandbox, url, caps=caps)))
            begin.wait()
            mine = app.settings.all_caps()
            begun.extend(lookup_caps.begin(app.database, mine, app.providers, NRS, 1, app.clock()) for _ in range(3))
            app.close()

        def daemon() -> None:
            begin.wait()
            asks(site)

        threads = [threading.Thread(target=target) for target in (person, person, daemon)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        asked = sum(isinstance(each, Asking) for each in begun)
        assert len(begun) == 6
        assert asked + looked_up(sandbox) == 5
        assert sum(row.lookups for row in rows(site.parts.database, SPENDING)) == 5


@BOTH_STORES
def test_a_person_waits_for_the_daemon_that_is_committing(sandbox: Sandbox, url: str) -> None:
    """From the lease's check to the commit nobody who types a lookup reads what is spent."""
    with site_on(sandbox, url, caps=TWO_AN_HOUR) as site:
        app = build(settings.of(settings_for(sandbox, url, caps=TWO_AN_HOUR)))
        caps, now = app.settings.all_caps(), app.clock()
        assert waits_for_the_turn_of(
            site, lambda: lookup_caps.begin(app.database, caps, app.providers, SMSCLOUDS, 1, now)
        )
        app.close()


def test_a_single_pass_does_not_wait_for_a_cap(sandbox: Sandbox, url: str, folder: Path) -> None:
    """What may not be looked up for an hour is held, and the pass ends with the rest on its way."""
    plant(sandbox, 3, "MX")
    with capped(sandbox, url, folder, TWO_AN_HOUR) as site:
        SinglePass(site.app, site.parts).run()
        states = site.states()
        assert states.pop("held") == 1
        assert set(states) <= {"accepted", "sent", "delivered"}


def test_campaigns_and_mappings_have_no_caps_of_lookups(sandbox: Sandbox, url: str) -> None:
    """The settings refuse them, and a cap of money that is less than one lookup costs, by name."""
    for wrong in ({"everything": {"lookups_a_campaign": 1}}, {"mappings": {"sms-outbox": {"lookups_a_day": 1}}}):
        with pytest.raises(SettingsError, match="there is no such setting"):
            settings.of(settings_for(sandbox, url, caps=wrong))
    accounts = {NRS: {"price_a_part": 0.01, "price_a_lookup": 0.5}}
    given = settings_for(sandbox, url, caps={"accounts": {NRS: {"money_a_day": 0.2}}}, accounts=accounts)
    with pytest.raises(SettingsError, match="less than one lookup"):
        settings.of(given).all_caps()
