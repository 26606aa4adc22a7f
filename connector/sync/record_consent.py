"""The CRM's own word on a number or address: the consent fields of the records that hold it, as sweeps and queues show.

A record's word lasts for as long as the record says so. When a person clears the last of them, after a stop that came
by reply was written there, that lifts the reply's stop too: it is how people who work in the CRM take one back.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from connector.mapping.record_mapping import RecordMapping
from connector.model.address import is_address
from connector.model.consent import RECIPIENT, ConsentSource, ConsentWord, is_of_record, record_voice
from connector.model.messages import Draft, PhoneMatch
from connector.store import consent as ledger
from connector.store.db import Transaction
from connector.sync.consent import Reach, owe_stop, standing_but_of_records, stopping, tell
from connector.sync.parts import Parts


@dataclass(frozen=True, slots=True)
class Swept:
    """All numbers and addresses that a sweep saw in a record, and which of the two it looked for."""

    held: frozenset[str]
    numbers_read: bool
    addresses_read: bool

    def misses(self, number: str) -> bool:
        """Whether the record no longer holds it; of what was not looked for nobody can say."""
        looked_for = self.addresses_read if is_address(number) else self.numbers_read
        return looked_for and number not in self.held


@dataclass(frozen=True, slots=True)
class RecordWord:
    """What one consent field of one record says of the numbers (E.164) and addresses it is for.

    `modified` is the record's own time of its last change, where that is known. `swept` is what else the record holds,
    where all of it was read.
    """

    object: str
    record_id: str
    field: str
    numbers: frozenset[str]
    stopped: bool
    modified: datetime | None = None
    swept: Swept | None = None

    @property
    def voice(self) -> str:
        """Whose word it is."""
        return record_voice(self.record_id, self.field)

    def word(self, number: str, stopped: bool, now: datetime, note: str | None = None) -> ConsentWord:
        """As the ledger keeps it."""
        evidence: dict[str, Any] = {"object": self.object, "record": self.record_id, "field": self.field}
        evidence |= {"modified": self.modified.isoformat()} if self.modified else {}
        evidence |= {"note": note} if note else {}
        return ConsentWord(number, self.voice, stopped, ConsentSource.CRM, now, evidence)


def drafts_say(
    parts: Parts, connection: Transaction, mapping: RecordMapping, drafts: Sequence[Draft], now: datetime
) -> None:
    """The consent fields that a mapping reads with its queue."""
    said = [word for draft in drafts for word in _of_draft(mapping, draft)]
    if said:
        tell(Reach.of(parts), connection, _changes(parts, connection, said, now), now)


def _of_draft(mapping: RecordMapping, draft: Draft) -> Iterable[RecordWord]:
    for path in mapping.message.consent:
        parent, _, field = path.rpartition(".")
        # the person's own record, where the queue's says whose it is, so that a sweep of it speaks with the same voice
        lookup = f"{parent[:-1]}c" if parent.endswith("__r") else f"{parent}Id"
        person = draft.fields.get(lookup) if parent and "." not in parent else None
        record, name = (str(person), field) if person else (draft.record_id, path)
        object_name = draft.object if not person else parent.removesuffix("__r")
        yield RecordWord(object_name, record, name, frozenset({draft.to}), path in draft.stop)


def records_say(parts: Parts, connection: Transaction, said: Sequence[RecordWord], now: datetime) -> None:
    """What a sweep of whole records saw; records that hold a stopped number and were not told yet are told."""
    changes = _changes(parts, connection, said, now)
    cleared = {
        word.number: item
        for item in said
        for word in changes
        if word.voice == item.voice and not word.stopped and word.number in item.numbers
    }
    changes += _lifted(parts, connection, cleared, changes, now)
    reach = Reach.of(parts)
    tell(reach, connection, changes, now)
    _tell_found(reach, connection, [item for item in said if not item.stopped], now)


def _changes(parts: Parts, connection: Transaction, said: Sequence[RecordWord], now: datetime) -> list[ConsentWord]:
    by_voice = {item.voice: item for item in said}
    known = ledger.of_voices(connection, parts.org, list(by_voice))
    changes = []
    for item in by_voice.values():
        for number in sorted(item.numbers):
            row = known.get((number, item.voice))
            if item.stopped != bool(row is not None and row.stopped):
                changes.append(item.word(number, item.stopped, now))
    for (number, voice), row in known.items():
        item = by_voice[voice]
        if not row.stopped or item.swept is None or number in item.numbers:
            continue
        if item.swept.misses(number):
            changes.append(item.word(number, False, now, "the record no longer holds the number"))
        elif not item.stopped:  # a queue said so: its mapping asks the field for e-mails too, say
            changes.append(item.word(number, False, now))
    return changes


def _lifted(
    parts: Parts,
    connection: Transaction,
    cleared: dict[str, RecordWord],
    changes: Sequence[ConsentWord],
    now: datetime,
) -> list[ConsentWord]:
    """Stops by reply that a person took back by clearing the last record that said so."""
    if not cleared:
        return []
    standing = ledger.standing(connection, parts.org, sorted(cleared))
    for word in changes:
        standing.setdefault(word.number, {})[word.voice] = word
    ours = ledger.write_backs(connection, parts.org, [item.record_id for item in cleared.values()])
    lifted = []
    for number, item in cleared.items():
        voices = standing[number]
        reply = voices.get(RECIPIENT)
        others = [voice for voice in stopping(voices) if is_of_record(voice)]
        if reply is None or not reply.stopped or others:
            continue
        if _cleared_after(item, reply.at, ours.get((item.record_id, item.field))):
            evidence = {"object": item.object, "record": item.record_id, "field": item.field, "note": "cleared there"}
            # dated by the record's change: a stop that was said after it, and is heard later still, counts
            at = min(item.modified or now, now)
            lifted.append(ConsentWord(number, RECIPIENT, False, ConsentSource.CRM, at, evidence))
    return lifted


def _cleared_after(item: RecordWord, at: datetime, write_back: Any | None) -> bool:
    """Whether the record was changed after the stop, and after the stop had been written to it."""
    if item.modified is None or item.modified <= at:
        return False
    if write_back is None:
        return True
    return bool(write_back.standing == "done" and item.modified > write_back.settled_at)


def _tell_found(reach: Reach, connection: Transaction, said: Sequence[RecordWord], now: datetime) -> None:
    """Records that hold a stopped number, and that this stop was not written to yet."""
    standing = ledger.standing(connection, reach.org, sorted({number for item in said for number in item.numbers}))
    found: dict[PhoneMatch, datetime] = {}
    for item in said:
        for number in item.numbers:
            match = PhoneMatch(item.object, item.record_id, item.field, by_address=is_address(number))
            for word in standing_but_of_records(standing.get(number, {})):
                found[match] = max(word.at, found.get(match, word.at))
    if not found:
        return
    ours = ledger.write_backs(connection, reach.org, [match.record_id for match in found])
    told = {match: ours.get((match.record_id, match.field)) for match in found}
    untold = [match for match, at in found.items() if (row := told[match]) is None or row.created_at < at]
    owe_stop(reach, connection, untold, now)
