"""When news says it happened is believed where it can be true: what is kept, and who is stopped, hangs on it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from connector.model.consent import RECIPIENT
from connector.model.messages import News, NewsKind
from connector.model.states import State
from connector.sandbox.server import Sandbox
from connector.store import consent as ledger
from connector.store import inbox
from connector.store.attempts import ATTEMPT
from connector.store.consent import CONSENT
from connector.store.inbox import INBOX
from connector.store.outbox import EVENT
from connector.sync.housekeeping import housekeep
from tests.store.making import rows
from tests.sync.site import NRS, SMSCLOUDS, Site, number_of, plant, record

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def sent_an_hour_ago(site: Site, sandbox: Sandbox) -> tuple[str, datetime]:
    """The record of a message that went out, and when its attempt began; an hour has passed since."""
    sandbox.faults.add({"target": "*", "operation": "statuses", "kind": "late", "seconds": 3600})
    (record_id,) = plant(sandbox)
    site.sweep()
    site.pull()
    site.dispatch()
    site.push()
    (attempt,) = rows(site.parts.database, ATTEMPT)
    site.later(3600)
    return record_id, attempt.started_at


def tell(site: Site, account: str, *news: News) -> datetime:
    """News comes in and is noted, twice, for one that names no message waits; gives when it came."""
    came_at = site.clock()
    with site.parts.database.begin() as connection:
        inbox.keep(connection, account, site.parts.providers[account].name, news, came_at)
    site.note()
    site.later(6)
    site.note()
    return came_at


def says(text: str, at: datetime | None, **more: Any) -> News:
    """A reply of the first contact."""
    return News(NewsKind.REPLY, f"{text} {at}", at, phone=number_of(1), text=text, **more)


def words(site: Site) -> list[tuple[bool, datetime]]:
    """(stopped, at) of the recipient's words in the ledger, oldest first."""
    return [(row.stopped, row.at) for row in rows(site.parts.database, CONSENT) if row.voice == RECIPIENT]


def is_stopped(site: Site) -> bool:
    """Whether the recipient's newest word is stop."""
    with site.parts.database.read() as connection:
        word = ledger.standing(connection, site.parts.org, [number_of(1)])[number_of(1)][RECIPIENT]
    return bool(word.stopped)


# -- statuses


@pytest.mark.parametrize(
    "dated",
    [
        lambda begun, _: begun - timedelta(minutes=4),
        lambda begun, _: begun + timedelta(minutes=30),
        lambda _, now: now + timedelta(minutes=4),
    ],
    ids=["a clock that is slow", "told late", "a clock that is fast"],
)
def test_a_status_is_dated_as_it_says(
    site: Site, sandbox: Sandbox, dated: Callable[[datetime, datetime], datetime]
) -> None:
    """However late it is told: clocks may differ by a few minutes, and news may take its time."""
    record_id, begun = sent_an_hour_ago(site, sandbox)
    at = dated(begun, site.clock())
    news = News(NewsKind.STATUS, "k", at, State.DELIVERED, "delivered", provider_id=site.message().provider_id)
    tell(site, NRS, news)
    site.push()
    assert site.message().state_at == at
    written = datetime.fromisoformat(record(sandbox, record_id)["Delivered_At__c"])
    assert abs(written - at) < timedelta(seconds=1)


@pytest.mark.parametrize(
    "dated",
    [
        lambda *_: EPOCH,
        lambda begun, _: begun - timedelta(hours=6),
        lambda begun, _: begun - timedelta(minutes=6),
        lambda _, now: now + timedelta(hours=2),
    ],
    ids=["no date", "a zone set too far east", "before the attempt", "a zone set too far west"],
)
def test_a_status_with_a_date_that_cannot_be_true_is_dated_when_it_is_heard(
    site: Site, sandbox: Sandbox, dated: Callable[[datetime, datetime], datetime]
) -> None:
    """The record is told the time it was heard, and a message of today is not forgotten as one of long ago."""
    record_id, begun = sent_an_hour_ago(site, sandbox)
    at = dated(begun, site.clock())
    news = News(NewsKind.STATUS, "k", at, State.DELIVERED, "delivered", provider_id=site.message().provider_id)
    with capture_logs() as logs:
        came_at = tell(site, NRS, news)
    assert [line["account"] for line in logs if line["event"] == "dates_cannot_be_true"] == [NRS]
    site.push()
    assert site.states() == {"delivered": 1}
    assert timedelta() <= site.message().state_at - came_at < timedelta(seconds=10)
    written = datetime.fromisoformat(record(sandbox, record_id)["Delivered_At__c"])
    assert abs(written - came_at) < timedelta(seconds=10)
    assert rows(site.parts.database, EVENT)[-1].happened_at is None
    assert {row.at for row in rows(site.parts.database, INBOX)} == {at}, "what was told stays as it was told"
    housekeep(site.parts, 30)
    assert site.states() == {"delivered": 1}


# -- stops and starts


def test_a_start_dated_ahead_lifts_no_stop_that_is_said_after_it(site: Site, sandbox: Sandbox) -> None:
    """Nobody has said anything later than it was heard."""
    came_at = tell(site, SMSCLOUDS, says("START", site.clock() + timedelta(hours=2)))
    assert words(site) == [(False, came_at)]
    tell(site, SMSCLOUDS, says("STOP", site.clock()))
    assert is_stopped(site)


def test_a_stop_dated_ahead_is_lifted_by_a_start_that_is_said_after_it(site: Site, sandbox: Sandbox) -> None:
    """Else a zone set wrongly would keep somebody stopped who wants to be written to."""
    tell(site, SMSCLOUDS, says("STOP", site.clock() + timedelta(hours=2)))
    tell(site, SMSCLOUDS, says("START", site.clock()))
    assert not is_stopped(site)


@pytest.mark.parametrize("named", [True, False], ids=["names its message", "is found by its number"])
@pytest.mark.parametrize("ago", [timedelta(hours=6), None], ids=["hours before its message", "no date"])
def test_a_stop_dated_before_the_message_it_answers_is_dated_when_it_came(
    site: Site, sandbox: Sandbox, ago: timedelta | None, *, named: bool
) -> None:
    """It stops what a start has let through since."""
    tell(site, SMSCLOUDS, says("START", site.clock()))
    _, begun = sent_an_hour_ago(site, sandbox)
    more = {"provider_id": site.message().provider_id} if named else {}
    came_at = tell(site, NRS, says("STOP", begun - ago if ago else EPOCH, **more))
    assert words(site)[-1] == (True, came_at)


def test_a_start_older_than_the_newest_message_is_not_taken_for_newer(site: Site, sandbox: Sandbox) -> None:
    """Its number leads to a message that it cannot answer; the stop that was said after it stands."""
    earlier = site.clock()
    site.later(3600)
    sent_an_hour_ago(site, sandbox)
    tell(site, SMSCLOUDS, says("STOP", earlier + timedelta(minutes=5)))
    tell(site, NRS, says("START", earlier))
    assert is_stopped(site)


def test_a_start_that_names_its_message_was_said_after_it(site: Site, sandbox: Sandbox) -> None:
    """Then its date is wrong for certain, and it lifts the stop that it was told after."""
    _, begun = sent_an_hour_ago(site, sandbox)
    tell(site, SMSCLOUDS, says("STOP", site.clock()))
    theirs = site.message().provider_id
    tell(site, NRS, says("START", begun - timedelta(hours=6), provider_id=theirs))
    assert not is_stopped(site)


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"], indirect=True)
def test_a_reply_that_took_its_time_keeps_its_date(site: Site, sandbox: Sandbox) -> None:
    """What was listed hours after it was said was said when it says."""
    _, begun = sent_an_hour_ago(site, sandbox)
    at = begun + timedelta(minutes=10)
    tell(site, NRS, says("STOP", at))
    assert words(site) == [(True, at)]
