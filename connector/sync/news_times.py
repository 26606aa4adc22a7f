"""When what news tells took place: by its own date where that can be true, else when it was heard.

A provider may send no date but a date's zero, its clock may be wrong, and an account's `zone` may be set wrongly.
"""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Self

from connector.store import attempts
from connector.store.db import Transaction

_CLOCKS_APART = timedelta(minutes=5)
"""How much a provider's clock may differ from ours."""
_LONGEST_WAY = timedelta(days=365)
"""News that says it is older has no date: it is older than any provider keeps it."""


@dataclass(frozen=True, slots=True)
class NewsTimes:
    """The times of some news. `begun` is when the attempt of each message began that news says is older than itself;
    `by_number` are the ids of news that only its number leads to a message."""

    begun: Mapping[str, datetime]
    by_number: Set[str]

    @classmethod
    def of(
        cls, connection: Transaction, rows: Sequence[Any], named: Mapping[str, str], by_number: Mapping[str, str]
    ) -> Self:
        """Those of the news of inbox `rows`; the others give the message of each piece, by the two ways to find it."""
        matched = {**by_number, **named}
        # what is dated just before it came, came after the attempt: most news, of which nothing need be asked
        late = [row for row in rows if row.at is not None and row.at < row.received_at - _CLOCKS_APART]
        begun = attempts.begun(connection, sorted({matched[row.id] for row in late if row.id in matched}))
        return cls(begun, by_number.keys() - named.keys())

    def happened_at(self, row: Any, message_id: str) -> datetime | None:
        """When a status came about; None where its date cannot be true, or there is none."""
        at: datetime | None = row.at
        if at is None or at > row.received_at + _CLOCKS_APART or row.received_at - at > _LONGEST_WAY:
            return None
        return None if self._is_too_early(at, message_id) else at

    def said_at(self, row: Any, message_id: str | None, *, stops: bool) -> datetime:
        """When a person said something, or a provider of them: never later than when it was received.

        A number leads to the newest message of its account, and the reply may be older than that. There its date is
        believed all the same, but for a stop: taken for later than it was, a stop stops, and a start might lift one.
        """
        at: datetime | None = row.at
        received_at: datetime = row.received_at
        if at is None or at > received_at or received_at - at > _LONGEST_WAY:
            return received_at
        names_it = message_id is not None and (stops or row.id not in self.by_number)
        return received_at if names_it and self._is_too_early(at, message_id) else at

    def _is_too_early(self, at: datetime, message_id: str | None) -> bool:
        begun = self.begun.get(message_id or "")
        return begun is not None and at < begun - _CLOCKS_APART
