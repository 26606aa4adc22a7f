"""Every operation of every guide has its place at the pretend provider, so that no row is tried against nothing."""

from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import httpx
import pytest

from connector.providers.account import AccountOptions
from connector.providers.base import Provider
from connector.providers.calling import asked_of
from connector.providers.exchange import Request, Response
from connector.providers.fields import example
from connector.providers.operation import Operation
from connector.providers.registry import CLIENTS, PROVIDERS
from connector.providers.talk import Line
from connector.providers.tokens import TokenKeeper
from connector.sandbox.server import Sandbox

ACCOUNTS: dict[str, dict[str, Any]] = {
    "nrs360": {"username": "sandbox", "api_password": "sandbox"},
    "smsclouds": {"token": "sandbox"},
    "bulk360": {"app_key": "sandbox", "app_secret": "sandbox"},
    "sms360app": {"client_ids": ["sandbox"]},
    "optimum": {"authentication": "basic", "username": "sandbox", "password": "sandbox"},
}
BEHIND = {"nrs360": "nrs360/api/rest"}
ASKS_FOR_TOKEN = "POST /oauth/token"
ROWS = [(provider, row) for provider, client in CLIENTS.items() for row in client.operations().values()]


@pytest.fixture(scope="module")
def world() -> Iterator[Sandbox]:
    """All the pretend providers."""
    with Sandbox(seed=7) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def account(world: Sandbox) -> Callable[[str], Provider[AccountOptions]]:
    """The account that each pretend provider knows."""

    def made(provider: str) -> Provider[AccountOptions]:
        adapter = PROVIDERS[provider]
        address = f"{world.providers_url}/{BEHIND.get(provider, provider)}"
        return adapter("main", adapter.options.model_validate({"base_url": address, **ACCOUNTS[provider]}))

    return made


def ask(account: Provider[AccountOptions], request: Request) -> Response:
    grant = account.token_grant()
    with closing(Line(httpx.HTTPTransport(), account.settings.base_url, TokenKeeper(grant) if grant else None)) as line:
        answer = line.ask(request)
        return Response(answer.status, answer.headers, "\n".join(answer.lines).encode()) if answer.lines else answer


def test_every_provider_is_pretended() -> None:
    """Each provider of the registry is asked here."""
    assert set(ACCOUNTS) == set(CLIENTS) == set(PROVIDERS)


@pytest.mark.parametrize(("provider", "row"), ROWS, ids=[f"{provider} {row.name}" for provider, row in ROWS])
def test_every_operation_has_its_place(
    world: Sandbox, account: Callable[[str], Provider[AccountOptions]], provider: str, row: Operation[..., Any]
) -> None:
    """Asked with the least that its type takes, a row arrives at one of the pretend provider's own operations."""
    mine = account(provider)
    asked = asked_of(row, example(row.asked, mine.account_fields), mine)
    world.ledger.reset()
    answer = ask(mine, row.request(asked, path=mine.path_of(row.name), headers=mine.authorization()))
    arrived = set(world.ledger.as_json()["requests"].get(provider, ()))
    assert len(arrived - {ASKS_FOR_TOKEN} if row.name != "oauth.token" else arrived) == 1
    assert answer.status not in (401, 403, 405)


@pytest.mark.parametrize("provider", CLIENTS)
def test_what_leads_nowhere_arrives_at_no_operation(
    world: Sandbox, account: Callable[[str], Provider[AccountOptions]], provider: str
) -> None:
    """The look for a place finds none for a path that no guide has."""
    mine = account(provider)
    world.ledger.reset()
    assert ask(mine, Request("GET", "leads/nowhere", headers=mine.authorization(), needs_token=False)).status == 404
    assert not world.ledger.as_json()["requests"].get(provider)
