"""Speed does not go down as the store fills: what the verbs ask is found by the index that is meant for it."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from sqlalchemy import event

from connector.model.errors import MayHaveLeft
from connector.model.scopes import Scope
from connector.sandbox.server import Sandbox
from connector.store import pauses, repeats
from tests.store.making import draft
from tests.sync.interrupted import BeforeClaims, fails, waited
from tests.sync.site import NRS, Site, new_store, plant, received, site_on

_TABLES = {"message", "message_event", "attempt", "inbox", "crm_write", "consent", "phone"}
_BROAD = re.compile(r"\((?:(?:org|account|state|standing|object|mapping|kind)=\?(?: AND )?)+\)$")
"""Searches that find all of an org, an account, a state or the like: too many where the rows are named one by one."""
_OF_YEARS = re.compile(r"\((?:(?:org|account|object|mapping|kind)=\?(?: AND )?)+\)$")
"""Searches that find all there ever was of an org, an account or the like."""
_OF_THE_TEST = re.compile(r"FROM message ORDER BY message\.id$|GROUP BY crm_write\.cause, crm_write\.standing$")
"""What the test itself asks, to see what came of it."""


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
        _waits(site, sandbox)
        site.work_through()
        assert received(sandbox)
        (record_id, *_) = (message.record_id for message in site.messages())
        with site.parts.database.read() as connection:
            asking = {("SMS_Message__c", record_id): draft(record_id)}
            assert not repeats.among(connection, site.parts.org, asking, site.clock())
    return asked


def _waits(site: Site, sandbox: Sandbox) -> None:
    """What is claimed is paused, goes on, and waits until its claim is renewed; a token is claimed late."""
    crm = site.parts.crm
    site.with_parts(crm=BeforeClaims(crm, fails(MayHaveLeft("no answer came"))))
    site.pull()
    site.with_parts(crm=crm)
    site.later(120)
    site.pull()
    with site.parts.database.begin() as connection:
        pauses.pause(connection, Scope.ACCOUNT, NRS, "", site.clock())
        pauses.resume(connection, Scope.ACCOUNT, NRS)
    waited(site)
    assert site.pull().renewed


def _plans(url: str, asked: dict[str, tuple[object, ...]]) -> Iterator[tuple[str, str]]:
    """Each statement with each step of SQLite's plan for it."""
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as store:
        for sql, parameters in asked.items():
            for *_, step in store.execute(f"EXPLAIN QUERY PLAN {sql}", parameters):
                yield " ".join(sql.split()), step


def _scanned(step: str) -> bool:
    return step.startswith("SCAN ") and step.split()[1] in _TABLES


def test_named_rows_are_found_by_their_own_index(sandbox: Sandbox, sqlite_template: Path, folder: Path) -> None:
    """SQLite keeps no count of what is in a table, and would go through an org's messages for a handful of them."""
    url = new_store(sqlite_template, folder)
    asked = _asked_by_verbs(sandbox, url)
    plans = [(sql, step) for sql, step in _plans(url, asked) if "json_each" in sql]
    assert len(plans) > 30
    assert [(step, sql) for sql, step in plans if _scanned(step) or _BROAD.search(step)] == []


def test_what_is_to_be_done_is_found_without_going_through_what_is_done(
    sandbox: Sandbox, sqlite_template: Path, folder: Path
) -> None:
    """What waits is found by its state, and nothing by its org, account or mapping alone, of which there are years."""
    url = new_store(sqlite_template, folder)
    plans = [(sql, step) for sql, step in _plans(url, _asked_by_verbs(sandbox, url)) if not _OF_THE_TEST.search(sql)]
    assert len(plans) > 60
    assert [(step, sql) for sql, step in plans if _scanned(step) or _OF_YEARS.search(step)] == []
