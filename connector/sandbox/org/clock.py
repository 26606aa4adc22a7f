"""The org's own time: the system's, to the second, or one a test has set."""

from datetime import UTC, datetime, timedelta

from connector.sandbox.soql.conditions import stamp


class Clock:
    """Tells the time; `ahead` moves it, so that a test can let claims expire without waiting."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def now(self) -> datetime:
        """The time in UTC."""
        return datetime.now(UTC) + self.ahead

    def stamp(self) -> str:
        """The time as records keep it, to the second."""
        return stamp(self.now().replace(microsecond=0))
