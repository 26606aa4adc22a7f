"""Airbyte's Salesforce source against the pretend org: the sync that a data team would run beside us."""

import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from connector.sandbox.certificate import Tls, self_signed
from connector.sandbox.server import Sandbox

REDIRECT = Path(__file__).parent / "redirect"
Messages = dict[str, list[Any]]
CONTACTS = 2300
WRITTEN = datetime.now(UTC).replace(microsecond=0) - timedelta(days=2)
CONFIG = {
    "client_id": "sandbox",
    "client_secret": "sandbox",
    "refresh_token": "granted once",
    "start_date": (WRITTEN - timedelta(days=5)).strftime("%Y-%m-%dT%H:%M:%SZ"),
    "streams_criteria": [{"criteria": "exacts", "value": name} for name in ("Account", "Contact", "SMS_Message__c")],
}


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Tls:
    """A certificate that names Salesforce's login host, which the source has written into it."""
    return self_signed(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="module")
def org(tls: Tls) -> Iterator[Sandbox]:
    """An org over https whose contacts were all written two days ago."""
    when = WRITTEN.isoformat()
    audited = {"CreatedDate": when, "LastModifiedDate": when, "SystemModstamp": when}
    with Sandbox(tls=tls) as sandbox:
        rows = [{"LastName": f"Núñez {n}", "External_Id__c": f"airbyte-{n}", **audited} for n in range(CONTACTS)]
        sandbox.org.insert("Contact", rows)
        yield sandbox


@dataclass(frozen=True)
class Source:
    """The source's own command, which finds the login host at the sandbox's port."""

    program: Path
    folder: Path
    port: str
    trusted: Path

    def __call__(self, command: str, *, config: dict[str, Any] = CONFIG, **files: Any) -> Messages:
        """Run a command with these files and return its messages by type."""
        arguments = []
        for name, content in {"config": config, **files}.items():
            path = self.folder / f"{name}.json"
            path.write_text(json.dumps(content), encoding="utf-8")
            arguments += [f"--{name}", str(path)]
        environment = {
            **os.environ,
            "PYTHONPATH": str(REDIRECT),
            "ORG_PORT": self.port,
            "REQUESTS_CA_BUNDLE": str(self.trusted),
        }
        done = subprocess.run(
            [self.program, command, *arguments],
            check=False,
            cwd=self.folder,  # it keeps what it downloads in the folder it runs in
            env=environment,
            capture_output=True,
            text=True,
            timeout=100,
        )
        assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
        messages: Messages = {}
        for line in done.stdout.splitlines():
            message = json.loads(line)
            messages.setdefault(message["type"], []).append(message)
        return messages


@pytest.fixture(scope="module")
def source(venv: Path, tmp_path_factory: pytest.TempPathFactory, org: Sandbox, tls: Tls) -> Source:
    """The source, pointed at the org."""
    folder = tmp_path_factory.mktemp("airbyte")
    return Source(venv / "bin" / "source-salesforce", folder, org.org_url.rpartition(":")[2], tls.certificate)


@pytest.fixture(scope="module")
def streams(source: Source) -> dict[str, Any]:
    """The streams that the source discovers, by name."""
    [message] = source("discover")["CATALOG"]
    return {each["name"]: each for each in message["catalog"]["streams"]}


@pytest.fixture(scope="module")
def catalog(streams: dict[str, Any]) -> dict[str, Any]:
    """What to read: the contacts, by what has changed since the last read."""
    mode = {"sync_mode": "incremental", "destination_sync_mode": "append"}
    keys = {"cursor_field": ["SystemModstamp"], "primary_key": [["Id"]]}
    return {"streams": [{"stream": streams["Contact"], **mode, **keys}]}


@pytest.fixture(scope="module")
def first_read(source: Source, catalog: dict[str, Any]) -> Messages:
    """What the source says when it reads for the first time."""
    return source("read", catalog=catalog)


def rows(messages: Messages) -> list[dict[str, Any]]:
    """The records among the messages."""
    return [each["record"]["data"] for each in messages.get("RECORD", [])]


def test_checks_the_connection(source: Source) -> None:
    """With a refresh token it logs in and finds the org usable."""
    [status] = source("check")["CONNECTION_STATUS"]
    assert status["connectionStatus"]["status"] == "SUCCEEDED"


def test_is_told_that_the_grant_has_ended(source: Source) -> None:
    """An expired refresh token is refused in the words by which the source knows it, and told to the user as that."""
    [status] = source("check", config=CONFIG | {"refresh_token": "expired long ago"})["CONNECTION_STATUS"]
    assert status["connectionStatus"]["status"] == "FAILED"
    assert status["connectionStatus"]["message"].startswith("The authentication to SalesForce has expired.")


def test_discovers_the_objects(streams: dict[str, Any]) -> None:
    """Each wished object becomes a stream with typed fields, a key and a cursor."""
    assert {"Account", "Contact", "SMS_Message__c"} <= set(streams)
    properties = streams["SMS_Message__c"]["json_schema"]["properties"]
    assert properties["Send_After__c"] == {"type": ["string", "null"], "format": "date-time"}
    assert properties["Priority__c"] == {"type": ["number", "null"]}
    assert streams["Contact"]["json_schema"]["properties"]["DoNotCall"] == {"type": ["boolean", "null"]}
    assert streams["Contact"]["source_defined_primary_key"] == [["Id"]]
    assert streams["Contact"]["default_cursor_field"] == ["SystemModstamp"]


def test_reads_every_record(first_read: Messages) -> None:
    """The first read brings each of over 2,000 contacts once, its text unharmed."""
    names = [(each["External_Id__c"], each["LastName"]) for each in rows(first_read)]
    assert len(names) > 2000
    assert sorted(names) == sorted((f"airbyte-{n}", f"Núñez {n}") for n in range(CONTACTS))
    assert {each["SystemModstamp"] for each in rows(first_read)} == {WRITTEN.strftime("%Y-%m-%dT%H:%M:%S.000Z")}


def test_reads_only_what_changed(source: Source, catalog: dict[str, Any], first_read: Messages, org: Sandbox) -> None:
    """After a read, the next one from its state brings just what was changed, made or deleted since."""
    changed, removed = (each["Id"] for each in rows(first_read)[:2])
    org.org.update("Contact", {changed: {"LastName": "Renamed"}})
    [made] = org.org.insert("Contact", [{"LastName": "New"}])
    with org.org.lock:
        org.org.writer.delete(org.org.object("Contact"), [removed])
    second = rows(source("read", catalog=catalog, state=[first_read["STATE"][-1]["state"]]))
    assert {each["Id"] for each in second} == {changed, removed, made}
    assert {each["Id"] for each in second if each["IsDeleted"]} == {removed}
