"""The Python client that the connector wraps, itself, against the sandbox."""

from urllib.parse import urlsplit, urlunsplit

import pytest
import requests
from requests.adapters import HTTPAdapter
from simple_salesforce import Salesforce
from simple_salesforce.exceptions import (
    SalesforceAuthenticationFailed,
    SalesforceMalformedRequest,
    SalesforceResourceNotFound,
)


class Loopback(HTTPAdapter):
    """Sends whatever is meant for https to the sandbox's plain http: the client knows nothing else."""

    def __init__(self, sandbox):
        super().__init__()
        self.host = sandbox.org_url.removeprefix("http://")

    def send(self, request, **more):
        request.url = urlunsplit(urlsplit(request.url)._replace(scheme="http", netloc=self.host))
        return super().send(request, **more)


@pytest.fixture
def salesforce(sandbox):
    """A client that logged in by itself, with the client's credentials."""
    with requests.Session() as session:
        session.mount("https://", Loopback(sandbox))
        yield Salesforce(
            consumer_key="sandbox", consumer_secret="sandbox", domain="sandbox.my", session=session, version="66.0"
        )


def test_its_own_login_refuses_a_wrong_secret(sandbox):
    """The OAuth error comes through."""
    with requests.Session() as session, pytest.raises(SalesforceAuthenticationFailed, match="invalid_client"):
        session.mount("https://", Loopback(sandbox))
        Salesforce(consumer_key="sandbox", consumer_secret="wrong", domain="sandbox.my", session=session)


def test_it_reads_every_page(sandbox, salesforce):
    """query_all follows nextRecordsUrl to the end, with relationship fields."""
    ids = sandbox.org.insert("Contact", [{"LastName": f"L{number}"} for number in range(4100)])
    sandbox.org.insert("SMS_Message__c", [{"Contact__c": each, "Status__c": "Queued"} for each in ids])
    answer = salesforce.query_all("SELECT Id, Contact__r.LastName FROM SMS_Message__c ORDER BY Id")
    assert answer["totalSize"] == 4100
    assert [each["Contact__r"]["LastName"] for each in answer["records"]] == [f"L{number}" for number in range(4100)]


def test_it_describes_creates_updates_upserts_and_deletes(salesforce):
    """Each call of its sobject type does its work."""
    assert salesforce.describe()["maxBatchSize"] == 200
    assert {"Id", "WhoId"} < {field["name"] for field in salesforce.Task.describe()["fields"]}
    made = salesforce.Contact.create({"LastName": "Núñez"})
    assert made["success"]
    assert salesforce.Contact.update(made["id"], {"FirstName": "Ana"}) == 204
    assert salesforce.Task.upsert("SMS_External_Id__c/nrs%2F1", {"WhoId": made["id"], "Subject": "x"}) == 201
    assert salesforce.Task.upsert("SMS_External_Id__c/nrs%2F1", {"Subject": "y"}) == 200
    assert salesforce.Task.get_by_custom_id("SMS_External_Id__c", "nrs/1")["Subject"] == "y"
    assert salesforce.Contact.delete(made["id"]) == 204
    assert salesforce.api_usage["api-usage"].used > 0


def test_it_sends_collections(salesforce):
    """restful() carries a collection and its results."""
    rows = [{"attributes": {"type": "Contact"}, "LastName": "A"}, {"attributes": {"type": "Contact"}}]
    results = salesforce.restful("composite/sobjects", method="POST", json={"records": rows})
    assert [each["success"] for each in results] == [True, False]


def test_it_understands_the_errors(salesforce):
    """Its own exceptions carry the org's errors."""
    with pytest.raises(SalesforceMalformedRequest, match="INVALID_FIELD"):
        salesforce.query("SELECT Nothing__c FROM Contact")
    with pytest.raises(SalesforceResourceNotFound, match="NOT_FOUND"):
        salesforce.Contact.get("003000000000001AAA")


def test_it_logs_in_again_when_its_session_has_ended(sandbox, salesforce):
    """INVALID_SESSION_ID is what it refreshes on."""
    sandbox.org.tokens.expire_all()
    assert salesforce.query("SELECT Id FROM Contact")["done"]
    assert sandbox.org.tokens.issued == 2


def test_its_bulk_client_inserts_and_queries(salesforce):
    """bulk2 runs a job to its end and reads the results."""
    [outcome] = salesforce.bulk2.Contact.insert(records=[{"LastName": "A"}, {"LastName": "B"}], wait=0)
    assert (outcome["numberRecordsProcessed"], outcome["numberRecordsFailed"]) == (2, 0)
    [page] = salesforce.bulk2.Contact.query("SELECT LastName FROM Contact ORDER BY LastName", wait=0)
    assert page.split() == ['"LastName"', '"A"', '"B"']
