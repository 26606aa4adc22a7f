"""One sandbox for a module's tests, emptied between them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from connector.sandbox.server import Sandbox
from tests.cli.place import Place, place_on


@pytest.fixture(scope="module")
def world() -> Iterator[Sandbox]:
    """A sandbox that lives as long as the module's tests."""
    with Sandbox(seed=7, speed=10.0) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(world: Sandbox) -> Sandbox:
    """The sandbox with nothing in it."""
    world.reset()
    world.faults.reset()
    return world


@pytest.fixture
def place(sandbox: Sandbox, tmp_path: Path) -> Place:
    """A settings file that leads to the sandbox."""
    return place_on(sandbox, tmp_path)
