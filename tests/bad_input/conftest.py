"""One sandbox for a module's tests, emptied between them, and a site on a store of each test's own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from connector.sandbox.server import Sandbox
from tests.sync.site import SPEED, Site, all_delivered, new_store, site_on


@pytest.fixture(scope="module")
def world() -> Iterator[Sandbox]:
    """A sandbox that lives as long as the module's tests."""
    with Sandbox(seed=13, speed=SPEED) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(world: Sandbox) -> Sandbox:
    """The sandbox with nothing in it, whose providers deliver everything."""
    world.reset()
    world.faults.reset()
    all_delivered(world)
    return world


@pytest.fixture
def url(sqlite_template: Path, tmp_path: Path) -> str:
    """The address of a store of the test's own."""
    return new_store(sqlite_template, tmp_path, "own")


@pytest.fixture
def site(sandbox: Sandbox, url: str) -> Iterator[Site]:
    """A connector on the sandbox."""
    with site_on(sandbox, url) as running:
        yield running
