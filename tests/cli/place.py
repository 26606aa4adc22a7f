"""A place where commands are typed: a settings file on a sandbox, and a store of its own."""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from connector.cli.entry import app
from connector.demo.run import always_open
from connector.sandbox.server import Sandbox

MAPPING = Path(__file__).parents[2] / "mappings" / "sms-outbox.yaml"
SECRETS = ("a-password-of-nrs360", "a-token-of-smsclouds", "a-secret-of-the-org", "a-secret-of-webhooks")

_SETTINGS = """
mappings = ["{mapping}"]
[store]
url = "{store}"
[web]
enabled = false
[pace]
pull = 0.5
dispatch = 0.2
note = 0.2
push = 0.2
poll = 0.2
replies = 0.5
linger = 0.0
first_poll = 0.1
drain = 10.0
[live]
production = true
send_backlog = true
[crm]
base_url = "{org}"
client_id = "sandbox"
client_secret = "{secret}"
tries = 1
[accounts.nrs-main]
provider = "nrs360"
base_url = "{providers}/nrs360/api/rest"
username = "sandbox"
api_password = "{password}"
sender = "TEST"
batch_size = 20
[accounts.smsclouds-mx]
provider = "smsclouds"
base_url = "{providers}/smsclouds"
token = "{token}"
batch_size = 20
[accounts.bulk360-my]
provider = "bulk360"
base_url = "{providers}/bulk360"
app_key = "sandbox"
app_secret = "sandbox"
hook_secret = "a-secret-of-the-path-0123456789"
"""


@dataclass(frozen=True)
class Answer:
    """What a command printed and how it ended."""

    code: int
    out: str
    err: str

    @property
    def told(self) -> dict[str, Any]:
        """The JSON object on standard output."""
        value: dict[str, Any] = json.loads(self.out)
        return value


@dataclass(frozen=True)
class Place:
    """A folder with connector.toml in it."""

    folder: Path
    org: str
    providers: str

    @property
    def settings(self) -> Path:
        """The settings file."""
        return self.folder / "connector.toml"

    @property
    def store(self) -> Path:
        """The store's file."""
        return self.folder / "store.db"

    def write(self, **changes: str) -> "Place":
        """Writes the settings file, with some of its values changed."""
        values = {
            "mapping": str(always_open(self.folder)),
            "store": f"sqlite:///{self.store}",
            "org": self.org,
            "providers": self.providers,
            "secret": "sandbox",
            "password": "sandbox",
            "token": "sandbox",
        }
        self.settings.write_text(_SETTINGS.format(**values | changes), "utf-8")
        return self

    def add(self, lines: str) -> None:
        """Adds lines to the settings file."""
        self.settings.write_text(self.settings.read_text("utf-8") + lines, "utf-8")

    def type(self, *words: str) -> Answer:
        """Types a command that reads the settings, in this process."""
        return typed(*words, "--config", str(self.settings))

    def start(self, *words: str) -> subprocess.Popen[str]:
        """Starts a command in a process of its own."""
        command = [sys.executable, "-c", "from connector.cli import main; main()", *words, "--config", self.settings]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def place_on(sandbox: Sandbox, folder: Path) -> Place:
    """A place whose settings lead to a sandbox, with an empty store that is up to date."""
    place = Place(folder, sandbox.org_url, sandbox.providers_url).write()
    assert place.type("db", "upgrade").code == 0
    return place


def typed(*words: str) -> Answer:
    """Types a command, in this process."""
    result = CliRunner().invoke(app, list(words))
    assert result.exception is None or isinstance(result.exception, SystemExit), repr(result.exception)
    return Answer(result.exit_code, result.stdout, result.stderr)


def until(true: Callable[[], object], seconds: float = 30.0) -> None:
    """Waits for `true`; fails when it has not come by then."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "what the test waits for never came"
        time.sleep(0.02)
