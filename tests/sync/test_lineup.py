"""What is read and grouped to be sent: it keeps its place for a moment, and is looked at again before it is sent."""

import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, func, select

from connector.model.states import State
from connector.sandbox.server import Sandbox
from connector.store import outbox, sendable
from connector.store.attempts import ATTEMPT
from connector.store.outbox import MESSAGE, Move
from connector.sync import dispatch as sending
from connector.sync.answers import Answer
from connector.sync.lineup import Lineup
from connector.sync.planning import Planned, plan
from tests.sync.site import SMSCLOUDS, Site, plant, site_on


@pytest.fixture
def site(sandbox: Sandbox, url: str) -> Iterator[Site]:
    """A connector whose queue has five requests' worth of messages for Smsclouds, which takes two at once."""
    plant(sandbox, 100, "MX")
    with site_on(sandbox, url, accounts={SMSCLOUDS: {"batch_size": 20}}) as running:
        running.pull()
        yield running


def ids(planned: list[Planned]) -> list[str]:
    """Our ids of all that is planned."""
    return [message.id for each in planned for message in each.batch.messages]


@pytest.fixture
def lineup(site: Site) -> Lineup:
    """All of them read at once, as where they are of several groups."""
    lineup, now = Lineup(), site.parts.clock()
    with site.parts.database.read() as connection:
        rows = sendable.ready(connection, SMSCLOUDS, now, now, 100)
    lineup.read(site.parts.providers[SMSCLOUDS], rows, now, None)
    assert len(lineup.batches) > 4
    return lineup


def test_what_was_read_is_not_read_again_for_the_next_requests(site: Site, lineup: Lineup) -> None:
    """One reading serves several rounds of requests, and each message is planned once."""
    read = []

    @event.listens_for(site.parts.database.engine, "before_cursor_execute")
    def keep(_: object, __: object, sql: str, *___: object) -> None:
        if "ORDER BY message.rank" in sql:
            read.append(sql)

    rounds = [ids(plan(site.parts, SMSCLOUDS, site.parts.providers[SMSCLOUDS], lineup)) for _ in range(2)]
    assert [len(each) for each in rounds] == [40, 40]
    assert len({*rounds[0], *rounds[1]}) == 80
    assert read == []


def test_what_was_read_a_while_ago_is_read_anew(site: Site, lineup: Lineup) -> None:
    """What came since may have a better rank: after a second it is not kept waiting."""
    before = [message.id for batch in lineup.batches for message in batch.messages]
    with site.parts.database.begin() as connection:
        connection.execute(MESSAGE.update().where(MESSAGE.c.id == before[-1]).values(rank=-1))
    provider = site.parts.providers[SMSCLOUDS]
    assert before[-1] not in ids(plan(site.parts, SMSCLOUDS, provider, lineup))
    site.clock.go_on(1.0)
    assert before[-1] in ids(plan(site.parts, SMSCLOUDS, provider, lineup))


def test_what_changed_since_it_was_read_is_not_sent(site: Site, lineup: Lineup) -> None:
    """A message that was held and mended between the reading and the attempt stays behind, and is read anew."""
    changed = lineup.batches[0].messages[0].id
    site.clock.go_on(0.001)
    with site.parts.database.begin() as connection:
        for state in (State.HELD, State.QUEUED, State.CLAIMED):
            outbox.move(connection, [Move(changed, state, "a person")], site.clock())
        connection.execute(MESSAGE.update().where(MESSAGE.c.id == changed).values(pieces=["something else"]))
    planned = ids(plan(site.parts, SMSCLOUDS, site.parts.providers[SMSCLOUDS], lineup))
    assert len(planned) == 39
    assert changed not in planned
    anew = [ids(plan(site.parts, SMSCLOUDS, site.parts.providers[SMSCLOUDS], Lineup())) for _ in range(2)]
    assert changed in {*anew[0], *anew[1]}


def test_no_sender_rests_while_another_one_is_slow(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next request is committed and leaves as soon as a sender is free, not when all before it have ended."""
    third_left, left = threading.Event(), []

    def held(*given: Any) -> Answer:
        left.append(given)
        if len(left) == 1:
            assert third_left.wait(20), "nothing more left while the first request was under way"
        if len(left) == 3:
            third_left.set()
        return sent(*given)

    sent = sending._send
    monkeypatch.setattr(sending, "_send", held)
    site.dispatch(SMSCLOUDS)
    assert third_left.is_set()
    assert site.states() == {"accepted": 100}


def test_no_more_is_under_way_than_there_are_senders(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of full requests there are never more committed than can leave: each of them would be in doubt after a crash."""
    open_ones: list[int] = []

    def counted(*given: Any) -> Answer:
        with site.parts.database.read() as connection:
            begun = connection.scalar(select(func.count()).select_from(ATTEMPT).where(ATTEMPT.c.ended_at.is_(None)))
        open_ones.append(begun or 0)
        return sent(*given)

    sent = sending._send
    monkeypatch.setattr(sending, "_send", counted)
    site.dispatch(SMSCLOUDS)
    assert len(open_ones) == 5
    assert max(open_ones) <= 2


def test_what_may_not_go_makes_room_for_what_is_behind_it(site: Site, lineup: Lineup) -> None:
    """Of many messages that are too old by now, one round gives up all that it has read, however few fit a request."""
    with site.parts.database.begin() as connection:
        connection.execute(MESSAGE.update().values(expires_at=site.parts.clock() - timedelta(seconds=1)))
        rows = sendable.ready(connection, SMSCLOUDS, site.parts.clock(), site.parts.clock(), 100)
    lineup.read(site.parts.providers[SMSCLOUDS], rows, site.parts.clock(), None)
    assert plan(site.parts, SMSCLOUDS, site.parts.providers[SMSCLOUDS], lineup) == []
    assert site.states() == {"expired": 100}
