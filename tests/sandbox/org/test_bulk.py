import csv
import io
import time

import pytest


def table(response):
    assert response.status_code == 200
    return list(csv.reader(io.StringIO(response.content.decode("utf-8"), newline="")))


def wait(client, address, *states):
    deadline = time.monotonic() + 20
    while (job := client("GET", address).json())["state"] not in states:
        assert time.monotonic() < deadline, job
        time.sleep(0.005)
    return job


def ingest(client, body, operation="insert", kind="Contact", **more):
    job = client("POST", "/jobs/ingest", {"object": kind, "operation": operation, "contentType": "CSV", **more}).json()
    address = f"/jobs/ingest/{job['id']}"
    assert job["state"] == "Open"
    assert client("PUT", f"{address}/batches", content=body, headers={"Content-Type": "text/csv"}).status_code == 201
    assert client("PATCH", address, {"state": "UploadComplete"}).json()["state"] == "UploadComplete"
    return address


def test_ingest_tells_good_rows_from_bad(client):
    """A job completes though rows fail, and each row is in exactly one result, with its cells."""
    body = 'LastName,FirstName,Description\n"Núñez, A",Ana,"two\nlines"\n,Ben,\nLee,,\nshort\n'
    address = ingest(client, body.encode())
    job = wait(client, address, "JobComplete", "Failed")
    assert (job["state"], job["numberRecordsProcessed"], job["numberRecordsFailed"]) == ("JobComplete", 4, 2)
    header, *good = table(client("GET", f"{address}/successfulResults"))
    assert header == ["sf__Id", "sf__Created", "LastName", "FirstName", "Description"]
    assert [row[1:] for row in good] == [["true", "Núñez, A", "Ana", "two\nlines"], ["true", "Lee", "", ""]]
    assert client("GET", f"/sobjects/Contact/{good[0][0]}").json()["Description"] == "two\nlines"
    header, *bad = table(client("GET", f"{address}/failedResults"))
    assert header[:2] == ["sf__Id", "sf__Error"]
    assert bad[0][1].startswith("REQUIRED_FIELD_MISSING:Required fields are missing: [LastName]:LastName")
    assert bad[1][1].startswith("INVALID_CSV_ROW")
    assert table(client("GET", f"{address}/unprocessedrecords")) == [["LastName", "FirstName", "Description"]]
    assert client("DELETE", address).status_code == 204
    assert client.refused("GET", address) == (404, "NOT_FOUND")


def test_an_empty_cell_changes_nothing_and_na_empties(client, sandbox):
    """Update by id: empty means unchanged, #N/A means null, a wrong cell fails its row alone."""
    one, two = sandbox.org.insert("SMS_Message__c", [{"Body__c": "a", "Sender__c": "s", "Priority__c": 1}] * 2)
    body = f"Id,Body__c,Sender__c,Priority__c\n{one},,#N/A,2\n{two},b,,high\n"
    address = ingest(client, body.encode(), "update", "SMS_Message__c")
    assert wait(client, address, "JobComplete")["numberRecordsFailed"] == 1
    first, second = sandbox.org.rows("SMS_Message__c")
    assert (first["Body__c"], first["Sender__c"], first["Priority__c"]) == ("a", None, 2.0)
    assert (second["Body__c"], second["Priority__c"]) == ("a", 1.0)


def test_upsert_and_delete_in_bulk(client, sandbox):
    """Upsert by external id says what it created; lookups may name a parent's external id; delete takes ids."""
    [contact] = sandbox.org.insert("Contact", [{"LastName": "A", "External_Id__c": "c1"}])
    body = b"SMS_External_Id__c,Subject,Who.External_Id__c\nk1,x,c1\nk2,y,c1\nk1,z,\n"
    address = ingest(client, body, "upsert", "Task", externalIdFieldName="SMS_External_Id__c")
    assert wait(client, address, "JobComplete")["numberRecordsFailed"] == 1
    assert {row["WhoId"] for row in sandbox.org.rows("Task")} == {contact}
    ids = "Id\n" + "\n".join(row["Id"] for row in sandbox.org.rows("Task"))
    wait(client, ingest(client, ids.encode(), "delete", "Task"), "JobComplete")
    assert sandbox.org.rows("Task") == []


def test_a_column_that_is_no_field_fails_the_job(client):
    """The job is Failed with a message, and its rows are unprocessed."""
    address = ingest(client, b"LastName,Nothing__c\nA,1\nB,2\n")
    job = wait(client, address, "Failed")
    assert "Nothing__c" in job["errorMessage"]
    assert table(client("GET", f"{address}/unprocessedrecords"))[1:] == [["A", "1"], ["B", "2"]]


def test_delimiters_and_line_endings_are_the_jobs_own(client):
    """Semicolons and CRLF in, the same out."""
    address = ingest(client, b"LastName;FirstName\r\nA;B\r\n", columnDelimiter="SEMICOLON", lineEnding="CRLF")
    wait(client, address, "JobComplete")
    content = client("GET", f"{address}/successfulResults").content
    assert content.startswith(b'"sf__Id";"sf__Created";"LastName";"FirstName"\r\n')


@pytest.mark.parametrize(
    "job",
    [
        {"object": "Nothing__c", "operation": "insert"},
        {"object": "Contact", "operation": "guess"},
        {"object": "Contact", "operation": "upsert", "externalIdFieldName": "LastName"},
        {"object": "Contact", "operation": "insert", "contentType": "XML"},
        {"object": "Contact", "operation": "insert", "columnDelimiter": "STAR"},
    ],
)
def test_a_job_that_cannot_be_is_refused(client, job):
    """400 INVALIDJOB."""
    assert client.refused("POST", "/jobs/ingest", job) == (400, "INVALIDJOB")


def test_a_job_moves_only_along_its_states(client):
    """Data comes once and while the job is open; an aborted job stays aborted and keeps its rows unprocessed."""
    job = client("POST", "/jobs/ingest", {"object": "Contact", "operation": "insert"}).json()
    address = f"/jobs/ingest/{job['id']}"
    client("PUT", f"{address}/batches", content=b"LastName\nA\n")
    assert client.refused("PUT", f"{address}/batches", content=b"LastName\nA\n") == (400, "INVALIDJOBSTATE")
    assert client("PATCH", address, {"state": "Aborted"}).json()["state"] == "Aborted"
    assert client.refused("PATCH", address, {"state": "UploadComplete"}) == (400, "INVALIDJOBSTATE")
    assert table(client("GET", f"{address}/unprocessedrecords")) == [["LastName"], ["A"]]
    assert [each["id"] for each in client("GET", "/jobs/ingest").json()["records"]] == [job["id"]]


def test_a_query_job_answers_in_pages_by_locator(client, sandbox):
    """Each page names the next by Sforce-Locator; the last says null; text is UTF-8 and null is empty."""
    names = [f"Ñ{number}" for number in range(5)]
    sandbox.org.insert("Contact", [{"LastName": name} for name in names])
    soql = "SELECT LastName, Account.Name, DoNotCall, Id FROM Contact ORDER BY LastName"
    job = client("POST", "/jobs/query", {"operation": "query", "query": soql}).json()
    address = f"/jobs/query/{job['id']}"
    assert wait(client, address, "JobComplete")["numberRecordsProcessed"] == 5
    found, locator = [], ""
    while locator != "null":
        params = {"maxRecords": 2, **({"locator": locator} if locator else {})}
        response = client("GET", f"{address}/results", params=params)
        assert "charset" not in response.headers["Content-Type"]
        header, *rows = table(response)
        assert header == ["LastName", "Account.Name", "DoNotCall", "Id"]
        assert int(response.headers["Sforce-NumberOfRecords"]) == len(rows)
        found += rows
        locator = response.headers["Sforce-Locator"]
    assert [row[:3] for row in found] == [[name, "", "false"] for name in names]
    assert client.refused("PATCH", address, {"state": "Aborted"}) == (400, "INVALIDJOBSTATE")
    assert client("DELETE", address).status_code == 204


@pytest.mark.parametrize(
    ("soql", "code"),
    [
        ("SELECT COUNT() FROM Contact", "API_ERROR"),
        ("SELECT Id, (SELECT Id FROM Tasks) FROM Contact", "API_ERROR"),
        ("SELECT Nothing__c FROM Contact", "INVALID_FIELD"),
        ("SELECT", "MALFORMED_QUERY"),
    ],
)
def test_a_query_that_bulk_cannot_run_is_refused(client, soql, code):
    """Aggregates, subqueries and mistakes are refused when the job is made."""
    assert client.refused("POST", "/jobs/query", {"operation": "query", "query": soql}) == (400, code)
