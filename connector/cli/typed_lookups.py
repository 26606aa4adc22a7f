"""Lookups that a person types: counted under the caps before they leave."""

from collections.abc import Iterator
from contextlib import contextmanager

from connector.app import App
from connector.model.errors import NeverLeft, Refused, SettingsError
from connector.sync.allowance import Shortage
from connector.sync.lookup_caps import begin, cost_nothing


@contextmanager
def counted(app: App, account: str, number: int) -> Iterator[None]:
    """Around the question for so many lookups; those that were certainly not made are not counted.

    Raises:
        SettingsError: a cap forbids them; nobody was asked.
        StoreError: the store cannot be written.
    """
    asking = begin(app.database, app.settings.all_caps(), app.providers, account, number, app.clock())
    if isinstance(asking, Shortage):
        raise SettingsError(f"{account} was not asked: {asking}.")
    try:
        yield
    except (NeverLeft, Refused):
        cost_nothing(app.database, asking)
        raise
