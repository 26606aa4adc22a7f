"""A receiver for every registered provider: the real adapters, one account each, that can only hear."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pydantic import SecretStr

from connector.providers.base import Provider
from connector.providers.registry import PROVIDERS
from connector.web.rates import Rate
from connector.web.receiver import receiver
from connector.web.senders import HookedAccount
from connector.web.server import HookServer
from tests.conftest import Clock
from tests.web.hooked import Shelf

UNLIMITED = Rate(1e9, 10**9)


def listener(name: str) -> Provider[Any]:
    """A provider's adapter without credentials: a webhook needs none but the secret in its path."""
    adapter = PROVIDERS[name]
    return adapter(name, adapter.options.model_construct(provider=name))


def secret_of(name: str) -> str:
    """The secret of a provider's account, which bears its name."""
    return f"s3cret/of {name}"


@contextmanager
def all_registered(shelf: Shelf, **told: Any) -> Iterator[str]:
    """The receiver's address, for as long as this is open; nobody is held to a rate unless told."""
    accounts = {name: HookedAccount(listener(name), (SecretStr(secret_of(name)),)) for name in PROVIDERS}
    told = {"turned_away": UNLIMITED, "taken": UNLIMITED, **told}
    server = HookServer(receiver(accounts, shelf.keep, clock=Clock(), **told), "127.0.0.1", 0)
    server.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.stop()
