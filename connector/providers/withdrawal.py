"""How taking back a message that a provider holds until its date can end."""

from enum import StrEnum


class Withdrawal(StrEnum):
    """What the provider's answer says. A request that got no answer says nothing, and is made again."""

    WITHDRAWN = "withdrawn"
    """It says that the message will not go out."""
    NOT_HELD = "not held"
    """It no longer holds the message, and does not say whether it was taken back before or sent."""
    TOO_LATE = "too late"
    """It says that the message is on its way."""
