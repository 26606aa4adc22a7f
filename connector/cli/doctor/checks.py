"""One thing looked at: how it is, and what to do when it is not well."""

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class Verdict(StrEnum):
    """How something is. A warning works today, or cannot be known."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Check:
    """One finding. `advice` says what to do when it is not ok."""

    area: str
    subject: str
    verdict: Verdict
    text: str
    advice: str = ""

    def as_json(self) -> dict[str, Any]:
        """For a program."""
        return asdict(self)


def ok(area: str, subject: str, text: str) -> Check:
    """It is well."""
    return Check(area, subject, Verdict.OK, text)


def warning(area: str, subject: str, text: str, advice: str) -> Check:
    """It works, and a person should know something."""
    return Check(area, subject, Verdict.WARNING, text, advice)


def failed(area: str, subject: str, text: str, advice: str) -> Check:
    """It does not work."""
    return Check(area, subject, Verdict.FAILED, text, advice)
