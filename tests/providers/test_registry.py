"""Every room of the house is in the registry, and its contract is collected."""

import ast
import inspect
import pkgutil
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import connector.providers
from connector.providers.base import Provider
from connector.providers.registry import KNOWN, PROTOCOLS, PROVIDERS

ROOMS = Path(connector.providers.__file__).parent
HERE = Path(__file__).parent


def rooms() -> set[str]:
    """Names of the packages beside the registry that have an adapter, each of which is a provider."""
    return {path.parent.name for path in ROOMS.glob("*/adapter.py")}


def test_every_room_is_registered() -> None:
    """A provider's room that nobody registered would be dead code; a registered one without a room a ghost."""
    assert rooms() == set(PROVIDERS)
    assert {adapter.__module__.split(".")[2] for adapter in PROVIDERS.values()} == rooms()


def adapters() -> Iterator[type[Provider[Any]]]:
    """Every adapter that any file of the house defines, whole enough to be made."""
    for module in pkgutil.walk_packages(connector.providers.__path__, "connector.providers."):
        for defined in vars(import_module(module.name)).values():
            is_adapter = inspect.isclass(defined) and issubclass(defined, Provider) and not inspect.isabstract(defined)
            if is_adapter and defined.__module__ == module.name:
                yield defined


def test_every_adapter_is_registered() -> None:
    """An adapter belongs to a provider or to one of its protocols, and to one of them only."""
    assert sorted(map(repr, adapters())) == sorted(map(repr, (*PROVIDERS.values(), *PROTOCOLS.values())))
    assert {adapter.name for adapter in adapters()} == set(PROVIDERS)
    assert all(PROTOCOLS[name, protocol].name == name for name, protocol in PROTOCOLS)


def test_every_provider_is_known() -> None:
    """What has an adapter is among what is known, and the five providers of this trade are."""
    assert set(PROVIDERS) <= KNOWN
    assert len(KNOWN) == 5


def test_every_room_s_contract_is_collected() -> None:
    """Each room has a test file whose class takes up the contract, by a name that pytest collects."""
    for room in rooms():
        assert ("ProviderContract", PROVIDERS[room].__name__) in contracts(f"test_{room}.py"), room


def test_every_protocol_s_contract_is_collected() -> None:
    """Each protocol has a test file in which all adapters that speak it take up what of the contract is not HTTP."""
    for (provider, protocol), adapter in PROTOCOLS.items():
        taken_up = contracts(f"test_{protocol}_contract.py")
        assert ("AdapterContract", adapter.__name__) in taken_up, (provider, protocol)


def contracts(file: str) -> set[tuple[str, str]]:
    """The contracts that the classes of a test file take up, by names that pytest collects, each with its adapter."""
    tree = ast.parse((HERE / file).read_text("utf-8"))
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef) and node.name.startswith("Test")]
    return {
        (base.id, ast.unparse(line.value))
        for node in classes
        for base in node.bases
        for line in node.body
        if isinstance(base, ast.Name) and isinstance(line, ast.Assign) and ast.unparse(line.targets[0]) == "adapter"
    }
