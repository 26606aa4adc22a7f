"""What an account sends next: read and grouped once, outside of any transaction that others wait for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from connector.model.failures import Failure
from connector.model.messages import Message
from connector.providers.account import AccountOptions
from connector.providers.base import Batch, Provider
from connector.store.db import new_id
from connector.store.outbox import as_message
from connector.sync.answers import BATCH_REFUSED

LEAST_SHARE = 12
"""Messages a sender is given at once where a request takes fewer: a commit costs the same for one as for all."""
_LASTS = timedelta(seconds=1)
"""How long what was read keeps its place before what has come since, which may have a better one."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """Batches that are to be sent, what the provider would refuse, and the rows of both in their order."""

    batches: Sequence[Batch]
    rows: Sequence[Any]
    misfits: Mapping[str, Failure]


@dataclass(slots=True)
class Lineup:
    """Batches whose turn has come, best rank first; with `rows`, as they were read, by our id.

    They hold nothing and promise nothing: who sends one must look again whether its messages may go. `misfits` is what
    the provider would refuse, and why. `read_at` is None before anything was read.
    """

    batches: list[Batch] = field(default_factory=list)
    misfits: dict[str, Failure] = field(default_factory=dict)
    rows: dict[str, Any] = field(default_factory=dict)
    read_at: datetime | None = None

    def lasts(self, now: datetime) -> bool:
        """Whether there is something left of it, and nothing need be read."""
        return self.read_at is not None and bool(self.batches) and self.read_at <= now < self.read_at + _LASTS

    def read(
        self, provider: Provider[AccountOptions], rows: Sequence[Any], now: datetime, linger: timedelta | None
    ) -> None:
        """Groups rows of `store.sendable.ready`, in place of what was left. Without `linger` no batch waits to grow."""
        self.read_at, self.rows, self.misfits = now, {row.id: row for row in rows}, {}
        messages: list[Message] = []
        for row in rows:
            message = as_message(row)
            failure = provider.refuse(message)
            if failure is None:
                messages.append(message)
            else:
                self.misfits[row.id] = failure
        refused = {row.id: row.tries for row in rows if row.failure_code == BATCH_REFUSED}
        self.batches = batches_of(provider, messages, refused)
        if linger is not None:
            self.batches = _worth_sending(provider, self.batches, self.rows, now, linger)

    def take(self, provider: Provider[AccountOptions], requests: int, under_way: int) -> Chosen:
        """The batches that join those under way, at most so many, and all misfits."""
        chosen = _at_once(provider.settings.senders, self.batches, under_way)[:requests]
        misfits, self.misfits = self.misfits, {}
        del self.batches[: len(chosen)]
        ids = [*(message.id for batch in chosen for message in batch.messages), *misfits]
        return Chosen(chosen, [self.rows[each] for each in ids], misfits)


def room(provider: Provider[AccountOptions]) -> tuple[int, int]:
    """How many messages, in how many requests, are committed at once: a full request a sender, or several small ones.

    All of them are in doubt when the process dies before it noted the first answer.
    """
    senders, full = provider.settings.senders, _full(provider)
    whole = full * max(1, LEAST_SHARE // full)  # else what is read would end within a request that more wait to fill
    return senders * whole, senders * LEAST_SHARE


def batches_of(
    provider: Provider[AccountOptions], messages: Sequence[Message], refused: Mapping[str, int]
) -> list[Batch]:
    """Messages of one group together, at most a batch a request, a number at most once in each.

    `refused` counts how often a message's whole batch was refused: its next one is a quarter as large each time, so
    that the one that is at fault ends up alone and the others go through.
    """
    full = _full(provider)
    filling: dict[Any, list[dict[str, Message]]] = {}
    for message in messages:
        size = max(1, full >> 2 * refused.get(message.id, 0))
        open_ones = filling.setdefault((size, provider.group(message)), [])
        for batch in open_ones:
            if len(batch) < size and message.to not in batch and provider.has_room(batch.values(), message):
                batch[message.to] = message
                break
        else:
            open_ones.append({message.to: message})
    return [Batch(new_id(), tuple(batch.values())) for batches in filling.values() for batch in batches]


def _full(provider: Provider[AccountOptions]) -> int:
    return min(provider.settings.batch_size, provider.account_capability().batch_ceiling)


def _worth_sending(
    provider: Provider[AccountOptions],
    batches: Sequence[Batch],
    rows: Mapping[str, Any],
    now: datetime,
    linger: timedelta,
) -> list[Batch]:
    """The batches that are full, and those that nothing has joined for a moment: a full one costs everybody less.

    What keeps growing waits for four such moments at most.
    """
    full = _full(provider)
    worth = []
    for batch in batches:
        joined = [rows[message.id].state_at for message in batch.messages]
        if len(joined) >= full or max(joined) <= now - linger or min(joined) <= now - 4 * linger:
            worth.append(batch)
    return worth


def _at_once(senders: int, batches: Sequence[Batch], under_way: int) -> list[Batch]:
    """Those of the batches that are committed now: one a sender however full it is, and small ones up to a share each.

    How full a request is depends on the messages too: with one text a request, texts of their own travel alone.
    """
    chosen: list[Batch] = []
    messages = 0
    for batch in batches:
        messages += len(batch.messages)
        if under_way + len(chosen) >= senders and messages > senders * LEAST_SHARE:
            break
        chosen.append(batch)
    return chosen
