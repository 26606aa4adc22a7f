"""When there is room again under a cap."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from connector.model.caps import Cap, Period, Spent, Unit, room_at, rooms_at
from connector.model.scopes import Scope

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
_AGO = st.integers(0, 3599).map(lambda seconds: NOW - timedelta(seconds=seconds))


@given(st.lists(st.tuples(_AGO, st.integers(1, 5)), max_size=20), st.integers(1, 60))
def test_room_for_as_much_as_the_cap_is_there_when_enough_has_aged(
    spent: list[tuple[datetime, int]], need: int
) -> None:
    """At the moment told, what is still in the window leaves room for what is needed; a second before it does not."""
    most = max(sum(amount for _, amount in spent), need)
    at = room_at(spent, most, HOUR, need, NOW)

    def free(moment: datetime) -> int:
        return most - sum(amount for when, amount in spent if when > moment - HOUR)

    assert free(at) >= need
    assert at == NOW or free(at - timedelta(seconds=1)) < need


@given(st.lists(st.tuples(_AGO, st.integers(1, 3)), min_size=1, max_size=10), st.integers(1, 5))
def test_more_than_the_cap_takes_its_turns(spent: list[tuple[datetime, int]], rounds: int) -> None:
    """What is wanted beyond a whole cap goes out a whole window later each time."""
    most = sum(amount for _, amount in spent)
    assert room_at(spent, most, HOUR, most * rounds + 1, NOW) == room_at(spent, most, HOUR, 1, NOW) + rounds * HOUR


def test_caps_read_as_people_say_them() -> None:
    """A cap's words name how much, of what, in which time and for whom."""
    assert str(Cap(Scope.ACCOUNT, "nrs-main", Unit.MESSAGES, Period.HOUR, 1000)) == (
        "1,000 messages an hour for the account nrs-main"
    )
    assert str(Cap(Scope.EVERYTHING, "", Unit.MONEY, Period.DAY, 12_500_000)) == "12.5 money a day for everything"


@given(
    st.lists(st.tuples(_AGO, st.integers(0, 5)), max_size=20),
    st.integers(1, 9),
    st.lists(st.integers(1, 60), max_size=9),
)
def test_room_for_many_is_what_it_is_for_each(spent: list[tuple[datetime, int]], most: int, needs: list[int]) -> None:
    """Asked for together, each need has the moment that it has alone, whatever was spent beyond a cap since lowered."""
    alone = [room_at(spent, most, HOUR, need, NOW) for need in needs]
    assert list(rooms_at(spent, most, HOUR, needs, NOW)) == alone


def test_a_cap_of_lookups_counts_no_message_and_one_of_money_counts_both() -> None:
    """Of messages and parts no lookup is counted, nor for a campaign or a mapping."""

    def counts(unit: Unit, period: Period, scope: Scope = Scope.EVERYTHING) -> tuple[bool, bool]:
        cap = Cap(scope, "" if scope is Scope.EVERYTHING else "x", unit, period, 5)
        return cap.covers("x", "x"), cap.covers_lookups("x")

    assert counts(Unit.LOOKUPS, Period.HOUR) == (False, True)
    assert counts(Unit.LOOKUPS, Period.DAY, Scope.ACCOUNT) == (False, True)
    assert counts(Unit.MONEY, Period.DAY) == (True, True)
    assert counts(Unit.MONEY, Period.CAMPAIGN) == (True, False)
    assert counts(Unit.MONEY, Period.DAY, Scope.MAPPING) == (True, False)
    assert counts(Unit.PARTS, Period.DAY) == counts(Unit.MESSAGES, Period.DAY) == (True, False)
    assert Spent(1, 2, 3, 4) * 2 + Spent(lookups=1) == Spent(2, 4, 6, 9)
