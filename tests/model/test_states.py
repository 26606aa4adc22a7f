"""The table of moves, looked at whole: what no path through it may ever do."""

from collections.abc import Collection

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.model.states import FINAL, FINAL_BY_PROVIDER, LEFT, MOVES, UNSETTLED, State, may_move

PAIRS = [(current, to) for current in State for to in State]


def reachable(start: State, *, around: Collection[State] = ()) -> set[State]:
    """States that some path of allowed moves leads to from `start`, entering none of `around`."""
    found: set[State] = set()
    ahead = [start]
    while ahead:
        ahead += (onward := MOVES[ahead.pop()] - found - set(around))
        found |= onward
    return found


def test_the_table_speaks_of_every_state() -> None:
    """Each state has its row, and no row leads to itself."""
    assert set(MOVES) == set(State)
    assert all(state not in onward for state, onward in MOVES.items())


def test_every_state_can_be_reached_from_queued() -> None:
    """No state is a word that no message can ever come to."""
    assert reachable(State.QUEUED) >= set(State) - {State.QUEUED}


def test_the_set_of_what_may_have_left_is_all_but_what_certainly_did_not() -> None:
    """Queued, claimed and held messages never left; of every other state it cannot be said."""
    assert set(State) - LEFT == {State.QUEUED, State.CLAIMED, State.HELD}


@pytest.mark.parametrize("state", sorted(LEFT - {State.ATTEMPTING}))
def test_what_may_have_left_is_never_sent_again(state: State) -> None:
    """From no such state does any path lead back to where a message would be attempted: that would be a second send."""
    assert not reachable(state) & {State.QUEUED, State.CLAIMED, State.ATTEMPTING, State.HELD}


def test_an_attempt_goes_back_only_as_one_that_never_left() -> None:
    """Attempting leads back to claimed alone, and once it has led anywhere else never again."""
    assert MOVES[State.ATTEMPTING] - LEFT == {State.CLAIMED}
    assert all(State.ATTEMPTING not in reachable(onward) for onward in MOVES[State.ATTEMPTING] - {State.CLAIMED})


def test_nothing_is_attempted_that_was_not_claimed() -> None:
    """Every path from queued to attempting goes through claimed, and only a claim leads to an attempt."""
    assert State.ATTEMPTING not in reachable(State.QUEUED, around={State.CLAIMED})
    assert [state for state in State if State.ATTEMPTING in MOVES[state]] == [State.CLAIMED]


def test_nothing_a_provider_says_is_reached_without_an_attempt() -> None:
    """Accepted, sent, delivered, undelivered and unknown are words about a request that was made."""
    told = {State.ACCEPTED, State.SENT, State.DELIVERED, State.UNDELIVERED, State.UNKNOWN}
    assert not told & reachable(State.QUEUED, around={State.ATTEMPTING})


def test_doubt_is_only_resolved_by_news() -> None:
    """Unknown leads to what a provider can say of a message it has, and to nothing that sends it."""
    assert State.UNKNOWN not in UNSETTLED
    assert MOVES[State.UNKNOWN] <= FINAL | {State.ACCEPTED, State.SENT}


def test_an_end_is_an_end() -> None:
    """Final states have no exits, every other state has one, and a final state can be reached from each."""
    assert {state for state in State if not MOVES[state]} == FINAL
    assert all(reachable(state) & FINAL for state in set(State) - FINAL)
    assert FINAL_BY_PROVIDER <= FINAL


@pytest.mark.parametrize(("current", "to"), PAIRS)
def test_a_later_final_word_replaces_only_a_final_word(current: State, to: State) -> None:
    """The declared property of an adapter allows moves among a provider's final words, and not one more."""
    among_finals = current in FINAL_BY_PROVIDER and to in FINAL_BY_PROVIDER and current is not to
    assert may_move(current, to) is (to in MOVES[current])
    assert may_move(current, to, last_word_wins=True) is (to in MOVES[current] or among_finals)


@given(st.lists(st.tuples(st.sampled_from(list(State)), st.booleans())))
def test_no_story_sends_a_message_twice(asked: list[tuple[State, bool]]) -> None:
    """Whatever is asked in whatever order: between two attempts the first one was said never to have left."""
    state, story = State.QUEUED, [State.QUEUED]
    for to, last_word_wins in asked:
        if may_move(state, to, last_word_wins=last_word_wins):
            state = to
            story.append(to)
    attempts = [place for place, was in enumerate(story) if was is State.ATTEMPTING]
    assert all(story[place + 1] is State.CLAIMED for place in attempts[:-1])
    assert all(was in FINAL for was in story[next((p for p, was in enumerate(story) if was in FINAL), len(story)) :])


def test_the_table_cannot_be_changed() -> None:
    """No code can add a move while it runs."""
    with pytest.raises(TypeError):
        MOVES[State.DELIVERED] = frozenset({State.QUEUED})  # type: ignore[index]
