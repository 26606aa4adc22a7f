"""What every CRM adapter keeps, against a live org. An adapter's own file gives `crm`, `another` and `org`."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import pytest

from connector.crm.base import CRM
from connector.model.errors import QueryFault, SessionLost
from connector.model.records import Ranked, RecordQuery, RecordWrite, WriteCause, WriteEnd

SOON = timedelta(minutes=5)


class LiveOrg(Protocol):
    """The org behind the adapter, as a test looks into it."""

    def insert(self, name: str, rows: Sequence[Mapping[str, Any]]) -> list[str]:
        """Makes records and gives their ids."""

    def rows(self, name: str) -> list[dict[str, Any]]:
        """Every record of an object."""

    def delete(self, name: str, record_ids: Sequence[str]) -> None:
        """Deletes records."""

    def expire_sessions(self) -> None:
        """Ends every session."""

    def fault(self, **rule: Any) -> None:
        """Puts a fault in force for calls that write collections."""

    def faults_met(self) -> int:
        """How many faults have struck."""


def message(number: int, **fields: Any) -> dict[str, Any]:
    return {"Status__c": "Queued", "Body__c": f"text {number}", **fields}


def claim(record_id: str, token: str, expires: datetime) -> RecordWrite:
    fields = {"Status__c": "Sending", "Claim_Token__c": token, "Claim_Expires__c": expires}
    return RecordWrite("SMS_Message__c", fields, record_id=record_id, cause=WriteCause.CLAIM)


def activity(key: str, **fields: Any) -> RecordWrite:
    fields = {"Subject": "SMS sent", "Status": "Completed", **fields}
    return RecordWrite("Task", fields, key_field="SMS_External_Id__c", key=key, cause=WriteCause.ACTIVITY)


class CRMContract:
    """The suite; `pytest` collects it where an adapter's file derives from it."""

    def test_the_org_has_an_id(self, crm: CRM, another: CRM) -> None:
        """The id is 18 characters long, and the same for every connection."""
        assert len(crm.org_id()) == 18
        assert another.org_id() == crm.org_id()

    def test_an_object_is_described(self, crm: CRM) -> None:
        """Types, lengths, keys, picklists and references are told as mappings are checked against them."""
        described = crm.describe("SMS_Message__c")
        assert described.claim_rule
        fields = described.fields
        assert (fields["Error__c"].type, fields["Error__c"].length) == ("string", 255)
        assert fields["External_Id__c"].external_id
        assert fields["External_Id__c"].unique
        assert "Queued" in fields["Status__c"].values
        assert (fields["Contact__c"].relationship, fields["Contact__c"].refers_to) == ("Contact__r", ("Contact",))
        assert not fields["CreatedDate"].updateable
        assert not crm.describe("Contact").claim_rule
        assert crm.describe("Task").fields["SMS_External_Id__c"].external_id

    def test_an_object_that_is_not_there_is_a_fault_of_the_query(self, crm: CRM) -> None:
        """A describe and a read of an unknown object, and a read of an unknown field, are told apart from trouble."""
        with pytest.raises(QueryFault):
            crm.describe("Nope__c")
        with pytest.raises(QueryFault):
            list(crm.pages(RecordQuery("Nope__c", ("Id",))))
        with pytest.raises(QueryFault, match="Nope__c"):
            list(crm.pages(RecordQuery("Contact", ("Nope__c",))))
        with pytest.raises(QueryFault):
            list(crm.pages(RecordQuery("Contact", ("Id",), "Name = 'unclosed")))

    def test_pages_show_every_record_once_in_order(self, crm: CRM, org: LiveOrg) -> None:
        """Over many pages, with nulls and equals in the order's columns, no record is left out or shown twice."""
        priorities = [3, 1, None, 2, None, 3, 0, 1]
        org.insert("SMS_Message__c", [message(n, Priority__c=priorities[n % 8]) for n in range(103)])
        org.insert("SMS_Message__c", [message(n, Status__c="Draft") for n in range(5)])
        order = (Ranked("Priority__c", descending=True), Ranked("CreatedDate"))
        query = RecordQuery(
            "SMS_Message__c", ("Id", "Body__c", "Priority__c"), "Status__c = 'Queued'", order, page_size=10
        )
        pages = list(crm.pages(query))
        assert [len(page.records) for page in pages] == [10] * 10 + [3]
        records = [record for page in pages for record in page.records]
        assert len({record["Id"] for record in records}) == 103
        seen = [-1 if record["Priority__c"] is None else record["Priority__c"] for record in records]
        assert seen == sorted(seen, reverse=True)

    def test_pages_hold_while_records_leave_the_queue(self, crm: CRM, org: LiveOrg) -> None:
        """A record that is claimed between two pages moves no other record out of sight."""
        org.insert("SMS_Message__c", [message(n, Priority__c=n % 3) for n in range(40)])
        query = RecordQuery("SMS_Message__c", ("Id",), "Status__c = 'Queued'", (Ranked("Priority__c"),), page_size=7)
        seen: list[str] = []
        for page in crm.pages(query):
            seen += [record["Id"] for record in page.records]
            crm.write([claim(record["Id"], "t", datetime.now(UTC) + SOON) for record in page.records])
        assert len(seen) == len(set(seen)) == 40

    def test_related_records_are_dicts_or_none(self, crm: CRM, org: LiveOrg) -> None:
        """Relationship fields come as nested dicts, a missing parent as None, and nothing else is in a record."""
        [account] = org.insert("Account", [{"Name": "Acme"}])
        [contact] = org.insert("Contact", [{"LastName": "O'Hara \\ Ñ 🦤", "MobilePhone": "449", "AccountId": account}])
        org.insert("SMS_Message__c", [message(1, Contact__c=contact, Priority__c=1), message(2, Priority__c=2)])
        fields = ("Contact__r.LastName", "Contact__r.Account.Name")
        [page] = crm.pages(RecordQuery("SMS_Message__c", fields, order=(Ranked("Priority__c"),)))
        first, second = page.records
        assert first["Contact__r"] == {"LastName": "O'Hara \\ Ñ 🦤", "Account": {"Name": "Acme"}}
        assert second["Contact__r"] is None
        assert set(first) == {"Contact__r", "Priority__c", "Id"}

    def test_changes_are_read_from_a_moment_on(self, crm: CRM, org: LiveOrg) -> None:
        """Everything modified since, each with Id and SystemModstamp; nothing from before the moment."""
        ids = org.insert("Contact", [{"LastName": f"N{n}", "MobilePhone": str(n)} for n in range(5)])
        since = datetime.now(UTC) - SOON
        records = [record for page in crm.changed("Contact", ("MobilePhone",), since) for record in page.records]
        assert {record["Id"] for record in records} == set(ids)
        assert all("SystemModstamp" in record for record in records)
        narrowed = list(crm.changed("Contact", ("MobilePhone",), since, where="LastName = 'N1' OR LastName = 'N2'"))
        assert sum(len(page.records) for page in narrowed) == 2
        assert list(crm.changed("Contact", ("MobilePhone",), datetime.now(UTC) + SOON)) == []

    def test_many_records_are_written_in_few_calls(self, crm: CRM, org: LiveOrg) -> None:
        """A thousand updates are five calls, and each record has its own value afterwards."""
        ids = org.insert("SMS_Message__c", [message(n) for n in range(1000)])
        crm.org_id()
        before = crm.calls()
        at = datetime(2026, 11, 21, 1, 2, 3, tzinfo=UTC)
        writes = [
            RecordWrite("SMS_Message__c", {"Status__c": "Sent", "Provider_Id__c": f"p-{each}", "Sent_At__c": at}, each)
            for each in ids
        ]
        results = crm.write(writes)
        assert {result.end for result in results} == {WriteEnd.DONE}
        assert [result.record_id for result in results] == ids
        assert crm.calls() - before == 5
        held = {
            row["Id"]: (row["Status__c"], row["Provider_Id__c"], row["Sent_At__c"])
            for row in org.rows("SMS_Message__c")
        }
        assert held == {each: ("Sent", f"p-{each}", "2026-11-21T01:02:03.000+0000") for each in ids}

    def test_an_activity_written_twice_is_one(self, crm: CRM, another: CRM, org: LiveOrg) -> None:
        """An upsert by our key makes the activity the first time and finds it ever after."""
        first = crm.write([activity(f"k{n}/'ü") for n in range(3)])
        second = another.write([activity(f"k{n}/'ü", Subject="SMS delivered") for n in range(3)])
        assert {result.end for result in (*first, *second)} == {WriteEnd.DONE}
        assert [result.record_id for result in first] == [result.record_id for result in second]
        assert [row["Subject"] for row in org.rows("Task")] == ["SMS delivered"] * 3

    def test_one_bad_record_leaves_the_others_alone(self, crm: CRM, org: LiveOrg) -> None:
        """Each record settles by its own result: too long, not listed, deleted, unknown, of a wrong type, not there."""
        ids = org.insert("SMS_Message__c", [message(n) for n in range(7)])
        org.delete("SMS_Message__c", [ids[2]])
        bad: list[dict[str, Any]] = [
            {"Error__c": "x" * 256},
            {"Status__c": "Flying"},
            {"Status__c": "Sent"},
            {"Nope__c": 1},
            {"Priority__c": "not a number"},
            {"Contact__c": "003000000000000AAA"},
            {"Status__c": "Sent"},
        ]
        results = crm.write([RecordWrite("SMS_Message__c", each, ids[n]) for n, each in enumerate(bad)])
        assert [result.end for result in results] == [
            WriteEnd.PARKED,
            WriteEnd.PARKED,
            WriteEnd.GONE,
            WriteEnd.FIELD_LOST,
            WriteEnd.PARKED,
            WriteEnd.PARKED,
            WriteEnd.DONE,
        ]
        assert results[3].fields == ("Nope__c",)
        assert results[0].failure is not None
        assert "Error__c" in (*results[0].fields, results[0].failure.reason)
        assert [row["Status__c"] for row in org.rows("SMS_Message__c") if row["Id"] == ids[6]] == ["Sent"]

    def test_one_of_two_claims_wins(self, crm: CRM, another: CRM, org: LiveOrg) -> None:
        """The claim rule lets one token stand; another may claim once it has expired, and only what is queued again."""
        [record] = org.insert("SMS_Message__c", [message(1)])
        assert crm.write([claim(record, "ours", datetime.now(UTC) + SOON)])[0].end is WriteEnd.DONE
        [refused] = another.write([claim(record, "theirs", datetime.now(UTC) + SOON)])
        assert refused.end is WriteEnd.HELD_BY_ANOTHER
        assert refused.failure is not None
        assert another.write([RecordWrite("SMS_Message__c", {"Error__c": "seen"}, record)])[0].end is WriteEnd.DONE
        assert crm.write([claim(record, "ours", datetime.now(UTC) - SOON)])[0].end is WriteEnd.DONE
        [late] = another.write([claim(record, "theirs", datetime.now(UTC) + SOON)])
        assert late.end is WriteEnd.HELD_BY_ANOTHER
        assert crm.write([RecordWrite("SMS_Message__c", {"Status__c": "Queued"}, record)])[0].end is WriteEnd.DONE
        assert another.write([claim(record, "theirs", datetime.now(UTC) + SOON)])[0].end is WriteEnd.DONE

    def test_locked_rows_are_passing(self, crm: CRM, org: LiveOrg) -> None:
        """A lock on a record is no fault of the record, and the next try writes it."""
        ids = org.insert("SMS_Message__c", [message(n) for n in range(20)])
        writes = [RecordWrite("SMS_Message__c", {"Status__c": "Sent"}, each) for each in ids]
        org.fault(kind="lock_rows", share=1.0, times=1)
        assert {result.end for result in crm.write(writes)} == {WriteEnd.PASSING}
        assert {result.end for result in crm.write(writes)} == {WriteEnd.DONE}

    @pytest.mark.parametrize("kind", ["drop_before", "drop_after", "garbage", "status"])
    def test_a_write_survives_what_befalls_its_call(self, crm: CRM, org: LiveOrg, kind: str) -> None:
        """Made again after a lost answer, a write has been done once: one activity, one state."""
        org.fault(kind=kind, times=1)
        results = crm.write([activity("k1")])
        again = crm.write([activity("k1")])
        assert {result.end for result in results} <= {WriteEnd.DONE, WriteEnd.PASSING}
        assert again[0].end is WriteEnd.DONE
        assert len(org.rows("Task")) == 1
        assert org.faults_met() == 1

    def test_an_expired_session_is_nobodys_trouble(self, crm: CRM, org: LiveOrg) -> None:
        """Reads and writes go on over the end of a session."""
        [record] = org.insert("SMS_Message__c", [message(1)])
        crm.org_id()
        org.expire_sessions()
        assert crm.write([RecordWrite("SMS_Message__c", {"Status__c": "Sent"}, record)])[0].end is WriteEnd.DONE
        org.expire_sessions()
        [page] = crm.pages(RecordQuery("SMS_Message__c", ("Status__c",)))
        assert page.records[0]["Status__c"] == "Sent"

    def test_a_wrong_secret_is_a_lost_session(self, connect: Callable[..., CRM]) -> None:
        """The error is the login's own, with a sentence that says what to check."""
        with pytest.raises(SessionLost, match="client_secret"):
            connect(client_secret="wrong").org_id()

    def test_the_budget_is_told(self, crm: CRM) -> None:
        """After an answer the day's use and limit are known."""
        list(crm.pages(RecordQuery("Contact", ("Id",), limit=1)))
        budget = crm.budget()
        assert 0 < budget.used <= budget.limit
        assert crm.calls() > 0

    def test_nothing_to_write_is_no_call(self, crm: CRM) -> None:
        """An empty list of writes costs the org nothing."""
        assert crm.write([]) == []
        assert crm.calls() == 0
