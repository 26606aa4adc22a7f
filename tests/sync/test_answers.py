"""What one answer means for each of a batch's messages."""

from datetime import UTC, datetime

import pytest

from connector.model.failures import Failure, Fault, Retry
from connector.model.messages import Channel, Message, Outcome
from connector.model.states import State
from connector.providers.base import Batch
from connector.sync.answers import answered

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
NO_CREDIT = Failure("111", "not enough credits", Fault.ACCOUNT, Retry.WHEN_MENDED)
BAD_NUMBER = Failure("103", "no such number", Fault.MESSAGE)


def batch(count: int) -> Batch:
    """A batch of so many messages, m0, m1 and so on."""
    return Batch(
        "ours",
        tuple(
            Message(f"m{n}", f"+3460000000{n}", "ES", ("Hi",), (), Channel.SMS, None, None, None, None, {})
            for n in range(count)
        ),
    )


def outcomes(*failures: Failure | None) -> list[Outcome]:
    """One a message: accepted where there is no failure."""
    return [
        Outcome(f"m{n}", State.REJECTED if failure else State.ACCEPTED, f"p{n}", failure=failure)
        for n, failure in enumerate(failures)
    ]


def test_who_is_refused_for_the_account_s_fault_waits_and_the_rest_is_as_it_was_answered() -> None:
    """Credit that runs out in the middle of a batch: what went out is accepted, a bad number is rejected, and the rest
    goes back for a while; the account is at fault, is left alone, and another one may take them."""
    answer = answered(batch(4), outcomes(None, BAD_NUMBER, NO_CREDIT, NO_CREDIT), {f"m{n}": 1 for n in range(4)}, NOW)
    assert [move.to for move in answer.moves] == [State.ACCEPTED, State.REJECTED, State.CLAIMED, State.CLAIMED]
    assert all(move.not_before and move.not_before > NOW for move in answer.moves[2:])
    assert (answer.outcome, answer.failure, answer.pause, answer.elsewhere) == ("answered", NO_CREDIT, True, True)
    assert answer.account_failed


def test_a_batch_refused_row_by_row_is_a_refused_batch() -> None:
    """Every row says that the account has no credit: nothing was answered, and nothing is rejected."""
    answer = answered(batch(2), outcomes(NO_CREDIT, NO_CREDIT), {"m0": 1, "m1": 1}, NOW)
    assert (answer.outcome, answer.account_failed) == ("refused", True)
    assert {move.to for move in answer.moves} == {State.CLAIMED}


@pytest.mark.parametrize("told", [(None, None), (None, BAD_NUMBER), (BAD_NUMBER, BAD_NUMBER)])
def test_messages_at_fault_say_nothing_of_their_account(told: tuple[Failure | None, ...]) -> None:
    """A batch of nothing but bad numbers is an answer, and the account goes on."""
    answer = answered(batch(2), outcomes(*told), {"m0": 1, "m1": 1}, NOW)
    assert (answer.outcome, answer.failure, answer.account_failed) == ("answered", None, False)
    assert [move.to for move in answer.moves] == [State.REJECTED if each else State.ACCEPTED for each in told]


def test_silence_about_a_message_is_doubt() -> None:
    """Beside what was refused for credit too."""
    answer = answered(batch(3), outcomes(None, NO_CREDIT), {f"m{n}": 1 for n in range(3)}, NOW)
    assert [move.to for move in answer.moves] == [State.ACCEPTED, State.CLAIMED, State.UNKNOWN]
