"""What a word proves of a message beyond what it says."""

import pytest

from connector.model.states import MOVES, State, passed_over

PROVED = (
    (State.ATTEMPTING, State.DELIVERED, {State.ACCEPTED, State.SENT}),
    (State.UNKNOWN, State.SENT, {State.ACCEPTED}),
    (State.UNKNOWN, State.UNDELIVERED, {State.ACCEPTED, State.SENT}),
    (State.ACCEPTED, State.DELIVERED, {State.SENT}),
    (State.ATTEMPTING, State.ACCEPTED, set()),
    (State.SENT, State.DELIVERED, set()),
    (State.UNKNOWN, State.REJECTED, set()),
    (State.UNKNOWN, State.EXPIRED, set()),
)


@pytest.mark.parametrize(("before", "to", "passed"), PROVED)
def test_a_later_word_proves_the_earlier_ones(before: State, to: State, passed: set[State]) -> None:
    """What is delivered was accepted and sent; what is refused or expired proves nothing."""
    assert passed_over(before, to) == passed


def test_no_move_passes_over_its_own_end() -> None:
    """Neither where a message comes from nor where it comes to is among what lies between."""
    for before, onward in MOVES.items():
        assert not any({before, to} & passed_over(before, to) for to in onward)
