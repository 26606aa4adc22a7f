"""The settings: one file, the environment above it, and a sentence for all that is wrong."""

from pathlib import Path
from typing import Any

import pytest

from connector import settings
from connector.model.errors import SettingsError

NRS = {"provider": "nrs360", "username": "u", "api_password": "p"}
CRM = {"base_url": "https://acme.my.salesforce.com", "client_id": "c", "client_secret": "s"}


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """None of the machine's own settings."""
    import os

    for name in [name for name in os.environ if name.startswith("CONNECTOR_")]:
        monkeypatch.delenv(name)


def refused(given: dict[str, Any]) -> str:
    """The sentence with which these settings are refused."""
    with pytest.raises(SettingsError) as error:
        read = settings.of(given)
        read.account_options()
        read.crm_options()
    return str(error.value)


def test_everything_but_credentials_has_a_default() -> None:
    """Without a file there are settings, and no account."""
    read = settings.of({})
    assert read.store.url == "sqlite:///connector.db"
    assert read.account_options() == {}
    assert read.web.host == "127.0.0.1"


def test_accounts_are_checked_by_their_own_providers(monkeypatch: pytest.MonkeyPatch) -> None:
    """An account's options are those of its adapter; one whose adapter is still to come is left out."""
    monkeypatch.setattr(settings, "KNOWN", settings.KNOWN | {"to-come"})
    read = settings.of({"accounts": {"a": NRS, "b": {"provider": "to-come"}}})
    (account,) = read.account_options().values()
    assert account.provider == "nrs360"
    assert account.base_url == "https://dashboard.360nrs.com/api/rest"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"stoer": {}}, "stoer: there is no such setting"),
        ({"store": {"uri": "x"}}, "store.uri: there is no such setting"),
        ({"store": {"keep_days": 0}}, "store.keep_days: "),
        ({"pace": {"pull": 0}}, "pace.pull: "),
        ({"pace": {"pull": "soon"}}, "pace.pull: "),
        ({"web": {"port": 70_000}}, "web.port: "),
        ({"log": {"level": "LOUD"}}, "log.level: "),
        (
            {"accounts": {"a": {"provider": "smsgods"}}},
            "[accounts.a] provider = 'smsgods' is none we know; it is one of",
        ),
        ({"accounts": {"a": {}}}, "[accounts.a] provider = None is none we know"),
        ({"accounts": {"a": {"provider": "nrs360"}}}, "[accounts.a] username: this setting is missing"),
        ({"accounts": {"a": NRS | {"pasword": "x"}}}, "[accounts.a] pasword: there is no such setting"),
        ({"accounts": {"a": NRS | {"base_url": "ftp://x"}}}, "is no http address; it begins with https://"),
        ({"accounts": {"a": NRS | {"base_url": "http://sms.example.com"}}}, "plain http would show the credentials"),
        ({"accounts": {"a": NRS | {"base_url": "http://127.0.0.1@evil.example"}}}, "plain http would show the cred"),
        ({"accounts": {"a": NRS | {"base_url": "http://localhost.evil.example"}}}, "plain http would show the cred"),
        ({"accounts": {"a": {"provider": "smsclouds", "token": "t", "zone": "Mars/Base"}}}, "no time zone 'Mars/Base'"),
        ({"crm": {"kind": "hubspot"}}, "[crm] kind = 'hubspot' is none we know; it is one of: salesforce"),
        ({"crm": {"base_url": CRM["base_url"]}}, "[crm] client_id: this setting is missing"),
        ({"crm": CRM | {"base_url": "http://acme.example"}}, "plain http is allowed to loopback only"),
    ],
)
def test_each_mistake_is_told_where_it_is(given: dict[str, Any], said: str) -> None:
    """The sentence names the section and the setting, and says what is wrong with it."""
    assert said in refused(given)


def test_all_mistakes_of_a_section_are_told_in_one_run() -> None:
    """Nobody mends one mistake to be told of the next."""
    told = refused({"pace": {"pull": 0, "push": -1, "dispach": 1}})
    assert all(name in told for name in ("pace.pull", "pace.push", "pace.dispach"))


def test_a_refusal_never_shows_the_value() -> None:
    """What is wrong may be a password in the wrong place."""
    assert "hunter2-secret" not in refused({"accounts": {"a": {**NRS, "username": ["hunter2-secret"]}}})
    assert "hunter2-secret" not in refused({"store": "hunter2-secret"})


@pytest.mark.parametrize("address", ["http://127.0.0.1:8371/x", "http://localhost/x", "http://[::1]:1/x"])
def test_plain_http_is_taken_to_loopback(address: str) -> None:
    """The sandbox and proxies of the same machine need no certificate."""
    read = settings.of({"accounts": {"a": NRS | {"base_url": address}}})
    assert read.account_options()["a"].base_url == address


def test_a_value_may_come_from_the_environment_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """``${NAME}`` is filled in wherever it stands, lists included."""
    monkeypatch.setenv("THE_PASSWORD", "p4ss")
    monkeypatch.setenv("THE_PROXY", "10.0.0.0/8")
    read = settings.of(
        {"accounts": {"a": NRS | {"api_password": "${THE_PASSWORD}"}}, "web": {"trusted_proxies": ["${THE_PROXY}"]}}
    )
    options: Any = read.account_options()["a"]
    assert options.api_password.get_secret_value() == "p4ss"
    assert read.web.trusted_proxies == ("10.0.0.0/8",)
    assert "p4ss" not in repr(options)


def test_a_name_the_environment_lacks_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sentence says which name is missing and where it was asked for."""
    monkeypatch.delenv("NOT_THERE", raising=False)
    told = refused({"store": {"url": "${NOT_THERE}"}})
    assert "${NOT_THERE}" in told
    assert "Set it and start again." in told


def test_the_environment_stands_above_the_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """One setting can be overruled for one run, and the rest of its section stays."""
    file = tmp_path / "connector.toml"
    file.write_text('[store]\nurl = "sqlite:///file.db"\nkeep_days = 7\n', "utf-8")
    monkeypatch.setenv("CONNECTOR_STORE__URL", "sqlite:///environment.db")
    read = settings.read(file)
    assert (read.store.url, read.store.keep_days) == ("sqlite:///environment.db", 7)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    """And it is said what needs none."""
    with pytest.raises(SettingsError, match=r"there is no settings file .*missing\.toml; `connector demo` needs none"):
        settings.read(tmp_path / "missing.toml")


@pytest.mark.parametrize("content", [b"[store\n", b"\xff\xfe", b"a = 1\na = 2\n"])
def test_a_file_that_cannot_be_read_is_named_with_the_reason(tmp_path: Path, content: bytes) -> None:
    """Broken TOML, another encoding, a key that stands twice."""
    file = tmp_path / "broken.toml"
    file.write_bytes(content)
    with pytest.raises(SettingsError, match=r"broken\.toml cannot be read: .+"):
        settings.read(file)
