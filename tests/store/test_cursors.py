"""Places kept between runs."""

import pytest

from connector.model.errors import WrongOrg
from connector.store import cursors
from connector.store.db import Database
from tests.conftest import Clock


def test_a_place_is_kept_under_its_name(database: Database, clock: Clock) -> None:
    """What was kept last is what is read, each name for itself; a name never kept is None."""
    with database.begin() as connection:
        assert cursors.get(connection, "sweep Contact") is None
        cursors.keep(connection, "sweep Contact", {"at": "2026-03-02T09:00:00Z", "id": None}, clock())
        cursors.keep(connection, "sweep Lead", {"at": 1}, clock())
        cursors.keep(connection, "sweep Contact", {"at": [1.5, True]}, clock())
    with database.read() as connection:
        assert cursors.get(connection, "sweep Contact") == {"at": [1.5, True]}
        assert cursors.get(connection, "sweep Lead") == {"at": 1}


def test_a_store_belongs_to_the_org_it_first_met(database: Database, clock: Clock) -> None:
    """The same org is welcome again; another one is refused with both names and what to do, and nothing changes."""
    with database.begin() as connection:
        cursors.pin_org(connection, "00D1", clock())
        cursors.pin_org(connection, "00D1", clock())
    said = r"belongs to the org 00D1.* lead to 00D2.*store of its own"
    with pytest.raises(WrongOrg, match=said), database.begin() as connection:
        cursors.pin_org(connection, "00D2", clock())
    with database.read() as connection:
        assert cursors.get(connection, "org") == {"id": "00D1"}
