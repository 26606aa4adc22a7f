"""What goes back to the CRM: claims, states, activities, replies, opt-outs."""

from datetime import UTC, datetime
from typing import Any

import pytest

from connector.mapping.record_mapping import RecordMapping
from connector.model.failures import Failure
from connector.model.messages import PhoneMatch, Reply, StateChange
from connector.model.records import RecordWrite, WriteCause
from connector.model.states import State

AT = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
CONTACT = "003000000000001AAA"
LEAD = "00Q000000000001AAA"
RECORD = "a01000000000001AAA"


def _change(state: State, **changes: Any) -> StateChange:
    values: dict[str, Any] = {"fields": {"Contact__c": CONTACT}, "text": "Hola Ana", "to": "+524498987282", **changes}
    return StateChange("01J", "SMS_Message__c", RECORD, state, AT, **values)


def _reply(message: StateChange | None = None) -> Reply:
    return Reply("r-1", "SI", AT, "+524498987282", "nrs-main", "360nrs", message=message)


def _load(load_text: Any, text: str, describe: Any = None) -> RecordMapping:
    mapping: RecordMapping = load_text(text, describe).mappings[0]
    return mapping


def test_a_claim_writes_its_token_and_its_moment(mapping: RecordMapping) -> None:
    """The lone `{claim.expires}` stays a moment, for the CRM's file to write."""
    assert mapping.claim_fields("tok", AT, {}) == {
        "Status__c": "Sending",
        "Claim_Token__c": "tok",
        "Claim_Expires__c": AT,
    }


def test_an_accepted_message_updates_its_record_and_leaves_an_activity(mapping: RecordMapping) -> None:
    """One update by id, one upsert by our key; the activity's person is the record's contact."""
    assert mapping.on_change(_change(State.ACCEPTED, provider_id="p-1")) == [
        RecordWrite(
            "SMS_Message__c", {"Status__c": "Sent", "Provider_Id__c": "p-1", "Sent_At__c": AT}, record_id=RECORD
        ),
        RecordWrite(
            "Task",
            {"WhoId": CONTACT, "Subject": "SMS accepted", "Description": "Hola Ana", "Status": "Completed"},
            key_field="SMS_External_Id__c",
            key="m-01J",
            cause=WriteCause.ACTIVITY,
        ),
    ]


def test_what_was_passed_over_is_written_with_the_word_that_proves_it(mapping: RecordMapping) -> None:
    """Delivered before anybody told of accepted: the id and the moment of sending reach the record all the same, and
    the status is the later one."""
    passed = frozenset({State.ACCEPTED, State.SENT})
    update, activity = mapping.on_change(_change(State.DELIVERED, provider_id="p-1", passed=passed))
    assert update.fields == {
        "Status__c": "Delivered",
        "Provider_Id__c": "p-1",
        "Sent_At__c": AT,
        "Delivered_At__c": AT,
    }
    assert activity.cause is WriteCause.ACTIVITY


@pytest.mark.parametrize("state", [State.REJECTED, State.FAILED, State.UNDELIVERED, State.EXPIRED])
def test_failed_covers_every_way_to_fail(mapping: RecordMapping, state: State) -> None:
    """Rejected, failed, undelivered, expired: the record is Failed with the reason, and the activity says so."""
    update, activity = mapping.on_change(_change(state, failure=Failure("107", "no such number")))
    assert update.fields == {"Status__c": "Failed", "Error__c": "107: no such number"}
    assert (activity.key, activity.fields["Subject"]) == ("m-01J", "SMS failed")


def test_a_failure_without_a_code_still_says_something(mapping: RecordMapping) -> None:
    """Where the provider gave no failure, the state and the reason stand in its place."""
    update, _ = mapping.on_change(_change(State.EXPIRED, reason="its validity is over"))
    assert update.fields["Error__c"] == "expired: its validity is over"


@pytest.mark.parametrize(
    ("state", "fields"),
    [
        (State.DELIVERED, {"Status__c": "Delivered", "Delivered_At__c": AT}),
        (State.HELD, {"Status__c": "Held", "Error__c": "quiet hours"}),
        (State.UNKNOWN, {"Status__c": "Unknown"}),
        (State.CANCELLED, {"Status__c": "Cancelled"}),
    ],
)
def test_other_ends_write_the_record_alone(mapping: RecordMapping, state: State, fields: dict[str, Any]) -> None:
    """States that the activity does not list leave none."""
    assert mapping.on_change(_change(state, reason="quiet hours")) == [
        RecordWrite("SMS_Message__c", fields, record_id=RECORD)
    ]


@pytest.mark.parametrize("state", [State.QUEUED, State.CLAIMED, State.ATTEMPTING, State.SENT])
def test_states_that_no_section_names_write_nothing(mapping: RecordMapping, state: State) -> None:
    """What the mapping does not speak of costs no call."""
    assert mapping.on_change(_change(state)) == []


def test_a_word_of_its_own_goes_before_failed(load_text: Any, example: str) -> None:
    """`expired` told apart from the other failures writes what it says, and the rest stays Failed."""
    text = example.replace(
        "  held: ", '  expired: {set: {Status__c: Cancelled, Error__c: "{status} {state}"}}\n  held: '
    )
    mapping = _load(load_text, text)
    assert mapping.on_change(_change(State.EXPIRED))[0].fields == {
        "Status__c": "Cancelled",
        "Error__c": "expired expired",
    }
    assert mapping.on_change(_change(State.UNDELIVERED))[0].fields["Status__c"] == "Failed"


def test_null_leaves_a_field_out_and_a_long_text_is_cut(mapping: RecordMapping) -> None:
    """A null would erase what the field holds; a text too long would park the whole write."""
    accepted, _ = mapping.on_change(_change(State.ACCEPTED, provider_id=None))
    assert "Provider_Id__c" not in accepted.fields
    failed, _ = mapping.on_change(_change(State.FAILED, failure=Failure("1", "x" * 500)))
    assert len(failed.fields["Error__c"]) == 255
    assert failed.fields["Error__c"].endswith("x…")


def test_a_failing_expression_leaves_its_field_out_and_no_other(load_text: Any, example: str) -> None:
    """What became of a message reaches its record even if one expression cannot be worked out."""
    mapping = _load(
        load_text, example.replace("{Status__c: Unknown}", "{Status__c: Unknown, Error__c: \"{Name + 'x'}\"}")
    )
    assert mapping.on_change(_change(State.UNKNOWN))[0].fields == {"Status__c": "Unknown"}
    named = _change(State.UNKNOWN, fields={"Name": "M-1"})
    assert mapping.on_change(named)[0].fields == {"Status__c": "Unknown", "Error__c": "M-1x"}


def test_constants_keep_their_types(load_text: Any, example: str) -> None:
    """A number and a truth value in `set` are written as such."""
    mapping = _load(
        load_text, example.replace("{Status__c: Unknown}", "{Priority__c: 1.5, Urgent__c: false, Body__c: ''}")
    )
    assert mapping.on_change(_change(State.UNKNOWN))[0].fields == {
        "Priority__c": 1.5,
        "Urgent__c": False,
        "Body__c": "",
    }


def test_an_activity_names_people_only(mapping: RecordMapping) -> None:
    """A WhoId that is neither Contact nor Lead would make the CRM refuse the activity: it is left out."""
    for who, kept in ((CONTACT, True), (LEAD, True), (RECORD, False), (None, False)):
        _, activity = mapping.on_change(_change(State.ACCEPTED, fields={"Contact__c": who}))
        assert ("WhoId" in activity.fields) == kept


def test_a_reply_found_by_phone_names_its_person(mapping: RecordMapping) -> None:
    """The match's record, the reply's words and key."""
    match = PhoneMatch("Lead", LEAD, "MobilePhone")
    assert mapping.on_reply(_reply(), match) == [
        RecordWrite(
            "Task",
            {"WhoId": LEAD, "Subject": "SMS reply", "Description": "SI"},
            key_field="SMS_External_Id__c",
            key="r-1",
            cause=WriteCause.REPLY,
        )
    ]


def test_a_reply_to_a_message_names_the_messages_person(mapping: RecordMapping) -> None:
    """Matched by message, the record itself is no person: the activity's WhoId is taken."""
    (write,) = mapping.on_reply(_reply(_change(State.DELIVERED)), None)
    assert write.fields["WhoId"] == CONTACT


def test_a_reply_of_a_stranger_is_still_written(mapping: RecordMapping) -> None:
    """No match, no message: the activity is made without a person, so that somebody finds it."""
    (write,) = mapping.on_reply(_reply(), None)
    assert write.fields == {"Subject": "SMS reply", "Description": "SI"}


def test_replies_and_opt_outs_know_where_to_look(mapping: RecordMapping) -> None:
    """The phone index is what the mapping names, with the opt-out field where it has one."""
    assert mapping.matches_by == ("message", "phone")
    assert mapping.reply_phone_fields() == (("Contact", "MobilePhone"), ("Contact", "Phone"), ("Lead", "MobilePhone"))
    assert mapping.phone_index() == (
        ("Contact", "MobilePhone", "SMS_Opt_Out__c"),
        ("Contact", "Phone", "SMS_Opt_Out__c"),
        ("Lead", "MobilePhone", None),
    )


def test_an_opt_out_writes_every_record_once(mapping: RecordMapping) -> None:
    """A contact found by two of its fields is one write; an object without an opt-out field has none."""
    matches = [
        PhoneMatch("Contact", CONTACT, "MobilePhone"),
        PhoneMatch("Contact", CONTACT, "Phone"),
        PhoneMatch("Lead", LEAD, "MobilePhone"),
    ]
    assert mapping.on_opt_out(matches) == [
        RecordWrite("Contact", {"SMS_Opt_Out__c": True}, record_id=CONTACT, cause=WriteCause.OPT_OUT)
    ]


def test_sections_that_are_left_out_write_nothing(load_text: Any, example: str) -> None:
    """Without activity, reply and opt-out sections there is nothing of theirs."""
    head, _, tail = example.partition("activity:")
    mapping = _load(load_text, head + "tests:" + tail.partition("tests:")[2])
    assert len(mapping.on_change(_change(State.ACCEPTED))) == 1
    assert mapping.on_reply(_reply(), None) == []
    assert mapping.on_opt_out([PhoneMatch("Contact", CONTACT, "Phone")]) == []
    assert (mapping.matches_by, mapping.phone_index()) == ((), ())


def test_accounts_are_named_once(mapping: RecordMapping) -> None:
    """The accounts of all routes, in order."""
    assert mapping.accounts() == ("nrs-main", "smsclouds-mx", "bulk360-my")
