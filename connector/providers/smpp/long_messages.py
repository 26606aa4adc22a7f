"""The parts of long messages: each has an id and a receipt of its own, and together they are one message.

The message's provider_id is its parts' ids, joined. It is delivered when every part is; the first part that fails fails
it. What was told of the parts before a restart is handed in again, from the store.
"""

import threading
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from connector.model.states import State

JOINT = "+"
"""Stands between the ids of a long message's parts; at the end, where a part's id was lost."""
_KEPT = 50_000
"""Long messages whose parts are known at once; the oldest are forgotten first."""


def joined(ids: Sequence[str], parts: int) -> str:
    """The id of a message made of `parts`, of which `ids` were told."""
    return JOINT.join([*ids, ""] if len(ids) < parts else ids)


@dataclass(slots=True)
class _Whole:
    id: str
    waiting: set[str]


def _is_less(whole: str, other: str) -> bool:
    """Whether the first is what was known of the second's parts when one of them had no id yet."""
    return whole.endswith(JOINT) and other.startswith(whole)


@dataclass(frozen=True, slots=True)
class OfWhole:
    """What a part's receipt says of its message: the message's id, and its state now."""

    id: str
    state: State | None


@dataclass(slots=True)
class LongMessages:
    """Which message a part's id is of, and which of its parts are not delivered yet. Safe among threads."""

    _by_part: "OrderedDict[str, _Whole]" = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def learn(self, whole: str) -> None:
        """Takes up a long message by its joined id, or by a longer one once more of its parts' ids are known; any other
        id is left."""
        if JOINT not in whole:
            return
        ids = whole.split(JOINT)
        with self._lock:
            before = self._by_part.get(ids[0])
            if before is not None and _is_less(whole, before.id):
                return
            known = _Whole(whole, set(ids))
            if before is not None and _is_less(before.id, whole):
                known.waiting -= set(before.id.split(JOINT)) - before.waiting
            for part in filter(None, ids):
                self._by_part[part] = known
            while len(self._by_part) > _KEPT:
                self._by_part.popitem(last=False)

    def told(self, part: str, state: State | None) -> OfWhole:
        """What a receipt with this part's id says of the message it is of; of a message of one part, the same."""
        with self._lock:
            whole = self._by_part.get(part)
            if whole is None:
                return OfWhole(part, state)
            if state is not State.DELIVERED:
                return OfWhole(whole.id, state)
            whole.waiting.discard(part)
            return OfWhole(whole.id, State.SENT if whole.waiting else State.DELIVERED)

    def restore(self, wholes: Iterable[str], delivered: Iterable[str]) -> None:
        """Takes up what the store knows: joined ids of open messages, and the parts told to be delivered."""
        for whole in wholes:
            self.learn(whole)
        for part in delivered:
            self.told(part, State.DELIVERED)
