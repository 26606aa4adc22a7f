"""The alphabets of a short message and how many parts a text takes (3GPP TS 23.038, sections 6.2.1 and A.2.3, A.3.3).

The guide's own tables (360NRS, "GSM character set") lost the euro sign and, for Portuguese, the sign of infinity.
"""

from dataclasses import dataclass

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_GSM = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./:;<=>?¡ÄÖÑÜ§¿äöñüà" + _LETTERS
_GSM_EXTENSION = "\f^{}\\[~]|€"
_PORTUGUESE = "@£$¥êéúíóç\nÔô\rÁáΔ_ªÇÀ∞^\\€Ó|ÂâÊÉ !\"#º%&'()*+,-./:;<=>?ÍÃÕÚÜ§~ãõ`üà" + _LETTERS
_PORTUGUESE_EXTENSION = "\fΦΓΩΠΨΣΘ{}[]"


@dataclass(frozen=True)
class Alphabet:
    """One coding of text. `alone` and `joined` are septets (or UTF-16 units) in a single and in a concatenated part.

    `basic` is None for UTF-16, which has every character.
    """

    basic: frozenset[str] | None
    extension: str
    alone: int
    joined: int

    def lacks(self, text: str) -> bool:
        """Whether `text` has a character that this alphabet does not."""
        return self.basic is not None and not self.basic.issuperset(text) and bool(self._missing(text))

    def _missing(self, text: str) -> set[str]:
        return set(text) - (self.basic or set()) - set(self.extension)

    def length(self, text: str) -> int:
        """Septets (extension characters cost two) or UTF-16 units (characters beyond U+FFFF cost two)."""
        if self.basic is None:
            return len(text.encode("utf-16-le", "surrogatepass")) // 2
        return len(text) + sum(map(text.count, self.extension))

    def parts(self, text: str) -> int:
        """The least number of parts that hold `text`; no escape pair and no surrogate pair is cut in two."""
        if self.length(text) <= self.alone:
            return 1
        parts, room = 1, self.joined
        for character in text:
            cost = self.length(character)
            if cost > room:
                parts, room = parts + 1, self.joined
            room -= cost
        return parts


GSM = Alphabet(frozenset(_GSM), _GSM_EXTENSION, 160, 153)
GSM_PT = Alphabet(frozenset(_PORTUGUESE), _PORTUGUESE_EXTENSION, 160, 153)
UTF_16 = Alphabet(None, "", 70, 67)
