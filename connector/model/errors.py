"""Every error the connector raises on purpose.

::

    ConnectorError                     has a sentence for a person
    ├── SettingsError                  the settings cannot be used
    ├── MappingError                   one or more mapping problems, each with file, line and column
    ├── UnreadablePhone                free text that holds no phone number
    ├── UnreadableAddress              free text that holds no e-mail address
    ├── ExchangeError                  talking to a provider or the CRM went wrong
    │   ├── NeverLeft                  the request certainly did not reach them: may be tried again
    │   ├── MayHaveLeft                the request may have been acted on: never sent again unless idempotent
    │   └── Refused                    they answered, and the answer is no (carries a Failure)
    │       └── Throttled              they answered "not now" (429): nothing was done; carries the wait
    ├── Unreadable                     they answered something no guide describes
    ├── CRMError                       the CRM as a whole said no (per-record faults are results, not errors)
    │   ├── BudgetSpent                the org's daily requests are used up
    │   ├── SessionLost                the login fails, or a fresh session is refused
    │   ├── QueryFault                 the mapping asks for what the org does not have
    │   └── Passing                    worth trying again as it is
    ├── StoreError                     the database cannot be used
    ├── WrongOrg                       this store belongs to another org
    └── LeaseHeld                      another daemon works on this org
"""

from collections.abc import Sequence
from dataclasses import dataclass

from connector.model.failures import Failure


class ConnectorError(Exception):
    """Base of all; its text is a sentence that says what is wrong, where, and what to do."""


class SettingsError(ConnectorError):
    """The settings file or environment cannot be used."""


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing wrong in a mapping file. `line` and `column` count from 1; 0 means the file as a whole."""

    file: str
    line: int
    column: int
    text: str
    warning: bool = False

    def __str__(self) -> str:
        kind = "warning" if self.warning else "error"
        return f"{self.file}:{self.line}:{self.column}: {kind}: {self.text}"


class MappingError(ConnectorError):
    """All that is wrong with one or more mapping files, found in one run."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(sorted(problems))
        super().__init__("\n".join(str(problem) for problem in self.problems))


class UnreadablePhone(ConnectorError):
    """The text holds no number that can be dialled; the sentence says why."""


class UnreadableAddress(ConnectorError):
    """The text holds no address that e-mail can go to; the sentence says why."""


class ExchangeError(ConnectorError):
    """Talking to the other side went wrong."""


class NeverLeft(ExchangeError):
    """The request certainly did not reach the other side (refused connection, no such host, TLS failure)."""


class MayHaveLeft(ExchangeError):
    """The request may have been acted on: no answer, a reset, or an answer of 5xx after it was sent."""


class Refused(ExchangeError):
    """The other side answered no. `failure` says whose fault it is and whether trying again can help."""

    def __init__(self, failure: Failure, *, status: int = 0) -> None:
        super().__init__(str(failure))
        self.failure = failure
        self.status = status


class Throttled(Refused):
    """The other side answered "not now" and did nothing. `wait` is in seconds."""

    def __init__(self, failure: Failure, *, status: int = 429, wait: float = 0.0) -> None:
        super().__init__(failure, status=status)
        self.wait = wait


class Unreadable(ExchangeError):
    """The answer is none that the guide describes (HTML, a missing field, a wrong type)."""


class CRMError(ConnectorError):
    """The CRM as a whole said no. `code` is its errorCode."""

    def __init__(self, text: str, *, code: str = "", status: int = 0) -> None:
        super().__init__(text)
        self.code = code
        self.status = status


class BudgetSpent(CRMError):
    """The org's requests of the last 24 hours are used up (REQUEST_LIMIT_EXCEEDED)."""


class SessionLost(CRMError):
    """The login fails, or a session just made is refused."""


class QueryFault(CRMError):
    """INVALID_FIELD, INVALID_TYPE, MALFORMED_QUERY: what is asked for is not in the org."""


class Passing(CRMError):
    """The CRM's passing trouble: locks, timeouts, 5xx; what is idempotent may be asked again."""


class StoreError(ConnectorError):
    """The database cannot be read or written."""


class WrongOrg(ConnectorError):
    """This store was first used with another org."""


class LeaseHeld(ConnectorError):
    """Another daemon holds the lease of this org."""
