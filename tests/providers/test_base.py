"""What adapters share: keys of news, and our reference in a campaign's name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.model.errors import Unreadable
from connector.providers.base import campaign_with_reference, news_key, reference_in
from connector.providers.exchange import Response


@given(st.lists(st.text(max_size=5), max_size=4), st.lists(st.text(max_size=5), max_size=4))
def test_keys_are_the_same_for_the_same_content_only(one: list[str], other: list[str]) -> None:
    """Two keys are equal exactly when all their parts are, wherever the parts are divided."""
    assert (news_key(*one) == news_key(*other)) == (one == other)
    assert news_key("ab", "c") != news_key("a", "bc")


def test_a_key_is_the_same_in_every_process() -> None:
    """Keys are kept for years, so they may not change from one version to the next."""
    assert news_key("nrs360", "sms", "XXXXXXXXXXXXX", "delivered") == "5e1d4b9122c3926b1e9a4351549865b4"


@given(st.text(max_size=30), st.text("0123456789ABCDEFGHJKMNPQRSTVWXYZ", min_size=1, max_size=26))
def test_our_reference_comes_back_out_of_the_name(campaign: str, reference: str) -> None:
    """Whatever a person calls a campaign, our reference is found at its end."""
    assert reference_in(campaign_with_reference(campaign, reference)) == reference


@pytest.mark.parametrize("name", [None, "", "my campaign", "50 ~ 60", "~", "~early one"])
def test_a_name_without_a_reference_has_none(name: str | None) -> None:
    """A campaign that somebody made by hand is not taken for ours."""
    assert reference_in(name) is None


def test_a_body_that_is_no_json_is_told_without_repeating_it() -> None:
    """HTML where JSON is expected is told as such, and nothing of what it says, for it may hold a number or a text."""
    with pytest.raises(Unreadable, match="a page of markup, 1,011 bytes") as told:
        Response(200, {}, b"<html>34600" + b"x" * 1000).json()
    assert "34600" not in str(told.value)
