"""From the settings to the receiver: secrets, addresses, limits and rates are those that the file names."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
from sqlalchemy import func, select

from connector import settings
from connector.app import build
from connector.store.db import Database
from connector.store.inbox import INBOX
from connector.web.hooks import hook_server

NEW, OLD = "the-new-secret-of-the-path", "the-old-secret-of-the-path"
ACCOUNT = {
    "provider": "nrs360",
    "username": "u",
    "api_password": "p",
    "hook_secret": NEW,
    "hook_secret_before": OLD,
}

Told = Callable[..., httpx.Response]


@contextmanager
def told_by(url: str, web: dict[str, Any] | None = None, **account: Any) -> Iterator[Told]:
    """Tells the receiver of these settings of an event, by secret and id, for as long as this is open."""
    given = {
        "store": {"url": url},
        "web": {"port": 0, **(web or {})},
        "accounts": {
            "main": {**ACCOUNT, **account},
            "mute": {**ACCOUNT, "hook_secret": None, "hook_secret_before": None},
        },
    }
    app = build(settings.of(given))
    server = hook_server(app)
    server.start()

    def tell(secret: str, name: str = "id", account: str = "main") -> httpx.Response:
        address = f"http://127.0.0.1:{server.port}/hooks/{account}/{secret}/events"
        return httpx.post(address, data={"event": "delivered", "id": name})

    try:
        yield tell
    finally:
        server.stop()
        app.close()


def kept(database: Database) -> int:
    """How many pieces of news the store has."""
    with database.read() as connection:
        return int(connection.scalar(select(func.count()).select_from(INBOX)) or 0)


def test_both_secrets_of_an_account_are_taken_while_one_replaces_the_other(url: str, database: Database) -> None:
    """`hook_secret` and `hook_secret_before` both open the account's webhooks, and what they told is stored."""
    with told_by(url) as tell:
        assert [tell(secret, secret).status_code for secret in (NEW, OLD, f"{OLD}er")] == [200, 200, 404]
    assert kept(database) == 2


def test_the_secret_before_is_shut_out_once_it_is_taken_from_the_settings(url: str, database: Database) -> None:
    """Rotation ends with the next start: the old secret is worth nothing."""
    with told_by(url, hook_secret_before=None) as tell:
        assert [tell(secret).status_code for secret in (NEW, OLD)] == [200, 404]
    assert kept(database) == 1


def test_an_account_without_a_secret_takes_no_webhooks(url: str) -> None:
    """No empty secret, and no word that stands for none, opens it."""
    with told_by(url) as tell:
        assert [tell(secret, account="mute").status_code for secret in ("", "None", NEW)] == [404, 404, 404]


def test_addresses_of_the_settings_are_held_to(url: str) -> None:
    """`hook_addresses` lets in whom it names, and nobody else."""
    with told_by(url, hook_addresses=["203.0.113.0/24"]) as tell:
        assert tell(NEW).status_code == 404
    with told_by(url, hook_addresses=["127.0.0.1"]) as tell:
        assert tell(NEW).status_code == 200


def test_the_rate_of_guesses_in_the_settings_is_held_to(url: str, database: Database) -> None:
    """`[web] turned_away_a_minute` wrong secrets are 404, the next is 429, and the right one is taken all the same."""
    with told_by(url, {"turned_away_a_minute": 2}) as tell:
        assert [tell("guess").status_code for _ in range(3)] == [404, 404, 429]
        assert tell(NEW).status_code == 200
    assert kept(database) == 1


def test_the_rate_of_webhooks_in_the_settings_is_held_to(url: str, database: Database) -> None:
    """Of twelve webhooks at once not all are taken at `[web] webhooks_a_second = 1`; by the defaults all are."""
    with told_by(url, {"webhooks_a_second": 1, "webhooks_at_once": 1}) as tell:
        answers = [tell(NEW, str(number)).status_code for number in range(12)]
    assert answers[0] == 200
    assert 429 in answers
    assert kept(database) < 12
    with told_by(url) as tell:
        assert {tell(NEW, str(number)).status_code for number in range(12)} == {200}
    assert kept(database) == 12


def test_the_body_limit_of_the_settings_is_held_to(url: str) -> None:
    """A webhook of more bytes than `body_limit` is 413."""
    with told_by(url, {"body_limit": 1024}) as tell:
        assert [tell(NEW, "x" * size).status_code for size in (900, 1100)] == [200, 413]
