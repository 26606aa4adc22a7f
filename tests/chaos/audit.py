"""The proof: what the providers received and what the org holds, compared, each message known by its serial.

Our own store is asked for nothing but what only it can know: the attempts open at a kill, and whether it still owes.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from connector.sandbox.ledger import serial_of
from tests.chaos.words import TRY_ONCE, fits, told_of
from tests.chaos.world import ChaosWorld, ToldLine

_NUMBER = re.compile(r"(\d+)$")
_ENDS = frozenset({"Sent", "Delivered", "Failed", "Held", "Cancelled", "Unknown"})


@dataclass(frozen=True, slots=True)
class Audit:
    """Serials, by what is wrong with them; nothing is when every one of them is empty.

    `left_behind`: records at no end. `lost`: the record says that it was sent and no provider has it, or that it was
    not and one has. `unexplained`: unknown, and neither did a fault destroy its answer nor a kill cut it off.
    `unmatched`: the provider's last word has not reached the record, though it was acknowledged, or is pushed until it
    is, or can be asked for (see `tests.chaos.words`). `replies_missing` are counted, not named.
    """

    received_twice: tuple[int, ...]
    left_behind: tuple[int, ...]
    lost: tuple[int, ...]
    unexplained: tuple[int, ...]
    unmatched: tuple[int, ...]
    activities_twice: tuple[int, ...]
    activities_missing: tuple[int, ...]
    replies_twice: int
    replies_missing: int

    def counts(self) -> dict[str, int]:
        """How many there are of each."""
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        return {name: value if isinstance(value, int) else len(value) for name, value in values.items()}

    def clean(self) -> bool:
        """Whether nothing at all is wrong."""
        return not any(self.counts().values())

    def examples(self) -> dict[str, list[int]]:
        """A few serials of each kind that has any."""
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        return {name: list(value[:8]) for name, value in values.items() if isinstance(value, tuple) and value}


@dataclass(frozen=True, slots=True)
class Books:
    """How many records stand at each status, and how many of the unknown ones are explained by what.

    `nameless`: the ids at 360 SMS App of unknown messages: its news names them by nothing else, so it stays parked.
    """

    by_status: dict[str, int]
    unknown_by_faults: int
    unknown_by_kills: int
    nameless: frozenset[str] = frozenset()


def audit(world: ChaosWorld, cut_off: Iterable[int]) -> tuple[Audit, Books]:
    """Compares. `cut_off` are the serials whose request was under way when a daemon was killed."""
    received: Counter[int] = Counter()
    for _, serial, count in world.serials():
        received[serial] += count
    records = _records(world)
    fates = {serial: (provider, word) for provider, serial, word in world.fates()}
    told = list(world.told())
    pushes = {serial: told_of(provider, words) for provider, news, serial, _, words in told if news == "statuses"}
    destroyed, killed = world.destroyed().keys(), set(cut_off)
    nameless = {of for provider, _, serial, of, _ in told if provider == "sms360app" and records[serial] == "Unknown"}
    # the first receipt of a text in parts tells its message by the number; the ids of the others died with the answer
    nameless |= {of for provider, _, serial, of, _ in told if provider == "smpp" and serial in {*destroyed, *killed}}
    activities, replies = _activities(world)
    unknown = [serial for serial, status in records.items() if status == "Unknown"]
    found = Audit(
        received_twice=_sorted(serial for serial, count in received.items() if count > 1),
        left_behind=_sorted(serial for serial, status in records.items() if status not in _ENDS),
        lost=_sorted(serial for serial, status in records.items() if _is_lost(status, received[serial])),
        unexplained=_sorted(serial for serial in unknown if serial not in destroyed and serial not in killed),
        unmatched=_sorted(s for s, fate in fates.items() if not fits(records[s], *fate, pushes.get(s, ()))),
        activities_twice=_sorted(serial for serial, count in activities.items() if count > 1),
        activities_missing=_sorted(
            serial
            for serial, status in records.items()
            if received[serial] and status != "Unknown" and not activities[serial]
        ),
        replies_twice=sum(count - 1 for count in replies.values()),
        replies_missing=max(0, int(world.providers_ledger()["replies"]) - _unheard(told) - len(replies)),
    )
    by_faults = sum(serial in destroyed for serial in unknown)
    by_status = dict(Counter(records.values()))
    return found, Books(by_status, by_faults, len(unknown) - by_faults, frozenset(nameless))


def _unheard(told: Iterable[ToldLine]) -> int:
    """How many replies nobody acknowledged, of those that are told once and never again."""
    return sum(
        provider in {*TRY_ONCE, "smpp"} and news == "replies" and all(word.endswith("?") for word in words)
        for provider, news, _, _, words in told
    )


def _sorted(serials: Iterable[int]) -> tuple[int, ...]:
    return tuple(sorted(serials))


def _records(world: ChaosWorld) -> dict[int, str]:
    """Every record's status by the serial it was made with, for some have no text to hold one."""
    asked = world.records("SELECT External_Id__c, Status__c FROM SMS_Message__c")
    return {_number(record["External_Id__c"]): str(record["Status__c"]) for record in asked}


def _number(external_id: str) -> int:
    found = _NUMBER.search(external_id)
    if found is None:
        raise ValueError(f"the record {external_id!r} was not made by the seed")
    return int(found.group(1))


def _activities(world: ChaosWorld) -> tuple[Counter[int], Counter[tuple[Any, ...]]]:
    """How many activities there are of each message's text, and of each reply by person and words."""
    activities: Counter[int] = Counter()
    replies: Counter[tuple[Any, ...]] = Counter()
    for task in world.records("SELECT SMS_External_Id__c, WhoId, Subject, Description FROM Task"):
        if task["Subject"] == "SMS reply":
            replies[(task["WhoId"], task["Description"], *_key(task))] += 1
        else:
            serial = serial_of(task["Description"] or "")
            if serial is not None:
                activities[serial] += 1
    return activities, replies


def _key(task: Mapping[str, Any]) -> tuple[str, ...]:
    """Nothing to tell two apart by, where the person is known: one person answers one message here."""
    return () if task["WhoId"] else (str(task["SMS_External_Id__c"]),)


def _is_lost(status: str, received: int) -> bool:
    if status in ("Sent", "Delivered"):
        return not received
    return status in ("Held", "Cancelled") and bool(received)
