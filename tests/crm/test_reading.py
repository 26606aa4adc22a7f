"""Reading: keyset pages, describes, the day's budget, and the errors of a query."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from connector.crm.salesforce import Salesforce
from connector.model.errors import BudgetSpent, CRMError, Passing, QueryFault
from connector.model.records import Budget, Ranked, RecordQuery
from tests.crm.conftest import Clock
from tests.crm.double import Answer, Asked, OrgDouble, refused

Connect = Callable[..., Salesforce]


def field(name: str, kind: str = "string", **more: Any) -> dict[str, Any]:
    """A field as describe tells it."""
    return {"name": name, "type": kind, "length": 0, "updateable": True, "createable": True, "nillable": True, **more}


MESSAGE = {
    "name": "SMS_Message__c",
    "fields": [
        field("Id", "id"),
        field("Priority__c", "double"),
        field("Send_After__c", "datetime"),
        field("Name__c"),
        field(
            "Status__c",
            "picklist",
            restrictedPicklist=True,
            picklistValues=[{"value": "Queued", "active": True}, {"value": "Old", "active": False}],
        ),
        field("Channel__c", "picklist", restrictedPicklist=False, picklistValues=[{"value": "SMS", "active": True}]),
        field("Contact__c", "reference", referenceTo=["Contact"], relationshipName="Contact__r"),
        field("Claim_Token__c", length=64),
        field("Claim_Expires__c", "datetime"),
        field("External_Id__c", externalId=True, unique=True, length=64),
    ],
}
CONTACT = {"name": "Contact", "fields": [field("Name", nillable=False), field("Birthdate", "date")]}


class PretendOrg:
    """Serves describes, and pages of records that a test has put up."""

    def __init__(self, *pages: list[dict[str, Any]]) -> None:
        self.pages = list(pages)
        self.statements: list[str] = []
        self.describes = 0
        self.usage = "api-usage=10/100"

    def __call__(self, asked: Asked) -> Answer:
        limits = (("Sforce-Limit-Info", self.usage),)
        if asked.path.endswith("/describe"):
            self.describes += 1
            name = asked.path.split("/")[-2]
            described = {"SMS_Message__c": MESSAGE, "Contact": CONTACT}.get(name)
            return Answer(200, described, limits) if described else refused(404, "NOT_FOUND", "no such object")
        self.statements.append(asked.query["q"])
        records = self.pages.pop(0) if self.pages else []
        return Answer(200, {"totalSize": len(records), "done": True, "records": records}, limits)


def row(number: int, **fields: Any) -> dict[str, Any]:
    attributes = {"type": "SMS_Message__c", "url": "/x"}
    return {"attributes": attributes, "Id": f"a0{number}", **fields}


def test_records_come_without_the_orgs_attributes(double: OrgDouble, connect: Connect) -> None:
    """Related records are dicts or None, at every depth, and nothing but their fields."""
    account = {"attributes": {"type": "Account"}, "Name": "Acme"}
    contact = {"attributes": {"type": "Contact"}, "Name": "Ana", "Account": account}
    double.answer = PretendOrg([row(1, Contact__r=contact), row(2, Contact__r=None)])
    query = RecordQuery("SMS_Message__c", ("Id", "Contact__r.Name", "Contact__r.Account.Name"))
    [page] = connect().pages(query)
    assert page.records == [
        {"Id": "a01", "Contact__r": {"Name": "Ana", "Account": {"Name": "Acme"}}},
        {"Id": "a02", "Contact__r": None},
    ]


def test_a_page_begins_after_the_last_row_of_the_one_before(double: OrgDouble, connect: Connect, clock: Clock) -> None:
    """Pages go by the order and Id, never by OFFSET, and end with a page that is not full."""
    org = double.answer = PretendOrg(
        [
            row(1, Priority__c=2.0, Send_After__c="2026-11-21T01:02:03.000+0000"),
            row(2, Priority__c=1.0, Send_After__c=None),
        ],
        [row(3, Priority__c=None, Send_After__c=None)],
    )
    order = (Ranked("Priority__c", descending=True), Ranked("Send_After__c"))
    query = RecordQuery("SMS_Message__c", ("Name__c",), "Status__c = 'Queued' OR Name__c = null", order, page_size=2)
    pages = []
    for page in connect().pages(query):
        pages.append(page)
        clock.move(seconds=5)
    assert [[record["Id"] for record in page.records] for page in pages] == [["a01", "a02"], ["a03"]]
    assert (pages[1].read_at - pages[0].read_at).total_seconds() == 5
    first, second = org.statements
    assert first == (
        "SELECT Name__c,Priority__c,Send_After__c,Id FROM SMS_Message__c"
        " WHERE (Status__c = 'Queued' OR Name__c = null)"
        " ORDER BY Priority__c DESC NULLS LAST,Send_After__c ASC NULLS LAST,Id ASC NULLS LAST LIMIT 2"
    )
    assert (
        " AND (((Priority__c < 1.0 OR Priority__c = null)) OR"
        " (Priority__c = 1.0 AND Send_After__c = null AND Id > 'a02')) ORDER BY"
    ) in second


def test_times_and_related_fields_rank_in_their_own_form(double: OrgDouble, connect: Connect) -> None:
    """Datetimes and dates go into the condition unquoted, behind a relationship too; a text that looks so, quoted."""
    stamp = "2026-11-21T01:02:03.000+0000"
    org = double.answer = PretendOrg(
        [row(1, Name__c=stamp, CreatedDate=stamp, Contact__r={"attributes": {}, "Birthdate": "2000-02-29"})]
    )
    order = (Ranked("Contact__r.Birthdate"), Ranked("CreatedDate"), Ranked("Name__c"))
    pages = connect().pages(RecordQuery("SMS_Message__c", ("Id",), order=order, page_size=1))
    assert len(list(pages)) == 1
    assert (
        f"Contact__r.Birthdate = 2000-02-29 AND CreatedDate = 2026-11-21T01:02:03.000Z AND (Name__c > '{stamp}'"
    ) in org.statements[1]
    assert "CreatedDate = null" not in org.statements[1]


def test_a_page_cut_short_by_the_org_is_not_the_last(double: OrgDouble, connect: Connect) -> None:
    """The org may give fewer rows than asked for and say that there are more."""
    answers = [
        {"totalSize": 3, "done": False, "nextRecordsUrl": "/x", "records": [row(1)]},
        {"totalSize": 1, "done": True, "records": [row(2)]},
    ]
    double.answer = lambda _: Answer(200, answers.pop(0))
    pages = list(connect().pages(RecordQuery("Contact", ("Id",), page_size=3)))
    assert [record["Id"] for page in pages for record in page.records] == ["a01", "a02"]


def test_a_limit_holds_across_pages(double: OrgDouble, connect: Connect) -> None:
    """No more records than asked for are read, and the last page asks only for what is left."""
    org = double.answer = PretendOrg([row(1), row(2)], [row(3)])
    pages = list(connect().pages(RecordQuery("Contact", ("Id",), page_size=2, limit=3)))
    assert sum(len(page.records) for page in pages) == 3
    assert [statement.rsplit(" ", 1)[1] for statement in org.statements] == ["2", "1"]


def test_the_next_page_is_asked_for_when_it_is_taken(double: OrgDouble, connect: Connect) -> None:
    """A reader that stops costs the org nothing more."""
    org = double.answer = PretendOrg([row(1)], [row(2)])
    pages = connect().pages(RecordQuery("Contact", ("Id",), page_size=1))
    assert org.statements == []
    next(pages)
    assert len(org.statements) == 1


@pytest.mark.parametrize("name", ["Status__c", "Nope__c", "Contact__r.Nope"])
def test_a_rank_that_cannot_be_compared_is_refused(double: OrgDouble, connect: Connect, name: str) -> None:
    """A picklist sorts by its list and compares by its letters: pages over it would skip rows in silence."""
    double.answer = PretendOrg()
    with pytest.raises(QueryFault, match="rank"):
        list(connect().pages(RecordQuery("SMS_Message__c", ("Id",), order=(Ranked(name),))))


def test_changed_goes_by_modification_and_id(double: OrgDouble, connect: Connect) -> None:
    """Sweeps read from a moment on, by (SystemModstamp, Id), and the mapping's condition stays one condition."""
    org = double.answer = PretendOrg([row(1, SystemModstamp="2026-11-21T01:02:03.000+0000")])
    since = datetime(2026, 11, 20, 23, 50, tzinfo=UTC)
    [page] = connect(page_size=1).changed("Contact", ("MobilePhone",), since, where="A__c = 1 OR B__c = 2")
    assert set(page.records[0]) == {"Id", "SystemModstamp"}
    assert org.statements[0] == (
        "SELECT MobilePhone,SystemModstamp,Id FROM Contact"
        " WHERE (SystemModstamp >= 2026-11-20T23:50:00.000Z AND (A__c = 1 OR B__c = 2))"
        " ORDER BY SystemModstamp ASC NULLS LAST,Id ASC NULLS LAST LIMIT 1"
    )
    assert "(SystemModstamp = 2026-11-21T01:02:03.000Z AND Id > 'a01')" in org.statements[1]


@pytest.mark.parametrize("code", ["INVALID_FIELD", "INVALID_TYPE", "MALFORMED_QUERY"])
def test_what_the_org_does_not_have_is_the_mappings_fault(double: OrgDouble, connect: Connect, code: str) -> None:
    """A query that names a missing field is not tried again, and says what the org says."""
    double.answer = lambda _: refused(400, code, "No such column 'X__c'")
    with pytest.raises(QueryFault, match="No such column 'X__c'") as caught:
        list(connect().pages(RecordQuery("Contact", ("X__c",))))
    assert (caught.value.code, len(double.asked)) == (code, 1)


def test_a_refusal_that_is_nobodys_fault_in_the_mapping(double: OrgDouble, connect: Connect) -> None:
    """An org without the API is a CRM error, not the mapping's."""
    double.answer = lambda _: refused(403, "API_DISABLED_FOR_ORG", "API is not enabled")
    with pytest.raises(CRMError, match="API is not enabled") as caught:
        list(connect().pages(RecordQuery("Contact", ("Id",))))
    assert not isinstance(caught.value, QueryFault)


def test_a_describe_is_kept_for_an_hour(double: OrgDouble, connect: Connect, clock: Clock) -> None:
    """The org is asked once an hour, and what it says is read whole."""
    org = double.answer = PretendOrg()
    crm = connect()
    described = crm.describe("SMS_Message__c")
    clock.move(minutes=59)
    assert crm.describe("SMS_Message__c") is described
    assert org.describes == 1
    clock.move(minutes=1)
    crm.describe("SMS_Message__c")
    assert org.describes == 2
    assert described.claim_rule
    assert not crm.describe("Contact").claim_rule
    assert described.fields["Status__c"].values == ("Queued",)
    assert described.fields["Channel__c"].values == ()
    reference = described.fields["Contact__c"]
    assert (reference.relationship, reference.refers_to) == ("Contact__r", ("Contact",))
    key = described.fields["External_Id__c"]
    assert (key.external_id, key.unique, key.length) == (True, True, 64)


def test_an_object_that_is_not_there(double: OrgDouble, connect: Connect) -> None:
    """Its describe is the mapping's fault, and its name cannot leave the address."""
    double.answer = PretendOrg()
    crm = connect()
    with pytest.raises(QueryFault, match="no such object"):
        crm.describe("Nope__c")
    with pytest.raises(QueryFault, match="not a field name"):
        crm.describe("../limits")


def test_the_orgs_id_comes_with_the_login(double: OrgDouble, connect: Connect) -> None:
    """No request is spent on it; an org whose login does not name it is asked."""
    crm = connect()
    assert crm.org_id() == "00D000000000001EAA"
    assert (crm.calls(), double.asked) == (1, [])
    double.grant = lambda _: Answer(200, {"access_token": "t"})
    double.answer = PretendOrg([{"attributes": {}, "Id": "00D000000000002EAA"}])
    assert connect().org_id() == "00D000000000002EAA"


def test_the_budget_is_watched_and_its_reserve_is_for_writes(double: OrgDouble, connect: Connect, clock: Clock) -> None:
    """Reads stop at the reserve, writes do not, and a reading that has grown old is not held against them."""
    org = double.answer = PretendOrg([row(1)])
    crm = connect(reserve=0.1)
    assert crm.budget() == Budget(0, 0)
    list(crm.pages(RecordQuery("Contact", ("Id",))))
    assert crm.budget() == Budget(10, 100)
    org.usage = "api-usage=91/100; per-app-api-usage=17/250(appName=sample)"
    crm.describe("Contact")
    assert crm.budget() == Budget(91, 100)
    with pytest.raises(BudgetSpent, match="kept for writes"):
        list(crm.pages(RecordQuery("Contact", ("Id",))))
    asked = crm.calls()
    crm.describe("SMS_Message__c")
    assert crm.calls() == asked + 1
    clock.move(minutes=6)
    org.usage = "api-usage=20/100"
    assert list(crm.pages(RecordQuery("Contact", ("Id",)))) == []
    assert crm.budget().share == 0.2


def test_a_spent_budget_is_told_and_not_tried_again(double: OrgDouble, connect: Connect) -> None:
    """REQUEST_LIMIT_EXCEEDED carries no wait: the caller pauses, we do not knock again."""
    double.answer = lambda _: refused(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")
    with pytest.raises(BudgetSpent):
        list(connect().pages(RecordQuery("Contact", ("Id",))))
    assert len(double.asked) == 1


@pytest.mark.parametrize("body", [{}, [], None, "x"])
def test_an_answer_of_another_shape_is_passing_trouble(double: OrgDouble, connect: Connect, body: object) -> None:
    """JSON that is no page and no describe is an error of ours to name, not a crash."""
    double.answer = lambda _: Answer(200, body)
    crm = connect()
    with pytest.raises(Passing, match="has no 'records'"):
        list(crm.pages(RecordQuery("Contact", ("Id",))))
    with pytest.raises(Passing, match="has no 'fields'"):
        crm.describe("Contact")


def test_a_mapping_of_many_fields_is_refused_before_it_is_sent(double: OrgDouble, connect: Connect) -> None:
    """A query over the address limit costs no request."""
    query = RecordQuery("Contact", tuple(f"A_Rather_Long_Field_Name_{n:04d}__c" for n in range(600)))
    with pytest.raises(QueryFault, match="name fewer fields"):
        list(connect().pages(query))
    assert double.asked == []


def test_answers_are_read_by_orjson(double: OrgDouble, connect: Connect) -> None:
    """Numbers, texts and nulls arrive as JSON has them."""
    double.answer = lambda _: Answer(200, orjson.dumps({"DailyApiRequests": {"Max": 100, "Remaining": 90}}))
    assert connect().limits()["DailyApiRequests"]["Remaining"] == 90
