"""Claims that something comes in between: what tests of claiming and of renewing share."""

from collections.abc import Callable
from typing import Any

from connector.model.records import RecordWrite, WriteCause, WriteResult
from connector.sandbox.server import Sandbox
from tests.sync.site import Site


class BeforeClaims:
    """The real org; something else happens right before the first claims are written."""

    def __init__(self, crm: Any, happens: Callable[[], Any]) -> None:
        self._crm, self._happens = crm, [happens]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._crm, name)

    def write(self, wanted: list[RecordWrite]) -> list[WriteResult]:
        """The other thing, once, then the writes."""
        if wanted[0].cause is WriteCause.CLAIM and self._happens:
            self._happens.pop()()
        results: list[WriteResult] = self._crm.write(wanted)
        return results


def waited(site: Site, share: float = 0.7) -> None:
    """A share of a claim's lifetime goes by."""
    site.later(site.parts.timing.claim_lifetime.total_seconds() * share)


def fails(error: Exception) -> Callable[[], None]:
    """What happens is that error."""

    def happens() -> None:
        raise error

    return happens


def delete(sandbox: Sandbox, record_id: str) -> None:
    """A person deletes a record."""
    sandbox.org.writer.delete(sandbox.org.object("SMS_Message__c"), [record_id])
