"""What a person types → provider: held back by what holds messages back, counted under the caps, committed first."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from connector.model.caps import Spent
from connector.model.errors import NeverLeft, Refused
from connector.model.scopes import Scope
from connector.store import caps as spending
from connector.store import lease, pauses, typed_sends
from connector.store.caps import Spender
from connector.store.db import Transaction, new_id
from connector.store.typed_sends import SENT_NOTHING, TypedSendStart
from connector.sync.allowance import shortage
from connector.sync.gates.consent import consent
from connector.sync.gates.live_fire import live_fire
from connector.sync.parts import LEASE_NAME, Parts


@dataclass(frozen=True, slots=True)
class TypedMessage:
    """One recipient of a send, as the gates see a message. What a person types is of no kind."""

    id: str
    to_number: str
    sender: str | None
    kind: str | None = None


@dataclass(frozen=True, slots=True)
class Typed:
    """What a person typed: an account's operation, whom it reaches, and of how many parts each text is."""

    account: str
    operation: str
    messages: Sequence[TypedMessage]
    parts_each: int
    who: str | None


@dataclass(frozen=True, slots=True)
class Objection:
    """Why a send must not be made, in a sentence, and because of which recipients; none where it is about all."""

    reason: str
    recipients: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Begun:
    """A typed send whose row is committed, and its spending with it."""

    id: str
    at: datetime
    cost: Spent


def begin(parts: Parts, typed: Typed) -> Begun | list[Objection]:
    """Commits a send by hand and what it spends; or tells why it must not be made, and commits nothing.

    Pauses, live fire, consent and the caps are asked in that very transaction. It has no lease and takes turns with
    whoever has it, so that a daemon beside it and this one cannot both spend the last of a cap.
    """
    now, account = parts.clock(), typed.account
    provider = parts.providers[account]
    segments = len(typed.messages) * typed.parts_each
    money = spending.money(segments, provider.settings.price_a_part or 0)
    cost, spender = Spent(len(typed.messages), segments, money), Spender(account, "")
    to = [message.to_number for message in typed.messages]
    start = TypedSendStart(new_id(), account, provider.name, typed.operation, typed.who, to, segments, money)
    mine = [cap for cap in parts.caps if cap.covers(account, "")]
    with parts.database.begin() as connection:
        lease.take_turns(connection, LEASE_NAME, now)
        objections = [*_paused(connection, account), *_held(parts, connection, account, typed.messages, now)]
        if not objections and (short := shortage(connection, parts.providers, mine, spender, cost, now)) is not None:
            objections = [Objection(str(short))]
        if not objections:
            typed_sends.begin(connection, start, now)
            spending.spend(connection, [(start.id, spender, cost)], now)
    return objections or Begun(start.id, now, cost)


def answered(parts: Parts, begun: Begun, provider_batch: str | None) -> None:
    """Notes that the provider answered as its guide says, and its id of what was sent."""
    with parts.database.begin() as connection:
        typed_sends.end(connection, begun.id, "answered", parts.clock(), provider_batch=provider_batch)


def failed(parts: Parts, begun: Begun, error: Exception, sentence: str) -> None:
    """Notes how the request ended without such an answer; what certainly sent nothing is not counted.

    `sentence` is what the error says, without whole numbers and addresses.
    """
    outcome = _outcome_of(error)
    with parts.database.begin() as connection:
        typed_sends.end(connection, begun.id, outcome, parts.clock(), error=sentence)
        if outcome in SENT_NOTHING:
            spending.give_back(connection, begun.id, begun.at, begun.cost)


def _outcome_of(error: Exception) -> str:
    if isinstance(error, NeverLeft):
        return "never_left"
    return "refused" if isinstance(error, Refused) else "may_have_left"


def _paused(connection: Transaction, account: str) -> list[Objection]:
    meant = {(Scope.EVERYTHING, ""), (Scope.ACCOUNT, account)}
    rows = [row for row in pauses.standing(connection) if (row.scope, row.name) in meant]
    return [Objection(f"{row.name or 'everything'} is paused; `connector resume` lets it go on") for row in rows]


def _held(
    parts: Parts, connection: Transaction, account: str, messages: Sequence[TypedMessage], now: datetime
) -> list[Objection]:
    about: dict[str, list[str]] = defaultdict(list)
    to = {message.id: message.to_number for message in messages}
    for gate in (live_fire, consent):
        for move in gate(parts, connection, account, messages, now).values():
            if move.failure is not None:
                about[move.failure.reason].append(to[move.message_id])
    return [Objection(reason, tuple(numbers)) for reason, numbers in about.items()]
