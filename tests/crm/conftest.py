"""A pretend org, a clock that a test moves, and connections to the one by the other."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connector.crm.backoff import Backoff
from connector.crm.options import SalesforceOptions
from connector.crm.salesforce import Salesforce
from tests.crm.double import OrgDouble


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def move(self, **by: float) -> None:
        """Forward by a timedelta's words."""
        self.now += timedelta(**by)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def double() -> Iterator[OrgDouble]:
    with OrgDouble() as org:
        yield org


@pytest.fixture
def waits() -> list[float]:
    """The waits between tries, which no test sits through."""
    return []


@pytest.fixture
def connect(double: OrgDouble, clock: Clock, waits: list[float]) -> Iterator[Callable[..., Salesforce]]:
    """Makes connections to the double; options by keyword."""
    made: list[Salesforce] = []

    def connected(**options: Any) -> Salesforce:
        settings = {"base_url": double.url, "client_id": "sandbox", "client_secret": "sandbox", **options}
        whole = SalesforceOptions.model_validate(settings)
        backoff = Backoff(tries=whole.tries, sleep=waits.append)
        made.append(Salesforce(whole, clock=clock, backoff=backoff))
        return made[-1]

    yield connected
    for each in made:
        each.close()
