"""Which providers there are: those with an adapter, and those whose adapter comes later."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from connector.providers.base import Provider
from connector.providers.bulk360.adapter import Bulk360
from connector.providers.bulk360.client import Bulk360Client
from connector.providers.nrs360.adapter import NRS360
from connector.providers.nrs360.client import NRS360Client
from connector.providers.operation import Client
from connector.providers.optimum.adapter import Optimum
from connector.providers.optimum.client import OptimumClient
from connector.providers.sms360app.adapter import SMS360App
from connector.providers.sms360app.client import SMS360AppClient
from connector.providers.smsclouds.adapter import Smsclouds
from connector.providers.smsclouds.client import SmscloudsClient
from connector.providers.smsclouds.smpp import SmscloudsSmpp

PROVIDERS: Mapping[str, type[Provider[Any]]] = MappingProxyType(
    {
        NRS360.name: NRS360,
        Smsclouds.name: Smsclouds,
        SMS360App.name: SMS360App,
        Optimum.name: Optimum,
        Bulk360.name: Bulk360,
    }
)
"""Name in the settings to adapter."""

PROTOCOLS: Mapping[tuple[str, str], type[Provider[Any]]] = MappingProxyType(
    {(SmscloudsSmpp.name, "smpp"): SmscloudsSmpp},
)
"""Name in the settings and the account's `protocol` to adapter, where it does not speak HTTP."""

CLIENTS: Mapping[str, type[Client]] = MappingProxyType(
    {
        NRS360.name: NRS360Client,
        Smsclouds.name: SmscloudsClient,
        SMS360App.name: SMS360AppClient,
        Optimum.name: OptimumClient,
        Bulk360.name: Bulk360Client,
    }
)
"""Name in the settings to the client of every operation of the provider's guide."""

KNOWN = frozenset({"sms360app", "bulk360", "smsclouds", "nrs360", "optimum"})
"""Every provider this connector is for: a name that is here and not in `PROVIDERS` has no adapter yet, and a name
that is not here is a mistake."""


def adapter_of(provider: str, protocol: object = None) -> type[Provider[Any]] | None:
    """The adapter of an account by its provider and its `protocol`; None where there is none, or no such protocol."""
    if protocol is None:
        return PROVIDERS.get(provider)
    return PROTOCOLS.get((provider, str(protocol)))
