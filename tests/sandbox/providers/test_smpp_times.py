"""Times of requests and of receipts mean what SMPP 3.4 says."""

from datetime import UTC, datetime

import pytest

from connector.sandbox.providers.smpp.times import parsed, written

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("261121120000000+", NOON),
        ("261121120000500+", NOON + 0.5),
        ("261121060000024-", NOON),  # six hours, 24 quarters, behind UTC: Mexico City
        ("261121133000006+", NOON),
        ("000000013010000R", NOON + 5410),
        ("000002000000000R", NOON + 2 * 86400),
        ("010100000000000R", NOON + 395 * 86400),
    ],
)
def test_a_time_is_absolute_or_relative(text: str, at: float) -> None:
    """Tenths, quarters of an hour from UTC, and a distance from now (7.1.1)."""
    assert parsed(text, NOON) == at


@pytest.mark.parametrize(
    "text", ["2611211200", "261121120000000", "261121120000000Z", "261321120000000+", "261121120000049+", "x" * 16]
)
def test_what_is_no_time_is_none(text: str) -> None:
    """A month that cannot be, a zone further than there is, and what is not written so."""
    with pytest.raises(ValueError, match=r".+"):
        parsed(text, NOON)


def test_receipts_show_the_wall_clock() -> None:
    """Appendix B has no zone: the clock is Mexico City's, as in the guide's other dates."""
    assert written(NOON) == "2611210600"
