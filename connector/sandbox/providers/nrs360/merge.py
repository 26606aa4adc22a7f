"""Substitution variables, their filters and the character translation (guide, "Substitution variables", `trans`)."""

import re
from collections.abc import Callable, Mapping
from hashlib import blake2b

VARIABLE = re.compile(r"\{(\w+)(?:\|(\w+))?\}")
_TRANSLATION = str.maketrans("áíóúçÁÍÓÚÀÈÌÒÙÕõâêîôûÂÊÎÔÛãÃ", "aiouÇAIOUAEIOUOoaeiouAEIOUaA", "ºª")


def merge(template: str, values: Mapping[str, object]) -> str:
    """`template` with each ``{name}`` or ``{name|filter}`` replaced. A variable without a value leaves nothing.
    An unknown filter is no variable and stays."""
    if "{" not in template:
        return template

    def value(found: re.Match[str]) -> str:
        text = str(values.get(found[1], ""))
        if found[2] is None:
            return text
        return _FILTERS[found[2]](text) if found[2] in _FILTERS else found[0]

    return VARIABLE.sub(value, template)


def translate(text: str) -> str:
    """`text` as ``trans: 1`` makes it: the common characters that GSM-7 lacks become ones that it has."""
    return text.translate(_TRANSLATION)


def _grouped(thousands: str, decimal: str) -> Callable[[str], str]:
    def grouped(text: str) -> str:
        try:
            plain = f"{float(text):,.2f}"
        except ValueError:
            return text
        return plain.translate(str.maketrans(",.", thousands + decimal))

    return grouped


def shortened(url: str) -> str:
    """The short address of a valid one; anything else stays as it is."""
    if not re.match(r"https?://\S+$", url):
        return url
    return f"https://nrs.so/{blake2b(url.encode(), digest_size=3).hexdigest()}"


def _capitalize_all(text: str) -> str:
    return re.sub(r"\S+", lambda word: word[0][:1].upper() + word[0][1:], text)


_FILTERS: dict[str, Callable[[str], str]] = {
    "lower": str.lower,
    "upper": str.upper,
    "capitalize": lambda text: text[:1].upper() + text[1:],
    "capitalizeAll": _capitalize_all,
    "formatDotComma": _grouped(".", ","),
    "formatCommaDot": _grouped(",", "."),
    "shorten": shortened,
}
