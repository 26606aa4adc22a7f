"""Phone numbers as providers may write them, beyond the digits that their guides show."""

import re

from connector.model.errors import UnreadablePhone
from connector.model.phone import read_phone

IN_FRONT = re.compile(r"([A-Za-z_]+):")
"""What some put before a number: its channel (`whatsapp:+44…`), or the scheme of RFC 3966 (`tel:+44…`)."""


def number_in(written: str, region: str | None = None) -> str | None:
    """The number in E.164, with separators and a channel in front or without; None where there is none.

    Without a plus it is national where it makes a number of `region` (ISO alpha-2), else it begins with the country
    code.
    """
    told = written.strip()
    if named := IN_FRONT.match(told):
        told = told[named.end() :]
    if any(map(str.isalpha, told)) or "@" in told:
        return None
    whole = "+" + told.strip().removeprefix("+").removeprefix("00")
    for text, dialled_from in ((told, region), (whole, None)) if region else ((whole, None),):
        try:
            return read_phone(text, dialled_from).e164
        except UnreadablePhone:
            continue
    return None
