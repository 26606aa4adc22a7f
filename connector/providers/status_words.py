"""Words of a status for guides that print one or two of theirs and no list."""

from collections.abc import Mapping
from functools import cached_property

from pydantic import Field

from connector.model.states import State
from connector.providers.account import AccountOptions

LIKELY: Mapping[str, State] = {
    "queued": State.ACCEPTED,
    "accepted": State.ACCEPTED,
    "sending": State.ACCEPTED,
    "sent": State.SENT,
    "read": State.DELIVERED,
    "undelivered": State.UNDELIVERED,
    "expired": State.EXPIRED,
    "failed": State.FAILED,
    "rejected": State.REJECTED,
}
"""Words that mean the same wherever messages are sent; the setting `status_words` says otherwise where they do not."""

ENDED_BADLY = frozenset({State.UNDELIVERED, State.EXPIRED, State.FAILED, State.REJECTED, State.CANCELLED})
"""States of which people want to know why."""


class WordedOptions(AccountOptions):
    """Settings of an account whose provider's guide does not list its status words."""

    status_words: Mapping[str, State] = Field(
        default_factory=dict, description="words of a status that the guide does not print, and what they mean"
    )

    @cached_property
    def words(self) -> Mapping[str, State]:
        """`status_words` in lower case."""
        return {word.lower(): state for word, state in self.status_words.items()}


def state_of(word: str, guide: Mapping[str, State], settings: WordedOptions) -> State | None:
    """What a word in lower case means: as the guide says, else the account's settings, else the trade."""
    for table in (guide, settings.words, LIKELY):
        if word in table:
            return table[word]
    return None
