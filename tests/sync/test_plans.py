"""Speed does not go down as the store fills: what the verbs ask is found by the index that is meant for it."""

import sqlite3
from pathlib import Path

from sqlalchemy import event

from connector.sandbox.server import Sandbox
from tests.sync.site import new_store, plant, received, site_on

_TABLES = {"message", "message_event", "attempt", "inbox", "crm_write", "consent", "phone"}
_BROAD = ("(org=?)", "ix_message_work (state=?)", "ix_write_work (standing=?)", "ix_inbox_work (standing=?)")
"""Searches that find all of an org, a state or a standing: too many where the rows are named one by one."""


def _asked_by_verbs(sandbox: Sandbox, url: str) -> dict[str, tuple[object, ...]]:
    """Every statement of a whole life, replies included, with the parameters of its first time."""
    asked: dict[str, tuple[object, ...]] = {}
    with site_on(sandbox, url) as site:

        @event.listens_for(site.parts.database.engine, "before_cursor_execute")
        def keep(_: object, __: object, sql: str, parameters: tuple[object, ...], *___: object) -> None:
            asked.setdefault(sql, parameters)

        plant(sandbox, 20, "MX")
        plant(sandbox, 20, "ES", first=21)
        site.sweep()
        site.work_through()
        assert received(sandbox)
    return asked


def test_named_rows_are_found_by_their_own_index(sandbox: Sandbox, sqlite_template: Path, folder: Path) -> None:
    """SQLite keeps no count of what is in a table, and would go through an org's messages for a handful of them."""
    url = new_store(sqlite_template, folder)
    asked = _asked_by_verbs(sandbox, url)
    store = sqlite3.connect(url.removeprefix("sqlite:///"))
    broad: list[str] = []
    for sql, parameters in asked.items():
        if "json_each" not in sql:
            continue
        for *_, step in store.execute(f"EXPLAIN QUERY PLAN {sql}", parameters):
            scanned = step.startswith("SCAN ") and step.split()[1] in _TABLES
            if scanned or step.endswith(_BROAD):
                broad.append(f"{step}: {' '.join(sql.split())}")
    store.close()
    assert len(asked) > 30
    assert broad == []
