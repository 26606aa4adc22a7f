"""CRM → outbox: reads what is queued, commits it with claim tokens, writes the claims, and confirms them."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from connector.mapping.record_mapping import RecordMapping
from connector.model.errors import QueryFault
from connector.model.messages import Draft
from connector.model.records import Page, RecordQuery
from connector.store import intake, outbox, pauses
from connector.store.repeats import REPEATED
from connector.sync.claiming import claim, renew
from connector.sync.parts import Parts
from connector.sync.record_consent import drafts_say
from connector.sync.schedule import ahead, furthest
from connector.sync.settle import tell


@dataclass(slots=True)
class Pulled:
    """What one round of reading brought."""

    read: int = 0
    fresh: int = 0
    claimed: int = 0
    renewed: int = 0

    def __bool__(self) -> bool:
        return bool(self.fresh or self.claimed or self.renewed)


def pull(parts: Parts) -> Pulled:
    """Reads every mapping's queue, a page at a time, until the queues are empty or enough is waiting to be sent.

    A mapping the org refuses (an unknown field) is stopped with an alarm; the others go on. One that is paused is left.

    Raises:
        BudgetSpent, SessionLost, NeverLeft, MayHaveLeft: the org as a whole cannot be asked now.
    """
    pulled = Pulled()
    for mapping in parts.mappings.values():
        subject = f"mapping {mapping.name}"
        with parts.database.read() as connection:
            if pauses.mapping_paused(connection, mapping.name):
                continue
        try:
            pulled.renewed += renew(parts, mapping)
            pulled.claimed += claim(parts, mapping)
            _pull_mapping(parts, mapping, pulled)
        except QueryFault as error:
            parts.alarms.sound(subject, f"{error} The mapping is stopped until it and the org agree again.")
        else:
            parts.alarms.settle(subject)
    return pulled


def _pull_mapping(parts: Parts, mapping: RecordMapping, pulled: Pulled) -> None:
    now = parts.clock()
    # what a provider may be given before it is due is read a second time as if it were: a `where` that compares with
    # {now} in both directions would otherwise lose what is due
    for query in dict.fromkeys((mapping.read(now), mapping.read(now + furthest(parts, mapping)))):
        _pull_query(parts, mapping, query, pulled)


def _pull_query(parts: Parts, mapping: RecordMapping, query: RecordQuery, pulled: Pulled) -> None:
    if parts.live.backlog_before:
        query = replace(query, fields=tuple(dict.fromkeys((*query.fields, "CreatedDate"))))
    for page in parts.crm.pages(query):
        if parts.stopping.is_set():
            return
        pulled.read += len(page.records)
        pulled.fresh += _take_in(parts, mapping, page)
        pulled.claimed += claim(parts, mapping)
        with parts.database.read() as connection:
            if outbox.waiting(connection) >= parts.timing.high_water:
                return


def _take_in(parts: Parts, mapping: RecordMapping, page: Page) -> int:
    now = parts.clock()
    read = [mapping.draft(record, now) for record in page.records]
    due = [item for item in read if not (isinstance(item, Draft) and _waits(parts, mapping, item, now))]
    backlog = _backlog(page, parts.live.backlog_before)
    reading = replace(parts.reading(mapping.name, page.read_at, now), backlog=backlog)
    with parts.database.begin() as connection:
        parts.tenure.check(connection, now)
        taken = intake.take_in(connection, reading, due, now)
        drafts_say(parts, connection, mapping, [item for item in due if isinstance(item, Draft)], now)
        tell(parts, connection, taken.moved, now)
    if repeated := sum(step.move.failure is REPEATED for step in taken.moved):
        parts.alarms.sound(f"repeats of {mapping.name}", f"Held, of {repeated:,} records: {REPEATED.reason}.")
    return taken.fresh + taken.again


def _waits(parts: Parts, mapping: RecordMapping, item: Draft, now: datetime) -> bool:
    """Whether the record keeps its message until later: until it is due, or may be given to who holds it until then."""
    if item.send_at is None or item.send_at <= now:
        return False
    early = ahead(parts, item.accounts[0], item.channel, mapping.name) if item.accounts else timedelta()
    return item.send_at > now + early


def _backlog(page: Page, before: datetime | None) -> frozenset[str]:
    """The ids of the records that were made before then."""
    if before is None:
        return frozenset()
    return frozenset(record["Id"] for record in page.records if datetime.fromisoformat(record["CreatedDate"]) < before)
