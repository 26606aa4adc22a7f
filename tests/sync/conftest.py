"""One sandbox for a module's tests, emptied between them, and a site on a store of each test's own."""

from collections.abc import Iterator

import pytest

from connector.sandbox.server import Sandbox
from tests.sync.site import SPEED, Site, all_delivered, site_on


@pytest.fixture(scope="module")
def world() -> Iterator[Sandbox]:
    """A sandbox that lives as long as the module's tests."""
    with Sandbox(seed=7, speed=SPEED) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(world: Sandbox) -> Sandbox:
    """The sandbox with nothing in it, whose providers deliver everything."""
    world.reset()
    world.faults.reset()
    all_delivered(world)
    return world


@pytest.fixture
def kind(request: pytest.FixtureRequest) -> str:
    """SQLite, unless a test asks for both."""
    name: str = getattr(request, "param", "sqlite")
    return name


@pytest.fixture
def site(sandbox: Sandbox, url: str) -> Iterator[Site]:
    """A connector on the sandbox, holding the lease of a store of its own."""
    with site_on(sandbox, url) as running:
        yield running
