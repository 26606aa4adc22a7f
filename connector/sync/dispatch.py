"""Outbox → provider: commits the attempt, sends, and notes what came back."""

import math
import time
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from dataclasses import dataclass, field, replace
from datetime import datetime

import structlog

from connector.model.errors import ConnectorError, StoreError
from connector.model.failures import Fault
from connector.model.states import State
from connector.providers.account import AccountOptions
from connector.providers.base import Provider
from connector.store import attempts, pauses
from connector.store.attempts import AttemptEnd
from connector.store.outbox import Move
from connector.sync.answers import Answer, answered, ended
from connector.sync.consent import hear_refusals
from connector.sync.evidence import of_doubt
from connector.sync.lineup import LEAST_SHARE, Lineup
from connector.sync.parts import Parts
from connector.sync.planning import Planned, plan
from connector.sync.reconcile import take_up_broken_off
from connector.sync.routing import fail_over
from connector.sync.settle import settle

log = structlog.get_logger()

_PAUSES_EVERY = 0.25
"""Seconds between two looks for pauses while committed requests leave one after the other."""
_NOTED_TOGETHER = 0.05
"""Seconds that an answer waits for others to be noted with: a commit costs the same for one as for all."""


@dataclass(slots=True)
class Dispatched:
    """What one round of sending did."""

    requests: int = 0
    accepted: int = 0
    unknown: int = 0

    def __bool__(self) -> bool:
        return self.requests > 0


def dispatch(parts: Parts, account: str, senders: Executor) -> Dispatched:
    """Sends what is claimed for an account, a batch a request, as many at once as the account allows.

    Each attempt is committed before its request leaves, under the lease; a message is attempted again only when its
    request certainly never left or was turned away unread.

    Raises:
        LeaseHeld: this process lost its lease; nothing was sent.
    """
    take_up_broken_off(parts, account)
    done, sortie = Dispatched(), _Sortie()
    try:
        _one_round(parts, account, senders, sortie, done)
    except Exception:
        parts.broken_off.setdefault(account, set()).update(sortie.unnoted)
        raise
    return done


def _one_round(parts: Parts, account: str, senders: Executor, sortie: "_Sortie", done: Dispatched) -> None:
    provider, lineup = parts.providers[account], Lineup()
    try:
        while sortie.flights or not (parts.stopping.is_set() or sortie.pausing):
            if sortie.has_room(provider.settings.senders) and not (parts.stopping.is_set() or sortie.pausing):
                planned = plan(parts, account, provider, lineup, under_way=len(sortie.flights))
                sortie.waiting = not planned
                for each in planned:
                    sortie.unnoted.add(each.batch.reference)  # first, for who fails to take it may send it all the same
                    sortie.flights[senders.submit(_send, parts, provider, each, sortie)] = each
            if not sortie.flights:
                break
            _land(parts, provider, sortie, done)
    finally:
        _land_all(parts, provider, sortie, done)


@dataclass(slots=True)
class _Sortie:
    """Requests that leave side by side. The first answer that says to leave the account alone keeps the rest here.

    `looked_at` is when they last looked for pauses (monotonic seconds), and `any_pause` what they saw. `waiting`: there
    was nothing to join those under way. `unnoted` are the attempts that were given to senders and not noted yet.
    """

    flights: dict[Future[Answer], Planned] = field(default_factory=dict)
    waiting: bool = False
    pausing: Answer | None = None
    looked_at: float = -math.inf
    any_pause: bool = False
    unnoted: set[str] = field(default_factory=set)

    def has_room(self, senders: int) -> bool:
        """Whether the next requests should be committed: before the last ones have landed, so that no sender rests."""
        if not self.flights:
            return True
        messages = sum(len(each.batch.messages) for each in self.flights.values())
        return not self.waiting and (len(self.flights) < senders or messages <= senders * LEAST_SHARE // 2)


def _land(parts: Parts, provider: Provider[AccountOptions], sortie: _Sortie, done: Dispatched) -> None:
    """Waits for requests to end, and notes together what ends together."""
    flights = sortie.flights
    landed = wait(flights, _NOTED_TOGETHER).done or wait(flights, return_when=FIRST_COMPLETED).done
    told = [_landed(parts, flights.pop(flight), flight) for flight in landed]
    _note(parts, provider, told)
    sortie.unnoted.difference_update(planned.batch.reference for planned, _ in told)
    done.requests += sum(answer.left for _, answer in told)
    done.accepted += sum(answer.count(State.ACCEPTED) for _, answer in told)
    done.unknown += sum(answer.count(State.UNKNOWN) for _, answer in told)


def _land_all(parts: Parts, provider: Provider[AccountOptions], sortie: _Sortie, done: Dispatched) -> None:
    """Waits for all that is under way; what cannot be noted keeps nothing else from it."""
    failed: Exception | None = None
    while sortie.flights:
        try:
            _land(parts, provider, sortie, done)
        except Exception as error:
            log.exception("answers_not_noted", account=provider.account)
            failed = failed or error
    if failed is not None:
        raise failed


def _landed(parts: Parts, planned: Planned, flight: Future[Answer]) -> tuple[Planned, Answer]:
    try:
        return planned, flight.result()
    except Exception as error:  # a mistake of ours after the answer must keep nobody else's from being noted
        log.exception("send_failed", attempt=planned.batch.reference)
        return planned, ended(planned.batch, error, planned.tries, parts.clock())


def _reason_to_stay(parts: Parts, planned: Planned, sortie: _Sortie) -> str | None:
    """Why a request whose turn has come does not leave after all."""
    if sortie.pausing:
        return f"the request before it ended so: {sortie.pausing.error or sortie.pausing.outcome}"
    if parts.stopping.is_set():
        return "the connector is stopping"
    if parts.clock() > planned.leaves_before:
        return "its turn came so late that its claim might run out before the answer"
    if _is_paused(parts, planned, sortie):
        return "it was paused before its turn came"
    return None


def _is_paused(parts: Parts, planned: Planned, sortie: _Sortie) -> bool:
    """Whether somebody has paused what a committed request holds; a slow provider's last one leaves minutes later."""
    now = time.monotonic()
    try:
        if now - sortie.looked_at >= _PAUSES_EVERY:
            sortie.looked_at = now
            with parts.database.read() as connection:
                sortie.any_pause = bool(pauses.standing(connection))
        if not sortie.any_pause:
            return False
        with parts.database.read() as connection:
            return attempts.is_paused(connection, planned.batch.reference)
    except StoreError as error:  # no reason to keep back what is committed; its answer is kept until the store is back
        log.warning("pauses_not_seen", reason=str(error))
        return False


def _stayed(parts: Parts, account: str, planned: Planned, reason: str, sortie: _Sortie) -> Answer:
    """The answer for an attempt whose request was not made."""
    moves = tuple(Move(message.id, State.CLAIMED, "never_left") for message in planned.batch.messages)
    elsewhere = sortie.pausing is not None and sortie.pausing.elsewhere
    stayed = Answer("never_left", moves, error=f"not sent: {reason}", elsewhere=elsewhere, left=False)
    return fail_over(parts, account, planned.batch, planned.route, stayed)


def _send(parts: Parts, provider: Provider[AccountOptions], plan: Planned, sortie: _Sortie) -> Answer:
    """Talks. Whatever goes wrong here, the attempt is committed and no message is sent twice for it."""
    account = provider.account
    if reason := _reason_to_stay(parts, plan, sortie):
        return _stayed(parts, account, plan, reason, sortie)
    try:
        response = parts.line(account).ask(plan.request)
        answer = answered(plan.batch, provider.read_send(plan.batch, response), plan.tries, parts.clock())
    except ConnectorError as error:
        answer = ended(plan.batch, error, plan.tries, parts.clock())
    except Exception as error:  # a bug in an adapter must leave doubt, not a message that looks unsent
        log.exception("adapter_failed", account=account, attempt=plan.batch.reference)
        answer = ended(plan.batch, error, plan.tries, parts.clock())
    if answer.pause:
        sortie.pausing = answer
    if answer.wait:
        parts.rates.wait(account, answer.wait)
    if answer.account_failed:
        parts.breakers.failed(account, answer.error or answer.outcome)
    elif answer.outcome != "throttled":
        parts.breakers.worked(account)
    answer = fail_over(parts, account, plan.batch, plan.route, answer)
    _tell(parts, account, answer)
    doubt = of_doubt(parts, account) if answer.outcome == "may_have_left" else None
    return replace(answer, evidence=doubt)


def _tell(parts: Parts, account: str, answer: Answer) -> None:
    subject = f"account {account}"
    if answer.outcome == "answered" and answer.failure is None:
        parts.alarms.settle(subject)
        return
    log.warning("send_ended", account=account, outcome=answer.outcome, reason=answer.error, size=len(answer.moves))
    if answer.failure and answer.failure.fault is Fault.ACCOUNT:
        elsewhere = " Those whose route names another account go there." if any(m.account for m in answer.moves) else ""
        parts.alarms.sound(
            subject, f"{str(answer.failure).rstrip('.')}. Its messages wait until this is mended.{elsewhere}"
        )


def _note(parts: Parts, provider: Provider[AccountOptions], told: Sequence[tuple[Planned, Answer]]) -> None:
    """Commits what became of attempts; a store that refuses is asked again, for the answers exist only here."""
    pause = 1.0
    moves = [replace(move, attempt_id=planned.batch.reference) for planned, answer in told for move in answer.moves]
    while True:
        now = parts.clock()
        try:
            with parts.database.begin() as connection:
                settle(parts, connection, moves, now)
                attempts.end(connection, [_end(parts, provider, planned, answer, now) for planned, answer in told])
                hear_refusals(parts, connection, provider.account, moves, now)
        except StoreError as error:
            parts.alarms.sound("store", f"{error} Answers of providers wait in memory meanwhile.")
            if parts.stopping.wait(pause):
                for planned, answer in told:
                    reference, outcome = planned.batch.reference, answer.outcome
                    log.exception("answer_lost", attempt=reference, outcome=outcome, size=len(answer.moves))
                raise
            pause = min(pause * 2, 30.0)
        else:
            parts.alarms.settle("store")
            return


def _goes_out(planned: Planned, answer: Answer) -> datetime | None:
    """When a batch goes out that its provider has taken, to hold it until then."""
    return planned.batch.scheduled_for if answer.outcome == "answered" else None


def _end(
    parts: Parts, provider: Provider[AccountOptions], planned: Planned, answer: Answer, now: datetime
) -> AttemptEnd:
    return AttemptEnd(
        attempt_id=planned.batch.reference,
        outcome=answer.outcome,
        ended_at=now,
        provider_batch=answer.provider_batch,
        error=answer.error,
        evidence=answer.evidence,
        poll_at=(_goes_out(planned, answer) or now) + parts.first_poll(provider.account),
    )
