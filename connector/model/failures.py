"""Why a message did not get through: the code, whose fault it is, and whether trying again can help."""

from dataclasses import dataclass
from enum import StrEnum


class Fault(StrEnum):
    """Whose fault it is, and so who is told."""

    RECIPIENT = "recipient"  # the number or the person behind it
    MESSAGE = "message"  # the text, the sender, the record
    MAPPING = "mapping"  # the administrator's file
    ACCOUNT = "account"  # credentials, credit, settings at the provider
    PROVIDER = "provider"  # the provider's own trouble
    CRM = "crm"  # the org
    US = "us"  # the connector or its machine
    UNKNOWN = "unknown"


class Retry(StrEnum):
    """Whether the same thing may be tried again."""

    NO = "no"
    LATER = "later"  # passing: back off and try again
    WHEN_MENDED = "when_mended"  # a person must do something first


@dataclass(frozen=True, slots=True)
class Failure:
    """One reason, in our words, with the provider's own code travelling along.

    `code` is the provider's or CRM's raw code, or a word of ours; `reason` is a sentence for the person who reads the
    record: what is wrong and what to do.
    """

    code: str
    reason: str
    fault: Fault = Fault.UNKNOWN
    retry: Retry = Retry.NO
    opted_out: bool = False

    def __str__(self) -> str:
        return f"{self.code}: {self.reason}"
