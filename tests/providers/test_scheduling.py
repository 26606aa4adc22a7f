"""Sending for a date and taking it back: what is asked of the providers that do it, and how their answers are read."""

from datetime import UTC, datetime
from typing import Any

import pytest

from connector.model.errors import MayHaveLeft, Refused, Unreadable
from connector.model.messages import Channel, Message, OpenBatch, OpenMessage
from connector.model.states import State
from connector.providers.base import Batch, Conversation
from connector.providers.exchange import Request
from connector.providers.nrs360.adapter import NRS360
from connector.providers.nrs360.options import NRS360Options
from connector.providers.registry import PROVIDERS
from connector.providers.smsclouds.adapter import Smsclouds
from connector.providers.smsclouds.options import SmscloudsOptions
from connector.providers.withdrawal import Withdrawal
from tests.providers.contract import REFERENCE, SINCE, answer

DUE = datetime(2026, 12, 24, 17, 30, 5, tzinfo=UTC)
GIVES_BACK = {"nrs360": {Channel.SMS, Channel.EMAIL}, "smsclouds": {Channel.VOICE}}
LISTED = {"guid": "100", "type": "SMS", "sending_id": 123, "scheduled_at": "2026-12-24 17:30:05"}
QUEUED, CANCELLED = "TO_SEND", "CANCELLED"


def nrs() -> NRS360:
    said = {"username": "name", "api_password": "password", "sender": "TEST", "email_sender": "a@example.com"}
    return NRS360("nrs-main", NRS360Options.model_validate(said))


def smsclouds() -> Smsclouds:
    return Smsclouds("smsclouds-mx", SmscloudsOptions(token="t", remittent="4491112233"))


def to(channel: Channel) -> Message:
    """One message of a channel, as its provider takes it."""
    if channel is Channel.EMAIL:
        return Message("m1", "ana@example.com", "ES", ("Hola",), (), channel, content={"subject": "Hola"})
    if channel is Channel.VOICE:
        return Message("m1", "+524498987282", "MX", ("Hola",), (), channel)
    return Message("m1", "+34666555444", "ES", ("Hola",), (), channel)


def batch(known: str | None = "123", channel: Channel = Channel.SMS) -> OpenBatch:
    return OpenBatch(REFERENCE, SINCE, known, (OpenMessage("m1", "+34666555444", State.ACCEPTED, None, channel),))


def talked(conversation: Conversation[Any], *answers: tuple[int, Any]) -> tuple[list[Request], Any]:
    """The requests of a conversation that is answered so (status, JSON), and what it tells in the end."""
    asked: list[Request] = []
    left = list(answers)
    try:
        step = next(conversation)
        while True:
            assert isinstance(step, Request)
            asked.append(step)
            step = conversation.send(answer(*left.pop(0)))
    except StopIteration as end:
        assert not left
        return asked, end.value


def error(code: int, status: int = 400) -> tuple[int, Any]:
    return status, {"error": {"code": code, "description": "Invalid GUID"}}


def test_only_what_its_guide_gives_back_is_given_away() -> None:
    """The capability of every provider names the channels, and no other provider has any."""
    declared = {name: set(adapter.capability.cancels_scheduled) for name, adapter in PROVIDERS.items()}
    assert {name: channels for name, channels in declared.items() if channels} == GIVES_BACK


@pytest.mark.parametrize(
    ("channel", "field", "written"),
    [
        (Channel.SMS, "scheduleDate", "20261224173005"),
        (Channel.EMAIL, "scheduleDate", "20261224173005"),
        (Channel.VOICE, "scheduledDate", "2026-12-24 11:30:05"),
    ],
)
def test_the_date_travels_as_the_guide_writes_it(channel: Channel, field: str, written: str) -> None:
    """360NRS in UTC, Smsclouds in the account's zone; without a date the field stays away."""
    adapter = smsclouds() if channel is Channel.VOICE else nrs()
    message = to(channel)
    assert adapter.refuse(message) is None
    assert adapter.send(Batch(REFERENCE, (message,), DUE)).json[field] == written
    assert field not in adapter.send(Batch(REFERENCE, (message,))).json


# -- 360NRS


def test_a_sending_of_one_message_has_one_guid() -> None:
    """Asked by the sending that the answer told; what is listed of other sendings is not taken for it."""
    others = {**LISTED, "guid": "101", "sending_id": 124}
    asked, guid = talked(nrs().find_scheduled(batch()), (200, {"result": [others, LISTED], "total": 2}))
    assert [(each.method, each.path, dict(each.query)) for each in asked] == [
        ("GET", "scheduled", {"sendingId": "123"})
    ]
    assert guid == "100"


@pytest.mark.parametrize("listed", [[], [LISTED, {**LISTED, "guid": "101"}], [{**LISTED, "sending_id": None}]])
def test_a_list_that_does_not_name_one_message_names_none(listed: list[dict[str, Any]]) -> None:
    """Nothing listed, two messages of one sending, or none of ours: nothing may be cancelled by that."""
    assert talked(nrs().find_scheduled(batch()), (200, {"result": listed, "total": len(listed)}))[1] is None


def test_a_sending_whose_answer_was_lost_is_found_by_our_reference() -> None:
    """Its campaign's name ends in it."""
    campaign = {"id": 1, "name": f"x ~{REFERENCE}", "sendings": {"data": [{"id": 123}]}}
    page = {"data": [campaign], "meta": {"pagination": {"current_page": 1, "total_pages": 1}}}
    asked, guid = talked(nrs().find_scheduled(batch(None)), (200, page), (200, {"result": [LISTED], "total": 1}))
    assert [each.path for each in asked] == ["campaigns", "scheduled"]
    assert asked[0].query["name"] == f"*~{REFERENCE}"
    assert guid == "100"


@pytest.mark.parametrize(
    ("told", "said"),
    [((200, {"result": True, "deleted": 1}), Withdrawal.WITHDRAWN), (error(120), Withdrawal.NOT_HELD)],
)
def test_a_message_is_deleted_by_its_guid_and_only_an_answer_counts(told: tuple[int, Any], said: Withdrawal) -> None:
    """Withdrawn when the answer counts it; held no more when the guide's error says that there is no such guid."""
    asked, withdrawal = talked(nrs().cancel_scheduled("100"), told)
    assert [(each.method, each.path, each.json, dict(each.query)) for each in asked] == [
        ("DELETE", "scheduled", {"guid": 100}, {})
    ]
    assert withdrawal is said


@pytest.mark.parametrize(("told", "raised"), [(error(103, 401), Refused), (error(101, 500), MayHaveLeft)])
def test_trouble_is_no_answer(told: tuple[int, Any], raised: type[Exception]) -> None:
    """What 360NRS did not say of the message is raised, for it says nothing of it."""
    with pytest.raises(raised):
        talked(nrs().cancel_scheduled("100"), told)


@pytest.mark.parametrize(
    "told",
    [
        {"deleted": 1},
        {"result": False, "deleted": 0},
        {"result": False, "deleted": 1},
        {"result": True, "deleted": 0},
        {"result": True},
    ],
)
def test_an_answer_that_the_guide_does_not_give_proves_nothing(told: dict[str, Any]) -> None:
    """A deletion that failed is no proof that the message is gone: it is asked for again."""
    with pytest.raises(Unreadable):
        talked(nrs().cancel_scheduled("100"), (200, told))


# -- Smsclouds


def campaign(status: str | int) -> dict[str, Any]:
    return {"message": "Completado Correctamente", "voice_campaign": 15, "name": "x", "status": status}


def test_a_voice_campaign_is_known_by_the_answer_to_its_send_alone() -> None:
    """Nothing finds one whose answer was lost, and an SMS campaign is none."""
    found = [talked(smsclouds().find_scheduled(batch(known))) for known in ("voice/15", None, "15")]
    assert found == [([], "15"), ([], None), ([], None)]


def test_a_queued_voice_campaign_is_cancelled() -> None:
    """The guide's answer shows its status."""
    asked, withdrawal = talked(smsclouds().cancel_scheduled("15"), (200, campaign(CANCELLED)))
    assert [(each.method, each.path) for each in asked] == [("POST", "api/v3/voice/15/cancel")]
    assert withdrawal is Withdrawal.WITHDRAWN


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (CANCELLED, Withdrawal.WITHDRAWN),
        ("PROCESS", Withdrawal.TOO_LATE),
        (1, Withdrawal.TOO_LATE),
        ("COMPLETED", Withdrawal.TOO_LATE),
        (2, Withdrawal.TOO_LATE),
        (3, Withdrawal.NOT_HELD),
    ],
)
def test_one_that_is_refused_is_asked_how_it_stands(status: str | int, said: Withdrawal) -> None:
    """Cancelled before, by a request whose answer was lost, or begun; 3 may be either."""
    refused = 422, {"error": {"information": "no", "status_code": 422}}
    asked, withdrawal = talked(
        smsclouds().cancel_scheduled("15"), refused, (200, campaign(status) | {"voice_messages": []})
    )
    assert [each.path for each in asked] == ["api/v3/voice/15/cancel", "api/v3/voice/15"]
    assert withdrawal is said


def test_a_campaign_that_stays_queued_after_it_was_refused_may_be_asked_for_again() -> None:
    """A refusal that its status does not explain proves nothing: it is neither cancelled nor begun."""
    refused = 422, {"error": {"information": "no", "status_code": 422}}
    with pytest.raises(Unreadable):
        talked(smsclouds().cancel_scheduled("15"), refused, (200, campaign(QUEUED) | {"voice_messages": []}))
