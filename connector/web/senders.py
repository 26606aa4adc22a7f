"""Who may send webhooks: those who know the account's secret, from the addresses that the account allows."""

import hashlib
import hmac
import secrets as random_secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any

from pydantic import SecretStr

from connector.model.errors import SettingsError
from connector.providers.base import Provider

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_SECRETS_AT_ONCE = 2


@dataclass(frozen=True, slots=True)
class HookedAccount:
    """An account that takes webhooks.

    `secrets` are one, or two while one replaces the other; `networks` is empty when webhooks may come from anywhere.
    """

    provider: Provider[Any]
    secrets: tuple[SecretStr, ...]
    networks: tuple[Network, ...] = ()


def read_networks(addresses: Iterable[str]) -> tuple[Network, ...]:
    """Addresses and networks as settings write them (``203.0.113.7``, ``203.0.113.0/24``, ``2001:db8::/32``).

    Raises:
        SettingsError: one of them is neither.
    """
    networks: list[Network] = []
    for text in addresses:
        try:
            networks.append(ip_network(text.strip()))
        except ValueError as error:
            raise SettingsError(
                f"{text!r} is no address and no network: {error}. Write it like 203.0.113.7 or 203.0.113.0/24."
            ) from None
    return tuple(networks)


class Senders:
    """Tells whether a webhook comes from whom it should. Takes the same time over a right secret and a wrong one.

    Raises:
        SettingsError: an account has no secret, more than two, or an empty one.
    """

    def __init__(self, accounts: Mapping[str, HookedAccount], proxies: Sequence[Network]) -> None:
        decoy = random_secrets.token_urlsafe(32)
        self._proxies = tuple(proxies)
        self._networks = {name: account.networks for name, account in accounts.items()}
        self._digests = {name: _digests(name, account.secrets, decoy) for name, account in accounts.items()}
        self._nobody = (_digest(decoy),) * _SECRETS_AT_ONCE

    def know(self, account: str, secret: str) -> bool:
        """Whether the secret is one of the account's. As many comparisons are made for an account that is none."""
        given = _digest(secret)
        matches = [hmac.compare_digest(given, digest) for digest in self._digests.get(account, self._nobody)]
        return any(matches) and account in self._digests

    def allow(self, account: str, origin: Address | None) -> bool:
        """Whether the account takes webhooks from there."""
        networks = self._networks.get(account, ())
        return not networks or (origin is not None and _within(origin, networks))

    def origin(self, peer: str | None, forwarded: Sequence[str]) -> Address | None:
        """Where a request comes from; None where that is no address.

        `peer` is the other end of the connection, `forwarded` the values of X-Forwarded-For, which are believed only
        as far as trusted proxies wrote them.
        """
        chain = [part for value in forwarded for part in value.split(",")]
        origin = _read_address(peer or "")
        while origin is not None and chain and _within(origin, self._proxies):
            origin = _read_address(chain.pop())
        return origin


def _digests(name: str, secrets: Sequence[SecretStr], decoy: str) -> tuple[bytes, ...]:
    plain = [secret.get_secret_value() for secret in secrets]
    if not 1 <= len(plain) <= _SECRETS_AT_ONCE or not all(secret.strip() for secret in plain):
        raise SettingsError(
            f"the account {name} takes webhooks and needs one secret for their path, or two while one replaces the "
            "other, none of them empty: set its hook_secret."
        )
    return tuple(_digest(secret) for secret in [*plain, decoy][:_SECRETS_AT_ONCE])


def _digest(secret: str) -> bytes:
    # of one length, for a comparison takes as long as its strings
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


def _within(address: Address, networks: Sequence[Network]) -> bool:
    return any(address in network for network in networks)


def _read_address(text: str) -> Address | None:
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return address.ipv4_mapped or address if isinstance(address, IPv6Address) else address
