"""Each class of the CRM's refusals has its policy, and none of them costs another record its write."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from connector.model.records import RecordWrite, WriteCause, WriteResult
from connector.sandbox.server import Sandbox
from connector.store import writes
from connector.store.writes import Owed
from connector.sync.write_policy import cut_to
from tests.sync.site import Site, plant, record, site_on, statuses

COLLECTIONS = "* /composite/sobjects*"
MESSAGE = "SMS_Message__c"
both = pytest.mark.parametrize("kind", ["sqlite", "postgresql"], indirect=True)


class Recording:
    """The real CRM with its calls kept: writes asked for together, and objects described."""

    def __init__(self, crm: Any) -> None:
        self._crm = crm
        self.calls: list[list[RecordWrite]] = []
        self.described: list[str] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._crm, name)

    def write(self, wanted: Sequence[RecordWrite]) -> list[WriteResult]:
        """Notes the call and makes it."""
        self.calls.append(list(wanted))
        results: list[WriteResult] = self._crm.write(wanted)
        return results

    def describe(self, name: str, **how: Any) -> Any:
        """Notes the object and describes it."""
        self.described.append(name)
        return self._crm.describe(name, **how)


def record_calls(site: Site) -> Recording:
    """Puts a recording in place of the site's CRM."""
    recording = Recording(site.parts.crm)
    site.with_parts(crm=recording)
    return recording


@contextmanager
def field_as(sandbox: Sandbox, object_name: str, name: str, **changes: Any) -> Iterator[None]:
    """An administrator changes a field, or (with no changes) takes it away; at the end it is as it was."""
    target = sandbox.org.schema.objects[object_name.lower()]
    fields, by_name = target.fields, dict(target.by_name)
    changed = [replace(each, **changes) if each.name == name else each for each in fields]
    left = tuple(each for each in changed if changes or each.name != name)
    object.__setattr__(target, "fields", left)
    object.__setattr__(target, "by_name", {each.name.lower(): each for each in left})
    try:
        yield
    finally:
        object.__setattr__(target, "fields", fields)
        object.__setattr__(target, "by_name", by_name)


def sent(site: Site, sandbox: Sandbox, count: int = 1) -> list[str]:
    """Queued, sent and accepted, with nothing of it written to the CRM yet."""
    ids = plant(sandbox, count)
    site.pull()
    site.dispatch()
    return ids


def owe(site: Site, *wanted: RecordWrite) -> None:
    """Owes the CRM more than the messages do."""
    with site.parts.database.begin() as connection:
        owed = [Owed(write, "sms-outbox") for write in wanted]
        writes.owe(connection, site.parts.org, owed, site.clock())


def retry(site: Site) -> int:
    """What `connector writes retry --all` does."""
    with site.parts.database.begin() as connection:
        return writes.retry(connection, None)


def listed(site: Site) -> list[Any]:
    """What `connector writes list` shows."""
    with site.parts.database.read() as connection:
        return list(writes.parked(connection, 100))


def tasks(sandbox: Sandbox) -> list[str]:
    """The keys of the org's activities."""
    return [row["SMS_External_Id__c"] for row in sandbox.org.rows("Task")]


# -- locks


@both
def test_locked_records_are_tried_again_in_small_calls_by_parent(site: Site, sandbox: Sandbox) -> None:
    """After a lock: ten a call, one form a call, those of one parent together; after the second, one a call."""
    contacts = sandbox.org.insert("Contact", [{"LastName": f"Parent {n}"} for n in range(3)])
    owe(
        site,
        *(
            RecordWrite(
                "Task",
                {"Subject": "SMS", "WhoId": contacts[n % 3]},
                key_field="SMS_External_Id__c",
                key=f"k-{n}",
                cause=WriteCause.ACTIVITY,
            )
            for n in range(15)
        ),
    )
    recording = record_calls(site)
    sandbox.faults.add({"target": "org", "operation": COLLECTIONS, "kind": "lock_rows", "times": 3})
    site.push()
    assert {row.lock_parent for row in site.writes("due")} == set(contacts)
    waits = {row.lock_parent: set() for row in site.writes("due")}
    for row in site.writes("due"):
        waits[row.lock_parent].add(row.not_before)
    assert all(len(times) == 1 for times in waits.values()), "those of one parent come back together"
    site.later(60)
    site.push()
    first, second, third = recording.calls
    assert [len(call) for call in (first, second, third)] == [15, 10, 5]
    parents = [write.fields["WhoId"] for write in (*second, *third)]
    assert parents == sorted(parents)
    site.later(60)
    sandbox.faults.clear()
    site.push()
    assert [len(call) for call in recording.calls[3:]] == [1] * 15
    assert site.owed() == 0
    assert {row.lock_parent for row in site.writes()} == {None}
    assert len(tasks(sandbox)) == len(set(tasks(sandbox))) == 15


def test_many_locked_records_do_not_cost_a_call_each(site: Site, sandbox: Sandbox) -> None:
    """However many met a lock, a round asks for them in some twenty calls, each the smaller the fewer they are."""
    sent(site, sandbox, 60)
    sandbox.faults.add({"target": "org", "operation": COLLECTIONS, "kind": "lock_rows", "times": 30})
    site.push()
    site.later(60)
    site.push()
    sandbox.faults.clear()
    site.later(600)
    recording = record_calls(site)
    site.push()
    assert {len(call) for call in recording.calls} == {6}
    assert len(recording.calls) == 20
    assert statuses(sandbox) == {"Sent": 60}


def test_a_locked_record_holds_up_none_that_is_free(site: Site, sandbox: Sandbox) -> None:
    """What met no lock is written first, in calls as large as ever."""
    sent(site, sandbox, 2)
    sandbox.faults.add({"target": "org", "operation": COLLECTIONS, "kind": "lock_rows", "times": 2})
    site.push()
    sandbox.faults.clear()
    plant(sandbox, 8, first=3)
    site.pull()
    site.dispatch()
    site.later(60)
    recording = record_calls(site)
    site.push()
    assert [len(call) for call in recording.calls] == [16, 2, 2]
    assert statuses(sandbox) == {"Sent": 10}


# -- texts


def test_a_text_too_long_is_cut_marked_and_written_at_once(site: Site, sandbox: Sandbox) -> None:
    """A field that got shorter takes the beginning and an ellipsis; the log names the field and never the text."""
    (record_id,) = sent(site, sandbox)
    owe(site, RecordWrite(MESSAGE, {"Error__c": "a secret reason " * 10}, record_id=record_id))
    with field_as(sandbox, MESSAGE, "Error__c", length=20), capture_logs() as logs:
        site.push()
    row = record(sandbox, record_id)
    assert row["Error__c"] == "a secret reason a s…"
    assert row["Status__c"] == "Sent", "the rest of the record is written in the same round"
    assert site.owed() == 0
    assert listed(site) == []
    (cut,) = [entry for entry in logs if entry["event"] == "value_cut"]
    assert (cut["object"], cut["field"], cut["count"]) == (MESSAGE, "Error__c", 1)
    assert "secret" not in str(logs)
    assert [row.error_code for row in site.writes() if "Error__c" in row.fields] == ["VALUE_CUT"]


def test_a_text_too_long_for_a_reason_we_do_not_see_is_parked_without_the_text(site: Site, sandbox: Sandbox) -> None:
    """When describe says that it fits, cutting cannot help: a person must look, and no list shows what it said."""
    (record_id,) = sent(site, sandbox)
    body = (
        '[{"success": false, "errors": [{"statusCode": "STRING_TOO_LONG", "fields": ["Error__c"],'
        ' "message": "Error: data value too large: a secret reason (max length=5)"}]}]'
    )
    operation = "PATCH /composite/sobjects"
    site.push()
    sandbox.faults.add({"target": "org", "operation": operation, "kind": "status", "status": 200, "body": body})
    owe(site, RecordWrite(MESSAGE, {"Error__c": "a secret reason"}, record_id=record_id))
    with capture_logs() as logs:
        site.push()
    assert listed(site)[0].error.startswith("Error: data value too large (max length=5).")
    assert "secret" not in str(logs) + str(listed(site)[0].error)


@given(st.text(max_size=40), st.integers(1, 30))
def test_a_cut_text_fits_however_its_characters_are_counted(text: str, length: int) -> None:
    """Neither its characters nor its UTF-16 units are more than the field holds; what fits is not touched."""
    cut = cut_to(text, length)
    units = len(text.encode("utf-16-le")) // 2
    assert (cut is None) is (units <= length)
    if cut is not None:
        assert len(cut.encode("utf-16-le")) // 2 <= length
        assert cut.endswith("…")
        assert text.startswith(cut[:-1])


# -- fields


Loss = Callable[[Sandbox], Any]
losses = pytest.mark.parametrize(
    "loss",
    [
        lambda sandbox: field_as(sandbox, MESSAGE, "Provider_Id__c"),
        lambda sandbox: field_as(sandbox, MESSAGE, "Provider_Id__c", updateable=False, createable=False),
    ],
    ids=["gone", "read-only"],
)


@both
@losses
def test_a_lost_field_is_set_aside_and_written_when_it_is_back(site: Site, sandbox: Sandbox, loss: Loss) -> None:
    """The rest of each record is written at once and later ones cost no more; once the field is back it follows."""
    ids = sent(site, sandbox, 3)
    with loss(sandbox):
        site.push()
        assert statuses(sandbox) == {"Sent": 3}
        assert {record(sandbox, each).get("Provider_Id__c") for each in ids} == {None}
        assert "Provider_Id__c" in site.alarms()["writes of sms-outbox"]
        assert site.owed() == 0
        held = [row for row in site.writes("done") if row.set_aside]
        assert {tuple(row.set_aside) for row in held} == {("Provider_Id__c",)}
        assert len(listed(site)) == 3
        plant(sandbox, 2, first=4)
        site.pull()
        site.dispatch()
        recording = record_calls(site)
        site.push()
        assert len(recording.calls) == 1
        assert statuses(sandbox) == {"Sent": 5}
        site.later(700)
        site.push()
        assert recording.described == [MESSAGE]
        site.later(60)
        site.push()
        assert recording.described == [MESSAGE], "it is looked for each ten minutes, not each second"
        assert len(listed(site)) == 5
    site.later(700)
    site.push()
    assert all(row["Provider_Id__c"] for row in sandbox.org.rows(MESSAGE))
    assert listed(site) == []
    assert "writes of sms-outbox" not in site.alarms()


def test_a_person_may_try_a_lost_field_before_its_time(site: Site, sandbox: Sandbox) -> None:
    """`writes retry` writes what was set aside at once, and only that: what a person changed meanwhile stays."""
    (record_id,) = sent(site, sandbox)
    with field_as(sandbox, MESSAGE, "Provider_Id__c"):
        site.push()
        assert retry(site) == 1
        site.push()
        assert len(listed(site)) == 1, "still lost: set aside as before"
    sandbox.org.update(MESSAGE, {record_id: {"Status__c": "Cancelled"}})
    assert retry(site) == 1
    site.push()
    row = record(sandbox, record_id)
    assert row["Provider_Id__c"]
    assert row["Status__c"] == "Cancelled"
    assert listed(site) == []


def test_a_field_that_the_mapping_no_longer_writes_is_forgotten(site: Site, sandbox: Sandbox) -> None:
    """Taking the field out of the mapping ends its alarm, as the alarm's own advice says."""
    sent(site, sandbox)
    with field_as(sandbox, MESSAGE, "Provider_Id__c"):
        site.push()
        assert "writes of sms-outbox" in site.alarms()
        mapping = site.parts.mappings["sms-outbox"]
        kept = {
            state: replace(part, set=tuple(each for each in part.set if each.field != "Provider_Id__c"))
            for state, part in mapping.statuses.items()
        }
        site.with_parts(mappings={"sms-outbox": replace(mapping, statuses=kept)})
        site.push()
    assert site.alarms() == {}


def test_several_lost_fields_are_found_at_once(site: Site, sandbox: Sandbox) -> None:
    """The CRM names one field at a time; one look at the describe finds them all, and one more call writes the rest."""
    sent(site, sandbox)
    recording = record_calls(site)
    with field_as(sandbox, MESSAGE, "Provider_Id__c"), field_as(sandbox, MESSAGE, "Sent_At__c"):
        site.push()
        assert statuses(sandbox) == {"Sent": 1}
    assert recording.described == [MESSAGE]
    assert len(recording.calls) == 2
    assert {name for row in site.writes() for name in row.set_aside or ()} == {"Provider_Id__c", "Sent_At__c"}


def test_a_value_set_aside_never_comes_after_a_newer_one(site: Site, sandbox: Sandbox) -> None:
    """What was set aside when the record was accepted is not written once a later write has told that field."""
    (record_id,) = sent(site, sandbox)
    owe(site, RecordWrite(MESSAGE, {"Error__c": "old"}, record_id=record_id))
    with field_as(sandbox, MESSAGE, "Error__c"):
        site.push()
    retry(site)
    owe(site, RecordWrite(MESSAGE, {"Error__c": "new"}, record_id=record_id))
    with site.parts.database.begin() as connection:
        old = [row for row in site.writes("due") if row.fields == {"Error__c": "old"}]
        writes.settle(connection, [writes.Settled(old[0].id, "parked", 1, set_aside=("Error__c",))], site.clock())
    site.push()
    retry(site)
    site.push()
    assert record(sandbox, record_id)["Error__c"] == "new"
    assert site.owed() == 0


def test_a_lost_key_parks_the_activities_and_nothing_else(site: Site, sandbox: Sandbox) -> None:
    """Without its external id an activity could come twice, so it waits whole; the records' statuses are written."""
    sent(site, sandbox, 2)
    with field_as(sandbox, "Task", "SMS_External_Id__c", updateable=False, createable=False):
        site.push()
        assert statuses(sandbox) == {"Sent": 2}
        assert sandbox.org.rows("Task") == []
        assert {row.cause for row in listed(site)} == {"activity"}
        assert "SMS_External_Id__c" in site.alarms()["writes of sms-outbox"]
    site.later(700)
    site.push()
    assert len(tasks(sandbox)) == len(set(tasks(sandbox))) == 2


def test_a_field_that_only_one_record_may_not_have_is_that_rows_fault(site: Site, sandbox: Sandbox) -> None:
    """Blame for a field that describe shows writeable parks the row and sets nothing aside for the others."""
    good, bad = sent(site, sandbox, 2)
    body = (
        '[{"success": false, "errors": [{"statusCode": "INVALID_FIELD_FOR_INSERT_UPDATE", "fields": ["Error__c"],'
        ' "message": "Unable to create/update fields: Error__c"}]}]'
    )
    site.push()
    owe(site, RecordWrite(MESSAGE, {"Error__c": "no"}, record_id=bad))
    sandbox.faults.add({"target": "org", "operation": COLLECTIONS, "kind": "status", "status": 200, "body": body})
    site.push()
    sandbox.faults.clear()
    assert [row.record_id for row in listed(site)] == [bad]
    owe(site, RecordWrite(MESSAGE, {"Error__c": "yes"}, record_id=good))
    site.push()
    assert record(sandbox, good)["Error__c"] == "yes"
    assert site.alarms() == {}


# -- what would poison a batch


def test_a_value_the_crm_refuses_does_not_take_the_records_status_with_it(site: Site, sandbox: Sandbox) -> None:
    """Of several writes for one record only the one that says what the CRM blames is parked; the others are told."""
    (record_id,) = sent(site, sandbox)
    owe(site, RecordWrite(MESSAGE, {"Channel__c": "Pigeon"}, record_id=record_id))
    site.push()
    assert [row.fields for row in listed(site)] == [{"Channel__c": "Pigeon"}]
    assert record(sandbox, record_id)["Status__c"] == "Sent"
    assert site.owed() == 0


def test_no_row_blocks_its_batch(site: Site, sandbox: Sandbox) -> None:
    """A row to nowhere, one to an object that is not there, a wrong type, a wrong value: the others are written."""
    ids = sent(site, sandbox, 3)
    owe(
        site,
        RecordWrite(MESSAGE, {"Status__c": "Sent"}),
        RecordWrite("Nowhere__c", {"A__c": 1}, key_field="K__c", key="1"),
        RecordWrite("Nowhere__c", {"A__c": 1}, record_id="a9900000000001AAA"),
        RecordWrite("Contact", {"Birthdate": ["x"]}, record_id=sandbox.org.rows("Contact")[0]["Id"]),
        RecordWrite("Task", {"Subject": "x", "WhoId": "003000000000999AAA"}, key_field="SMS_External_Id__c", key="m-x"),
    )
    site.push()
    assert site.owed() == 0
    parked = listed(site)
    assert len(parked) == 5
    assert all(row.error and row.error_code for row in parked)
    assert {record(sandbox, each)["Status__c"] for each in ids} == {"Sent"}
    assert len(tasks(sandbox)) == 3


# -- creates whose answer is lost


@both
@pytest.mark.parametrize("restarted", [False, True], ids=["same process", "after a restart"])
@pytest.mark.parametrize("fallback", [False, True], ids=["upsert", "insert"])
def test_a_create_whose_answer_is_lost_makes_no_second_record(
    sandbox: Sandbox, url: str, fallback: bool, restarted: bool
) -> None:
    """The org acts and the line drops, again and again, by upsert and by the insert behind it: one activity each."""
    refused = (
        '[{"errorCode": "INVALID_FIELD", "fields": [], "message": "Provided external ID field does not exist or is not'
        ' accessible: SMS_External_Id__c is no External ID of Task"}]'
    )
    upsert, insert = "PATCH /composite/sobjects/{object}/{field}", "POST /composite/sobjects"
    acting = insert if fallback else upsert
    sandbox.faults.add({"target": "org", "operation": acting, "kind": "drop_after", "times": 7})
    if fallback:
        sandbox.faults.add({"target": "org", "operation": upsert, "kind": "status", "status": 400, "body": refused})
    with site_on(sandbox, url) as site:
        sent(site, sandbox, 4)
        site.push()
        assert len(tasks(sandbox)) == 4
        assert [row.cause for row in site.writes("due")] == ["activity"] * 4, "nobody knows yet"
        if not restarted:
            _until_nothing_is_owed(site)
    if restarted:
        with site_on(sandbox, url, ahead=120) as site:
            _until_nothing_is_owed(site)
            assert listed(site) == []
    fired = {entry["kind"] for entry in sandbox.faults.as_json()["log"]}
    assert "drop_after" in fired
    assert len(tasks(sandbox)) == len(set(tasks(sandbox))) == 4


def _until_nothing_is_owed(site: Site) -> None:
    for _ in range(8):
        site.later(900)
        site.push()
    assert site.owed() == 0
