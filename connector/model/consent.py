"""Whose word on a number it is, and what was said."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

EVERYTHING = "*"
"""The scope of a word that stops, or allows, every message to a number."""
RECIPIENT = "recipient"
"""The voice of the person behind the number: it says stop in replies, and in nothing else."""
PERSON = "person"
_RECORD = "record "


class ConsentSource(StrEnum):
    """Where a word came from."""

    REPLY = "reply"
    START_WORD = "start_word"
    PROVIDER = "provider"
    CRM = "crm"
    PERSON = "person"


@dataclass(frozen=True, slots=True)
class ConsentWord:
    """A word of one voice on one number (E.164). `at` is when it was said; `evidence` what shows that it was."""

    number: str
    voice: str
    stopped: bool
    source: ConsentSource
    at: datetime
    evidence: Mapping[str, Any] = field(default_factory=dict)
    scope: str = EVERYTHING


def sender_scope(sender: str) -> str:
    """Messages that show this sender."""
    return f"sender:{sender}"


def kind_scope(kind: str) -> str:
    """Messages of mappings of this `kind`."""
    return f"kind:{kind}"


def provider_voice(account: str) -> str:
    """The word of an account's provider: its blacklist, or its refusal to send to the number."""
    return f"provider {account}"


def record_voice(record_id: str, field_name: str) -> str:
    """The word of one consent field of one CRM record."""
    return f"{_RECORD}{record_id}.{field_name}"


def is_of_record(voice: str) -> bool:
    """Whether a voice is a CRM record's: it lasts for as long as the record says so, and only the CRM takes it back."""
    return voice.startswith(_RECORD)
