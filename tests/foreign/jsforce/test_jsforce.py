"""jsforce against the pretend org: what a program that uses it would do, and what it is told."""

import functools
import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from connector.sandbox.server import Sandbox

HERE = Path(__file__).parent
Play = Callable[[str], Any]


@pytest.fixture(scope="module")
def play(world: Sandbox, node: Path) -> Play:
    """Runs a scenario of client.mjs once and returns what it printed."""

    @functools.cache
    def run(scenario: str) -> Any:
        environment = {**os.environ, "ORG_URL": world.org_url}
        done = subprocess.run(
            [node, "client.mjs", scenario],
            check=False,
            cwd=HERE,
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


def test_logs_in_with_client_credentials(play: Play, world: Sandbox) -> None:
    """A client logs in by its id and secret, learns who it is, and with a wrong secret is told so."""
    seen = play("login")
    assert seen["instanceUrl"] == world.org_url
    assert seen["user"]["id"] == seen["identity"]["user_id"] == world.org.user
    assert seen["user"]["organizationId"] == seen["identity"]["organization_id"] == world.org.organization
    assert seen["newest"] == "66.0"
    assert seen["refused"]["name"] == "invalid_client"


def test_refreshes_an_expired_session(play: Play) -> None:
    """An expired access token is renewed once by the refresh token, and without one the refusal is a session's."""
    seen = play("refresh")
    assert (seen["totalSize"], seen["refreshed"], seen["kept"]) == (1, 1, True)
    assert seen["refused"]["errorCode"] == "INVALID_SESSION_ID"


def test_describes_the_org(play: Play) -> None:
    """Describe tells the standard and the custom objects, each field's type and limits, and the relationships."""
    seen = play("describe")
    assert {"Account", "Contact", "Lead", "Task", "CampaignMember", "SMS_Message__c"} <= set(seen["objects"])
    assert len(set(seen["keyPrefixes"])) == len(seen["objects"])
    assert seen["message"]["custom"] is True
    assert {"Id", "Status__c", "Body__c", "Contact__c"} <= set(seen["message"]["fields"])
    assert seen["status"]["type"] == "picklist"
    assert "Queued" in [each["value"] for each in seen["status"]["picklistValues"]]
    assert (seen["key"]["externalId"], seen["key"]["unique"], seen["key"]["idLookup"]) == (True, True, True)
    assert (seen["lastName"]["nillable"], seen["lastName"]["length"]) == (False, 80)
    assert (seen["account"]["referenceTo"], seen["account"]["relationshipName"]) == (["Account"], "Account")
    assert "SMS_Message__c.Contact__c" in seen["children"]


def test_reads_more_than_a_page(play: Play, world: Sandbox) -> None:
    """A query of over 2,000 rows comes in pages that jsforce follows to the end, with no row lost or doubled."""
    total = len(world.org.rows("Contact"))
    seen = play("query")
    assert total > 2000
    assert (seen["totalSize"], seen["firstPage"], seen["done"]) == (total, 2000, False)
    assert (seen["fetched"], seen["distinct"], seen["counted"]) == (total, total, total)
    assert seen["type"] == "Contact"
    assert len(seen["names"]) == 5
    assert all("a" in each.lower() or "á" in each.lower() for each in seen["names"])


def test_writes_collections_of_two_hundred(play: Play) -> None:
    """200 records go in, change and go out in a call each; every record has a result of its own."""
    seen = play("collections")
    for kind in ("created", "updated", "deleted"):
        assert len(seen[kind]) == 200
        assert all(each["success"] and not each["errors"] for each in seen[kind])
    assert seen["firstNames"] == [f"Number {index}" for index in range(200)]
    assert seen["retrieved"] == ["Collected 0", "Collected 1", "Collected 2"]
    assert seen["left"] == 0


def test_tells_the_failed_record_of_a_collection(play: Play) -> None:
    """Beside a good record a bad one fails alone; with allOrNone neither stays."""
    seen = play("collections")
    assert [each["success"] for each in seen["mixed"]] == [True, False]
    assert seen["mixed"][1]["errors"][0]["statusCode"] == "REQUIRED_FIELD_MISSING"
    assert seen["mixed"][1]["errors"][0]["fields"] == ["LastName"]
    codes = [each["errors"][0]["statusCode"] for each in seen["undone"]]
    assert codes == ["ALL_OR_NONE_OPERATION_ROLLED_BACK", "REQUIRED_FIELD_MISSING"]
    assert seen["undoneLeft"] == 0


def test_upserts_by_external_id(play: Play) -> None:
    """The same key inserts once and then updates, alone and among 200, for contacts and for activities."""
    seen = play("upsert")
    assert (seen["inserted"]["created"], seen["updated"]["created"]) == (True, False)
    assert seen["inserted"]["id"] == seen["updated"]["id"] == seen["many"][0]["id"] == seen["read"]["Id"]
    assert seen["read"]["LastName"] == "Many"
    assert [each["created"] for each in seen["many"]] == [False] + [True] * 199
    assert [each["created"] for each in seen["activities"]] == [True, False]


def test_bulk_ingests_and_queries(play: Play) -> None:
    """Bulk 2.0 takes 2,500 rows of awkward CSV, gives back each row's outcome, and reads them as they were."""
    seen = play("bulk")
    assert (seen["inserted"], seen["unprocessed"], seen["queried"]) == (2499, 0, 2499)
    assert seen["name"] == 'Núñez, "8"\nJr.'
    assert len(seen["failed"]) == 1
    assert seen["failed"][0]["sf__Error"].startswith("STRING_TOO_LONG:")
    assert seen["failed"][0]["External_Id__c"] == "jsforce-bulk-too-long"
    assert sorted(seen["created"]) == ["false", "true"]
    assert (seen["removed"], seen["left"]) == (2499, 1)
    assert seen["refused"]["errorCode"] == "INVALIDJOB"


def test_tells_each_error_in_its_own_words(play: Play) -> None:
    """Each kind of refusal reaches the client with its code, its sentence and the fields it is about."""
    seen = play("errors")
    codes = {name: error["errorCode"] for name, error in seen.items() if name != "holder"}
    assert codes == {
        "unknownColumn": "INVALID_FIELD",
        "unknownField": "INVALID_FIELD",
        "duplicate": "DUPLICATE_VALUE",
        "missing": "REQUIRED_FIELD_MISSING",
        "tooLong": "STRING_TOO_LONG",
        "wrongType": "JSON_PARSER_ERROR",
        "malformed": "MALFORMED_QUERY",
        "gone": "NOT_FOUND",
        "noObject": "NOT_FOUND",
    }
    assert "Nowhere__c" in seen["unknownColumn"]["message"]
    assert seen["missing"]["message"] == "Required fields are missing: [LastName]"
    assert seen["missing"]["fields"] == ["LastName"]
    assert seen["tooLong"]["fields"] == ["LastName"]
    assert seen["duplicate"]["fields"] == []
    assert [seen[each]["fields"] for each in ("unknownColumn", "unknownField", "malformed")] == [None, None, None]
    assert seen["holder"][:15] in seen["duplicate"]["message"]
