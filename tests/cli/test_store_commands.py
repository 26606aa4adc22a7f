"""What is asked of the store: its tables, the accounting, and the writes that a person must look at."""

from datetime import UTC, datetime

from connector.model.failures import Failure
from connector.model.records import RecordWrite
from connector.model.states import State
from connector.store import writes
from connector.store.db import Database
from connector.store.outbox import MESSAGE, Move, move
from connector.store.writes import Owed, Settled
from tests.cli.place import Place
from tests.store.making import draft, refusal, take

NOW = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)


def _open(place: Place) -> Database:
    return Database(f"sqlite:///{place.store}")


def _park(place: Place) -> None:
    store = _open(place)
    with store.begin() as connection:
        write = RecordWrite("Contact", {"Description": "hello"}, record_id="003000000000001AAA")
        writes.owe(connection, "00D000000000001EAA", [Owed(write)], NOW)
        (row,) = writes.due(connection, "00D000000000001EAA", NOW, 10)
        refused = Failure("STRING_TOO_LONG", "too long for +34 600 000 001")
        writes.settle(connection, [Settled(row.id, "parked", 1, refused)], NOW)
    store.close()


def test_tables_are_made_once(place: Place) -> None:
    """The second `db upgrade` finds nothing to do."""
    assert "up to date" in place.type("db", "upgrade").out


def test_parked_writes_are_listed_and_tried_again(place: Place) -> None:
    """A refused write is shown with its reason, numbers masked, and is due again when it is asked for by id."""
    _park(place)
    listed = place.type("writes", "list", "--json").told
    assert (listed["parked"], listed["writes"][0]["code"]) == (1, "STRING_TOO_LONG")
    shown = place.type("writes", "list").out
    assert "STRING_TOO_LONG" in shown
    assert "600 000 001" not in shown
    number = str(listed["writes"][0]["id"])
    assert place.type("writes", "retry", number).code == 0
    assert place.type("writes", "list", "--json").told["parked"] == 0
    assert place.type("writes", "retry", number).code == 1


def test_the_books_balance_until_a_state_strays(place: Place) -> None:
    """Every message is counted once; a state that was changed by another door is found, and the exit code is 1."""
    store = _open(place)
    take(store, NOW, draft("a0A1"), draft("a0A2"), refusal("a0A3"))
    with store.begin() as connection:
        ids = connection.execute(MESSAGE.select().where(MESSAGE.c.record_id == "a0A1")).all()
        move(connection, [Move(ids[0].id, State.CLAIMED, "claim confirmed")], NOW)
    good = place.type("report", "--json")
    assert (good.code, good.told["queued"]) == (0, 3)
    assert (good.told["total"]["all"]["in flight"], good.told["total"]["all"]["rejected"]) == (2, 1)
    with store.begin() as connection:
        connection.execute(MESSAGE.update().where(MESSAGE.c.id == ids[0].id).values(state="delivered"))
    store.close()
    bad = place.type("report", "--json")
    assert (bad.code, bad.told["strayed"]) == (1, [ids[0].id])
    assert "do not balance" in place.type("report").out
