"""Requests leave through the proxy that the environment names."""

import base64

import pytest

from connector import settings
from connector.app import build
from connector.model.errors import NeverLeft, SettingsError
from connector.providers.exchange import Request
from connector.providers.proxies import proxy_of, shown
from tests.proxy_double import refusing_proxy

NAMES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")
PROVIDER = "https://api.provider.example/v2"


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment that names none."""
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.mark.parametrize(
    ("environment", "address", "proxy"),
    [
        ({}, PROVIDER, None),
        ({"HTTPS_PROXY": "http://proxy.acme:3128"}, PROVIDER, "http://proxy.acme:3128"),
        ({"https_proxy": "proxy.acme:3128"}, PROVIDER, "http://proxy.acme:3128"),
        ({"HTTPS_PROXY": "http://me:word@proxy.acme:3128"}, PROVIDER, "http://proxy.acme:3128"),
        ({"ALL_PROXY": "https://proxy.acme"}, PROVIDER, "https://proxy.acme"),
        ({"HTTP_PROXY": "http://proxy.acme:3128"}, PROVIDER, None),
        ({"HTTPS_PROXY": "http://proxy.acme:3128", "NO_PROXY": "provider.example"}, PROVIDER, None),
        ({"HTTPS_PROXY": "http://proxy.acme:3128", "NO_PROXY": "*"}, PROVIDER, None),
        ({"HTTPS_PROXY": "http://proxy.acme:3128", "NO_PROXY": "acme"}, PROVIDER, "http://proxy.acme:3128"),
        ({"HTTP_PROXY": "http://proxy.acme:3128"}, "http://127.0.0.1:8080/bulk360", None),
        ({"ALL_PROXY": "http://proxy.acme:3128"}, "http://localhost:8080", None),
        ({"ALL_PROXY": "socks5://proxy.acme:1080"}, "", None),
    ],
)
def test_which_proxy(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], address: str, proxy: str | None
) -> None:
    """The scheme's own name before ALL_PROXY, either case, with what NO_PROXY leaves out; loopback never."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    found = proxy_of(address)
    assert (found and shown(found)) == proxy


@pytest.mark.parametrize("told", ["socks5://proxy.acme:1080", "http://:3128", "http://proxy acme:port"])
def test_what_is_no_http_proxy_is_said_at_the_start(monkeypatch: pytest.MonkeyPatch, told: str) -> None:
    """The sentence names the variable, and what the variable holds is not repeated: there may be a password in it."""
    monkeypatch.setenv("HTTPS_PROXY", told)
    with pytest.raises(SettingsError, match=r"^HTTPS_PROXY in the environment") as said:
        build(settings.of({"accounts": {"a": {"provider": "smsclouds", "token": "t"}}}))
    assert told not in str(said.value)


def test_a_request_asks_the_proxy_and_one_that_it_refuses_never_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """The proxy is asked to open a tunnel, with the user and the password it is named with. Nothing of the request is
    said before it is open."""
    with refusing_proxy() as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        account = {"provider": "smsclouds", "token": "secret", "base_url": PROVIDER}
        app = build(settings.of({"accounts": {"a": account}}))
        with pytest.raises(NeverLeft, match="403"):
            app.lines("a").ask(Request("POST", "sms", json={"to": "525512345678"}, sends=True))
        app.close()
    assert proxy.asked == ["CONNECT api.provider.example:443 HTTP/1.1"]
    assert base64.b64encode(b"user:word") in proxy.said[0]
    assert b"525512345678" not in proxy.said[0]
