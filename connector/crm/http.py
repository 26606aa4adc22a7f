"""The requests session every call to the org goes through: timeouts always, nothing followed, everything counted."""

import re
import ssl
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from http.cookiejar import DefaultCookiePolicy
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import BaseAdapter, HTTPAdapter
from urllib3.exceptions import HTTPError, MaxRetryError, NewConnectionError, ProxyError

from connector.crm.options import SalesforceOptions
from connector.model.errors import MayHaveLeft, NeverLeft
from connector.model.records import Budget

_USAGE = re.compile(r"\bapi-usage=(\d+)/(\d+)")


class UsageWatch:
    """The day's requests as `Sforce-Limit-Info` tells them, and whether reads may still spend some. Thread-safe.

    The org forgets requests as they turn 24 hours old and never says so by itself: a reading older than `STALE` is
    not held against a read, whose answer then brings a new one.
    """

    STALE = timedelta(minutes=5)

    def __init__(self, reserve: float, clock: Callable[[], datetime]) -> None:
        self._reserve = reserve
        self._clock = clock
        self._told: tuple[Budget, datetime] | None = None

    @property
    def budget(self) -> Budget:
        """The last reading."""
        return self._told[0] if self._told else Budget()

    def note(self, limit_info: str) -> None:
        """Reads a header such as ``api-usage=10018/100000``; what does not read so is left out."""
        found = _USAGE.search(limit_info)
        if found:
            self._told = Budget(int(found.group(1)), int(found.group(2))), self._clock()

    def reads_may_spend(self) -> bool:
        """False when what is left is the reserve of the writes."""
        if self._told is None:
            return True
        budget, at = self._told
        return budget.share < 1 - self._reserve or self._clock() - at >= self.STALE


class OrgHTTP(requests.Session):
    """A session that never waits for ever, follows no redirect, keeps no cookie and counts its requests."""

    def __init__(self, options: SalesforceOptions, usage: UsageWatch, transport: BaseAdapter | None) -> None:
        super().__init__()
        self.usage = usage
        self.calls = 0
        self._counting = threading.Lock()
        self._timeouts = (options.connect_timeout, options.read_timeout)
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        https = transport or HTTPAdapter(pool_maxsize=2 * options.threads + 4)
        self.mount("https://", https)
        for address in {options.base_url, options.login_url or options.base_url}:
            parts = urlsplit(address)
            if parts.scheme == "http":
                self.mount(f"https://{parts.netloc}/", transport or PlainLoopback(pool_maxsize=2 * options.threads + 4))

    def request(self, method: Any, url: Any, *args: Any, **kwargs: Any) -> requests.Response:
        """As requests does it, with this session's timeouts unless the call has its own.

        Raises:
            NeverLeft: no connection could be made.
            MayHaveLeft: the request was on its way and no whole answer came.
        """
        kwargs.setdefault("timeout", self._timeouts)
        kwargs.setdefault("allow_redirects", False)
        with self._counting:
            self.calls += 1
        try:
            answer = super().request(method, url, *args, **kwargs)
        except (requests.RequestException, HTTPError) as error:
            raise sorted_by_end(error) from error
        self.usage.note(answer.headers.get("Sforce-Limit-Info", ""))
        return answer


class PlainLoopback(HTTPAdapter):
    """Speaks plain http where https was asked for: an org on loopback, for a client that knows https alone."""

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        """Sends the request to the same address in plain http, past any proxy."""
        request.url = "http://" + (request.url or "").removeprefix("https://")
        return super().send(request, *args, **{**kwargs, "proxies": {}})


def https_address(address: str) -> str:
    """The address as a client that knows https alone must be told it."""
    return "https://" + address.split("://", 1)[1]


def sorted_by_end(error: Exception) -> NeverLeft | MayHaveLeft:
    """Whether a request that got no answer can have reached the org.

    Only a connection that was never made proves that it cannot: refused, no such host, certificate refused, no
    connection in time. Everything after it leaves doubt.
    """
    name = type(error).__name__
    if isinstance(error, requests.ConnectTimeout) or any(_never_connected(cause) for cause in _causes(error)):
        return NeverLeft(f"No connection to the org was made ({name}: {error}); check its address and the network.")
    return MayHaveLeft(f"The connection to the org broke before an answer came ({name}: {error}).")


def _never_connected(cause: BaseException) -> bool:
    # urllib3 tells a ProxyError only of what went wrong before the proxy had opened the way
    kinds = NewConnectionError | ProxyError | ssl.SSLCertVerificationError | requests.exceptions.InvalidURL
    return isinstance(cause, kinds)


def _causes(error: BaseException) -> list[BaseException]:
    found: list[BaseException] = []
    waiting: list[object] = [error]
    while waiting:
        cause = waiting.pop()
        if not isinstance(cause, BaseException) or cause in found:
            continue
        found.append(cause)
        waiting += [*cause.args, cause.__cause__, cause.__context__]
        if isinstance(cause, MaxRetryError):
            waiting.append(cause.reason)
    return found
