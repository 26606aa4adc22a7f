"""What the connector asks of a CRM, whichever it is."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from connector.model.describe import ObjectDescription
from connector.model.records import Budget, Page, RecordQuery, RecordWrite, WriteResult

DESCRIBED_FOR = timedelta(hours=1)
"""How long a describe is believed."""


class CRM(Protocol):
    """A connection to one org. Thread-safe; all threads share one session.

    Every method raises `connector.model.errors.CRMError` and its kin for what concerns the org as a whole, and
    `NeverLeft`/`MayHaveLeft` where no answer came; what concerns one record is in its result.
    """

    def org_id(self) -> str:
        """The org's 18-character id."""
        ...

    def is_production(self) -> bool:
        """Whether the org is one in which real work is done, not a sandbox or a developer's."""
        ...

    def describe(self, object_name: str, *, not_older_than: timedelta = DESCRIBED_FOR) -> ObjectDescription:
        """Fields and types, as of at most `not_older_than` ago. Raises QueryFault when there is no such object."""
        ...

    def pages(self, query: RecordQuery) -> Iterator[Page]:
        """The records, a page at a time; the next page is asked for when it is taken."""
        ...

    def changed(self, object_name: str, fields: tuple[str, ...], since: datetime, *, where: str = "") -> Iterator[Page]:
        """Records with SystemModstamp >= `since`, by (SystemModstamp, Id); each carries Id and SystemModstamp."""
        ...

    def write(self, writes: Sequence[RecordWrite]) -> list[WriteResult]:
        """Writes all, at most 200 a call, sorted by type; results in the order asked. Idempotent forms only.

        One record stands at most once in `writes` (the caller coalesces).
        """
        ...

    def budget(self) -> Budget:
        """The day's requests as the last answer told them."""
        ...

    def calls(self) -> int:
        """Requests made since this object was made."""
        ...
