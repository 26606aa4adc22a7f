"""The one door for state."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError

from connector.model.errors import StoreError
from connector.model.failures import Failure
from connector.model.states import State, may_move
from connector.store import outbox
from connector.store.db import Database
from connector.store.outbox import EVENT, MESSAGE, Move
from tests.conftest import START, Clock
from tests.store.making import events, messages, of_record, rows, statements

READ = ("", "queued", True)


def test_a_state_that_is_none_is_refused_by_the_database(database: Database, clock: Clock) -> None:
    """No statement, ours or anybody's, can write a state that is not one of the trade's words."""
    [message_id] = messages(database, clock(), 1)
    with pytest.raises(StoreError) as refused, database.begin() as connection:
        connection.execute(update(MESSAGE).where(MESSAGE.c.id == message_id).values(state="lost"))
    assert isinstance(refused.value.__cause__, IntegrityError)
    assert "ck_message_state" in str(refused.value)
    assert rows(database)[0].state == "queued"


@pytest.mark.parametrize("current", list(State))
def test_every_move_the_table_forbids_is_a_recorded_no_op(current: State, clock: Clock, database: Database) -> None:
    """From each state, each state: what the table allows happens, all else leaves an event row and nothing more."""
    wanted = list(State)
    ids = messages(database, clock(), len(wanted), current)
    later = clock.go_on(minutes=1)
    before = {row.id: row for row in rows(database)}
    with database.begin() as connection:
        moved = outbox.move(
            connection, [Move(at, to, "status", word="raw") for at, to in zip(ids, wanted, strict=True)], later
        )
    allowed = {at: may_move(current, to) for at, to in zip(ids, wanted, strict=True)}
    assert {step.row.id for step in moved} == {at for at, yes in allowed.items() if yes}
    for row, to in zip([of for of in rows(database) if of.id in before], wanted, strict=True):
        assert events(database, row.id)[-1] == (current, to, allowed[row.id])
        assert row.state == (to if allowed[row.id] else current)
        if not allowed[row.id]:
            assert row == before[row.id]
