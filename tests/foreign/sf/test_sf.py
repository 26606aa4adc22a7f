"""Salesforce's own command line against the pretend org, and over the metadata package."""

import csv
import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from connector.sandbox.server import Sandbox

HERE = Path(__file__).parent
PACKAGE = HERE.parents[2] / "salesforce"
METADATA = {"m": "http://soap.sforce.com/2006/04/metadata"}
# Nothing is told to anybody, looked up or kept outside the test's own home.
QUIET = {
    "SF_DISABLE_TELEMETRY": "true",
    "SF_DISABLE_AUTOUPDATE": "true",
    "SF_SKIP_NEW_VERSION_CHECK": "true",
    "SF_DISABLE_LOG_FILE": "true",
    "SF_USE_GENERIC_UNIX_KEYCHAIN": "true",
    "SF_ORG_API_VERSION": "66.0",
}


@dataclass(frozen=True)
class CommandLine:
    """`sf` in a home of its own."""

    node: Path
    home: Path

    def __call__(self, *command: str, cwd: Path | None = None, status: int = 0, **environment: str) -> Any:
        """Run a command with --json and return its answer; `status` is how it must exit."""
        done = subprocess.run(
            [self.node, HERE / "node_modules/@salesforce/cli/bin/run.js", *command, "--json"],
            check=False,
            cwd=cwd or self.home,
            env=self._environment(environment),
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == status, done.stdout + done.stderr
        return json.loads(done.stdout)

    def _environment(self, more: Mapping[str, str]) -> dict[str, str]:
        # A shell's own settings must not reach it.
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("SF_", "SFDX_"))}
        return {**kept, **QUIET, "HOME": str(self.home), **more}


@pytest.fixture(scope="module")
def offline(node: Path, tmp_path_factory: pytest.TempPathFactory) -> CommandLine:
    """`sf` that has not logged in."""
    return CommandLine(node, tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def sf(offline: CommandLine, world: Sandbox) -> CommandLine:
    """`sf`, logged in to the pretend org by an access token, with the org as its default."""
    login = ["org", "login", "access-token", "--instance-url", world.org_url, "--set-default", "--no-prompt"]
    answer = offline(*login, SF_ACCESS_TOKEN=world.org.tokens.issue())
    assert answer["result"]["orgId"] == world.org.organization
    assert answer["result"]["username"] == "integration@sandbox.example"
    return offline


def written(path: Path, rows: list[dict[str, str]]) -> str:
    """The name of a CSV file of rows."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return str(path)


def held(world: Sandbox, prefix: str) -> list[str]:
    """The last names of the contacts whose key begins so, in the keys' order."""
    soql = f"SELECT LastName FROM Contact WHERE External_Id__c LIKE '{prefix}%' ORDER BY External_Id__c"  # noqa: S608 - a key of this file
    return [str(each["LastName"]) for each in world.org.query(soql)]


def test_shows_the_org_it_is_logged_in_to(sf: CommandLine, world: Sandbox) -> None:
    """After a login by access token the org is connected."""
    shown = sf("org", "display")["result"]
    assert (shown["id"], shown["connectedStatus"]) == (world.org.organization, "Connected")


def test_describes_an_object(sf: CommandLine) -> None:
    """Describe shows the custom object with its fields as the package defines them."""
    described = sf("sobject", "describe", "--sobject", "SMS_Message__c")["result"]
    fields = {each["name"]: each for each in described["fields"]}
    assert described["keyPrefix"]
    assert (fields["Status__c"]["type"], fields["Status__c"]["restrictedPicklist"]) == ("picklist", True)
    assert fields["Contact__c"]["referenceTo"] == ["Contact"]


def test_reads_more_than_a_page(sf: CommandLine, world: Sandbox) -> None:
    """A query of over 2,000 rows comes whole."""
    answer = sf("data", "query", "--query", "SELECT Id, LastName, Account.Name FROM Contact ORDER BY Id")["result"]
    total = len(world.org.rows("Contact"))
    assert total > 2000
    assert (answer["totalSize"], answer["done"]) == (total, True)
    assert len({each["Id"] for each in answer["records"]}) == total


def test_writes_one_record(sf: CommandLine, world: Sandbox) -> None:
    """A record is created, changed, read and deleted by its key."""
    key = "External_Id__c=sf-one"
    contact = ("--sobject", "Contact")
    created = sf("data", "create", "record", *contact, "--values", f"LastName=Doe FirstName='Jane Q.' {key}")["result"]
    assert created["success"] is True
    assert sf("data", "update", "record", *contact, "--where", key, "--values", "Title=Lead")["result"]["success"]
    read = sf("data", "get", "record", *contact, "--where", key)["result"]
    assert (read["Id"], read["FirstName"], read["Title"]) == (created["id"], "Jane Q.", "Lead")
    sf("data", "delete", "record", *contact, "--where", key)
    assert held(world, "sf-one") == []


def test_writes_a_collection(sf: CommandLine, world: Sandbox, tmp_path: Path) -> None:
    """200 records go in by one call, and by one call the same 200 are upserted."""
    body = tmp_path / "collection.json"
    for name, method, resource, created in (
        ("First", "POST", "composite/sobjects", None),
        ("Second", "PATCH", "composite/sobjects/Contact/External_Id__c", False),
    ):
        records = [
            {"attributes": {"type": "Contact"}, "LastName": f"{name} {n:03}", "External_Id__c": f"sf-call-{n:03}"}
            for n in range(200)
        ]
        body.write_text(json.dumps({"allOrNone": False, "records": records}), encoding="utf-8")
        address = f"/services/data/v66.0/{resource}"
        answer = sf("api", "request", "rest", address, "--method", method, "--body", f"@{body}")["result"]
        results = answer["body"]
        assert (answer["statusCode"], len(results)) == (200, 200)
        assert all(each["success"] and each.get("created") is created for each in results)
        assert held(world, "sf-call-") == [f"{name} {n:03}" for n in range(200)]


def test_imports_in_bulk(sf: CommandLine, world: Sandbox, tmp_path: Path) -> None:
    """A bulk import of awkward CSV ends with every row in, as it was written."""
    rows = [{"LastName": f'Peña, "{n}"', "External_Id__c": f"sf-import-{n:03}"} for n in range(300)]
    file = written(tmp_path / "import.csv", rows)
    done = sf("data", "import", "bulk", "--sobject", "Contact", "--file", file, "--line-ending", "LF", "--wait", "1")
    assert (done["result"]["processedRecords"], done["result"]["failedRecords"]) == (300, 0)
    assert held(world, "sf-import-") == [row["LastName"] for row in rows]


def test_upserts_in_bulk(sf: CommandLine, world: Sandbox, tmp_path: Path) -> None:
    """A bulk upsert by external id updates what is there and creates the rest."""
    world.org.insert("Contact", [{"LastName": "Old", "External_Id__c": "sf-upsert-0"}])
    file = written(tmp_path / "upsert.csv", [{"LastName": "New", "External_Id__c": f"sf-upsert-{n}"} for n in range(3)])
    command = ["data", "upsert", "bulk", "--sobject", "Contact", "--file", file, "--external-id", "External_Id__c"]
    done = sf(*command, "--line-ending", "LF", "--wait", "1")["result"]
    assert [each["sf__Created"] for each in done["records"]["successfulResults"]] == ["false", "true", "true"]
    assert held(world, "sf-upsert-") == ["New"] * 3


def test_is_told_that_a_bulk_row_failed(sf: CommandLine, world: Sandbox, tmp_path: Path) -> None:
    """A job with a failed row fails the command; the good row stays."""
    rows = [
        {"LastName": "Good", "External_Id__c": "sf-fails-1"},
        {"LastName": "x" * 81, "External_Id__c": "sf-fails-2"},
    ]
    file = written(tmp_path / "fails.csv", rows)
    command = ["data", "upsert", "bulk", "--sobject", "Contact", "--file", file, "--external-id", "External_Id__c"]
    failed = sf(*command, "--line-ending", "LF", "--wait", "1", status=1)
    assert (failed["name"], failed["data"]["state"]) == ("FailedRecordDetailsError", "JobComplete")
    assert held(world, "sf-fails-") == ["Good"]


def test_exports_in_bulk(sf: CommandLine, world: Sandbox, tmp_path: Path) -> None:
    """A bulk query writes every row to a file."""
    file = tmp_path / "export.csv"
    command = ["data", "export", "bulk", "--query", "SELECT Id, LastName FROM Contact", "--output-file", str(file)]
    total = len(world.org.rows("Contact"))
    assert sf(*command, "--wait", "1")["result"]["totalSize"] == total
    with file.open(encoding="utf-8", newline="") as lines:
        assert len({row["Id"] for row in csv.DictReader(lines)}) == total


@pytest.mark.parametrize(
    ("command", "code", "said"),
    [
        (("data", "query", "--query", "SELECT Nowhere__c FROM Contact"), "INVALID_FIELD", "No such column"),
        (("data", "create", "record", "-s", "Contact", "-v", "FirstName=A"), "REQUIRED_FIELD_MISSING", "[LastName]"),
        (
            ("data", "create", "record", "-s", "Contact", "-v", "LastName=A External_Id__c=contact-000001"),
            "DUPLICATE_VALUE",
            "duplicate value found",
        ),
    ],
)
def test_is_told_each_error(sf: CommandLine, command: tuple[str, ...], code: str, said: str) -> None:
    """A refusal ends the command with Salesforce's code and sentence."""
    refused = sf(*command, status=1)
    assert refused["name"] == code
    assert said in refused["message"]


def test_converts_the_metadata_package(offline: CommandLine, tmp_path: Path) -> None:
    """The package of `salesforce/` is well-formed source: converted, it deploys every field, rule and permission."""
    source = shutil.copytree(PACKAGE, tmp_path / "source")
    offline("project", "convert", "source", "--output-dir", str(tmp_path / "converted"), cwd=source)
    manifest = ElementTree.parse(tmp_path / "converted" / "package.xml").getroot()  # noqa: S314 - sf has just written it
    members = {
        types.findtext("m:name", "", METADATA): [each.text for each in types.findall("m:members", METADATA)]
        for types in manifest.findall("m:types", METADATA)
    }
    objects = PACKAGE / "force-app/main/default/objects"
    assert sorted(members["CustomField"], key=str) == sorted(
        f"{path.parts[-3]}.{path.name.removesuffix('.field-meta.xml')}" for path in objects.glob("*/fields/*.xml")
    )
    assert members["CustomObject"] == ["SMS_Message__c"]
    assert members["ValidationRule"] == ["SMS_Message__c.Claim_Is_Held"]
    assert members["PermissionSet"] == ["SMS_Connector"]
