"""connector.example.toml is what the settings are."""

import re
import tomllib
from pathlib import Path

import pytest

from connector.cli.example import example
from connector.providers.registry import PROTOCOLS, PROVIDERS
from connector.providers.sms360app.options import SMS360AppOptions
from connector.settings import Pace, Settings, of
from tests.cli.place import typed

FILE = Path(__file__).parents[2] / "connector.example.toml"
_ASKED_FOR = re.compile(r"\$\{(\w+)\}")


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """All that the example asks the environment for, but for what its own head explains."""
    for name in _ASKED_FOR.findall(example()):
        monkeypatch.setenv(name, "given")


def test_the_file_is_not_stale() -> None:
    """connector.example.toml is what `connector settings example` prints."""
    assert FILE.read_text("utf-8") == typed("settings", "example").out == example()


@pytest.mark.usefixtures("environment")
def test_the_file_can_be_used_as_it_stands() -> None:
    """With what it asks the environment for, the example is a settings file of the defaults."""
    read = of(tomllib.loads(example()))
    assert (read.pace, read.store) == (Pace(), Settings().store)
    adapters = {(given["provider"], given.get("protocol")) for given in read.accounts.values()}
    assert adapters == {(provider, None) for provider in PROVIDERS} | set(PROTOCOLS)
    assert set(read.account_options()) == set(read.accounts)
    assert read.crm_options().flow == "client_credentials"


@pytest.mark.usefixtures("environment")
def test_every_line_can_be_used() -> None:
    """With every # taken away from a setting, no name is unknown and every default is its own."""
    shown = re.sub(r"^#(\w+ = )(?!\"\"$|0$)", r"\1", example(), flags=re.MULTILINE)
    read = of(tomllib.loads(shown))
    assert (read.pace, read.web, read.log, read.store) == (Pace(), Settings().web, Settings().log, Settings().store)
    plain = of(tomllib.loads(example())).account_options()
    assert read.account_options() == plain


@pytest.mark.parametrize(
    "section", [Settings.model_fields[name].annotation for name in ("store", "web", "pace", "log")]
)
def test_every_setting_is_there(section: type[Settings]) -> None:
    """Each field of each section stands in the example, by its name."""
    missing = [name for name in section.model_fields if not re.search(rf"^#?{name} = ", example(), re.MULTILINE)]
    assert missing == []


@pytest.mark.usefixtures("environment")
def test_no_secret_and_no_placeholder_stands_in_it() -> None:
    """What an account is named by is asked of the environment, a list of secrets item by item."""
    given = tomllib.loads(example())["accounts"]
    assert given["sms360app-us"]["client_ids"] == ["${SMS360APP_CLIENT_ID}"]
    read = of(tomllib.loads(example())).account_options()["sms360app-us"]
    assert isinstance(read, SMS360AppOptions)
    assert [each.get_secret_value() for each in read.client_ids] == ["given"]
    assert "<" not in re.sub(r"^#.*$", "", example(), flags=re.MULTILINE)
