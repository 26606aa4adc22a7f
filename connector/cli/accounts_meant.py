"""The accounts that `--account` and `--provider` name."""

from collections.abc import Sequence

from connector.app import App
from connector.model.errors import SettingsError


def accounts_meant(app: App, providers: Sequence[str], accounts: Sequence[str]) -> list[str]:
    """The accounts that are meant, of those whose provider has an adapter.

    Raises:
        SettingsError: one that is named is not in the settings.
    """
    known = {name: adapter.name for name, adapter in app.providers.items()}
    for name in accounts:
        if name not in known:
            raise SettingsError(f"the settings have no account {name!r} to ask; they have: {', '.join(sorted(known))}.")
    for name in providers:
        if name not in known.values():
            there = ", ".join(sorted(set(known.values())))
            raise SettingsError(f"the settings have no account at {name!r}; their accounts are at: {there}.")
    return [
        name
        for name, provider in known.items()
        if (not accounts or name in accounts) and (not providers or provider in providers)
    ]
