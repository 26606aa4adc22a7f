"""Writes: parted into calls, settled record by record, and nothing lost when a call goes wrong as a whole."""

import itertools
import threading
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from connector.crm import collection
from connector.crm.collection import Form, plan
from connector.crm.salesforce import Salesforce
from connector.model.errors import BudgetSpent, CRMError, SessionLost
from connector.model.failures import Fault, Retry
from connector.model.records import RecordWrite, WriteCause, WriteEnd, WriteResult
from tests.crm.double import Answer, Asked, OrgDouble, done, failed, refused

Connect = Callable[..., Salesforce]
ROOT = "/services/data/v66.0/composite/sobjects"


def update(number: int, object_name: str = "Contact", **fields: Any) -> RecordWrite:
    return RecordWrite(object_name, fields or {"LastName": "x"}, record_id=f"003{number:015d}")


def task(key: str, **fields: Any) -> RecordWrite:
    fields = fields or {"Subject": "SMS sent"}
    return RecordWrite("Task", fields, key_field="SMS_External_Id__c", key=key, cause=WriteCause.ACTIVITY)


def well(asked: Asked) -> Answer:
    return Answer(200, [done(record.get("id", "00T000000000001AAA")) for record in asked.json()["records"]])


def ends(results: list[WriteResult]) -> list[WriteEnd]:
    return [result.end for result in results]


@given(
    st.lists(
        st.tuples(st.sampled_from([f"Object{n}__c" for n in range(15)]), st.sampled_from(["", "A__c", "B__c"])),
        max_size=900,
    )
)
@example([(f"Object{n % 15}__c", "") for n in range(30)])
@example([(f"Object{n % 15}__c", "") for n in range(450)])
@example([(f"Object{n % 3}__c", ("A__c", "", "B__c")[n % 7 % 3]) for n in range(900)])
def test_a_plan_makes_every_write_once_within_the_orgs_limits(kinds: list[tuple[str, str]]) -> None:
    """At most 200 records and ten runs of a type a call, one type and key an upsert, every position exactly once."""
    writes = [
        RecordWrite(name, {}, key_field=key, key=str(n)) if key else RecordWrite(name, {}, record_id=str(n))
        for n, (name, key) in enumerate(kinds)
    ]
    calls = plan(writes)
    assert sorted(position for call in calls for position in call.positions) == list(range(len(writes)))
    for call in calls:
        assert all(writes[position] is write for position, write in zip(call.positions, call.writes, strict=True))
        names = [write.object for write in call.writes]
        runs = 1 + sum(one != other for one, other in itertools.pairwise(names))
        assert (len(names) <= 200, runs <= 10) == (True, True)
        assert len({(write.object, write.key_field) for write in call.writes}) == 1 or call.form is Form.UPDATE


def test_a_plan_wastes_no_call() -> None:
    """A thousand updates of one type are five calls, for calls are what the org counts."""
    assert [len(call.writes) for call in plan([update(n) for n in range(1000)])] == [200] * 5


def test_a_write_to_nothing_is_refused() -> None:
    """A write without an id or a key names no record."""
    with pytest.raises(ValueError, match="neither a record id nor an external id"):
        plan([RecordWrite("Contact", {})])


def test_records_go_out_in_salesforces_form(double: OrgDouble, connect: Connect) -> None:
    """Types in attributes, datetimes in UTC to the millisecond, null as null, one record failing by itself."""
    double.answer = well
    at = datetime(2026, 11, 21, 1, 2, 3, 456789, timezone(timedelta(hours=2)))
    connect().write([update(1, Sent_At__c=at, Error__c=None, Count__c=2), task("k/1", WhoId="003")])
    calls = {call.path: call.json() for call in double.asked}
    assert calls[ROOT] == {
        "allOrNone": False,
        "records": [
            {
                "attributes": {"type": "Contact"},
                "id": "003000000000000001",
                "Sent_At__c": "2026-11-20T23:02:03.456+0000",
                "Error__c": None,
                "Count__c": 2,
            }
        ],
    }
    assert calls[f"{ROOT}/Task/SMS_External_Id__c"]["records"] == [
        {"attributes": {"type": "Task"}, "WhoId": "003", "SMS_External_Id__c": "k/1"}
    ]


def test_results_come_in_the_order_asked(double: OrgDouble, connect: Connect) -> None:
    """Updates of two types and upserts, mixed, each get their own result."""

    def answer(asked: Asked) -> Answer:
        rows = [done(record.get("id") or record["SMS_External_Id__c"]) for record in asked.json()["records"]]
        return Answer(200, rows)

    double.answer = answer
    writes: list[RecordWrite] = []
    for n in range(300):
        writes += [update(n, "Lead"), task(f"{n:018d}"), update(1000 + n)]
    results = connect().write(writes)
    assert [result.record_id for result in results] == [write.record_id or write.key for write in writes]


def test_a_thousand_records_are_serialised_once(
    double: OrgDouble, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each call's body is made once, even when the call itself has to be made again."""
    made = Counter[int]()
    dumps = orjson.dumps

    def counted(value: Any, **options: Any) -> bytes:
        made[len(value["records"])] += 1
        return dumps(value, **options)

    monkeypatch.setattr(
        collection, "orjson", type("Counted", (), {"dumps": counted, "OPT_PASSTHROUGH_DATETIME": 1 << 9})
    )
    assert orjson.OPT_PASSTHROUGH_DATETIME == 1 << 9
    troubles = [Answer(503), Answer(503)]
    double.answer = lambda asked: troubles.pop() if troubles else well(asked)
    results = connect().write([update(n, At__c=datetime.now(UTC)) for n in range(1000)])
    assert set(ends(results)) == {WriteEnd.DONE}
    assert made == {200: 5}


def test_calls_go_out_side_by_side(double: OrgDouble, connect: Connect) -> None:
    """As many calls are under way at once as the settings say, and no more."""
    under_way = 0
    most = 0
    lock = threading.Lock()

    def answer(asked: Asked) -> Answer:
        nonlocal under_way, most
        with lock:
            under_way += 1
            most = max(most, under_way)
        time.sleep(0.05)
        with lock:
            under_way -= 1
        return well(asked)

    double.answer = answer
    connect(threads=3).write([update(n) for n in range(1200)])
    assert most == 3


@pytest.mark.parametrize(
    "trouble", [Answer(500, b"<html>"), Answer(drop=True), Answer(200, b"<html>"), Answer(200, [])]
)
def test_a_call_without_an_answer_is_to_be_made_again(double: OrgDouble, connect: Connect, trouble: Answer) -> None:
    """5xx, a closed connection and garbage leave the records of that call PASSING, and the other calls stand."""
    double.answer = lambda asked: trouble if asked.json()["records"][0]["id"].endswith("00") else well(asked)
    results = connect(tries=2).write([update(n) for n in range(400)])
    assert ends(results) == [WriteEnd.PASSING] * 400
    double.answer = lambda asked: trouble if "Lead" in asked.body.decode() else well(asked)
    results = connect(tries=2).write([update(n) for n in range(200)] + [task("1")])
    assert ends(results) == [WriteEnd.DONE] * 201
    failure = connect(tries=1).write([update(1, "Lead")])[0].failure
    assert failure is not None
    assert (failure.retry, failure.fault) == (Retry.LATER, Fault.CRM)


def result_of(double: OrgDouble, connect: Connect, write: RecordWrite, row: dict[str, Any]) -> WriteResult:
    double.answer = lambda _: Answer(200, [row])
    return connect().write([write])[0]


@pytest.mark.parametrize(
    ("code", "message", "end"),
    [
        ("UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access to this record: 001", WriteEnd.PASSING),
        ("QUERY_TIMEOUT", "", WriteEnd.PASSING),
        ("UNKNOWN_EXCEPTION", "", WriteEnd.PASSING),
        ("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "Trigger: UNABLE_TO_LOCK_ROW, unable to obtain", WriteEnd.PASSING),
        ("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "Trigger: NullPointerException", WriteEnd.PARKED),
        ("ENTITY_IS_DELETED", "entity is deleted", WriteEnd.GONE),
        ("STRING_TOO_LONG", "Error: data value too large", WriteEnd.PARKED),
        ("REQUIRED_FIELD_MISSING", "", WriteEnd.PARKED),
        ("FIELD_CUSTOM_VALIDATION_EXCEPTION", "no", WriteEnd.PARKED),
        ("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", "bad value", WriteEnd.PARKED),
        ("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", WriteEnd.PARKED),
        ("DUPLICATES_DETECTED", "Use one of these records?", WriteEnd.PARKED),
        ("DUPLICATE_VALUE", "duplicate value found: Email__c duplicates value on record with id: 003", WriteEnd.PARKED),
        ("INSUFFICIENT_ACCESS_OR_READONLY", "", WriteEnd.PARKED),
        ("INSUFFICIENT_ACCESS_SOMETHING_NEW", "", WriteEnd.PARKED),
        ("A_CODE_OF_NEXT_YEAR", "", WriteEnd.PARKED),
        (
            "INVALID_FIELD_FOR_INSERT_UPDATE",
            "Unable to create/update fields: A__c, B__c. Please check",
            WriteEnd.FIELD_LOST,
        ),
    ],
)
def test_the_table_of_errors(double: OrgDouble, connect: Connect, code: str, message: str, end: WriteEnd) -> None:
    """Each of the org's codes ends as the table says, with its raw code and a sentence for a person."""
    result = result_of(double, connect, update(1), failed(code, message, ("Email__c",)))
    assert result.end is end
    assert result.failure is not None
    assert result.failure.code == code
    assert result.failure.reason.endswith(".")
    assert message.rstrip(".") in result.failure.reason
    assert result.fields == ("Email__c",)


def test_a_lost_field_is_named_by_its_message(double: OrgDouble, connect: Connect) -> None:
    """Where the org lists no fields, they are read from its words."""
    row = failed(
        "INVALID_FIELD_FOR_INSERT_UPDATE", "Unable to create/update fields: A__c, B__c. Please check the security"
    )
    assert result_of(double, connect, update(1), row).fields == ("A__c", "B__c")


@pytest.mark.parametrize(
    ("cause", "fields", "end"),
    [
        (WriteCause.CLAIM, (), WriteEnd.HELD_BY_ANOTHER),
        (WriteCause.CLAIM, ("Claim_Token__c",), WriteEnd.HELD_BY_ANOTHER),
        (WriteCause.CLAIM, ("acme__Claim_Token__c",), WriteEnd.HELD_BY_ANOTHER),
        (WriteCause.CLAIM, ("Status__c",), WriteEnd.PARKED),
        (WriteCause.STATUS, ("Claim_Token__c",), WriteEnd.PARKED),
    ],
)
def test_the_claim_rule_refuses_claims_alone(
    double: OrgDouble, connect: Connect, cause: WriteCause, fields: tuple[str, ...], end: WriteEnd
) -> None:
    """A claim that the rule refuses is another's; any other write, and any other rule, is a row for a person."""
    write = RecordWrite("SMS_Message__c", {"Claim_Token__c": "t"}, record_id="a00000000000000001", cause=cause)
    row = failed("FIELD_CUSTOM_VALIDATION_EXCEPTION", "This message is claimed by another sender.", fields)
    assert result_of(double, connect, write, row).end is end


def test_a_missing_field_costs_only_the_records_that_have_it(double: OrgDouble, connect: Connect) -> None:
    """The org refuses the whole call; the records without the field are written all the same."""

    def answer(asked: Asked) -> Answer:
        if "gone__c" in asked.body.decode():
            return refused(400, "INVALID_FIELD", "No such column 'Gone__c' on sobject of type Contact")
        return well(asked)

    double.answer = answer
    results = connect().write([update(1), update(2, gone__c="x"), update(3)])
    assert ends(results) == [WriteEnd.DONE, WriteEnd.FIELD_LOST, WriteEnd.DONE]
    assert results[1].fields == ("Gone__c",)
    assert len(double.asked) == 2


def test_one_value_of_a_wrong_type_does_not_stop_its_call(double: OrgDouble, connect: Connect) -> None:
    """The org cannot read the call and does not say which record is at fault: it is found by halves."""

    def answer(asked: Asked) -> Answer:
        if "poison" in asked.body.decode():
            return refused(400, "JSON_PARSER_ERROR", "Cannot deserialize instance of double")
        return well(asked)

    double.answer = answer
    results = connect().write([update(n, Count__c="poison" if n == 77 else n) for n in range(200)])
    assert Counter(ends(results)) == {WriteEnd.DONE: 199, WriteEnd.PARKED: 1}
    assert results[77].end is WriteEnd.PARKED
    assert len(double.asked) < 20


def test_a_call_full_of_wrong_values_costs_a_bounded_number_of_calls(double: OrgDouble, connect: Connect) -> None:
    """When every record is at fault, the search for the good ones stops."""
    double.answer = lambda _: refused(400, "JSON_PARSER_ERROR", "Cannot deserialize")
    results = connect().write([update(n) for n in range(200)])
    assert ends(results) == [WriteEnd.PARKED] * 200
    assert len(double.asked) <= 41


@pytest.mark.parametrize("value", [datetime(2026, 1, 1), "\ud800", object()])  # noqa: DTZ001 - the fault
def test_a_value_that_cannot_be_written_is_its_own_records_fault(
    double: OrgDouble, connect: Connect, value: object
) -> None:
    """A datetime without zone or a broken text parks its record with the reason, and the others are written."""
    double.answer = well
    results = connect().write([update(n, Name__c=value if n == 3 else "x") for n in range(8)])
    assert [result.end for result in results].count(WriteEnd.DONE) == 7
    assert results[3].end is WriteEnd.PARKED
    assert results[3].failure is not None
    assert results[3].failure.fault is Fault.MAPPING


def test_a_racing_upsert_becomes_an_update(double: OrgDouble, connect: Connect) -> None:
    """Of two upserts of one key one is told DUPLICATE_VALUE; it is asked again, alone, and is then an update."""
    taken = failed("DUPLICATE_VALUE", "duplicate value found: <unknown> duplicates value on record with id: <unknown>")
    answers = [[done("00T1"), taken], [done("00T2")]]
    double.answer = lambda _: Answer(200, answers.pop(0))
    results = connect().write([task("1"), task("2")])
    assert [(result.end, result.record_id) for result in results] == [(WriteEnd.DONE, "00T1"), (WriteEnd.DONE, "00T2")]
    assert [record["SMS_External_Id__c"] for record in double.asked[1].json()["records"]] == ["2"]


NOT_ALLOWED = [
    refused(404, "NOT_FOUND", "Provided external ID field does not exist or is not accessible: SMS_External_Id__c"),
    refused(
        400, "INVALID_FIELD", "Field name provided, SMS_External_Id__c does not match an External ID field for Task"
    ),
    refused(405, "METHOD_NOT_ALLOWED", "HTTP Method 'PATCH' not allowed"),
    Answer(200, [failed("OPERATION_NOT_ALLOWED", "upsert not supported"), failed("OPERATION_NOT_ALLOWED", "upsert")]),
]


@pytest.mark.parametrize("answer", NOT_ALLOWED)
def test_an_activity_that_cannot_be_upserted_is_inserted_once(
    double: OrgDouble, connect: Connect, answer: Answer
) -> None:
    """The documented fallback: insert with our key, and a duplicate of our own key is the activity we made before."""
    held = failed(
        "DUPLICATE_VALUE",
        "duplicate value found: SMS_External_Id__c duplicates value on record with id: 00T00000000000A",
    )
    double.answer = lambda asked: Answer(200, [done("00TB"), held]) if asked.method == "POST" else answer
    crm = connect()
    results = crm.write([task("1"), task("2")])
    assert [(result.end, result.record_id) for result in results] == [
        (WriteEnd.DONE, "00TB"),
        (WriteEnd.DONE, "00T00000000000AEAQ"),
    ]
    assert [record["SMS_External_Id__c"] for record in double.asked[-1].json()["records"]] == ["1", "2"]
    crm.write([task("3"), task("4")])
    assert [asked.method for asked in double.asked] == ["PATCH", "POST", "POST"]


def test_a_task_without_access_to_a_field_is_not_inserted_instead(double: OrgDouble, connect: Connect) -> None:
    """Only a refusal of the upsert itself leads to the fallback; a lost field is a lost field."""
    double.answer = lambda _: refused(400, "INVALID_FIELD", "No such column 'Nope__c' on sobject of type Task")
    [result] = connect().write([task("1", Nope__c="x")])
    assert (result.end, result.fields) == (WriteEnd.FIELD_LOST, ("Nope__c",))
    assert [asked.method for asked in double.asked] == ["PATCH"]


def test_an_upsert_to_an_object_that_is_not_there_parks_its_records(double: OrgDouble, connect: Connect) -> None:
    """One mapping's missing object does not stop the writes of the others."""
    double.answer = lambda asked: refused(404, "NOT_FOUND", "no object") if "Nope__c" in asked.path else well(asked)
    results = connect().write([RecordWrite("Nope__c", {}, key_field="K__c", key="1"), update(1)])
    assert ends(results) == [WriteEnd.PARKED, WriteEnd.DONE]


def test_a_spent_budget_stops_the_calls_not_yet_made(double: OrgDouble, connect: Connect) -> None:
    """With nothing written the budget's end is raised; with something written, the rest is to be made again."""
    spent = refused(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")
    double.answer = lambda _: spent
    with pytest.raises(BudgetSpent):
        connect(threads=1).write([update(n) for n in range(1000)])
    assert len(double.asked) == 1
    answers = [None, spent]

    def answer(asked: Asked) -> Answer:
        return answers.pop(0) or well(asked)

    double.answer = answer
    results = connect(threads=1).write([update(n) for n in range(600)])
    assert Counter(ends(results)) == {WriteEnd.DONE: 200, WriteEnd.PASSING: 400}
    assert {result.failure.code for result in results if result.failure} == {"REQUEST_LIMIT_EXCEEDED"}


def test_too_many_long_requests_are_not_a_spent_budget(double: OrgDouble, connect: Connect) -> None:
    """The same code with another message passes in seconds, and is waited out."""
    answers = [refused(403, "REQUEST_LIMIT_EXCEEDED", "ConcurrentPerOrgLongTxn Limit exceeded."), Answer(200, [done()])]
    double.answer = lambda _: answers.pop(0)
    assert ends(connect().write([update(1)])) == [WriteEnd.DONE]


def test_a_lost_session_is_the_callers_to_hear_of(double: OrgDouble, connect: Connect) -> None:
    """No record is blamed for a login that fails."""
    double.grant = lambda _: Answer(400, {"error": "invalid_grant", "error_description": "no user"})
    with pytest.raises(SessionLost, match="run-as user"):
        connect().write([update(1)])


def test_a_wrong_version_is_the_callers_to_hear_of(double: OrgDouble, connect: Connect) -> None:
    """A version the org does not have blames no record either."""
    double.answer = lambda _: refused(404, "NOT_FOUND", "The requested resource does not exist")
    with pytest.raises(CRMError, match="404"):
        connect().write([update(1)])


def test_nothing_to_write_costs_nothing(double: OrgDouble, connect: Connect) -> None:
    """No writes, no request, not even a login."""
    assert connect().write([]) == []
    assert (double.logins, double.asked) == (0, [])
