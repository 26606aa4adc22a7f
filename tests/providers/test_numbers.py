"""Whose news it is, however a provider writes the number."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.providers.numbers import number_in


@pytest.mark.parametrize(
    ("written", "region", "e164"),
    [
        ("+447897027482", None, "+447897027482"),
        ("447897027482", None, "+447897027482"),
        ("00447897027482", None, "+447897027482"),
        ("+44 7897 027482", None, "+447897027482"),
        ("+1 (202) 555-0123", None, "+12025550123"),
        ("1-202-555-0123", None, "+12025550123"),
        ("(202) 555-0123", "US", "+12025550123"),
        ("12025550123", "US", "+12025550123"),
        ("447897027482", "US", "+447897027482"),
        ("449 915 7710", "MX", "+524499157710"),
        ("5214499157710", None, "+524499157710"),
        ("044 449 915 7710", "MX", "+524499157710"),
        ("whatsapp:+447897027482", None, "+447897027482"),
        ("WhatsApp:447897027482", None, "+447897027482"),
        ("tel:+44-7897-027482", None, "+447897027482"),
        ("", None, None),
        ("+", None, None),
        ("whatsapp:", None, None),
        ("Vodafone", None, None),
        ("44VODAFONE12", "GB", None),
        ("+44 789", None, None),
        ("12345", "US", None),
        ("1234567890123456", None, None),
        ("ana@example.com", "US", None),
    ],
)
def test_a_number_is_read_in_every_form_that_can_be_told(written: str, region: str | None, e164: str | None) -> None:
    """With or without plus, separators, and what a provider puts in front; what no plan has is no number."""
    assert number_in(written, region) == e164


@given(st.text(max_size=25), st.sampled_from([None, "US", "MX", "ES"]))
def test_any_text_is_a_number_or_none(text: str, region: str | None) -> None:
    """Nothing that a provider writes raises, and what is read reads as itself."""
    found = number_in(text, region)
    assert found is None or number_in(found) == found
