"""Requests to the org, and the tokens they carry, go to the configured host, whatever the org's answers name."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from connector.crm.backoff import Backoff
from connector.crm.bulk import Bulk
from connector.crm.errors import CallRefused
from connector.crm.salesforce import Salesforce
from connector.model.errors import CRMError, QueryFault
from connector.model.records import RecordQuery, RecordWrite
from tests.crm.double import Answer, Asked, OrgDouble

Connect = Callable[..., Salesforce]
JOB = "750000000000000001"
QUERY = "SELECT Id FROM Contact"


@pytest.fixture
def elsewhere() -> Iterator[OrgDouble]:
    """Another host, which takes whatever it is asked."""
    with OrgDouble() as other:
        other.answer = lambda _: Answer(200, {"done": True, "totalSize": 0, "records": [], "id": JOB, "state": "Open"})
        yield other


@pytest.fixture
def bulk(connect: Connect) -> Iterator[Bulk]:
    """A client that was made to follow redirects, which this one must not."""
    crm = connect()
    with httpx.Client(follow_redirects=True) as client:
        backoff = Backoff(tries=2, sleep=lambda _: None)
        yield Bulk(client, crm.login, crm.options, crm.usage, backoff=backoff, sleep=lambda _: None)


def untouched(other: OrgDouble) -> bool:
    """Whether nothing came there: no request, no login."""
    return not other.asked and not other.logins


LOADED = {"POST ingest": {"id": JOB, "state": "Open"}, f"PATCH ingest/{JOB}": {"id": JOB, "state": "UploadComplete"}}
CALLS: dict[str, Callable[[Bulk], Any]] = {
    "POST ingest": lambda bulk: list(bulk.load("Contact", "insert", [{"Name": "x"}], columns=("Name",))),
    f"PUT ingest/{JOB}/batches": lambda bulk: list(bulk.load("Contact", "insert", [{"Name": "x"}], columns=("Name",))),
    f"PATCH ingest/{JOB}": lambda bulk: list(bulk.load("Contact", "insert", [{"Name": "x"}], columns=("Name",))),
    f"GET ingest/{JOB}": lambda bulk: bulk.job(JOB),
    "POST query": lambda bulk: list(bulk.query(QUERY)),
}


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("operation", CALLS)
def test_no_bulk_request_follows_a_redirect(
    double: OrgDouble, elsewhere: OrgDouble, bulk: Bulk, operation: str, status: int
) -> None:
    """Whatever is asked, an answer that points to another host ends in a sentence, and nothing is sent there."""

    def answer(asked: Asked) -> Answer:
        made = f"{asked.method} {asked.path.partition('/jobs/')[2]}"
        if made == operation:
            return Answer(status, b"", (("Location", f"{elsewhere.url}{asked.path}"),))
        return Answer(200, LOADED.get(made, b""))

    double.answer = answer
    with pytest.raises(CRMError, match=rf"HTTP {status} .*Set base_url to the org's My Domain address"):
        CALLS[operation](bulk)
    assert untouched(elsewhere)


@pytest.mark.parametrize(
    "locator",
    [
        *("{other}/x", "//{host}/x", "/x//{host}", "x@{host}", "x?y=http:", "x&y=z", "x#y", "x\\y", "../../..//{host}"),
        "%2e%2e",
    ],
)
def test_a_locator_that_names_anything_but_a_place_is_refused(
    double: OrgDouble, elsewhere: OrgDouble, bulk: Bulk, locator: str
) -> None:
    """The next page of a bulk query's results is asked for by a mark of ours to read, never by an address."""
    told = locator.format(other=elsewhere.url, host=elsewhere.url.removeprefix("http://"))

    def answer(asked: Asked) -> Answer:
        if asked.path.endswith("/results"):
            return Answer(200, b"Id\n003\n", (("Sforce-Locator", told),))
        return Answer(200, {"id": JOB, "state": "JobComplete"})

    double.answer = answer
    with pytest.raises(QueryFault, match="tells a page of results that is none"):
        list(bulk.query(QUERY))
    assert len([asked for asked in double.asked if asked.path.endswith("/results")]) == 1
    assert untouched(elsewhere)


@pytest.mark.parametrize("locator", ["MTAwMDA", "MTAwMDA=", "2SD00000ABC-1_2.~", "ab/cd+e="])
def test_a_locator_of_the_org_s_own_is_followed(double: OrgDouble, bulk: Bulk, locator: str) -> None:
    """It arrives as it was told, whatever letters of base64 it is made of."""

    def answer(asked: Asked) -> Answer:
        if asked.path.endswith("/results"):
            following = "null" if asked.query.get("locator") else locator
            return Answer(200, b"Id\n003\n", (("Sforce-Locator", following),))
        return Answer(200, {"id": JOB, "state": "JobComplete"})

    double.answer = answer
    assert len(list(bulk.query(QUERY))) == 2
    assert double.asked[-1].query["locator"] == locator


@pytest.mark.parametrize("job_id", ["{other}/x", "//{host}", "../../../{host}", "750?x=1", "", None, 750])
@pytest.mark.parametrize("operation", ["POST ingest", "POST query"])
def test_a_job_s_id_that_is_none_is_refused(
    double: OrgDouble, elsewhere: OrgDouble, bulk: Bulk, operation: str, job_id: Any
) -> None:
    """A job is asked for by its id alone; what is none is not put into an address."""
    told = job_id
    if isinstance(job_id, str):
        told = job_id.format(other=elsewhere.url, host=elsewhere.url.removeprefix("http://"))
    double.answer = lambda _: Answer(200, {"id": told, "state": "Open"})
    with pytest.raises(CallRefused, match="tells the id of a bulk job that is none"):
        CALLS[operation](bulk)
    assert len(double.asked) == 1
    assert untouched(elsewhere)


@pytest.mark.parametrize("path", ["/services/data/v66.0/query/01g-2000", "", "//x"])
def test_the_next_page_of_a_query_is_asked_of_the_org_by_its_last_row(
    double: OrgDouble, elsewhere: OrgDouble, connect: Connect, path: str
) -> None:
    """`nextRecordsUrl` is not followed, to another host or to this one: pages go on after the last row."""
    pages = [
        {"done": False, "totalSize": 2, "nextRecordsUrl": f"{elsewhere.url}{path}", "records": [{"Id": "003A"}]},
        {"done": True, "totalSize": 1, "records": [{"Id": "003B"}]},
    ]
    double.answer = lambda _: Answer(200, pages.pop(0), (("Location", elsewhere.url),))
    read = [record["Id"] for page in connect().pages(RecordQuery("Contact", ("Id",))) for record in page.records]
    assert read == ["003A", "003B"]
    assert "Id > '003A'" in double.asked[1].query["q"]
    assert untouched(elsewhere)


@pytest.mark.parametrize("status", [201, 301, 302, 303, 307, 308])
def test_no_call_of_the_rest_api_follows_a_location(
    double: OrgDouble, elsewhere: OrgDouble, connect: Connect, status: int
) -> None:
    """Reads, writes and describes stay with the configured host; a redirect is refused with what to do."""
    double.answer = lambda _: Answer(status, [], (("Location", f"{elsewhere.url}/services/data/v66.0/query"),))
    crm = connect(tries=1)
    asked: tuple[Callable[[], object], ...] = (
        lambda: list(crm.pages(RecordQuery("Contact", ("Id",)))),
        lambda: crm.describe("Contact"),
        lambda: crm.write([RecordWrite("Contact", {"LastName": "x"}, record_id="003000000000001AAA")]),
    )
    for ask in asked:
        try:
            told = repr(ask())
        except CRMError as error:
            told = str(error)
        assert status == 201 or "My Domain" in told
    assert len(double.asked) >= len(asked)
    assert untouched(elsewhere)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_the_login_shows_its_secret_to_no_other_host(
    double: OrgDouble, elsewhere: OrgDouble, connect: Connect, status: int
) -> None:
    """A token endpoint that points elsewhere is a refused login, and the client's secret stays here."""
    double.grant = lambda asked: Answer(status, b"", (("Location", f"{elsewhere.url}{asked.path}"),))
    with pytest.raises(CRMError, match="refuses the login"):
        connect().org_id()
    assert double.logins == 1
    assert untouched(elsewhere)


def test_the_instance_a_login_names_is_not_gone_to(double: OrgDouble, elsewhere: OrgDouble, connect: Connect) -> None:
    """`instance_url` in the answer to a login changes nothing: base_url is what the operator wrote."""
    double.grant = lambda _: Answer(200, {"access_token": "t", "instance_url": elsewhere.url})
    double.answer = lambda _: Answer(200, {"done": True, "totalSize": 0, "records": []})
    assert list(connect().pages(RecordQuery("Contact", ("Id",)))) == []
    assert len(double.asked) == 1
    assert untouched(elsewhere)
