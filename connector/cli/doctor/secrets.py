"""No secret is ever printed: whatever an error carries along, it is cut out."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import unquote, urlsplit

from connector.cli.doctor.checks import Check
from connector.settings import Settings

_NAMES = ("secret", "password", "token", "private_key", "client_id")
_SHORTEST = 4


def secrets_of(settings: Settings) -> list[str]:
    """Everything in the settings that nobody should read, the longest first."""
    found = set(_in(settings.crm))
    for account in settings.accounts.values():
        found.update(_in(account))
    password = urlsplit(settings.store.url).password
    if password:
        found |= {password, unquote(password)}
    return sorted((secret for secret in found if len(secret) >= _SHORTEST), key=len, reverse=True)


def _in(section: Mapping[str, Any]) -> Iterable[str]:
    for name, value in section.items():
        if isinstance(value, str) and any(word in name for word in _NAMES) and not name.endswith(("_file", "_name")):
            yield value


def without(secrets: Iterable[str], check: Check) -> Check:
    """The finding with every secret cut out of its words."""
    text, advice = check.text, check.advice
    for secret in secrets:
        text, advice = text.replace(secret, "***"), advice.replace(secret, "***")
    return replace(check, text=text, advice=advice)
