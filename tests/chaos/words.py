"""What a record may say in the end, by what its provider knows of the message and what of that was acknowledged.

360NRS and a message centre (``smpp``) tell until they are heard, Smsclouds and Optimum Measures can be asked: their
last word must arrive. Bulk360 and 360 SMS App tell once and have no listing: what was acknowledged must arrive, and
what was not may be lost.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

SAYS: Mapping[str, Mapping[str, str]] = {
    "nrs360": {"delivered": "Delivered", "undelivered": "Failed", "expired": "Failed", "rejected": "Failed"},
    "smsclouds": {"sent": "Sent", "failed": "Failed"},
    "bulk360": {"DELIVERED": "Delivered", "UNDELIVERED": "Failed"},
    "sms360app": {"sent": "Sent", "delivered": "Delivered", "undelivered": "Failed", "failed": "Failed"},
    "optimum": {"Sent": "Sent", "Delivered": "Delivered", "Failed": "Failed"},
    "smpp": {"DELIVRD": "Delivered", "UNDELIV": "Failed", "EXPIRED": "Failed"},
}
"""What a record says when the provider's own word is this; a word that is missing here is no end."""
TRY_ONCE = frozenset({"bulk360", "sms360app", "optimum"})
"""Providers whose guide promises no second try of a push."""
_ENDS = frozenset({"Delivered", "Failed"})


class Told(NamedTuple):
    """One push: what a record says when it hears it, and whether it was acknowledged.

    One that was not may have been stored all the same, when the daemon was killed before it answered.
    """

    says: str
    taken: bool


def told_of(provider: str, words: Sequence[str]) -> list[Told]:
    """The pushes of one message, from the ledger's words (with a question mark where nobody acknowledged)."""
    says = SAYS[provider]
    return [Told(says[word.removesuffix("?")], not word.endswith("?")) for word in words]


def fits(status: str, provider: str, word: str, pushes: Sequence[Told]) -> bool:
    """Whether a record may say `status`, when the provider's own last word is `word` and it told of `pushes`.

    False too while the message is not at its end.
    """
    if provider in TRY_ONCE:
        return any(push.says in _ENDS for push in pushes) and status in _allowed(provider, word, pushes)
    expected = SAYS[provider].get(word)
    if expected is None:
        return False
    if status == "Unknown":
        # 360NRS has a listing, a receipt bears the number; Smsclouds' listing needs the id that the lost answer held
        return provider not in ("nrs360", "smpp")
    return status == expected


def _allowed(provider: str, word: str, pushes: Sequence[Told]) -> set[str]:
    if provider == "bulk360":
        return _of_the_last(pushes)
    ends = {push.says for push in pushes if push.taken and push.says in _ENDS}
    lost = {push.says for push in pushes if not push.taken and push.says in _ENDS}
    if provider == "sms360app":  # its callbacks name nothing of ours: after a lost answer none can be matched
        return (ends or {"Sent"} | lost) | {"Unknown"}
    if ends:
        return ends
    asked = {SAYS[provider][word]} | lost
    return asked if any(push.taken for push in pushes) else asked | {"Unknown"}


def _of_the_last(pushes: Sequence[Told]) -> set[str]:
    """The last one received counts; the number says of which message it is, though the answer was lost."""
    taken = [place for place, push in enumerate(pushes) if push.taken]
    if not taken:
        return {push.says for push in pushes} | {"Sent", "Unknown"}
    return {push.says for push in pushes[taken[-1] :]}
