"""What keeps a first try from reaching real people."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class LiveFire:
    """`production`: whether the org is one from which anybody may be sent to; else only the numbers (E.164) and
    addresses of `allow`.

    Records made before `backlog_before` are not sent unless a person sets them back; None: they are sent like others.
    """

    production: bool
    allow: frozenset[str] = frozenset()
    backlog_before: datetime | None = None
