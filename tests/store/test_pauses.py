"""Pauses, row by row."""

from connector.model.scopes import Scope
from connector.store import pauses
from connector.store.db import Database
from tests.conftest import Clock


def test_a_pause_stands_until_it_is_ended(database: Database, clock: Clock) -> None:
    """It is made once, shown with its reason and time, and ended once; others stand meanwhile."""
    with database.begin() as connection:
        assert pauses.pause(connection, Scope.ACCOUNT, "nrs-main", "they asked", clock())
        assert not pauses.pause(connection, Scope.ACCOUNT, "nrs-main", "again", clock.go_on(seconds=5))
        assert pauses.pause(connection, Scope.EVERYTHING, "", "", clock())
        told = [(row.scope, row.name, row.why) for row in pauses.standing(connection)]
        assert told == [("account", "nrs-main", "they asked"), ("everything", "", "")]
        assert pauses.resume(connection, Scope.EVERYTHING, "")
        assert not pauses.resume(connection, Scope.EVERYTHING, "")
        assert [row.name for row in pauses.standing(connection)] == ["nrs-main"]


def test_a_mapping_is_read_unless_it_or_everything_is_paused(database: Database, clock: Clock) -> None:
    """A pause of another mapping, or of an account of its name, does not count."""
    with database.begin() as connection:
        pauses.pause(connection, Scope.MAPPING, "other", "", clock())
        pauses.pause(connection, Scope.ACCOUNT, "mine", "", clock())
        assert not pauses.mapping_paused(connection, "mine")
        pauses.pause(connection, Scope.MAPPING, "mine", "", clock())
        assert pauses.mapping_paused(connection, "mine")
        pauses.resume(connection, Scope.MAPPING, "mine")
        pauses.pause(connection, Scope.EVERYTHING, "", "", clock())
        assert pauses.mapping_paused(connection, "mine")
