"""The eight faults of simple-salesforce 1.12.10 do not reach our callers (the sixth, Bulk 2.0, is in test_bulk)."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from connector.crm.salesforce import Salesforce
from connector.model.errors import CRMError, MayHaveLeft, NeverLeft, Passing, SessionLost
from connector.model.records import RecordQuery, RecordWrite, WriteEnd
from tests.crm.conftest import Clock
from tests.crm.double import Answer, Asked, OrgDouble, done, refused

Connect = Callable[..., Salesforce]
EMPTY = Answer(200, {"done": True, "totalSize": 0, "records": []})
EXPIRED = refused(401, "INVALID_SESSION_ID", "Session expired or invalid")
CONTACTS = RecordQuery("Contact", ("Id",))


def writes(count: int) -> list[RecordWrite]:
    return [RecordWrite("Contact", {"LastName": f"N{n}"}, record_id=f"003{n:015d}") for n in range(count)]


def test_fault_1_a_permanent_401_ends_after_one_refresh(double: OrgDouble, connect: Connect, clock: Clock) -> None:
    """An org that refuses every session costs one refresh, not a login without end, and is left alone for a while."""
    double.answer = lambda _: EXPIRED
    crm = connect()
    with pytest.raises(SessionLost, match="just given out"):
        list(crm.pages(CONTACTS))
    assert (double.logins, len(double.asked)) == (2, 2)
    with pytest.raises(SessionLost):
        crm.write(writes(1))
    assert (double.logins, len(double.asked)) == (2, 2)
    clock.move(seconds=61)
    double.answer = lambda _: EMPTY
    assert list(crm.pages(CONTACTS)) == []
    assert double.logins == 3


def test_fault_2_the_callers_headers_survive_the_refresh(double: OrgDouble, connect: Connect) -> None:
    """The request made again after a refresh has the same headers and body, with the new token alone changed."""
    double.answer = lambda asked: EXPIRED if asked.headers["authorization"].endswith("-1") else EMPTY
    list(connect().pages(CONTACTS))
    first, second = double.asked
    assert first.headers["sforce-query-options"] == second.headers["sforce-query-options"] == "batchSize=2000"
    assert (first.headers["authorization"], second.headers["authorization"]) == ("Bearer token-1", "Bearer token-2")
    assert first.query == second.query


def test_fault_3_an_org_that_says_nothing_is_not_waited_for(double: OrgDouble, connect: Connect) -> None:
    """Reads and writes both end by the read timeout: the read as an error, the write as results to make again."""
    silence = threading.Event()

    def never(asked: Asked) -> Answer:
        silence.wait(5)
        return Answer(200, [])

    double.answer = never
    crm = connect(read_timeout=0.1, tries=1)
    began = time.monotonic()
    with pytest.raises(MayHaveLeft):
        list(crm.pages(CONTACTS))
    assert [result.end for result in crm.write(writes(2))] == [WriteEnd.PASSING] * 2
    assert time.monotonic() - began < 2
    silence.set()


def test_fault_3_nobody_at_home_is_told_apart(connect: Connect, double: OrgDouble, waits: list[float]) -> None:
    """A refused connection certainly never reached the org."""
    crm = connect(base_url="http://127.0.0.1:9", login_url=double.url, tries=3)
    with pytest.raises(NeverLeft):
        list(crm.pages(CONTACTS))
    assert len(waits) == 2


@pytest.mark.parametrize("status", [500, 502, 503, 429, 406, 420])
def test_fault_4_passing_trouble_is_tried_again(
    double: OrgDouble, connect: Connect, waits: list[float], status: int
) -> None:
    """HTML from the org's edge is waited out, with growing waits, and the read goes on."""
    answers = [Answer(status, b"<html>busy</html>"), Answer(status, b""), EMPTY]
    double.answer = lambda _: answers.pop(0)
    assert list(connect().pages(CONTACTS)) == []
    assert len(waits) == 2
    assert 0 <= waits[0] <= 0.5
    assert 0 <= waits[1] <= 1


def test_fault_4_trying_again_has_an_end(double: OrgDouble, connect: Connect) -> None:
    """An org that stays down is given up after as many tries as the settings say."""
    double.answer = lambda _: Answer(503, b"<html>")
    with pytest.raises(Passing, match="503"):
        list(connect(tries=3).pages(CONTACTS))
    assert len(double.asked) == 3


def test_fault_4_a_lock_on_the_whole_call_is_tried_again(double: OrgDouble, connect: Connect) -> None:
    """A write that met a lock as a whole is made again at once, for it is idempotent."""
    answers = [refused(400, "UNABLE_TO_LOCK_ROW"), Answer(200, [done()])]
    double.answer = lambda _: answers.pop(0)
    assert connect().write(writes(1))[0].end is WriteEnd.DONE


def test_fault_4_an_empty_list_is_an_empty_list(double: OrgDouble, connect: Connect) -> None:
    """What the org answers as [] is not turned into None."""
    double.answer = lambda _: Answer(200, [])
    assert connect().limits() == []


def test_fault_5_many_threads_with_one_expired_token_log_in_once(double: OrgDouble, connect: Connect) -> None:
    """Eight threads that are refused at the same moment make one new login between them."""
    crm = connect(threads=8)
    crm.org_id()
    together = threading.Barrier(8)

    def answer(asked: Asked) -> Answer:
        if asked.headers["authorization"] == "Bearer token-1":
            together.wait(5)
            return EXPIRED
        return EMPTY

    double.answer = answer
    with ThreadPoolExecutor(8) as pool:
        pages = list(pool.map(lambda _: list(crm.pages(CONTACTS)), range(8)))
    assert pages == [[]] * 8
    assert double.logins == 2


def test_fault_5_many_threads_with_a_refused_login_try_it_once(double: OrgDouble, connect: Connect) -> None:
    """A wrong secret is not tried once a thread: the org would lock the user out."""
    double.grant = lambda _: Answer(400, {"error": "invalid_client", "error_description": "invalid client"})
    crm = connect()

    def attempt(_: int) -> str:
        with pytest.raises(SessionLost) as caught:
            list(crm.pages(CONTACTS))
        return str(caught.value)

    with ThreadPoolExecutor(8) as pool:
        said = set(pool.map(attempt, range(8)))
    assert double.logins == 1
    assert "check client_id and client_secret" in said.pop()


def test_fault_7_plain_http_on_loopback_is_reached(double: OrgDouble, connect: Connect) -> None:
    """An org on loopback without TLS works, under the versioned address."""
    double.answer = lambda _: EMPTY
    crm = connect(api_version="65.0")
    assert list(crm.pages(CONTACTS)) == []
    assert double.asked[0].path == "/services/data/v65.0/query"


def test_fault_7_a_page_is_not_asked_for_pretty(double: OrgDouble, connect: Connect) -> None:
    """The header that makes the org indent its JSON, and a page three times as dear, is not sent."""
    double.answer = lambda _: EMPTY
    list(connect().pages(CONTACTS))
    assert "x-prettyprint" not in double.asked[0].headers


def test_fault_8_records_are_written_two_hundred_at_a_time(double: OrgDouble, connect: Connect) -> None:
    """450 records are three calls, and each record's own result comes back in its place."""

    def answer(asked: Asked) -> Answer:
        return Answer(200, [done(record["id"]) for record in asked.json()["records"]])

    double.answer = answer
    asked = writes(450)
    results = connect().write(asked)
    assert sorted(len(call.json()["records"]) for call in double.asked) == [50, 200, 200]
    assert [result.record_id for result in results] == [write.record_id for write in asked]
    assert {call.method + call.path for call in double.asked} == {"PATCH/services/data/v66.0/composite/sobjects"}


def test_a_redirect_is_not_followed(double: OrgDouble, connect: Connect) -> None:
    """The token goes to the configured host and to no other, whatever the org's answer says."""
    double.answer = lambda _: Answer(302, b"", (("Location", f"{double.url}/elsewhere"),))
    with pytest.raises(CRMError, match="My Domain"):
        list(connect().pages(CONTACTS))
    assert [asked.path for asked in double.asked] == ["/services/data/v66.0/query"]


def test_a_netrc_file_does_not_replace_the_token(
    double: OrgDouble, connect: Connect, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """requests would take credentials for the host from a .netrc file; ours are the token alone."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    seen: list[Any] = []

    def grant(asked: Asked) -> Answer:
        seen.append(asked.headers.get("authorization"))
        return Answer(200, {"access_token": "t"})

    double.grant = grant
    double.answer = lambda _: EMPTY
    list(connect().pages(CONTACTS))
    assert (seen, double.asked[0].headers["authorization"]) == ([None], "Bearer t")
