"""The Salesforce adapter keeps the contract, against the pretend org over real connections."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from connector.crm.backoff import Backoff
from connector.crm.bulk import Bulk
from connector.crm.options import SalesforceOptions
from connector.crm.salesforce import Salesforce
from connector.model.records import RecordQuery
from connector.sandbox.server import Sandbox
from tests.crm.contract import CRMContract, message


class SandboxOrg:
    """The pretend org as the contract looks into it."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._http = httpx.Client(base_url=sandbox.org_url)

    def insert(self, name: str, rows: Sequence[Mapping[str, Any]]) -> list[str]:
        return self._sandbox.org.insert(name, rows)

    def rows(self, name: str) -> list[dict[str, Any]]:
        return self._sandbox.org.rows(name)

    def delete(self, name: str, record_ids: Sequence[str]) -> None:
        form = {"grant_type": "client_credentials", "client_id": "sandbox", "client_secret": "sandbox"}
        token = self._http.post("/services/oauth2/token", data=form).json()["access_token"]
        for record_id in record_ids:
            path = f"/services/data/v66.0/sobjects/{name}/{record_id}"
            self._http.delete(path, headers={"Authorization": f"Bearer {token}"}).raise_for_status()

    def expire_sessions(self) -> None:
        self._http.post("/sandbox/expire_tokens").raise_for_status()

    def fault(self, **rule: Any) -> None:
        self._sandbox.faults.add({"target": "org", "operation": "* /composite/sobjects*", **rule})

    def faults_met(self) -> int:
        return len(self._sandbox.faults.log)

    def close(self) -> None:
        self._http.close()


@pytest.fixture(scope="module")
def running() -> Iterator[Sandbox]:
    with Sandbox(org_port=0, providers_port=0, seed=1) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(running: Sandbox) -> Sandbox:
    """The sandbox, emptied."""
    running.reset()
    running.faults.reset()
    return running


@pytest.fixture
def org(sandbox: Sandbox) -> Iterator[SandboxOrg]:
    live = SandboxOrg(sandbox)
    yield live
    live.close()


@pytest.fixture
def connect(sandbox: Sandbox) -> Iterator[Callable[..., Salesforce]]:
    made: list[Salesforce] = []

    def connected(**options: Any) -> Salesforce:
        settings = {"base_url": sandbox.org_url, "client_id": "sandbox", "client_secret": "sandbox", **options}
        backoff = Backoff(tries=4, first=0.01)
        made.append(
            Salesforce(SalesforceOptions.model_validate(settings), clock=lambda: datetime.now(UTC), backoff=backoff)
        )
        return made[-1]

    yield connected
    for each in made:
        each.close()


@pytest.fixture
def crm(connect: Callable[..., Salesforce]) -> Salesforce:
    return connect()


@pytest.fixture
def another(connect: Callable[..., Salesforce]) -> Salesforce:
    return connect()


class TestSalesforce(CRMContract):
    """Declares; the suite is the contract's."""


def test_limits_are_told(crm: Salesforce) -> None:
    """The day's requests are among the org's limits, as a maximum and what remains."""
    daily = crm.limits()["DailyApiRequests"]
    assert 0 < daily["Remaining"] <= daily["Max"]


def test_a_bulk_load_and_a_bulk_query(crm: Salesforce, org: SandboxOrg) -> None:
    """Rows go in as a job, one refused among them, and come out again with their alphabet and line breaks."""
    body = 'Größe, "x"\nzweite Zeile €'
    rows = [{"External_Id__c": f"e{n}", "Body__c": body, "Priority__c": n} for n in range(50)]
    rows.append({"External_Id__c": "bad", "Status__c": "Flying"})
    columns = ("External_Id__c", "Body__c", "Priority__c", "Status__c")
    with httpx.Client() as client:
        bulk = Bulk(client, crm.login, crm.options, crm.usage, sleep=lambda _: time.sleep(0.01))
        [job] = bulk.load("SMS_Message__c", "upsert", rows, columns=columns, external_id="External_Id__c")
        assert (job.state, job.failed) == ("JobComplete", 1)
        assert len(list(bulk.successful(job))) == 50
        [bad] = bulk.failed(job)
        assert bad["External_Id__c"] == "bad"
        assert bad["sf__Error"].startswith("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST")
        assert list(bulk.unprocessed(job)) == []
        used = crm.budget().used
        read = list(
            bulk.query("SELECT External_Id__c, Body__c FROM SMS_Message__c ORDER BY External_Id__c", page_rows=20)
        )
    assert len(read) == len(org.rows("SMS_Message__c")) == 50
    assert {row["Body__c"] for row in read} == {body}
    assert crm.budget().used - used >= 3


def test_the_jwt_flow_logs_in(connect: Callable[..., Salesforce], sandbox: Sandbox) -> None:
    """A signed assertion gets a session that reads."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    form = serialization.PrivateFormat.PKCS8
    pem = key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()
    crm = connect(
        flow="jwt_bearer", client_secret=None, username="me@acme.org", private_key=pem, login_url=sandbox.org_url
    )
    assert list(crm.pages(RecordQuery("Contact", ("Id",)))) == []
    assert len(crm.org_id()) == 18


def test_a_whole_page_is_cheap(crm: Salesforce, org: SandboxOrg) -> None:
    """Two thousand records come in one call."""
    org.insert("SMS_Message__c", [message(n) for n in range(2500)])
    crm.org_id()
    before = crm.calls()
    pages = list(crm.pages(RecordQuery("SMS_Message__c", ("Id", "Body__c"))))
    assert [len(page.records) for page in pages] == [2000, 500]
    assert crm.calls() - before == 2
