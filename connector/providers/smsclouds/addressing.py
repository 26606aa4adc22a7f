"""Who asks and who is written to: the headers of every request, and numbers as Smsclouds knows them."""

import re
from collections.abc import Mapping

from connector.model.errors import UnreadablePhone
from connector.model.failures import Failure, Fault, Retry
from connector.model.messages import Message
from connector.model.phone import read_phone
from connector.providers.numbers import number_in
from connector.providers.smsclouds.options import SmscloudsOptions

COUNTRY = "MX"
COUNTRY_CODE = "+52"
NATIONAL_DIGITS = 10
MEXICAN = re.compile(r"\+?(?:521?)?([0-9]{10})")
SEPARATORS = re.compile(r"[\s().-]")


def authorization(settings: SmscloudsOptions) -> Mapping[str, str]:
    """The headers of every request (guide: "User Credentials")."""
    return {
        "authorization": f"Bearer {settings.token.get_secret_value()}",
        "content-type": "application/json",
        "accept": "application/json",
    }


def number_refusal(message: Message) -> Failure | None:
    """Why the number cannot be written to or called: it is not Mexican. None where it is."""
    national = national_of(message.to)
    if national != message.to and len(national) == NATIONAL_DIGITS:
        return None
    reason = f"Smsclouds sends to Mexico only, and the number is of {message.country or 'no country'}"
    return Failure("country", f"{reason}; mend the number or the mapping's route", Fault.MAPPING, Retry.WHEN_MENDED)


def national_of(e164: str) -> str:
    """The ten digits Smsclouds knows a Mexican number by."""
    return e164.removeprefix(COUNTRY_CODE)


def read_national(written: object) -> str:
    """The ten digits Smsclouds knows a Mexican number by, of one as people write it, with or without country code.

    Raises:
        UnreadablePhone: it is no number, or one of another country. The sentence does not repeat it.
    """
    phone = read_phone(_mexican(str(written)) or str(written), COUNTRY)
    if phone.country != COUNTRY:
        raise UnreadablePhone(
            f"the phone number is of {phone.country or 'no country'}, and Smsclouds calls Mexico only"
        )
    return phone.national


def e164_of(cellphone: object) -> str | None:
    """The number Smsclouds wrote, as E.164: ten digits, with or without the country code and the 1 that stood after it
    until 2019, or as people write numbers; None where it is none."""
    told = str(cellphone).strip()
    return _mexican(told) or number_in(told, COUNTRY if told.startswith("0") else None)


def _mexican(written: str) -> str | None:
    found = MEXICAN.fullmatch(SEPARATORS.sub("", written))
    return f"{COUNTRY_CODE}{found[1]}" if found else None
