"""What a refusal tells beside its class: whose lock it was, and nothing of a text; and whom it may hold up."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from connector.crm.salesforce import Salesforce
from connector.model.records import RecordWrite, WriteEnd, WriteResult
from tests.crm.conftest import Clock
from tests.crm.double import Answer, Asked, OrgDouble, done, failed

Connect = Callable[..., Salesforce]


def update(number: int, object_name: str = "Contact", **fields: object) -> RecordWrite:
    """An update of one field."""
    return RecordWrite(object_name, fields or {"LastName": "x"}, record_id=f"003{number:012d}AAA")


def activity(number: int) -> RecordWrite:
    """An upsert of a Task."""
    return RecordWrite("Task", {"Subject": "x"}, key_field="SMS_External_Id__c", key=str(number))


def answer_to(double: OrgDouble, connect: Connect, code: str, message: str) -> WriteResult:
    """What becomes of one record that the org refuses so."""
    double.answer = lambda _: Answer(200, [failed(code, message)])
    (result,) = connect().write([update(1)])
    return result


@pytest.mark.parametrize(
    ("code", "message", "locked"),
    [
        (
            "UNABLE_TO_LOCK_ROW",
            "unable to obtain exclusive access to this record or 2 records: 001000000000001AAA,003000000000002AAA",
            ("001000000000001AAA", "003000000000002AAA"),
        ),
        (
            "UNABLE_TO_LOCK_ROW",
            "unable to obtain exclusive access to this record: 001000000000001",
            ("001000000000001AAA",),
        ),
        ("UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access to this record", ()),
        (
            "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY",
            "Roll: execution of AfterUpdate caused by: UNABLE_TO_LOCK_ROW, unable to obtain: 001000000000001AAA",
            ("001000000000001AAA",),
        ),
        ("FIELD_CUSTOM_VALIDATION_EXCEPTION", "not while 001000000000001AAA is open", None),
    ],
)
def test_a_lock_error_names_the_records_that_are_locked(
    double: OrgDouble, connect: Connect, code: str, message: str, locked: tuple[str, ...] | None
) -> None:
    """Their 18-character ids, of a trigger that met a lock too; nothing for any other refusal."""
    assert answer_to(double, connect, code, message).locked == locked


def test_a_value_too_large_is_refused_without_being_repeated(double: OrgDouble, connect: Connect) -> None:
    """The org repeats the value, which may be a message's text: the reason keeps the field and the length alone."""
    said = "Body: data value too large: Dear Ana (max length=9), call\nme (max length=10)"
    failure = answer_to(double, connect, "STRING_TOO_LONG", said).failure
    assert failure is not None
    assert failure.reason.startswith("Body: data value too large (max length=10).")
    assert "Ana" not in failure.reason


def test_one_record_too_large_for_a_request_does_not_stop_its_call(double: OrgDouble, connect: Connect) -> None:
    """413 for the call as a whole is found by halves: the large record is parked, the others are written."""

    def answer(asked: Asked) -> Answer:
        if len(asked.body) > 5_000:
            return Answer(413, b"<html>Request Entity Too Large</html>")
        return Answer(200, [done(record["id"]) for record in asked.json()["records"]])

    double.answer = answer
    results = connect().write([update(n, Description="x" * (9_000 if n == 3 else 10)) for n in range(8)])
    assert [result.end for result in results].count(WriteEnd.DONE) == 7
    assert results[3].end is WriteEnd.PARKED
    assert results[3].failure is not None
    assert results[3].failure.code == "TOO_LARGE"


def test_a_refused_call_stops_no_other(double: OrgDouble, connect: Connect) -> None:
    """What one call asks for may be at fault: those behind it are made, and its own records wait with the reason."""

    def answer(asked: Asked) -> Answer:
        if not asked.path.endswith("SMS_External_Id__c"):
            return Answer(405, [{"errorCode": "METHOD_NOT_ALLOWED", "message": "no"}])
        return Answer(200, [done("00T000000000001AAA") for _ in asked.json()["records"]])

    double.answer = answer
    results = connect(threads=1).write([update(1), *(activity(n) for n in range(250))])
    assert results[0].end is WriteEnd.PASSING
    assert {result.end for result in results[1:]} == {WriteEnd.DONE}


def test_a_describe_is_as_fresh_as_it_is_asked_to_be(double: OrgDouble, connect: Connect, clock: Clock) -> None:
    """Kept for an hour for whom that will do; asked for again where a field may have changed meanwhile."""
    double.answer = lambda _: Answer(200, {"name": "Contact", "fields": []})
    org = connect()
    org.describe("Contact")
    org.describe("Contact")
    assert len(double.asked) == 1
    org.describe("Contact", not_older_than=timedelta(0))
    assert len(double.asked) == 2
    clock.move(minutes=5)
    org.describe("Contact", not_older_than=timedelta(minutes=10))
    assert len(double.asked) == 2
    org.describe("Contact", not_older_than=timedelta(minutes=1))
    assert len(double.asked) == 3
