"""The books: every message accounted for, from what the providers received and what the org holds.

Nothing here asks our own store whether it is right: `lost` and `duplicated` come from the sandbox's ledgers alone.
"""

import re
from collections import Counter
from dataclasses import dataclass
from typing import Any

from connector.demo.world import World
from connector.model.states import UNSETTLED, State

_SERIAL = re.compile(r"#(\d{6,})")
_SAYS_SENT = frozenset({"Sent", "Delivered"})
_SAYS_NOT_SENT = frozenset({"Held", "Failed", "Cancelled"})
"""Status of a record whose text may never have left; `Failed` may also have been sent and not delivered."""


@dataclass(frozen=True, slots=True)
class Ledgers:
    """What the two sides of the sandbox hold, compared. Serials are the numbers in the texts."""

    lost: tuple[int, ...]
    duplicated: tuple[int, ...]
    activities: int
    replies: int
    doubled_activities: int


def compare(world: World) -> Ledgers:
    """Compares what the providers received with what the org holds.

    Lost is a message whose record says it was sent and which no provider received; or was received while the record
    still says that it was not; or whose record is left between the two.
    """
    received: Counter[int] = Counter()
    for _, serial, count in world.serials():
        received[serial] += count
    lost: list[int] = []
    for record in world.records("SELECT Body__c, Status__c, Error__c FROM SMS_Message__c"):
        found = _SERIAL.search(record["Body__c"] or "")
        serial = int(found.group(1)) if found else 0
        if _is_lost(record["Status__c"], received[serial] if found else 0):
            lost.append(serial)
    keys = Counter(
        task["SMS_External_Id__c"]
        for task in world.records("SELECT SMS_External_Id__c FROM Task WHERE SMS_External_Id__c != null")
    )
    return Ledgers(
        lost=tuple(lost),
        duplicated=tuple(serial for serial, count in received.items() if count > 1),
        activities=sum(count for key, count in keys.items() if key.startswith("m-")),
        replies=sum(count for key, count in keys.items() if key.startswith("r-")),
        doubled_activities=sum(count - 1 for count in keys.values()),
    )


def _is_lost(status: str, received: int) -> bool:
    if status in _SAYS_SENT:
        return received == 0
    if status == "Unknown":
        return False  # nobody knows yet, and the record says so
    if status in _SAYS_NOT_SENT:
        return received > 0 and status != "Failed"
    return True


def books(
    total: int,
    states: dict[State, int],
    accepted_for_good: int,
    ledgers: Ledgers,
    by_provider: dict[str, dict[str, int]],
    **measured: Any,
) -> dict[str, Any]:
    """One object with the accounting of every message; `measured` is added as it is.

    `accepted_for_good` are those accepted on a channel of which no more is told: they are not in flight.
    """
    ends = {state.value: number for state, number in states.items() if state not in UNSETTLED}
    ends |= {State.ACCEPTED.value: accepted_for_good}
    return {
        "total": total,
        **ends,
        "in_flight": total - sum(ends.values()),
        "replies": ledgers.replies,
        "activities": ledgers.activities,
        "lost": len(ledgers.lost),
        "duplicated": len(ledgers.duplicated) + ledgers.doubled_activities,
        "by_provider": by_provider,
        **measured,
    }


def balanced(book: dict[str, Any]) -> bool:
    """Whether every message is accounted for: none lost, none twice, none in flight."""
    ends = sum(book[state.value] for state in State if state not in UNSETTLED or state is State.ACCEPTED)
    return bool(
        ends + book["in_flight"] == book["total"]
        and not book["in_flight"]
        and not book["lost"]
        and not book["duplicated"]
    )
