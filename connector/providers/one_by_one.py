"""Questions of one kind asked one after another, of which one's trouble does not keep the others waiting."""

from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from connector.model.errors import ExchangeError, MayHaveLeft, Refused, Throttled, Unreadable
from connector.model.failures import Fault

log = structlog.get_logger(__name__)


class OneByOne:
    """Remembers the first trouble of questions that are each asked within `apart`.

    Trouble of one question are a 5xx, an answer that is none of the guide's, and a refusal of what was asked for. What
    every other question would meet as well ends them all: an account turned away, "not now", no connection.
    """

    def __init__(self, provider: str) -> None:
        self._provider = provider
        self._trouble: ExchangeError | None = None

    @contextmanager
    def apart(self, **which: object) -> Iterator[None]:
        """What asks one question; `which` one it is, for the log."""
        try:
            yield
        except (MayHaveLeft, Unreadable, Refused) as error:
            if isinstance(error, Throttled) or (isinstance(error, Refused) and error.failure.fault is Fault.ACCOUNT):
                raise
            log.warning("question_without_answer", provider=self._provider, reason=str(error), **which)
            self._trouble = self._trouble or error

    def end(self) -> None:
        """Once all are asked.

        Raises:
            MayHaveLeft, Unreadable, Refused: the first trouble that any of them had.
        """
        if self._trouble is not None:
            raise self._trouble
