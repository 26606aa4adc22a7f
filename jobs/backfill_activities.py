"""A backfill of activities: those that messages should have left in the CRM and that are not there."""

from collections.abc import Sequence
from typing import Any

from connector.crm import soql
from connector.mapping.record_mapping import RecordMapping
from connector.model.failures import Failure
from connector.model.messages import StateChange, merge
from connector.model.records import RecordQuery, WriteCause
from connector.model.states import State
from connector.store import windows, writes
from connector.store.windows import Reached
from connector.store.writes import Owed
from connector.sync.parts import Parts
from jobs.backfill import Kind, Measure, Slice, Window

_KEYS_A_QUERY = 400
"""Keys of 28 characters, quoted, within the limit of an address."""
_WRITES_A_CALL = 200


class Activities:
    """Asks the CRM which activities of the messages read in the window it has, and owes it the others.

    An activity that somebody deleted by hand is missing like any other, and comes back.
    """

    kind = Kind.ACTIVITIES
    unit = "messages"
    cannot_be_asked = ()

    def __init__(self, parts: Parts, accounts: Sequence[str] | None) -> None:
        self._parts = parts
        self._accounts = tuple(accounts) if accounts is not None else None
        self.lanes = tuple(name for name, mapping in parts.mappings.items() if mapping.activity is not None)

    def measure(self, lane: str, window: Window, place: str) -> Measure:
        """Messages after `place` (a message's id) that reached a state in which the mapping leaves an activity."""
        with self._parts.database.read() as connection:
            messages = windows.count_reached(connection, self._which(lane, window), place)
        return Measure(messages, messages, 0, -(-messages // _KEYS_A_QUERY) + -(-messages // _WRITES_A_CALL))

    def do(self, lane: str, window: Window, place: str) -> Slice | None:
        """Asks for the next messages' activities and owes the missing ones. Raises CRMError, ExchangeError."""
        which = self._which(lane, window)
        with self._parts.database.read() as connection:
            rows = windows.reached(connection, which, place, _KEYS_A_QUERY)
            ids = [row.id for row in rows]
            moves = windows.last_moves(connection, ids, which.states)
            already_owed = windows.owing_activity(connection, ids)
        if not rows:
            return None
        should = self._should(self._parts.mappings[lane], rows, moves)
        there = self._there(self._parts.mappings[lane], list(should))
        missing = [owed for key, owed in should.items() if key not in there and owed.message_id not in already_owed]
        now = self._parts.clock()
        with self._parts.database.begin() as connection:
            self._parts.tenure.check(connection, now)
            writes.owe(connection, self._parts.org, missing, now)
        return Slice(ids[-1], len(rows), len(missing))

    def _which(self, lane: str, window: Window) -> Reached:
        activity = self._parts.mappings[lane].activity
        states = tuple(sorted(activity.on)) if activity else ()
        return Reached(self._parts.org, lane, states, window.since, window.until, self._accounts)

    def _should(self, mapping: RecordMapping, rows: Sequence[Any], moves: dict[str, Any]) -> dict[str, Owed]:
        """The activity each message should have, by its key."""
        should: dict[str, Owed] = {}
        for row in rows:
            for write in mapping.on_change(self._change(row, moves[row.id])):
                if write.cause is WriteCause.ACTIVITY and write.key:
                    should[write.key] = Owed(write, mapping.name, row.id)
        return should

    def _change(self, row: Any, event: Any) -> StateChange:
        """The change of state that last left an activity, as it was told when it happened."""
        provider = self._parts.providers.get(row.account) if row.account else None
        return StateChange(
            message_id=row.id,
            object=row.object,
            record_id=row.record_id,
            state=State(event.to_state),
            at=event.happened_at or event.at,
            to=row.to_number,
            text=merge(tuple(row.pieces), tuple(row.values)),
            channel=row.channel,
            sender=row.sender,
            account=row.account,
            provider=provider.name if provider else None,
            provider_id=row.provider_id or row.provider_batch,
            failure=Failure(event.code, event.reason or "") if event.code else None,
            reason=event.reason or "",
            fields=row.fields,
        )

    def _there(self, mapping: RecordMapping, keys: Sequence[str]) -> set[str]:
        if mapping.activity is None:
            return set()
        upsert = mapping.activity.upsert
        found: set[str] = set()
        for condition in soql.in_lists(upsert.key, keys):
            for page in self._parts.crm.pages(RecordQuery(upsert.object, ("Id", upsert.key), condition)):
                found.update(record[upsert.key] for record in page.records)
        return found
