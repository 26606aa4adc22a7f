"""The CRMs there are, by the `kind` that settings name."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from connector.crm.base import CRM
from connector.crm.options import SalesforceOptions
from connector.crm.salesforce import Salesforce


@dataclass(frozen=True, slots=True)
class CRMKind:
    """The settings of one kind of CRM, and what makes a connection of them.

    `connect(options, clock=…, transport=…)`: the clock gives aware datetimes, the transport may be None.
    """

    options: type[SalesforceOptions]
    connect: Callable[..., CRM]


CRMS: Mapping[str, CRMKind] = MappingProxyType({"salesforce": CRMKind(SalesforceOptions, Salesforce)})
