"""News: kept once however often it is told, matched by what it names, parked until its message appears."""

from datetime import timedelta
from typing import Any

import pytest

from connector.model.errors import StoreError
from connector.model.failures import Failure, Fault, Retry
from connector.model.messages import News, NewsKind
from connector.model.states import State
from connector.store import attempts, inbox
from connector.store.attempts import AttemptStart
from connector.store.db import Database
from connector.store.inbox import INBOX
from tests.conftest import Clock
from tests.store.making import messages, rows, statements


def status(key: str, **changes: Any) -> News:
    """News of a delivery."""
    return News(NewsKind.STATUS, key, state=State.DELIVERED, word="DELIVRD", **changes)


def tell(database: Database, clock: Clock, *news: News, account: str = "a") -> int:
    """Keeps news; gives how much of it was new."""
    with database.begin() as connection:
        return inbox.keep(connection, account, "360nrs", news, clock())


def ids_by_key(database: Database) -> dict[str, str]:
    """Id by key of all the news there is."""
    return {row.key: row.id for row in rows(database, INBOX)}


def matched(database: Database) -> dict[str, str]:
    """Message by key of the news, for all that names one."""
    keys = {news_id: key for key, news_id in ids_by_key(database).items()}
    with database.read() as connection:
        return {keys[news]: message for news, message in inbox.match(connection, list(keys)).items()}


def working(database: Database, clock: Clock) -> list[str]:
    """Keys of the news that is to be dealt with now, in order."""
    with database.begin() as connection:
        return [row.key for row in inbox.work(connection, clock(), 10)]


def test_news_is_kept_whole(database: Database, clock: Clock) -> None:
    """All a provider said, its own words and the failure among them, can be read back as it was."""
    failure = Failure("57", "no such subscriber", Fault.RECIPIENT, Retry.WHEN_MENDED, opted_out=True)
    happened = clock() - timedelta(minutes=3)
    raw = {"event": "undelivered", "extra": {"n": [1, 2.5, None, True]}, "ñ": "€"}
    told = News(
        NewsKind.STATUS, "k", happened, State.UNDELIVERED, "undelivered", failure, "m", "T1", "p", "C9",
        "+34600000000", "text", True, raw,
    )  # fmt: skip
    assert tell(database, clock, told) == 1
    [row] = rows(database, INBOX)
    assert (row.account, row.provider, row.kind, row.key, row.received_at) == ("a", "360nrs", "status", "k", clock())
    assert (row.at, row.state, row.word, row.opted_out, row.raw) == (happened, "undelivered", "undelivered", True, raw)
    assert (row.message_ref, row.reference, row.provider_id, row.provider_batch) == ("m", "T1", "p", "C9")
    assert inbox.failure_of(row) == failure
    assert (row.standing, row.tries) == ("new", 0)


def test_news_without_a_failure_has_none(database: Database, clock: Clock) -> None:
    """A delivery carries no reason, and none is made up."""
    tell(database, clock, status("k"))
    assert inbox.failure_of(rows(database, INBOX)[0]) is None


def test_news_told_twice_is_kept_once(database: Database, clock: Clock) -> None:
    """The same key of the same account and kind is a no-op, in one batch and later; the first telling stays."""
    assert tell(database, clock, status("k", text="first"), status("k", text="second")) == 1
    clock.go_on(minutes=1)
    assert tell(database, clock, status("k", text="third"), status("other")) == 1
    kept = {row.key: (row.text, row.received_at) for row in rows(database, INBOX)}
    assert kept["k"] == ("first", clock() - timedelta(minutes=1))
    assert tell(database, clock, status("k"), account="b") == 1
    assert tell(database, clock, News(NewsKind.REPLY, "k")) == 1


def test_news_dealt_with_stays_so_when_told_again(database: Database, clock: Clock) -> None:
    """A redelivery after the news was matched opens nothing again."""
    tell(database, clock, status("k"))
    with database.begin() as connection:
        inbox.settle(connection, [(ids_by_key(database)["k"], "m1")], clock())
    assert tell(database, clock, status("k")) == 0
    assert working(database, clock) == []
    [row] = rows(database, INBOX)
    assert (row.standing, row.message_id, row.settled_at) == ("matched", "m1", clock())


def test_the_ways_to_match_are_tried_in_order(database: Database, clock: Clock) -> None:
    """Our id, else the provider's, else batch and number, else our reference and number: the first that fits."""
    with database.begin() as connection:
        attempts.begin(connection, [AttemptStart("T1", "r", "a", "360nrs", 4, "h")], clock())
    place = {"attempt_id": "T1", "account": "a", "provider_batch": "C9"}
    first, second = messages(database, clock(), 2, State.ACCEPTED, **place)
    [third] = messages(database, clock(), 1, State.ACCEPTED, **place, provider_id="p3")
    numbers = {row.id: row.to_number for row in rows(database)}
    tell(
        database,
        clock,
        status("own id", message_id=first, provider_id="p3", provider_batch="C9", phone=numbers[second]),
        status("provider id", message_id="nobody", provider_id="p3", provider_batch="C9", phone=numbers[second]),
        status("batch", provider_id="nobody", provider_batch="C9", reference="T1", phone=numbers[second]),
        status("reference", provider_batch="nobody", reference="T1", phone=numbers[first]),
        status("batch without number", provider_batch="C9"),
        status("number alone", phone=numbers[first]),
        status("nothing"),
    )
    assert matched(database) == {"own id": first, "provider id": third, "batch": second, "reference": first}


def test_news_of_another_account_is_about_another_message(database: Database, clock: Clock) -> None:
    """Ids are compared within their account: two accounts of a provider may count alike."""
    [message_id] = messages(
        database, clock(), 1, State.ACCEPTED, account="a", provider_id="p1", provider_batch="C9", attempt_id="T1"
    )
    phone = rows(database)[0].to_number
    every_way = {"message_id": message_id, "provider_id": "p1", "provider_batch": "C9", "reference": "T1"}
    tell(database, clock, status("k", **every_way, phone=phone), account="b")
    assert matched(database) == {}


def test_news_is_worked_in_the_order_it_came(database: Database, clock: Clock) -> None:
    """Within one batch and from batch to batch: where the last word counts, arrival is what counts."""
    tell(database, clock, *[status(key) for key in "qwe"])
    tell(database, clock, status("a"))
    clock.go_on(seconds=1)
    tell(database, clock, status("b"))
    assert working(database, clock) == [*"qwe", "a", "b"]


def test_news_without_its_message_waits_and_is_looked_at_again(database: Database, clock: Clock) -> None:
    """Parked until its time, then worked again; in the end unmatched, which counts and is worked no more."""
    tell(database, clock, status("k"))
    news_id = ids_by_key(database)["k"]
    with database.begin() as connection:
        inbox.park(connection, [(news_id, 1, clock() + timedelta(minutes=1))])
    assert working(database, clock) == []
    clock.go_on(minutes=1)
    assert working(database, clock) == ["k"]
    with database.begin() as connection:
        inbox.park(connection, [(news_id, 2, None)])
    assert working(database, clock.go_on(days=1) and clock) == []
    with database.read() as connection:
        assert inbox.standing(connection) == {("status", "unmatched"): 1}
    assert rows(database, INBOX)[0].tries == 2


@pytest.mark.parametrize("kind", ["postgresql"], indirect=True)
def test_two_workers_do_not_take_the_same_news(url: str, clock: Clock) -> None:
    """On PostgreSQL news locked by one transaction is passed over by the next."""
    database = Database(url)
    tell(database, clock, status("1"), status("2"))
    with database.begin() as first:
        assert [row.key for row in inbox.work(first, clock(), 1)] == ["1"]
        assert working(database, clock) == ["2"]
    database.close()


def test_a_standing_that_is_none_is_refused(database: Database, clock: Clock) -> None:
    """The database itself refuses news in a standing nobody would look at."""
    tell(database, clock, status("k"))
    with pytest.raises(StoreError, match="ck_inbox_standing"), database.begin() as connection:
        connection.execute(INBOX.update().values(standing="lost"))


def test_a_thousand_pieces_of_news_are_one_statement(database: Database, clock: Clock) -> None:
    """Keeping, matching, settling and parking a thousand are one statement each."""
    ids = messages(database, clock(), 1000, State.ACCEPTED, account="a")
    with statements(database) as asked:
        assert tell(database, clock, *[status(at, message_id=at) for at in ids]) == 1000
    assert len(asked) == 1
    news = list(ids_by_key(database).values())
    with statements(database) as asked, database.begin() as connection:
        found = inbox.match(connection, news)
        inbox.settle(connection, list(found.items()), clock())
        inbox.park(connection, [(at, 1, clock()) for at in news])
    assert (len(found), len(asked)) == (1000, 3)


def test_a_reply_without_an_id_answers_the_newest_message_to_its_number(database: Database, clock: Clock) -> None:
    """Of this account, sent and not too long ago; a message that never left is answered by nobody."""
    messages(database, clock(), 1, State.ACCEPTED, account="a", attempt_id="T1")
    clock.go_on(minutes=1)
    phone = rows(database)[0].to_number
    with database.read() as connection:
        assert inbox.latest_to(connection, "a", [phone], clock()) == {}
        assert inbox.latest_to(connection, "b", [phone], clock() - timedelta(hours=1)) == {}
        found = inbox.latest_to(connection, "a", [phone, "+1"], clock() - timedelta(hours=1))
    assert found == {phone: rows(database)[0].id}
