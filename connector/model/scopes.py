"""What a pause or a cap is about."""

from enum import StrEnum


class Scope(StrEnum):
    """How much of what is sent is meant."""

    EVERYTHING = "everything"
    ACCOUNT = "account"
    MAPPING = "mapping"
