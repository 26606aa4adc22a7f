"""E-mail addresses as people write them, and where their owners may be."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.model.address import as_known, is_address, read_address, read_recipient
from connector.model.country_zones import zones_of_country
from connector.model.errors import UnreadableAddress, UnreadablePhone

NAMES = st.from_regex(r"[A-Za-z0-9_+-]{1,20}(\.[A-Za-z0-9_+-]{1,20})?", fullmatch=True)
DOMAINS = st.from_regex(r"[A-Za-z0-9]{1,20}\.[A-Za-z]{2,10}", fullmatch=True)


@given(NAMES, DOMAINS)
def test_an_address_has_one_form(name: str, domain: str) -> None:
    """However it is written, who said stop by it is known again; and what was read reads as itself."""
    read = read_address(f"  mailto:{name}@{domain}. ")
    assert read == read_address(f"{name.upper()}@{domain.upper()}") == read_address(read)
    assert is_address(read)


def test_a_domain_of_any_script_is_written_in_ascii() -> None:
    """The guides' requests and answers are compared by their letters."""
    assert read_address("Ana@Müller.example") == "ana@xn--mller-kva.example"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no @"),
        ("ana.example.com", "no @"),
        ("@example.com", "before the @"),
        ("ana ruiz@example.com", "before the @"),
        ("ana..ruiz@example.com", "before the @"),
        ("Ana <ana@example.com>", "before the @"),
        ("ana@example", "after the @"),
        ("ana@10.0.0.1", "after the @"),
        ("ana@-example.com", "after the @"),
        ("ana@example..com", "after the @"),
        ("a" * 65 + "@example.com", "before the @"),
        ("ana@" + "a" * 60 + ".com" * 70, "254"),
    ],
)
def test_what_is_no_address_is_refused_without_being_repeated(text: str, said: str) -> None:
    """The sentence says which part is wrong; it goes into logs, and so holds none of it."""
    with pytest.raises(UnreadableAddress, match=said) as refused:
        read_address(text)
    assert "write it like ana@example.com" in str(refused.value)
    assert "ruiz" not in str(refused.value)


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    """No text brings anything but an address, a number, or a sentence."""
    try:
        read = read_recipient(text)
    except (UnreadableAddress, UnreadablePhone):
        return
    assert is_address(read) == ("@" in text)
    assert read.isascii()


def test_a_recipient_is_a_number_or_an_address() -> None:
    """One reading for settings and commands that take either."""
    assert read_recipient("+34 600 000 001") == "+34600000001"
    assert read_recipient(" Ana@Example.com") == "ana@example.com"


@pytest.mark.parametrize(
    ("told", "known"),
    [
        ("+5214491000001", "+524491000001"),
        ("+524491000001", "+524491000001"),
        ("+34600000001", "+34600000001"),
        ("+1 201 555 0123", "+12015550123"),
        ("Ana@Example.com", "ana@example.com"),
        ("12345", "12345"),
        ("VERIFY", "VERIFY"),
        ("@", "@"),
    ],
)
def test_whom_news_names_is_known_as_we_send_to_them(told: str, known: str) -> None:
    """Old Mexican numbers and letters of any size read as one form; a short code or a name stays as it was told."""
    assert as_known(told) == known


@given(
    st.from_regex(r"\+(?:34[67]\d{8}|44[17]\d{9}|521?[2-9]\d{9}|601\d{7,8}|1[2-9]\d{9}|5[45]\d{10,11})", fullmatch=True)
)
def test_a_number_that_messages_go_to_is_known_under_that_very_number(told: str) -> None:
    """What a mapping can send to, and news tells, are one number, in the short way and by reading it."""
    try:
        sent_to = read_recipient(told)
    except UnreadablePhone:
        return
    assert as_known(told) == as_known(sent_to) == sent_to


def test_a_country_has_all_of_its_zones() -> None:
    """Of an address nothing tells which zone of its country it is in."""
    assert zones_of_country("ES") == ("Europe/Madrid", "Africa/Ceuta", "Atlantic/Canary")
    assert "America/Tijuana" in zones_of_country("mx")
    assert zones_of_country("") == zones_of_country("XX") == ("UTC",)
