"""Every way a send can end, sorted into moves: answered, never left, throttled, refused, or in doubt."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from connector.model.errors import NeverLeft, Refused, Throttled
from connector.model.failures import Failure, Fault, Retry
from connector.model.messages import Outcome
from connector.model.states import State
from connector.providers.base import Batch
from connector.store.outbox import Move
from connector.sync.parts import backoff

BATCH_REFUSED = "BATCH_REFUSED"
"""The failure code of messages that stood in a batch refused as a whole: they are sent again in smaller ones."""

_ACCOUNT_PAUSE = timedelta(seconds=60)
"""How long an account at fault (credentials, credit) is left alone before it is tried again."""

LONG_WAIT = timedelta(seconds=60)
"""A provider that asks for a longer wait than this is as good as away."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one attempt: a move a message, and one word for the whole.

    `outcome` is answered, never_left, throttled, refused or may_have_left. `pause`: the account should be left alone
    for a while, so no further batch follows this one now. `elsewhere`: the account cannot be used for a while, so
    what comes back unsent may go to another account. `wait`: seconds the provider asks to be left alone.
    `left`: whether a request was made at all.
    """

    outcome: str
    moves: tuple[Move, ...]
    provider_batch: str | None = None
    error: str | None = None
    failure: Failure | None = None
    pause: bool = False
    elsewhere: bool = False
    evidence: dict[str, Any] | None = None
    wait: float = 0.0
    left: bool = True

    @property
    def account_failed(self) -> bool:
        """Whether the account or its provider is at fault; a short "not now" is no fault."""
        return self.pause and (self.elsewhere or self.outcome != "throttled")

    def count(self, state: State) -> int:
        """How many messages the answer moved to `state`."""
        return sum(1 for move in self.moves if move.to is state)


def answered(batch: Batch, outcomes: Sequence[Outcome], tries: Mapping[str, int], now: datetime) -> Answer:
    """The provider answered as its guide says; a message it said nothing of is in doubt.

    A message it refused by the account's fault (credit, credentials), alone or with its whole batch, is not at fault:
    it goes back to claimed, or on to another account, as when the request is refused so.
    """
    told = {outcome.message_id: outcome for outcome in outcomes}
    silence = Failure("NO_WORD", "the provider's answer says nothing of this message", Fault.PROVIDER)
    turned_away = {each: told[each].failure for each in told if _turned_away(told[each])}
    failure = next(iter(turned_away.values()), None)
    if failure and len(turned_away) == len(batch.messages):
        return ended(batch, Refused(failure), tries, now)
    moves = []
    for message in batch.messages:
        outcome = told.get(message.id) or Outcome(message.id, State.UNKNOWN, failure=silence)
        if message.id in turned_away:
            until = now + _ACCOUNT_PAUSE
            moves.append(Move(message.id, State.CLAIMED, "refused", outcome.failure, not_before=until))
            continue
        moves.append(
            Move(
                message.id,
                outcome.state,
                "answer",
                outcome.failure,
                provider_id=outcome.provider_id,
                provider_batch=outcome.provider_batch,
            )
        )
    first = next((outcome.provider_batch for outcome in outcomes if outcome.provider_batch), None)
    if failure:
        return Answer("answered", tuple(moves), first, str(failure), failure, pause=True, elsewhere=True)
    return Answer("answered", tuple(moves), first)


def _turned_away(outcome: Outcome) -> bool:
    """Whether one message was refused for what its account lacks."""
    failure = outcome.failure
    return outcome.state is State.REJECTED and failure is not None and failure.fault is Fault.ACCOUNT


def ended(batch: Batch, error: Exception, tries: Mapping[str, int], now: datetime) -> Answer:
    """The request ended without an answer that the guide describes.

    | how | what it proves | the messages |
    |---|---|---|
    | `NeverLeft` | no connection was made | go back to claimed and are tried again, or on to another account |
    | `Throttled` | turned away unread | go back to claimed for the wait asked for, or on when it is long |
    | `Refused`, the account's fault | turned away | go on, or back to claimed for a pause, with an alarm |
    | `Refused`, the provider's passing trouble | turned away | go back to claimed, after a pause |
    | `Refused`, a batch of several | a documented refusal of one we cannot tell | go back, in smaller batches |
    | `Refused`, a batch of one | a documented refusal | are rejected |
    | anything else | nothing | are unknown, and never sent again by themselves |
    """
    if isinstance(error, NeverLeft):
        until = {i: now + backoff(tries.get(i, 0)) for i in tries}
        return replace(_back(batch, "never_left", error, until), elsewhere=True)
    if isinstance(error, Throttled):
        wait = max(timedelta(seconds=error.wait), timedelta(seconds=1))
        back = _back(batch, "throttled", error, dict.fromkeys(tries, now + wait), error.failure)
        return replace(back, elsewhere=wait > LONG_WAIT, wait=wait.total_seconds())
    if isinstance(error, Refused):
        if error.failure.fault is Fault.ACCOUNT or error.failure.retry is Retry.LATER:
            back = _back(batch, "refused", error, dict.fromkeys(tries, now + _ACCOUNT_PAUSE), error.failure)
            return replace(back, elsewhere=error.failure.fault is Fault.ACCOUNT)
        if len(batch.messages) > 1:
            apart = replace(error.failure, code=BATCH_REFUSED)
            moves = tuple(Move(message.id, State.CLAIMED, "refused", apart) for message in batch.messages)
            return Answer("refused", moves, error=str(error), failure=error.failure)
        moves = tuple(Move(message.id, State.REJECTED, "answer", error.failure) for message in batch.messages)
        return Answer("refused", moves, error=str(error), failure=error.failure)
    doubt = Failure("IN_DOUBT", f"nobody knows whether it was sent: {error}", Fault.PROVIDER)
    moves = tuple(Move(message.id, State.UNKNOWN, "no answer", doubt) for message in batch.messages)
    return Answer("may_have_left", moves, error=str(error), pause=True)


def _back(
    batch: Batch, outcome: str, error: Exception, until: Mapping[str, datetime], failure: Failure | None = None
) -> Answer:
    moves = tuple(
        Move(message.id, State.CLAIMED, outcome, failure, not_before=until.get(message.id))
        for message in batch.messages
    )
    return Answer(outcome, moves, error=str(error), failure=failure, pause=True)
