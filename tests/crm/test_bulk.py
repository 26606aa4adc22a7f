"""Bulk API 2.0 by our own client: the sixth fault of simple-salesforce, and what a job can do to its rows."""

from collections.abc import Callable, Iterator
from io import StringIO
from typing import Any
from urllib.parse import unquote

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.crm.backoff import Backoff
from connector.crm.bulk import Bulk
from connector.crm.bulk_csv import csv_pieces, csv_rows
from connector.crm.salesforce import Salesforce
from connector.model.errors import Passing, QueryFault
from tests.crm.double import Answer, Asked, OrgDouble, refused

Connect = Callable[..., Salesforce]
JOBS = "/services/data/v66.0/jobs/"


class PretendJobs:
    """Ingest and query jobs that end as the test wants."""

    def __init__(self) -> None:
        self.uploads: list[bytes] = []
        self.made: list[dict[str, Any]] = []
        self.states = ["InProgress", "JobComplete"]
        self.closed = 0
        self.troubles: dict[str, list[Answer]] = {}
        self.results: dict[str, bytes] = {}
        self.pages: list[tuple[bytes, str]] = []

    def __call__(self, asked: Asked) -> Answer:
        path = asked.path.removeprefix(JOBS)
        operation = f"{asked.method} {path.split('/')[0]}{'/'.join(['', *path.split('/')[2:]])}"
        trouble = self.troubles.get(operation)
        if trouble:
            return trouble.pop(0)
        if asked.method == "POST":
            self.made.append(asked.json())
            return Answer(200, {"id": f"750{len(self.made):015d}", "state": "Open"})
        if asked.method == "PUT":
            self.uploads.append(asked.body)
            return Answer(201)
        if asked.method == "PATCH":
            self.closed += 1
            return Answer(200, {"id": path.split("/")[1], "state": "UploadComplete"})
        if path.endswith("/results"):
            content, locator = self.pages[int(asked.query.get("locator") or 0)]
            return Answer(200, content, (("Sforce-Locator", locator), ("Content-Type", "text/csv")))
        last = path.rstrip("/").rsplit("/", 1)[1]
        if last in self.results:
            return Answer(200, self.results[last], (("Content-Type", "text/csv"),))
        state = self.states.pop(0) if len(self.states) > 1 else self.states[0]
        return Answer(200, {"id": path.split("/")[1], "state": state, "numberRecordsFailed": 1, "errorMessage": "why"})


@pytest.fixture
def jobs(double: OrgDouble) -> PretendJobs:
    double.answer = pretend = PretendJobs()
    return pretend


@pytest.fixture
def bulk(connect: Connect, waits: list[float]) -> Iterator[Callable[..., Bulk]]:
    crm = connect()
    with httpx.Client() as client:

        def made(**settings: Any) -> Bulk:
            backoff = Backoff(tries=4, sleep=waits.append)
            return Bulk(client, crm.login, crm.options, crm.usage, backoff=backoff, sleep=waits.append, **settings)

        yield made


def test_rows_are_uploaded_closed_and_waited_for(jobs: PretendJobs, bulk: Callable[..., Bulk]) -> None:
    """One upsert job: its key, its CSV with unchanged and null told apart, closed once, polled to its end."""
    rows = [{"Key__c": "k1", "Name": 'José, "Pepe"\nLópez', "Phone": None}, {"Key__c": "k2", "Name": "x"}]
    [job] = bulk().load("Contact", "upsert", rows, columns=("Key__c", "Name", "Phone"), external_id="Key__c")
    assert (job.state, job.failed, jobs.closed) == ("JobComplete", 1, 1)
    assert jobs.made[0]["externalIdFieldName"] == "Key__c"
    assert jobs.uploads == ['Key__c,Name,Phone\r\nk1,"José, ""Pepe""\nLópez",#N/A\r\nk2,x,\r\n'.encode()]


def test_fault_6_results_keep_their_alphabet_and_their_line_breaks(
    jobs: PretendJobs, bulk: Callable[..., Bulk]
) -> None:
    """Results without a charset are read as UTF-8, and a field of two lines stays one field."""
    name = "Ñandú 🦤\r\nzweite\u2028Zeile"
    jobs.results = {
        "successfulResults": f'"sf__Id","sf__Created","Name"\n"003","true","{name}"\n'.encode(),
        "failedResults": b'"sf__Id","sf__Error","Name"\n"","STRING_TOO_LONG:too long:Name --","y"\n',
        "unprocessedrecords": b'"Name"\n"z"\n',
    }
    client = bulk()
    [job] = client.load("Contact", "insert", [{"Name": name}], columns=("Name",))
    assert [row["Name"] for row in client.successful(job)] == [name]
    assert [row["sf__Error"] for row in client.failed(job)] == ["STRING_TOO_LONG:too long:Name --"]
    assert [row["Name"] for row in client.unprocessed(job)] == ["z"]


def test_fault_6_a_503_does_not_end_a_job(jobs: PretendJobs, bulk: Callable[..., Bulk], waits: list[float]) -> None:
    """Polls and results that meet passing trouble are asked for again, and the job is not made twice."""
    jobs.troubles = {
        "GET ingest": [Answer(503, b"<html>"), Answer(503, b"")],
        "GET ingest/successfulResults/": [Answer(503, b"<html>")],
    }
    jobs.results = {"successfulResults": b"sf__Id\n003\n"}
    client = bulk()
    [job] = client.load("Contact", "update", [{"Id": "003"}], columns=("Id",))
    assert [row["sf__Id"] for row in client.successful(job)] == ["003"]
    assert (len(jobs.made), jobs.closed) == (1, 1)
    assert len(waits) == 4


def test_a_lost_answer_to_the_close_is_looked_up(jobs: PretendJobs, bulk: Callable[..., Bulk]) -> None:
    """A close whose answer is lost is not taken for undone: the job is looked at, and not loaded a second time."""
    jobs.troubles = {"PATCH ingest": [Answer(drop=True)]}
    jobs.states = ["InProgress", "InProgress", "JobComplete"]
    [job] = bulk().load("Contact", "insert", [{"Name": "x"}], columns=("Name",))
    assert (job.state, len(jobs.made), jobs.closed) == ("JobComplete", 1, 0)


def test_a_lost_upload_is_made_afresh(jobs: PretendJobs, bulk: Callable[..., Bulk]) -> None:
    """An upload that broke off is made into a new job, whole, and the broken one is never set going."""
    jobs.troubles = {"PUT ingest/batches": [Answer(drop=True)]}
    list(bulk().load("Contact", "insert", [{"Name": "x"}], columns=("Name",)))
    assert (len(jobs.made), jobs.uploads, jobs.closed) == (2, [b"Name\r\nx\r\n"], 1)


def test_a_failed_job_is_told_not_raised(jobs: PretendJobs, bulk: Callable[..., Bulk]) -> None:
    """A failed ingest job keeps what it had done, so its results are there to be read."""
    jobs.states = ["Failed"]
    jobs.results = {"successfulResults": b"sf__Id\n003\n"}
    client = bulk()
    [job] = client.load("Contact", "update", [{"Id": "003"}], columns=("Id",))
    assert (job.state, job.error) == ("Failed", "why")
    assert len(list(client.successful(job))) == 1


def test_a_job_is_not_waited_for_for_ever(jobs: PretendJobs, bulk: Callable[..., Bulk], waits: list[float]) -> None:
    """Polls grow rarer, and end with a sentence that names the job."""
    jobs.states = ["InProgress"]
    with pytest.raises(Passing, match="750000000000000001 is still InProgress"):
        list(bulk(patience=100.0).load("Contact", "update", [{"Id": "003"}], columns=("Id",)))
    assert waits == sorted(waits)
    assert 100 <= sum(waits) <= 130
    assert len(waits) < 15


def test_a_query_is_read_page_by_page(jobs: PretendJobs, double: OrgDouble, bulk: Callable[..., Bulk]) -> None:
    """Pages follow the locator, and the statement goes to the org as it is."""
    jobs.pages = [("Id,Name\n1,Ü\n".encode(), "1"), (b"Id,Name\n2,\n", "null")]
    rows = list(bulk().query("SELECT Id, Name FROM Contact", page_rows=1))
    assert rows == [{"Id": "1", "Name": "Ü"}, {"Id": "2", "Name": ""}]
    assert jobs.made == [{"operation": "query", "query": "SELECT Id, Name FROM Contact"}]
    assert [unquote(asked.query["maxRecords"]) for asked in double.asked if asked.path.endswith("results")] == [
        "1",
        "1",
    ]


def test_a_query_that_fails_says_why(jobs: PretendJobs, bulk: Callable[..., Bulk]) -> None:
    """A failed query job is the mapping's fault, with the org's reason."""
    jobs.states = ["Failed"]
    with pytest.raises(QueryFault, match="why"):
        list(bulk().query("SELECT Id FROM Contact"))


def test_an_expired_token_is_renewed(jobs: PretendJobs, double: OrgDouble, bulk: Callable[..., Bulk]) -> None:
    """Bulk jobs share the session of everyone else, and its one refresh."""
    jobs.troubles = {"POST query": [refused(401, "INVALID_SESSION_ID")]}
    jobs.pages = [(b"Id\n1\n", "null")]
    assert list(bulk().query("SELECT Id FROM Contact")) == [{"Id": "1"}]
    assert double.logins == 2


def test_large_loads_are_several_jobs(jobs: PretendJobs, bulk: Callable[..., Bulk]) -> None:
    """What does not fit a job goes into the next one, each with its header, and no row is cut or lost."""
    rows = [{"Name": f"name {n:04d}"} for n in range(100)]
    ended = list(bulk(job_bytes=200).load("Contact", "insert", rows, columns=("Name",)))
    assert len(ended) == len(jobs.uploads) > 5
    assert all(len(upload) <= 200 for upload in jobs.uploads)
    read = [row["Name"] for upload in jobs.uploads for row in csv_rows([upload])]
    assert read == [row["Name"] for row in rows]


def test_a_text_that_reads_as_null_is_refused() -> None:
    """A text of exactly #N/A would empty its field in silence."""
    with pytest.raises(ValueError, match="means null"):
        list(csv_pieces([{"Name": "#N/A"}], ("Name",), 1000))


@given(
    st.lists(st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), min_size=1), min_size=1),
    st.integers(1, 7),
)
def test_any_text_survives_the_csv(texts: list[str], step: int) -> None:
    """Whatever is written is read back the same, however the bytes are cut on their way."""
    texts = [text for text in texts if text != "#N/A"]
    rows = [{"A": text, "B": "b"} for text in texts]
    content = b"".join(piece.read() for piece in csv_pieces(rows, ("A", "B"), 10_000_000))
    assert list(csv_rows(content[start : start + step] for start in range(0, len(content), step))) == rows
    assert StringIO(content.decode(), newline="").readline() in ("A,B\r\n", "")
