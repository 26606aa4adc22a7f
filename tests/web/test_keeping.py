"""From a webhook to the inbox, on both databases."""

import asyncio
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from connector.model.errors import StoreError
from connector.model.messages import News, NewsKind
from connector.store.db import Database
from connector.store.inbox import INBOX
from connector.web.commit import GroupCommit, Kept
from connector.web.keeping import kept_in
from tests.conftest import START, Clock
from tests.web.hooked import PATH, running


def inbox_keys(database: Database) -> list[tuple[str, str]]:
    """(account, key) of all the news in the inbox, in the order of arrival."""
    with database.read() as connection:
        rows = connection.execute(select(INBOX).order_by(INBOX.c.received_at, INBOX.c.id)).all()
    return [(row.account, row.key) for row in rows]


def kept(account: str, *keys: str) -> Kept:
    """News of an account, by its keys."""
    return Kept(account, "fake", tuple(News(NewsKind.STATUS, key) for key in keys), START)


def test_what_was_answered_is_in_the_inbox(database: Database, clock: Clock) -> None:
    """After a 200 the row is there, with its account, its provider and the time it came."""
    with running(keep=kept_in(database), clock=clock) as hooked:
        assert hooked.post("id=1&text=a%00b") == (200, "OK 1")
    with database.read() as connection:
        [row] = connection.execute(select(INBOX)).all()
    assert (row.account, row.provider, row.key, row.received_at, row.standing) == ("main", "fake", "1", clock(), "new")
    assert row.text == "a\ufffdb"


def test_news_told_again_after_a_lost_answer_is_kept_once(database: Database) -> None:
    """The sender is gone between commit and answer; its second telling is answered 200 and changes nothing."""
    committed = threading.Event()
    store = kept_in(database)

    def keep_and_dawdle(together: list[Kept]) -> None:
        store(together)
        committed.set()
        time.sleep(0.05)

    with running(keep=keep_and_dawdle) as hooked:
        line = hooked.connection()
        line.sendall(f"GET {PATH}?id=1 HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        assert committed.wait(5)
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        line.close()
        before = inbox_keys(database)
        assert hooked.get(f"{PATH}?id=1") == (200, "OK 1")
    assert inbox_keys(database) == before == [("main", "1")]


def test_many_webhooks_are_one_transaction_in_order_of_arrival(database: Database) -> None:
    """A batch of several accounts is kept whole, each account's news in the order it came."""
    kept_in(database)([kept("b", "2", "1"), kept("a", "9"), kept("b", "0", "2")])
    assert [key for account, key in inbox_keys(database) if account == "b"] == ["2", "1", "0"]
    assert ("a", "9") in inbox_keys(database)


def test_a_batch_is_kept_whole_or_not_at_all(database: Database) -> None:
    """When one account's news cannot be stored, nothing of the transaction is, and the error says so."""
    broken = Kept("b", "fake", (News(NewsKind.STATUS, "2", word=None),), START)  # type: ignore[arg-type]
    with pytest.raises(StoreError, match="the store refused"):
        kept_in(database)([kept("a", "1"), broken])
    assert inbox_keys(database) == []


def test_two_receivers_that_are_told_the_same_do_not_lock_each_other_out(database: Database) -> None:
    """The same news in opposite orders at the same time, as a poll and a push bring it, is kept once."""
    store = kept_in(database)
    start = threading.Barrier(2)

    def tell(step: int) -> None:
        for turn in range(8):
            keys = [f"{turn}-{number:03}" for number in range(600)]
            start.wait(timeout=10)
            store([kept("a", *keys[::step])])

    with ThreadPoolExecutor(2) as threads:
        assert list(threads.map(tell, (1, -1))) == [None, None]
    assert len(inbox_keys(database)) == 8 * 600


def test_a_full_queue_turns_webhooks_away() -> None:
    """More waiting than the limit is refused at once, so that a hung store does not eat all memory."""
    begun, go_on = threading.Event(), threading.Event()

    def hang(_: object) -> None:
        begun.set()
        assert go_on.wait(10)

    commits = GroupCommit(hang, limit=2)
    commits.start()

    async def tell() -> list[BaseException | None]:
        first = asyncio.ensure_future(commits.keep(kept("a", "0")))
        await asyncio.to_thread(begun.wait, 10)
        more = [asyncio.ensure_future(commits.keep(kept("a", str(n)))) for n in range(4)]
        await asyncio.sleep(0)
        go_on.set()
        return await asyncio.gather(first, *more, return_exceptions=True)  # type: ignore[return-value]

    answers = asyncio.run(tell())
    commits.stop()
    assert [type(answer) for answer in answers] == [type(None)] * 3 + [StoreError] * 2


def test_after_stopping_nothing_more_is_taken() -> None:
    """What waits when it is told to stop is stored; what comes later is turned away and not left waiting for ever."""
    stored: list[Kept] = []
    commits = GroupCommit(stored.extend)
    commits.start()

    async def tell() -> None:
        await asyncio.gather(*(commits.keep(kept("a", str(n))) for n in range(3)))
        await asyncio.to_thread(commits.stop)
        with pytest.raises(StoreError, match="stopping"):
            await commits.keep(kept("a", "late"))

    asyncio.run(tell())
    assert [told.news[0].key for told in stored] == ["0", "1", "2"]
