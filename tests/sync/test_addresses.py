"""Recipients that are addresses: quiet hours by their country, live fire by the list, stops kept at 360NRS too."""

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from types import SimpleNamespace
from typing import Any, cast

import httpx
import pytest

from connector.mapping.parts import SendingHours
from connector.model.consent import PERSON, ConsentSource, ConsentWord
from connector.model.states import State
from connector.sandbox.server import Sandbox
from connector.sections import Live
from connector.store.db import Transaction
from connector.store.outbox import Move
from connector.sync.blacklist import keep_blacklist
from connector.sync.consent import Reach, tell
from connector.sync.gates.hours import hours
from connector.sync.parts import Parts
from tests.sync.site import NRS, SPEED, site_on

NOON = datetime(2026, 1, 15, 12, tzinfo=UTC)


def moved(to: str, country: str, *, zone: str = "recipient", now: datetime = NOON) -> Move | None:
    """What the gate of hours, 08:00 to 21:00, does to a message."""
    mapping = SimpleNamespace(hours=SendingHours(time(8), time(21), zone))
    row = SimpleNamespace(id="m1", mapping="x", to_number=to, country=country, expires_at=None)
    parts = cast("Parts", SimpleNamespace(mappings={"x": mapping}))
    return hours(parts, cast("Transaction", None), "main", [row], now).get("m1")


@pytest.mark.parametrize(
    ("country", "opens"),
    [
        ("ES", None),
        ("GB", None),
        ("MX", NOON.replace(hour=16)),  # 08:00 in Tijuana, the last of Mexico's zones to begin its day
        ("JP", NOON.replace(day=15, hour=23)),
        ("", None),
    ],
)
def test_an_address_has_the_hours_of_its_country(country: str, opens: datetime | None) -> None:
    """An e-mail waits until all of its country may be written to; where no country is known, by UTC."""
    move = moved("ana@example.com", country)
    assert (move.not_before if move is not None else None) == opens
    assert move is None or move.to is State.HELD


def test_a_zone_of_the_mapping_is_the_address_s_too() -> None:
    """`zone` by name says it for all."""
    assert moved("ana@example.com", "ES", zone="Asia/Tokyo") is not None
    assert moved("ana@example.com", "JP", zone="Europe/Madrid") is None


def test_a_number_keeps_its_own_hours() -> None:
    """A number's area tells more than its country."""
    assert moved("+818012345678", "ES") is not None
    assert moved("+34600000001", "JP") is None


def test_live_fire_s_list_takes_addresses() -> None:
    """In the form in which messages bear them."""
    assert Live(allow=("+34 600 000 001", " Ana@Example.com")).allow == ("+34600000001", "ana@example.com")
    with pytest.raises(ValueError, match="no domain"):
        Live(allow=("ana@nowhere",))


@pytest.fixture
def kind() -> str:
    """One kind of store: what the stores differ in is tested elsewhere."""
    return "sqlite"


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """360NRS, pretended."""
    with Sandbox(seed=3, speed=SPEED) as pretended:
        yield pretended


def test_a_stop_of_an_address_is_kept_on_360nrs_s_list_of_addresses(sandbox: Sandbox, url: str) -> None:
    """Put on it when a person stops it and taken off when they lift it; the list of SMS is left alone."""
    with site_on(sandbox, url) as site:
        for stopped in (True, False):
            _person_says(site, "ana@example.com", stopped=stopped)
            assert keep_blacklist(site.parts, NRS) == 1
            assert site.alarms() == {}
            assert _blacklisted(sandbox) == (["ana@example.com"] if stopped else [])


def _person_says(site: Any, address: str, *, stopped: bool) -> None:
    with site.parts.database.begin() as connection:
        at = site.clock() - timedelta(minutes=1)
        word = ConsentWord(address, PERSON, stopped, ConsentSource.PERSON, at, {"why": "a letter"})
        tell(Reach.of(site.parts), connection, [word], site.clock())


def _blacklisted(sandbox: Sandbox) -> list[str]:
    base = f"{sandbox.providers_url}/nrs360/api/rest/v2/blacklist"
    read = {
        kind: httpx.get(f"{base}/{kind}", auth=("sandbox", "sandbox")).raise_for_status().json()["data"]
        for kind in ("sms", "mailing")
    }
    assert read["sms"] == []
    return [row["recipient"] for row in read["mailing"]]
