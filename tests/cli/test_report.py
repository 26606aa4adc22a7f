"""What `connector report` shows beside the books: news of nobody, and messages that never got a last word."""

from datetime import UTC, datetime, timedelta

import pytest

from connector import settings
from connector.app import App, build
from connector.model.messages import News, NewsKind
from connector.model.states import State
from connector.sandbox.server import Sandbox
from connector.store import inbox
from connector.store.attempts import ATTEMPT
from connector.store.db import Database
from connector.store.outbox import MESSAGE
from connector.sync.note import note
from tests.cli.place import Place
from tests.sync.site import NRS, SMSCLOUDS, ShiftedClock, plant

DAY = 24 * 3600


def connected(place: Place, clock: ShiftedClock) -> App:
    """The connector of a place, with a clock of the test's own."""
    return build(settings.read(place.settings), clock=clock)


# -- news of nobody


def test_news_that_matches_nothing_is_reported_once_its_time_is_over(place: Place) -> None:
    """For two days it is looked at again and counted as parked; then the report says that it matches no message."""
    clock = ShiftedClock()
    app = connected(place, clock)
    told = [
        News(NewsKind.STATUS, key, clock(), State.DELIVERED, "delivered", provider_id=f"SOMEBODY-ELSE-{key}")
        for key in ("k1", "k2")
    ]
    with app.database.begin() as connection:
        inbox.keep(connection, NRS, "nrs360", told, clock())
    parts = app.parts()
    note(parts)
    early = place.type("report")
    assert early.code == 0
    assert "match no message" not in early.out
    assert place.type("report", "--json").told["news"] == {"parked": 2}
    for _ in range(8):
        clock.go_on(DAY)
        note(parts)
    app.close()
    late = place.type("report")
    assert late.code == 0, "the books balance all the same"
    assert "2 pieces of news match no message we know." in late.out
    assert place.type("report", "--json").told["news"] == {"unmatched": 2}


# -- messages without a last word


def age(place: Place, states: dict[str, State], hours: float) -> dict[str, str]:
    """Makes an account's messages ones that were sent so long ago and stand at a state; account to the oldest."""
    store = Database(f"sqlite:///{place.store}")
    oldest: dict[str, str] = {}
    with store.begin() as connection:
        for account, state in states.items():
            of_account = MESSAGE.c.account == account
            connection.execute(MESSAGE.update().where(of_account).values(state=state))
            found = connection.execute(MESSAGE.select().where(of_account).order_by(MESSAGE.c.id)).all()
            for later, row in enumerate(reversed(found)):
                at = datetime.now(UTC) - timedelta(hours=hours, seconds=-later)
                connection.execute(ATTEMPT.update().where(ATTEMPT.c.id == row.attempt_id).values(started_at=at))
                oldest.setdefault(account, row.id)
    store.close()
    return oldest


@pytest.fixture
def sent(place: Place, sandbox: Sandbox) -> Place:
    """A place that has sent three messages by 360NRS and one by Smsclouds, each in a request of its own."""
    place.write()
    text = place.settings.read_text("utf-8").replace("batch_size = 20", "batch_size = 1")
    place.settings.write_text(text, "utf-8")
    plant(sandbox, 3)
    plant(sandbox, 1, "MX", first=9)
    assert place.type("once").code == 0
    return place


def test_what_never_got_a_last_word_is_counted_by_account_with_the_oldest(sent: Place) -> None:
    """After `final_after_hours` the report names the account, how many, the oldest, and what to do; not before."""
    age(sent, {NRS: State.ACCEPTED, SMSCLOUDS: State.ACCEPTED}, 71)
    assert sent.type("report", "--json").told["without_last_word"] == {}
    assert "Without a last word" not in sent.type("report").out
    oldest = age(sent, {NRS: State.ACCEPTED, SMSCLOUDS: State.SENT}, 73)
    told = sent.type("report", "--json").told["without_last_word"]
    assert set(told) == {NRS}, "Smsclouds says no more than sent"
    assert (told[NRS]["messages"], told[NRS]["oldest"]) == (3, oldest[NRS])
    sentence = sent.type("report").out
    assert f"3 of the messages of {NRS}. The oldest, {oldest[NRS]}, was sent on " in sentence
    sent_at = datetime.fromisoformat(told[NRS]["sent_at"])
    assert f"`connector reconcile --since {sent_at:%Y-%m-%d}`" in sentence
    assert abs(datetime.now(UTC) - timedelta(hours=73) - sent_at) < timedelta(minutes=5)


@pytest.mark.parametrize("state", [State.DELIVERED, State.UNDELIVERED, State.UNKNOWN, State.REJECTED, State.HELD])
def test_what_has_a_last_word_or_another_place_is_not_among_them(sent: Place, state: State) -> None:
    """An end is a last word; what is unknown or held is counted as such."""
    age(sent, {NRS: state, SMSCLOUDS: state}, 1000)
    assert sent.type("report", "--json").told["without_last_word"] == {}


def test_hours_of_the_settings_decide(sent: Place) -> None:
    """`final_after_hours` says when to give up, to the polls and to the report alike."""
    age(sent, {NRS: State.SENT, SMSCLOUDS: State.ACCEPTED}, 3)
    text = sent.settings.read_text("utf-8").replace("[pace]", "[pace]\nfinal_after_hours = 2")
    sent.settings.write_text(text, "utf-8")
    assert set(sent.type("report", "--json").told["without_last_word"]) == {NRS, SMSCLOUDS}
    assert sent.type("report").out.count("Without a last word 2 hours after") == 2
