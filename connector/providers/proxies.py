"""The proxy of the machine's environment through which an account's provider is reached, where there is one."""

from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import httpx

from connector.model.errors import SettingsError
from connector.model.loopback import is_loopback


def proxy_of(address: str) -> httpx.Proxy | None:
    """The proxy for an address by HTTPS_PROXY (HTTP_PROXY for plain http), ALL_PROXY and NO_PROXY, in either case.

    None for loopback, and without one. The names and their meaning are those of `urllib.request.getproxies`.

    Raises:
        SettingsError: the environment names a proxy that is none, or one that speaks no HTTP.
    """
    parts, proxies = urlsplit(address), getproxies()
    host = parts.hostname or ""
    name = parts.scheme if parts.scheme in proxies else "all"
    if not host or name not in proxies or is_loopback(host) or proxy_bypass(parts.netloc):
        return None
    variable, told = f"{name.upper()}_PROXY", proxies[name]
    scheme, _, _ = told.rpartition("://")
    if scheme not in ("", "http", "https"):
        raise SettingsError(
            f"{variable} in the environment names a {scheme} proxy, and requests to {host} go through HTTP proxies "
            "alone: name one that begins with http://, or put the host into NO_PROXY."
        )
    try:
        proxy = httpx.Proxy(told if scheme else f"http://{told}")
    except (ValueError, httpx.InvalidURL):
        proxy = None
    if proxy is None or not proxy.url.host:
        raise SettingsError(f"{variable} in the environment is no address of a proxy, such as http://proxy.acme:3128.")
    return proxy


def shown(proxy: httpx.Proxy) -> str:
    """The proxy's address as people may see it: without the user and the password."""
    return f"{proxy.url.scheme}://{proxy.url.netloc.decode()}"
