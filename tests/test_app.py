"""The composition root: what is made of settings, and what it refuses."""

import threading
from pathlib import Path
from typing import Any

import httpx
import pytest

from connector import settings
from connector.app import build
from connector.model.errors import SessionLost, SettingsError, StoreError, WrongOrg
from connector.providers.exchange import Request
from connector.sandbox.server import Sandbox
from connector.store import cursors
from tests.sync.site import NRS, SMSCLOUDS, new_store, settings_for


@pytest.fixture(scope="module")
def sandbox() -> Any:
    """A sandbox for the module."""
    with Sandbox(seed=5, speed=20.0) as world:
        yield world


def test_a_claim_that_a_send_could_outlast_is_refused() -> None:
    """Its messages would wait for ever: the sentence says which account, and how long the claim must be."""
    account = {"provider": "smsclouds", "token": "t"}
    with pytest.raises(SettingsError, match=r"claim_minutes = 10 is too short for \[accounts\.mx\].*more than 10\.5"):
        build(settings.of({"pace": {"claim_minutes": 10}, "accounts": {"mx": account}}))


def test_without_a_crm_there_is_a_sentence() -> None:
    """An app can be made without [crm]; who asks for the org is told."""
    app = build(settings.of({}))
    with pytest.raises(SettingsError, match=r"no \[crm\] section"):
        _ = app.crm
    app.close()


def test_a_store_that_cannot_be_used_is_a_sentence() -> None:
    """An address that names no database says what to check."""
    app = build(settings.of({"store": {"url": "nonsense"}}))
    with pytest.raises(StoreError, match=r"\[store\] url is like sqlite"):
        _ = app.database
    app.close()


def test_a_store_belongs_to_one_org(sqlite_template: Path, tmp_path: Path, sandbox: Sandbox) -> None:
    """The org's id is pinned on first contact, and another org is refused: its people are not these."""
    url = new_store(sqlite_template, tmp_path)
    app = build(settings.of(settings_for(sandbox, url)))
    with app.database.begin() as connection:
        cursors.pin_org(connection, "00D000000000999AAA", app.clock())
    with pytest.raises(WrongOrg, match="Give each org a store of its own"):
        app.parts()
    app.close()


def test_the_org_is_pinned_on_first_contact(sqlite_template: Path, tmp_path: Path, sandbox: Sandbox) -> None:
    """What the store belongs to is decided once, by the org it first met."""
    app = build(settings.of(settings_for(sandbox, new_store(sqlite_template, tmp_path))))
    parts = app.parts()
    with app.database.read() as connection:
        assert cursors.get(connection, "org") == {"id": parts.org}
    app.close()


def test_a_wrong_secret_of_the_org_is_a_sentence(sqlite_template: Path, tmp_path: Path, sandbox: Sandbox) -> None:
    """A daemon that cannot log in says so, without the secret."""
    given = settings_for(sandbox, new_store(sqlite_template, tmp_path), crm={"client_secret": "wr0ng-5ecret"})
    app = build(settings.of(given))
    with pytest.raises(SessionLost) as error:
        app.parts()
    assert "wr0ng-5ecret" not in str(error.value)
    app.close()


def test_each_thread_has_a_line_of_its_own(sqlite_template: Path, tmp_path: Path, sandbox: Sandbox) -> None:
    """A thread's line to an account is always the same one, and nobody else's."""
    app = build(settings.of(settings_for(sandbox, new_store(sqlite_template, tmp_path))))
    lines: list[Any] = []

    def takes() -> None:
        lines.append((app.lines(NRS), app.lines(NRS), app.lines(SMSCLOUDS)))

    threads = [threading.Thread(target=takes) for _ in range(3)]
    for thread in threads:
        thread.start()
        thread.join()
    assert all(first is again and first is not other for first, again, other in lines)
    assert len({id(first) for first, _, _ in lines}) == 3
    app.close()


def test_requests_leave_by_the_transport_that_was_handed_in() -> None:
    """The seam for tests and benchmarks; redirects are not followed, and the environment's proxies are not used."""
    asked: list[str] = []

    def answers(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        return httpx.Response(302, headers={"location": "https://elsewhere.example/"})

    account = {"provider": "nrs360", "username": "u", "api_password": "p"}
    app = build(settings.of({"accounts": {"a": account}}), transport=httpx.MockTransport(answers))
    assert app.lines("a").ask(Request("GET", "account")).status == 302
    assert asked == ["/api/rest/account"]
    assert app.lines.requests == 1
    app.close()
