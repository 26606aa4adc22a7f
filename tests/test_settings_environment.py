"""Settings from the environment: a misspelt one is refused like one in the file, and a list is asked for as one."""

import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector import settings
from connector.model.errors import SettingsError
from tests.cli.place import typed

NRS = {"provider": "nrs360", "username": "u", "api_password": "p"}


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """None of the machine's own settings."""
    for name in [name for name in os.environ if name.startswith("CONNECTOR_")]:
        monkeypatch.delenv(name)


def refused(given: dict[str, Any] | None = None) -> str:
    """The sentence with which the environment's settings are refused, above these of a file."""
    with pytest.raises(SettingsError) as error:
        settings.of(given or {}).account_options()
    return str(error.value)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("CONNECTOR_LIVE_PRODUCTION", "CONNECTOR_LIVE__PRODUCTION"),
        ("CONNECTOR_STORE_URL", "CONNECTOR_STORE__URL"),
        ("CONNECTOR_STORE_KEEP_DAYS", "CONNECTOR_STORE__KEEP_DAYS"),
        ("CONNECTOR_WEBB__PORT", "CONNECTOR_WEB__PORT"),
        ("CONNECTOR_LIV__SEND_BACKLOG", "CONNECTOR_LIVE__SEND_BACKLOG"),
        ("CONNECTOR_MAPPING", "CONNECTOR_MAPPINGS"),
        ("CONNECTOR_CRM_CLIENT_SECRET", "CONNECTOR_CRM__CLIENT_SECRET"),
        ("CONNECTOR_CAPS_EVERYTHING_MESSAGES_A_DAY", "CONNECTOR_CAPS__EVERYTHING__MESSAGES_A_DAY"),
        ("CONNECTOR_ACCOUNT__NRS__API_PASSWORD", "CONNECTOR_ACCOUNTS__NRS__API_PASSWORD"),
        ("CONNECTOR_ACCOUNTS_NRS_API_PASSWORD", "CONNECTOR_ACCOUNTS__<account>__<key>"),
        ("connector_store_url", "CONNECTOR_STORE__URL"),
    ],
)
def test_a_misspelt_name_is_refused_with_the_nearest(monkeypatch: pytest.MonkeyPatch, name: str, meant: str) -> None:
    """A safety switch that is not obeyed must not look as if it were."""
    monkeypatch.setenv(name, "hunter2-secret")
    told = refused()
    assert f"{name} in the environment is no setting; did you mean {meant}?" in told
    assert "hunter2-secret" not in told


def test_a_name_like_none_is_refused_with_the_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is said what such names are for, and how another name may stay."""
    monkeypatch.setenv("CONNECTOR_XYLOPHONE", "1")
    told = refused()
    assert "CONNECTOR_XYLOPHONE in the environment is no setting" in told
    assert "rename what is none" in told


def test_all_misspelt_names_are_told_in_one_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody mends one to be told of the next."""
    monkeypatch.setenv("CONNECTOR_STORE_URL", "x")
    monkeypatch.setenv("CONNECTOR_LIVE_PRODUCTION", "false")
    told = refused()
    assert "CONNECTOR_STORE_URL" in told
    assert "CONNECTOR_LIVE_PRODUCTION" in told


def test_a_command_tells_it_in_a_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Whether there is a file or not: the mistake is told, and no store is made."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CONNECTOR_STORE_URL", "sqlite:///meant.db")
    answer = typed("pause", "--everything")
    assert answer.code == 1
    assert "did you mean CONNECTOR_STORE__URL?" in answer.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["CONNECTOR_CRM_SECRET", "CONNECTOR_NRS_PASSWORD"])
def test_a_name_that_the_file_refers_to_is_nobodys_mistake(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """A secret may be called as anybody likes; `"${NAME}"` in the file says what it is for."""
    monkeypatch.setenv(name, "p4ss")
    read = settings.of({"accounts": {"a": NRS | {"api_password": f"${{{name}}}"}}})
    options: Any = read.account_options()["a"]
    assert options.api_password.get_secret_value() == "p4ss"


def test_accounts_and_the_crm_may_stand_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """By names of the person's own choosing, and with a secret of digits alone as it was written."""
    monkeypatch.setenv("CONNECTOR_ACCOUNTS__NRS__PROVIDER", "nrs360")
    monkeypatch.setenv("CONNECTOR_ACCOUNTS__NRS__USERNAME", "0012")
    monkeypatch.setenv("CONNECTOR_ACCOUNTS__NRS__API_PASSWORD", "1234567890123456789")
    monkeypatch.setenv("CONNECTOR_CRM__CLIENT_SECRET", "1e5")
    monkeypatch.setenv("CONNECTOR_LOG", '{"form": "json"}')
    monkeypatch.setenv("Connector_Web__Port", "1")
    read = settings.of({})
    options: Any = read.account_options()["nrs"]
    assert (options.username, options.api_password.get_secret_value()) == ("0012", "1234567890123456789")
    assert (read.crm["client_secret"], read.log.form, read.web.port) == ("1e5", "json", 1)


def test_what_kubernetes_sets_for_a_service_of_our_name_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every pod beside a service called `connector` or `connector-web` has these, whether it wants them or not."""
    for stem in ("CONNECTOR", "CONNECTOR_WEB"):
        for ending in (
            "SERVICE_HOST",
            "SERVICE_PORT",
            "SERVICE_PORT_HTTP",
            "PORT",
            "PORT_8360_TCP",
            "PORT_8360_TCP_ADDR",
        ):
            monkeypatch.setenv(f"{stem}_{ending}", "tcp://10.0.0.1:8360")
    assert settings.of({}).web.port == 8360
    monkeypatch.setenv("CONNECTOR_STORE_SERVICE_HOST", "10.0.0.1")
    monkeypatch.chdir("/")
    with pytest.raises(SettingsError, match=r"there is no connector\.toml in /,"):
        settings.read(None)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CONNECTOR_LIVE__ALLOW", "+34600000001"),
        ("CONNECTOR_LIVE__ALLOW", "600000001"),
        ("CONNECTOR_LIVE__ALLOW", ""),
        ("CONNECTOR_LIVE__ALLOW", "[+34600000001]"),
        ("CONNECTOR_MAPPINGS", "/etc/connector/mappings"),
        ("CONNECTOR_MAPPINGS", '"/etc/connector/mappings"'),
        ("CONNECTOR_MAPPINGS", ""),
        ("CONNECTOR_WEB__TRUSTED_PROXIES", "127.0.0.1,::1"),
    ],
)
def test_a_list_is_asked_for_as_one(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    """One item without its brackets ends in a sentence that shows how a list is written, never in a traceback."""
    monkeypatch.setenv(name, value)
    told = refused()
    assert f'{name} in the environment: this is a list: write ["one"] or ["one", "another"]' in told
    assert not value or value not in told


@pytest.mark.parametrize(
    ("name", "value"), [("CONNECTOR_LIVE", "false"), ("CONNECTOR_STORE", "sqlite:///x.db"), ("CONNECTOR_CRM", "x")]
)
def test_a_section_is_asked_for_by_its_keys(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    """One value for a whole section: its keys have names of their own."""
    monkeypatch.setenv(name, value)
    assert f"{name} in the environment: this is a section: set its keys, each by itself" in refused()


def test_a_list_that_is_one_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """As the sentence says that it is written."""
    monkeypatch.setenv("CONNECTOR_LIVE__ALLOW", '["+34 600 000 001"]')
    monkeypatch.setenv("CONNECTOR_MAPPINGS", '["/etc/connector/mappings"]')
    read = settings.of({})
    assert (read.live.allow, read.mappings) == (("+34600000001",), (Path("/etc/connector/mappings"),))


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("CONNECTOR_LIVE__PRODUCTIN", "there is no such setting; did you mean CONNECTOR_LIVE__PRODUCTION?"),
        ("CONNECTOR_WEB__PORT", "Input should be a valid integer"),
        ("CONNECTOR_PACE__PULL", "Input should be a valid number"),
        ("CONNECTOR_ACCOUNTS__NRS__PASWORD", "there is no such setting"),
    ],
)
def test_a_wrong_key_or_value_is_looked_for_where_it_is(monkeypatch: pytest.MonkeyPatch, name: str, said: str) -> None:
    """In the environment, not in the file, and by the name it has there."""
    monkeypatch.setenv(name, "hunter2-secret")
    told = refused({"accounts": {"nrs": NRS}})
    assert f"{name} in the environment: {said}" in told
    assert "hunter2-secret" not in told


NAMES = (
    "CONNECTOR_LIVE__ALLOW",
    "CONNECTOR_CAPS",
    "CONNECTOR_ACCOUNTS__A",
    "CONNECTOR_CAPS__ACCOUNTS__A",
    "CONNECTOR_WEB__PORT",
)


@given(st.sampled_from(NAMES), st.text(alphabet='[]{}",:1a\\ nul', max_size=12))
def test_no_value_ends_in_a_traceback(name: str, value: str) -> None:
    """Whatever a list, a section or a number is given: it is read, or refused in a sentence that names it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(name, value)
        told = _told()
    assert told is None or told.startswith(name)


def _told() -> str | None:
    try:
        settings.of({})
    except SettingsError as error:
        return str(error)
    return None


@pytest.mark.parametrize(
    "value", ["${NOPE", "$NOPE", "$HOOK_SECRET", "a${NOPE}", "${NOPE}/b", "${MY-SECRET}", "${NOPE}\n", "${}"]
)
def test_half_a_reference_is_no_value(value: str) -> None:
    """What looks like a name of the environment and is none would become the secret itself."""
    told = refused({"accounts": {"a": NRS | {"api_password": value}}})
    assert 'accounts.a.api_password: a value from the environment is written as "${NAME}"' in told
    assert "HOOK_SECRET" not in told


def test_half_a_reference_is_found_in_lists(monkeypatch: pytest.MonkeyPatch) -> None:
    """And told with its place."""
    monkeypatch.setenv("HOME_OF_MAPPINGS", "/m")
    assert "mappings.1: a value from the environment" in refused({"mappings": ["${HOME_OF_MAPPINGS}", "$HOME/m"]})


def test_what_the_environment_holds_is_taken_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """A password may begin with a dollar: there it is nobody's reference."""
    monkeypatch.setenv("THE_PASSWORD", "$uper${secret}")
    monkeypatch.setenv("CONNECTOR_ACCOUNTS__A__USERNAME", "$me")
    given = {"accounts": {"a": NRS | {"api_password": "${THE_PASSWORD}", "sender": "$5 Shop"}}}
    options: Any = settings.of(given).account_options()["a"]
    assert options.sender == "$5 Shop"
    assert (options.username, options.api_password.get_secret_value()) == ("$me", "$uper${secret}")


@pytest.mark.parametrize("key", ["hook_secret", "hook_secret_before"])
def test_a_hook_secret_that_can_be_guessed_is_refused(key: str) -> None:
    """It is all that keeps strangers from telling us things; how to make one is said, and it is not shown."""
    account = NRS | {"hook_secret": "a-secret-of-the-path-0123", key: "fifteen-letters"}
    told = refused({"accounts": {"a": account}})
    assert f"[accounts.a] {key} has fewer than 16 characters" in told
    assert "token_urlsafe" in told
    assert "fifteen-letters" not in told
    assert settings.of({"accounts": {"a": account | {key: "sixteen-letters!"}}}).account_options()
