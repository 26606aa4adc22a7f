"""What a record becomes: a query, a message, or a refusal with its sentence."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connector.mapping.load import load
from connector.mapping.record_mapping import RecordMapping
from connector.model.capability import AccountCapability, Capability
from connector.model.failures import Retry
from connector.model.messages import Channel, Draft, Encoding, Refusal
from connector.model.records import Ranked

Record = dict[str, Any]


def _with(record: Record, **contact: Any) -> Record:
    return {**record, "Contact__r": {**record["Contact__r"], **contact}}


def _drafted(mapping: RecordMapping, record: Mapping[str, Any], now: datetime) -> Draft:
    draft = mapping.draft(record, now)
    assert isinstance(draft, Draft), draft
    return draft


def _refused(mapping: RecordMapping, record: Mapping[str, Any], now: datetime) -> tuple[str, str]:
    refusal = mapping.draft(record, now)
    assert isinstance(refusal, Refusal), refusal
    assert refusal.failure.retry is Retry.WHEN_MENDED
    assert refusal.record_id == "a01000000000001AAA"
    assert set(refusal.fields) == set(mapping.kept_fields)
    return refusal.failure.code, refusal.failure.reason


def test_the_query_asks_for_all_that_any_section_names(mapping: RecordMapping, now: datetime) -> None:
    """Fields of texts, routes, consent, writes and order; {now} as a SOQL literal in whole seconds of UTC."""
    query = mapping.read(now.astimezone(tz=None))
    assert query.object == "SMS_Message__c"
    assert query.where.endswith("Send_After__c <= 2026-11-21T09:30:15Z)")
    assert query.order == (Ranked("Priority__c"), Ranked("CreatedDate"))
    assert set(query.fields) == {
        "Id", "CreatedDate", "Priority__c", "Body__c", "Channel__c", "Sender__c", "Send_After__c", "Contact__c",
        "Contact__r.MobilePhone", "Contact__r.MailingCountryCode", "Contact__r.FirstName",
        "Contact__r.SMS_Opt_Out__c", "Contact__r.DoNotCall", "Campaign__r.Name",
    }  # fmt: skip


def test_a_record_becomes_a_message(mapping: RecordMapping, record: Record, now: datetime) -> None:
    """The example's record, field by field."""
    assert _drafted(mapping, record, now) == Draft(
        object="SMS_Message__c",
        record_id="a01000000000001AAA",
        to="+524498987282",
        country="MX",
        pieces=("", ""),
        values=("Hola Ana",),
        channel=Channel.SMS,
        accounts=("smsclouds-mx", "nrs-main"),
        encoding=Encoding.GSM7,
        parts=1,
        sender="Clinica",
        campaign="Citas",
        kind="service",
        expires_at=datetime(2026, 11, 22, 1, 2, 3, tzinfo=UTC),
        fields={"Contact__c": "003000000000001AAA"},
    )


def test_literal_text_and_data_are_kept_apart(load_text: Any, example: str, record: Record, now: datetime) -> None:
    """What the mapping wrote stands in the pieces, what came from the record in the values, braces and all."""
    text = "Hola {Contact__r.FirstName}, {{cita}} {Body__c}{Missing__c}."
    mapping = load_text(example.replace('"{Body__c}"', f'"{text}"', 1)).mappings[0]
    draft = _drafted(mapping, {**record, "Body__c": "<+B+> {x}"}, now)
    assert draft.pieces == ("Hola ", ", {cita} ", "", ".")
    assert draft.values == ("Ana", "<+B+> {x}", "")
    assert draft.text == "Hola Ana, {cita} <+B+> {x}."


@pytest.mark.parametrize(
    ("phone", "region", "taken_by", "held"),
    [
        ("449 898 7282", "MX", ("smsclouds-mx", "nrs-main"), False),
        ("+34 612 345 678", None, ("nrs-main",), False),
        ("+60 12-345 6789", "MX", ("bulk360-my",), True),
    ],
)
def test_the_first_route_that_is_true_wins(
    mapping: RecordMapping, record: Record, now: datetime, phone: str, region: str | None, taken_by: Any, held: bool
) -> None:
    """By country; where there is no adapter yet the message is held, with that reason."""
    draft = _drafted(mapping, _with(record, MobilePhone=phone, MailingCountryCode=region), now)
    assert (draft.accounts, draft.held_reason is not None) == (taken_by, held)
    assert not held or "does not send sms through the account `bulk360-my` yet" in str(draft.held_reason)


def test_whatsapp_travels_as_a_template(mapping: RecordMapping, record: Record, now: datetime) -> None:
    """The channel's own content, and no parts; a template's empty value is refused, for WhatsApp takes none."""
    draft = _drafted(mapping, {**record, "Channel__c": "WhatsApp"}, now)
    assert (draft.channel, draft.accounts) == (Channel.WHATSAPP, ("nrs-main",))
    assert (draft.content, draft.encoding, draft.parts) == ({"template": 123, "body": ["Ana"]}, None, 0)
    code, reason = _refused(mapping, {**_with(record, FirstName=None), "Channel__c": "WhatsApp"}, now)
    assert (code, "fill Contact__r.FirstName" in reason) == ("template_value_empty", True)


@pytest.mark.parametrize(
    ("changes", "code", "said"),
    [
        ({"Contact__r": None}, "phone_missing", "Contact__r.MobilePhone is empty"),
        (
            {"Contact__r": {"MobilePhone": "call me"}},
            "phone_unreadable",
            "Contact__r.MobilePhone: the phone field holds no",
        ),
        ({"Contact__r": {"MobilePhone": "449 898 7282"}}, "phone_unreadable", "country code"),
        ({"Body__c": None}, "text_empty", "the text of the message is empty"),
        ({"Body__c": " \n"}, "text_empty", "the text of the message is empty"),
        (
            {"Channel__c": "Fax"},
            "channel_unknown",
            "Channel__c is `Fax`, which the mapping does not list; it lists SMS, WhatsApp",
        ),
        ({"Channel__c": ""}, "", ""),
        ({"Send_After__c": "tomorrow"}, "time_unreadable", "send_at is `tomorrow`"),
        ({"Body__c": ["a"]}, "expression_failed", "the mapping's `Body__c` gives a list"),
        ({"Body__c": "x" * 30_000}, "expression_failed", "more than 20000 characters"),
        ({"Body__c": "x" * 2400}, "text_too_long", "takes at most 15. Shorten it"),
    ],
)
def test_what_makes_no_message_says_why(
    mapping: RecordMapping, record: Record, now: datetime, changes: Record, code: str, said: str
) -> None:
    """Each refusal is a code and a sentence for who reads the record; an empty field takes the default."""
    changed = {**record, **changes}
    if not code:
        assert _drafted(mapping, changed, now).channel is Channel.SMS
        return
    came, reason = _refused(mapping, changed, now)
    assert (came, said in reason) == (code, True), reason


def test_a_channel_that_comes_later_is_held(example: str, tmp_path: Path, record: Record, now: datetime) -> None:
    """A channel of the guide that the adapter does not send yet warns when checked, and holds when drafted."""
    sms = Capability(
        provider="360nrs",
        channels=frozenset({Channel.SMS}),
        encodings=(Encoding.GSM7,),
        max_parts=15,
        batch_ceiling=100,
        channels_to_come=frozenset({Channel.WHATSAPP}),
    )
    path = tmp_path / "mapping.yaml"
    path.write_text(example)
    names = ("nrs-main", "smsclouds-mx", "bulk360-my")
    loaded = load([path], {name: AccountCapability(name, "360nrs", sms) for name in names})
    assert ["does not send whatsapp through 360nrs yet" in each.text for each in loaded.warnings] == [True]
    draft = _drafted(loaded.mappings[0], {**record, "Channel__c": "WhatsApp"}, now)
    assert "does not send whatsapp through the account `nrs-main` yet" in str(draft.held_reason)


def test_no_route_is_told(load_text: Any, example: str, record: Record, now: datetime) -> None:
    """Without a route for all, a number of another country is refused and not lost."""
    mapping = load_text(example.replace("  - {account: nrs-main}\n", "")).mappings[0]
    code, reason = _refused(mapping, _with(record, MobilePhone="+34 612 345 678"), now)
    assert (code, "no route of the mapping takes a message by sms to ES" in reason) == ("no_route", True)


def test_a_condition_that_cannot_be_decided_is_told(
    load_text: Any, example: str, record: Record, now: datetime
) -> None:
    """A `when` that gives neither true nor false refuses the record instead of choosing for it; null is not true."""
    mapping = load_text(example.replace("\"to.country == 'MY'\"", '"Flag__c"')).mappings[0]
    record = _with(record, MobilePhone="+34 612 345 678")
    assert _refused(mapping, {**record, "Flag__c": "yes"}, now)[0] == "expression_failed"
    assert _drafted(mapping, {**record, "Flag__c": True}, now).accounts == ("bulk360-my",)
    assert _drafted(mapping, {**record, "Flag__c": None}, now).accounts == ("nrs-main",)


@pytest.mark.parametrize(
    ("text", "taken_by", "encoding", "parts"),
    [
        ("a" * 160, ("smsclouds-mx", "nrs-main"), Encoding.GSM7, 1),
        ("a" * 306, ("smsclouds-mx", "nrs-main"), Encoding.GSM7, 2),
        ("a" * 307, ("nrs-main",), Encoding.GSM7, 3),
        ("ж" * 70, ("smsclouds-mx", "nrs-main"), Encoding.UCS2, 1),
        ("ж" * 71, ("nrs-main",), Encoding.UCS2, 2),
        ("ã" * 70, ("smsclouds-mx", "nrs-main"), Encoding.UCS2, 1),
        ("ã" * 71, ("nrs-main",), Encoding.GSM_PT, 1),
    ],
)
def test_an_account_that_cannot_hold_the_text_is_passed_over(
    mapping: RecordMapping, record: Record, now: datetime, text: str, taken_by: Any, encoding: Encoding, parts: int
) -> None:
    """The guide's own limits decide, at their very boundaries; encoding and parts are the first account's."""
    draft = _drafted(mapping, {**record, "Body__c": text}, now)
    assert (draft.accounts, draft.encoding, draft.parts) == (taken_by, encoding, parts)


def test_validity_counts_from_send_at_else_from_creation(mapping: RecordMapping, record: Record, now: datetime) -> None:
    """24 hours after the moment to send, or after CreatedDate, or after now when the record tells neither."""
    later = _drafted(mapping, {**record, "Send_After__c": "2026-12-24T08:00:00.000-0600"}, now)
    assert later.send_at == datetime(2026, 12, 24, 14, tzinfo=UTC)
    assert later.expires_at == datetime(2026, 12, 25, 14, tzinfo=UTC)
    plain = _drafted(mapping, {**record, "Send_After__c": "2026-12-24T08:00:00"}, now)
    assert plain.send_at == datetime(2026, 12, 24, 8, tzinfo=UTC)
    assert _drafted(mapping, {**record, "CreatedDate": None}, now).expires_at == now + timedelta(hours=24)


def test_consent_fields_that_say_no_are_named(mapping: RecordMapping, record: Record, now: datetime) -> None:
    """The draft carries which fields stop it; deciding is for the time of sending."""
    stopped = _with(record, SMS_Opt_Out__c=True, DoNotCall=True)
    assert _drafted(mapping, stopped, now).stop == ("Contact__r.SMS_Opt_Out__c", "Contact__r.DoNotCall")
    assert _drafted(mapping, record, now).stop == ()


def test_what_comes_later_is_kept_as_read(load_text: Any, example: str, mapping: RecordMapping) -> None:
    """Hours, kind and the resend of unknown ones are parsed values on the mapping."""
    assert mapping.hours is not None
    assert (mapping.hours.start.isoformat(), mapping.hours.end.isoformat()) == ("08:00:00", "21:00:00")
    assert (mapping.hours.zone, mapping.kind, mapping.message.resend_unknown_after) == ("recipient", "service", None)
    bold = example.replace("on_unknown: hold", "on_unknown: {resend_after: 30m, may_send_twice: true}")
    assert load_text(bold).mappings[0].message.resend_unknown_after == timedelta(minutes=30)


def test_a_region_may_be_a_country_or_a_choice(load_text: Any, example: str, record: Record, now: datetime) -> None:
    """A code stands for itself; a choice translates what the field holds, and its default stands in for null."""
    nowhere = _with(record, MailingCountryCode=None)
    region = "region: Contact__r.MailingCountryCode"
    for written in ("region: MX", "region: {field: Contact__r.MailingCountryCode, values: {Mexico: MX}, default: MX}"):
        mapping = load_text(example.replace(region, written).split("tests:")[0]).mappings[0]
        assert _drafted(mapping, nowhere, now).to == "+524498987282"
    assert _drafted(mapping, _with(record, MailingCountryCode="Mexico"), now).country == "MX"
    assert _refused(mapping, _with(record, MailingCountryCode="Spain"), now)[0] == "region_unknown"


_anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["+34612345678", "MX"]),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["Name", "MobilePhone"]), inner, max_size=2)
    ),
    max_leaves=4,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=200)
@given(
    st.dictionaries(
        st.sampled_from(
            ["Id", "Body__c", "Channel__c", "Sender__c", "Send_After__c", "CreatedDate", "Contact__r", "Campaign__r"]
        ),
        _anything,
    ),
    st.booleans(),
)
def test_any_record_is_a_draft_or_a_refusal(
    mapping: RecordMapping, record: Record, now: datetime, changes: Record, whole: bool
) -> None:
    """Whatever the CRM answers, nothing but these two comes out, and a draft has a number and a text."""
    outcome = mapping.draft({**record, **changes} if whole else changes, now)
    assert isinstance(outcome, Draft | Refusal)
    if isinstance(outcome, Draft):
        assert outcome.to.startswith("+")
        assert outcome.text.strip()
        assert len(outcome.pieces) == len(outcome.values) + 1
    else:
        assert outcome.failure.reason
