"""Every room of the house is in the registry, and its contract is collected."""

import ast
from pathlib import Path

import connector.providers
from connector.providers.registry import KNOWN, PROVIDERS

ROOMS = Path(connector.providers.__file__).parent
HERE = Path(__file__).parent


def rooms() -> set[str]:
    """Names of the packages beside the registry that have an adapter, each of which is a provider."""
    return {path.parent.name for path in ROOMS.glob("*/adapter.py")}


def test_every_room_is_registered() -> None:
    """A provider's room that nobody registered would be dead code; a registered one without a room a ghost."""
    assert rooms() == set(PROVIDERS)
    assert {adapter.__module__.split(".")[2] for adapter in PROVIDERS.values()} == rooms()


def test_every_provider_is_known() -> None:
    """What has an adapter is among what is known, and the five providers of this trade are."""
    assert set(PROVIDERS) <= KNOWN
    assert len(KNOWN) == 5


def test_every_room_s_contract_is_collected() -> None:
    """Each room has a test file whose class takes up the contract, by a name that pytest collects."""
    for room in rooms():
        tree = ast.parse((HERE / f"test_{room}.py").read_text("utf-8"))
        classes = [node for node in tree.body if isinstance(node, ast.ClassDef) and node.name.startswith("Test")]
        bases = [base.id for node in classes for base in node.bases if isinstance(base, ast.Name)]
        assert "ProviderContract" in bases, room
