"""Short-lived tokens: how an adapter says that its requests need one, and the one keeper of an account's."""

import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, replace

from pydantic import SecretStr

from connector.model.errors import MayHaveLeft, NeverLeft, Refused, Throttled, Unreadable
from connector.model.failures import Failure, Fault, Retry
from connector.providers.exchange import Request, Response

LONGEST_MARGIN = 60.0
"""Seconds before its end that a token is renewed, so that it still holds when the other side looks at it."""
SHORTEST_USE = 0.5
"""The share of its life that a token is used at least, however short that life is."""


@dataclass(frozen=True, slots=True)
class Token:
    """A token and the seconds it lives, counted from the moment it was asked for."""

    value: SecretStr
    lives_for: float


class TokenGrant(ABC):
    """How an account's token is had, and how it travels."""

    @abstractmethod
    def request(self) -> Request:
        """The request that asks for a token; its `needs_token` is false."""

    @abstractmethod
    def read(self, response: Response) -> Token:
        """The token in the answer.

        Raises:
            Refused, Throttled, MayHaveLeft, Unreadable: there is none.
        """

    def authorized(self, request: Request, token: Token) -> Request:
        """The request with the token: ``Authorization: Bearer`` (RFC 6750, 2.1), unless the guide says otherwise."""
        bearer = {"authorization": f"Bearer {token.value.get_secret_value()}"}
        return replace(request, headers={**request.headers, **bearer})

    def turned_away(self, response: Response) -> bool:
        """Whether the answer refuses the token, so that nothing of the request was done: 401, unless the guide says
        otherwise."""
        return response.status == 401


Ask = Callable[[Request], Response]


class TokenKeeper:
    """The token of one account, shared by all its lines.

    It is asked for once, however many threads need it: those that come meanwhile wait for the one that asks, and end as
    it does. `seconds` is a clock that only goes forward.
    """

    def __init__(self, grant: TokenGrant, seconds: Callable[[], float] = time.monotonic) -> None:
        self.grant = grant
        self._seconds = seconds
        self._lock = threading.Lock()
        self._asked: Future[Token] | None = None
        self._good_until = 0.0

    def token(self, ask: Ask, *, instead_of: Token | None = None) -> Token:
        """The token that is kept, or a new one; `instead_of` is one that was turned away.

        Raises:
            Refused: the credentials are not accepted; the account's fault.
            Throttled: the provider asks to wait.
            NeverLeft: no token could be had, so what it was wanted for certainly never left.
        """
        with self._lock:
            asked = self._asked
            mine = asked is None or not self._is_good(asked, instead_of)
            if mine or asked is None:
                self._asked = asked = Future()
        if mine:
            self._fetch(asked, ask)
        return asked.result()

    def _is_good(self, asked: Future[Token], instead_of: Token | None) -> bool:
        if not asked.done():
            return True
        if asked.exception() is not None or asked.result() is instead_of:
            return False
        return self._seconds() < self._good_until

    def _fetch(self, asked: Future[Token], ask: Ask) -> None:
        begun = self._seconds()
        try:
            token = self._had(ask)
        except BaseException as error:
            asked.set_exception(error)
            raise
        margin = min(LONGEST_MARGIN, token.lives_for * (1 - SHORTEST_USE))
        with self._lock:
            self._good_until = begun + token.lives_for - margin
        asked.set_result(token)

    def _had(self, ask: Ask) -> Token:
        try:
            return self.grant.read(ask(self.grant.request()))
        except Throttled:
            raise
        except Refused as error:
            raise Refused(_of_the_account(error.failure), status=error.status) from None
        except (NeverLeft, MayHaveLeft, Unreadable) as error:
            raise NeverLeft(f"no access token could be had, so nothing was sent: {error}") from error


def _of_the_account(failure: Failure) -> Failure:
    """What refuses a token is never a message's fault."""
    if failure.fault is Fault.ACCOUNT:
        return failure
    return replace(failure, fault=Fault.ACCOUNT, retry=Retry.WHEN_MENDED)
