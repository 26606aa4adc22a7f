"""What a send that a person types is held to: pauses, live fire and consent, as every message is."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from connector.app import App
from connector.log import masked
from connector.model.errors import UnreadableAddress, UnreadablePhone
from connector.model.scopes import Scope
from connector.providers.account import AccountOptions
from connector.providers.base import Provider
from connector.providers.operation import Asked, Operation
from connector.store import pauses
from connector.store.db import Transaction
from connector.sync.gates.consent import consent
from connector.sync.gates.live_fire import live_fire
from connector.sync.parts import Parts


@dataclass(frozen=True, slots=True)
class TypedMessage:
    """One recipient of a send, as the gates see a message. What a person types is of no kind."""

    id: str
    to_number: str
    sender: str | None
    kind: str | None = None


def refusals(app: App, account: str, operation: Operation[..., Any], asked: Asked) -> list[str]:
    """Why a send must not be made, a sentence each reason; none where it may.

    Raises:
        ConnectorError: it cannot be known, for the org, the store or the mappings cannot be asked.
    """
    messages, unreadable = _messages(app.providers[account], operation, asked)
    if unreadable:
        return unreadable
    parts = app.parts()
    with parts.database.read() as connection:
        return [*_paused(connection, account), *_held(parts, connection, account, messages)]


def recipients(operation: Operation[..., Any], asked: Asked) -> Sequence[str]:
    """Whom it would reach, as written; none for what does not send."""
    return operation.recipients(asked) if operation.recipients else ()


def _messages(
    provider: Provider[AccountOptions], operation: Operation[..., Any], asked: Asked
) -> tuple[list[TypedMessage], list[str]]:
    sender = getattr(asked, "sender", None)
    messages, unreadable = [], []
    for place, written in enumerate(recipients(operation, asked), 1):
        try:
            messages.append(TypedMessage(str(place), provider.recipient(written), sender))
        except (UnreadableAddress, UnreadablePhone) as error:
            unreadable.append(f"recipient {place} cannot be told, and so not whether it is stopped: {error}")
    return messages, unreadable


def _paused(connection: Transaction, account: str) -> list[str]:
    meant = {(Scope.EVERYTHING, ""), (Scope.ACCOUNT, account)}
    rows = [row for row in pauses.standing(connection) if (row.scope, row.name) in meant]
    return [f"{row.name or 'everything'} is paused; `connector resume` lets it go on" for row in rows]


def _held(parts: Parts, connection: Transaction, account: str, messages: Sequence[TypedMessage]) -> list[str]:
    """A sentence each reason, with the recipients that it is about."""
    about: dict[str, list[str]] = defaultdict(list)
    to = {message.id: message.to_number for message in messages}
    now = parts.clock()
    for gate in (live_fire, consent):
        for move in gate(parts, connection, account, messages, now).values():
            if move.failure is not None:
                about[move.failure.reason].append(masked(to[move.message_id]))
    return [f"{shortened(numbers)}: {reason}" for reason, numbers in about.items()]


def shortened(numbers: Sequence[str]) -> str:
    """The first few of them, and how many more there are."""
    more = f" and {len(numbers) - 3} more" if len(numbers) > 3 else ""
    return ", ".join(numbers[:3]) + more
