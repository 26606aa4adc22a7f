"""The world of tests that go the whole way; assertions in the contract explain themselves as a test file's do."""

from collections.abc import Iterator

import pytest

from connector.sandbox.server import Sandbox
from tests.sync.site import SPEED

pytest.register_assert_rewrite("tests.providers.contract")


@pytest.fixture
def kind() -> str:
    """One kind of store: what the stores differ in is tested elsewhere."""
    return "sqlite"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """The providers and the org, pretended."""
    with Sandbox(seed=11, speed=SPEED) as pretended:
        yield pretended
