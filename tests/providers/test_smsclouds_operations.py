"""Smsclouds' rows: what they ask and tell, by the guide's words, replayed from its examples."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from pydantic import ValidationError

from connector.model.errors import MayHaveLeft, Refused, Unreadable
from connector.model.failures import Fault
from connector.providers.operation import Talk
from connector.providers.registry import CLIENTS
from connector.providers.smsclouds.adapter import Smsclouds
from connector.providers.smsclouds.client import SmscloudsClient
from connector.providers.smsclouds.options import SmscloudsOptions
from tests.providers.contract import answer
from tests.providers.tapes import replayed

CLOUDS = "https://smsclouds.cloud"


def talking(ask: Any, **options: Any) -> SmscloudsClient:
    """The client of the guide's examples' account."""
    settings = SmscloudsOptions.model_validate({"token": "mytoken", "route": 87, **options})
    account = Smsclouds("main", settings)
    return SmscloudsClient(Talk(ask, account.authorization, account.path_of))


@contextmanager
def taped(name: str, **options: Any) -> Iterator[SmscloudsClient]:
    """The client, asking a tape."""
    with replayed(f"smsclouds/{name}", CLOUDS) as line:
        yield talking(line.ask, **options)


def answered(body: object, status: int = 200) -> SmscloudsClient:
    """The client, answered the same whatever it asks."""
    return talking(lambda _: answer(status, body))


def test_the_client_is_registered() -> None:
    """The commands find the client by the provider's name in the settings."""
    assert CLIENTS["smsclouds"] is SmscloudsClient


def test_the_user_the_routes_and_the_countries_are_shown() -> None:
    """The guide's examples, typed; then a token that is not taken."""
    with taped("user_routes_countries") as client:
        user = client.user.show().data
        routes = client.user.routes()
        countries = client.user.countries()
        with pytest.raises(Refused) as refusal:
            client.user.show()
    assert (user.user, user.credit, user.tokens and user.tokens[0].name) == ("jose@example.com", 468062.11, "barrar")
    assert [(route.route, route.price) for route in routes] == [(77, 0.012), (79, 0.012)]
    assert [(country.country, country.name) for country in countries] == [(1, "Mexico"), (2, "USA")]
    assert refusal.value.failure.fault is Fault.ACCOUNT


def test_a_number_is_looked_up_and_kept_whole() -> None:
    """The guide shows no answer, so whatever comes is kept."""
    whole = {"operator": "TELCEL", "data": [1, None]}
    assert answered(whole).hlr.show(cellphone="4498987282").root == whole


@pytest.mark.parametrize("cellphone", ["", "449898728", "+524498987282", "44989872821", "abcdefghij"])
def test_only_ten_digits_are_looked_up(cellphone: str) -> None:
    """The guide wants the number without its country code, always ten digits."""
    with pytest.raises(ValidationError):
        answered({}).hlr.show(cellphone=cellphone)


@pytest.mark.parametrize("body", [{}, {"data": []}, [], None, "ok"])
def test_what_is_no_user_is_unreadable(body: object) -> None:
    """An answer without what the guide gives is not taken for an empty one."""
    with pytest.raises(Unreadable, match=r"user\.show"):
        answered(body).user.show()


@pytest.mark.parametrize("operation", list(SmscloudsClient.operations()))
@pytest.mark.parametrize(("status", "error"), [(400, Refused), (401, Refused), (404, Refused), (422, Refused)])
def test_every_row_reads_the_guide_s_errors(operation: str, status: int, error: type[Exception]) -> None:
    """The table of errors is the same under every section: four refusals, and a fault that leaves doubt."""
    row = SmscloudsClient.operations()[operation]
    body = {"error": {"information": "Information about the error", "status_code": status}}
    with pytest.raises(error, match="Information about the error"):
        row.read(answer(status, body))
    with pytest.raises(MayHaveLeft):
        row.read(answer(500, body))
