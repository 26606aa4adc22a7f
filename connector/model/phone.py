"""Phone numbers as people write them, read as E.164. The only file that uses phonenumbers."""

import re
from dataclasses import dataclass
from functools import lru_cache

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumber, PhoneNumberFormat, timezone

from connector.model.errors import UnreadablePhone

NO_SINGLE_COUNTRY = "001"
MEXICO = 52
OLD_MEXICAN_PREFIX = re.compile(r"(?:1|01|044|045)(\d{10})")
ADVICE = "write it with + and the country code, for example +52 449 898 7282"


@dataclass(frozen=True, slots=True)
class Phone:
    """A number that can be dialled: `e164` with its plus, `country` as ISO alpha-2 ("" where the number has none, as
    with +800), `national` the significant digits without country code or trunk prefix."""

    e164: str
    country: str
    national: str


@lru_cache(maxsize=16_384)
def read_phone(text: str, region: str | None) -> Phone:
    """The number in free text; `region` (ISO alpha-2) is where it is dialled from when it has no country code.

    Mexico dropped the prefixes 1 (after +52), 01, 044 and 045 in August 2019; address books still hold them, and
    phonenumbers' metadata no longer reads them, so they are taken off here. An extension is ignored.

    Raises:
        UnreadablePhone: no digits, too few or too many, no country to read it in, or a number no plan has. The
            sentence does not repeat the text, for it goes into logs too.
    """
    number = _parsed(text, _known_region(text, region))
    if number.country_code == MEXICO:
        number = _without_old_prefix(number)
    if not phonenumbers.is_valid_number(number):
        raise UnreadablePhone(_why_invalid(number))
    country = phonenumbers.region_code_for_number(number) or ""
    return Phone(
        e164=phonenumbers.format_number(number, PhoneNumberFormat.E164),
        country="" if country == NO_SINGLE_COUNTRY else country,
        national=phonenumbers.national_significant_number(number),
    )


@lru_cache(maxsize=16_384)
def zones_of(e164: str) -> tuple[str, ...]:
    """The time zones (IANA) in which a number's owner may be: its area's, else its country's, else UTC alone.

    A mobile number of a country with several zones has them all, for nothing tells which.
    """
    try:
        zones = timezone.time_zones_for_number(phonenumbers.parse(e164, None))
    except NumberParseException:
        zones = ()
    return tuple(zone for zone in zones if zone != timezone.UNKNOWN_TIMEZONE) or ("UTC",)


def is_region(code: str) -> bool:
    """Whether national numbers can be read in a country of this code (two capitals)."""
    return code in phonenumbers.SUPPORTED_REGIONS


def masked(e164: str) -> str:
    """The number for logs: the last three digits and no others."""
    return f"***{e164[-3:]}" if len(e164) > 3 else "***"


def _known_region(text: str, region: str | None) -> str | None:
    cleaned = (region or "").strip().upper()
    if not cleaned:
        return None
    if cleaned in phonenumbers.SUPPORTED_REGIONS:
        return cleaned
    if text.strip().startswith(("+", "＋")):
        return None
    raise UnreadablePhone(
        f"the phone number has no country code and its region {cleaned[:20]!r} is not a two-letter ISO country code; "
        f"mend the region, or the number: {ADVICE}"
    )


def _parsed(text: str, region: str | None) -> PhoneNumber:
    try:
        return phonenumbers.parse(text, region)
    except NumberParseException as error:
        reasons = {
            NumberParseException.INVALID_COUNTRY_CODE: "the phone number has no country code that exists, "
            "and there is no region to read it in",
            NumberParseException.NOT_A_NUMBER: "the phone field holds no phone number",
            NumberParseException.TOO_SHORT_AFTER_IDD: "the phone number ends after its international prefix",
            NumberParseException.TOO_SHORT_NSN: "the phone number has too few digits",
            NumberParseException.TOO_LONG: "the phone number has too many digits",
        }
        raise UnreadablePhone(f"{reasons[error.error_type]}; {ADVICE}") from None


def _without_old_prefix(number: PhoneNumber) -> PhoneNumber:
    old = OLD_MEXICAN_PREFIX.fullmatch(phonenumbers.national_significant_number(number))
    if old is None:
        return number
    return PhoneNumber(country_code=MEXICO, national_number=int(old[1]))


def _why_invalid(number: PhoneNumber) -> str:
    digits = len(phonenumbers.national_significant_number(number))
    reason = phonenumbers.is_possible_number_with_reason(number)
    if reason == phonenumbers.ValidationResult.TOO_SHORT:
        what = f"has too few digits ({digits} after the country code +{number.country_code})"
    elif reason == phonenumbers.ValidationResult.TOO_LONG:
        what = f"has too many digits ({digits} after the country code +{number.country_code})"
    else:
        what = f"is in no range in use under the country code +{number.country_code}"
    return f"the phone number {what}; {ADVICE}"
