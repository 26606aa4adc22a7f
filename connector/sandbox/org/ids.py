"""Record ids: 15 characters that tell upper from lower case, and 3 more that make them safe where case is lost.

Source: Salesforce, "Field Types", ID Field Type.
"""

from collections import defaultdict

from connector.sandbox.org.errors import OrgError

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_SUFFIX = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_INSTANCE = "5g00"  # the pod a real id names after its key prefix


def lengthen(short: str) -> str:
    """The 18-character form of a 15-character id."""
    return short + "".join(
        _SUFFIX[sum(1 << place for place, character in enumerate(short[start : start + 5]) if "A" <= character <= "Z")]
        for start in (0, 5, 10)
    )


def canonical(text: object) -> str | None:
    """The 18-character id that `text` means, whatever its suffix's case, or None when it is no id at all."""
    if not isinstance(text, str) or len(text) not in (15, 18) or not (text.isascii() and text.isalnum()):
        return None
    if len(text) == 15:
        return lengthen(text)
    return _restore_case(text)


def _restore_case(text: str) -> str | None:
    suffix = text[15:].upper()
    if any(character not in _SUFFIX for character in suffix):
        return None
    restored = []
    for place, character in enumerate(text[:15]):
        upper = _SUFFIX.index(suffix[place // 5]) >> (place % 5) & 1
        if upper and not character.isalpha():
            return None
        restored.append(character.upper() if upper else character.lower())
    return "".join(restored) + suffix


class Sequence:
    """Hands out ids, rising in the order they are made, apart for each key prefix."""

    def __init__(self) -> None:
        self._last: defaultdict[str, int] = defaultdict(int)

    def take(self, prefix: str) -> str:
        """The next 18-character id under a three-character key prefix."""
        self._last[prefix] += 1
        number, digits = self._last[prefix], ""
        for _ in range(8):
            number, digit = divmod(number, 62)
            digits = _DIGITS[digit] + digits
        return lengthen(prefix + _INSTANCE + digits)


def require(text: object, field: str = "Id") -> str:
    """The 18-character id, or MALFORMED_ID."""
    found = canonical(text)
    if found is None:
        raise OrgError("MALFORMED_ID", f"{field}: id value of incorrect type: {text}", (field,))
    return found
