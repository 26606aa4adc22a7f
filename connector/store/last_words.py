"""Messages at the last word of their account and channel, as a condition for the statements that ask for others."""

from collections import defaultdict
from collections.abc import Collection
from typing import Any

from sqlalchemy import and_, false, or_

from connector.model.capability import LastWord
from connector.model.states import State
from connector.store.outbox import MESSAGE


def at_last_word(last_words: Collection[LastWord]) -> Any:
    """The condition that a message stands where its provider tells no more of its channel."""
    channels: dict[tuple[str, State], list[str]] = defaultdict(list)
    for account, channel, state in sorted(last_words):
        channels[account, state].append(channel)
    each = (
        and_(MESSAGE.c.account == account, MESSAGE.c.state == state, MESSAGE.c.channel.in_(those))
        for (account, state), those in channels.items()
    )
    return or_(false(), *each)
