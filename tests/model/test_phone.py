"""Reading phone numbers as people write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.model.errors import UnreadablePhone
from connector.model.phone import Phone, masked, read_phone


@pytest.mark.parametrize(
    ("text", "region", "phone"),
    [
        ("449 898 7282", "MX", Phone("+524498987282", "MX", "4498987282")),
        ("(449) 898-7282", "mx", Phone("+524498987282", "MX", "4498987282")),
        ("+52 449 898 7282", None, Phone("+524498987282", "MX", "4498987282")),
        ("0052 449 898 7282", "MX", Phone("+524498987282", "MX", "4498987282")),
        ("+34 666 555 444", "MX", Phone("+34666555444", "ES", "666555444")),
        ("666 555 444", "ES", Phone("+34666555444", "ES", "666555444")),
        ("012-345 6789", "MY", Phone("+60123456789", "MY", "123456789")),
        ("+1 242 365 1234", None, Phone("+12423651234", "BS", "2423651234")),
        ("449 898 7282 ext 5", "MX", Phone("+524498987282", "MX", "4498987282")),
        ("+34 666 555 444", "Spain", Phone("+34666555444", "ES", "666555444")),
    ],
)
def test_reads_what_people_write(text: str, region: str | None, phone: Phone) -> None:
    """Every usual spelling of a number is read as the same E.164 number with its country."""
    assert read_phone(text, region) == phone


@pytest.mark.parametrize("prefix", ["+52 1 ", "+521", "1 ", "01 ", "044 ", "045 "])
def test_old_mexican_prefixes_come_off(prefix: str) -> None:
    """Prefixes that Mexico dropped in 2019 do not make a second number of the same phone."""
    assert read_phone(f"{prefix}449 898 7282", "MX").e164 == "+524498987282"


def test_a_number_of_no_country_has_an_empty_country() -> None:
    """International freephone numbers belong to no country, and say so by an empty string."""
    assert read_phone("+800 1234 5678", None) == Phone("+80012345678", "", "12345678")


@pytest.mark.parametrize(
    ("text", "region", "sentence"),
    [
        ("", "MX", "holds no phone number"),
        ("ask Ana", "MX", "holds no phone number"),
        ("449 898 7282", None, "no region to read it in"),
        ("449 898 7282", "Mexico", "'MEXICO' is not a two-letter ISO country code"),
        ("123", "MX", "too few digits (3 after the country code +52)"),
        ("+52 449 898 7282 999", None, "too many digits (13 after the country code +52)"),
        ("9" * 300, "MX", "too many digits"),
        ("+52 000 000 0000", None, "in no range in use under the country code +52"),
        ("+999 123 456", None, "no country code that exists"),
    ],
)
def test_what_cannot_be_dialled_is_refused_with_a_reason(text: str, region: str | None, sentence: str) -> None:
    """An unreadable number says what is wrong with it and how to write it."""
    with pytest.raises(UnreadablePhone) as refusal:
        read_phone(text, region)
    assert sentence in str(refusal.value)
    assert "for example +52 449 898 7282" in str(refusal.value)


@given(st.text(max_size=40), st.sampled_from([None, "", "MX", "ES", "MY", "US", "xx"]))
def test_any_text_is_read_or_refused(text: str, region: str | None) -> None:
    """Free text of any kind gives an E.164 number or an UnreadablePhone, never another error, and no number leaks."""
    try:
        phone = read_phone(text, region)
    except UnreadablePhone as refusal:
        told = str(refusal)
    else:
        told = ""
        assert phone.e164.startswith("+")
        assert read_phone(phone.e164, None) == phone
    assert len(text) < 7 or text not in told


def test_masked_shows_the_last_three_digits_only() -> None:
    """Logs show enough of a number to tell two apart and not enough to dial."""
    assert masked("+524498987282") == "***282"
    assert masked("282") == "***"
