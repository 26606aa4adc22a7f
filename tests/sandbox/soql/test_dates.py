from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.sandbox.soql.dates import days

TODAY = date(2026, 11, 21)  # a Saturday
UNITS = ("DAY", "WEEK", "MONTH", "QUARTER", "YEAR", "FISCAL_QUARTER", "FISCAL_YEAR")


@pytest.mark.parametrize(
    ("name", "count", "first", "after"),
    [
        ("TODAY", None, "2026-11-21", "2026-11-22"),
        ("YESTERDAY", None, "2026-11-20", "2026-11-21"),
        ("TOMORROW", None, "2026-11-22", "2026-11-23"),
        ("THIS_WEEK", None, "2026-11-15", "2026-11-22"),
        ("LAST_WEEK", None, "2026-11-08", "2026-11-15"),
        ("NEXT_MONTH", None, "2026-12-01", "2027-01-01"),
        ("THIS_QUARTER", None, "2026-10-01", "2027-01-01"),
        ("LAST_YEAR", None, "2025-01-01", "2026-01-01"),
        ("LAST_90_DAYS", None, "2026-08-23", "2026-11-22"),
        ("NEXT_90_DAYS", None, "2026-11-22", "2027-02-20"),
        ("LAST_N_DAYS", 3, "2026-11-18", "2026-11-22"),
        ("NEXT_N_DAYS", 3, "2026-11-22", "2026-11-25"),
        ("N_DAYS_AGO", 3, "2026-11-18", "2026-11-19"),
        ("LAST_N_MONTHS", 2, "2026-09-01", "2026-11-01"),
        ("NEXT_N_WEEKS", 1, "2026-11-22", "2026-11-29"),
        ("N_YEARS_AGO", 1, "2025-01-01", "2026-01-01"),
        ("LAST_N_FISCAL_QUARTERS", 1, "2026-07-01", "2026-10-01"),
    ],
)
def test_a_literal_means_these_days(name, count, first, after):
    """The first day and the day after the last, for each kind of literal."""
    assert days(name, count, TODAY) == (date.fromisoformat(first), date.fromisoformat(after))


@pytest.mark.parametrize(("name", "count"), [("SOMEDAY", None), ("LAST_DAY", None), ("LAST_N_AGES", 2), ("TODAY", 3)])
def test_other_words_are_no_dates(name, count):
    """What is not in the reference is not a literal."""
    assert days(name, count, TODAY) is None


@given(st.dates(date(2000, 1, 1), date(2090, 1, 1)), st.sampled_from(UNITS[1:]))
def test_last_this_and_next_meet_without_gap(today, unit):
    """Three neighbouring spans touch, and today lies in the middle one."""
    last, this, following = (days(f"{word}_{unit}", None, today) for word in ("LAST", "THIS", "NEXT"))
    assert last[1] == this[0] <= today < this[1] == following[0]


@given(st.dates(date(2000, 1, 1), date(2090, 1, 1)), st.sampled_from(UNITS), st.integers(1, 40))
def test_n_units_ago_is_the_first_of_the_last_n(today, unit, count):
    """N units ago begins where the last N units begin."""
    assert days(f"N_{unit}S_AGO", count, today)[0] == days(f"LAST_N_{unit}S", count, today)[0]
