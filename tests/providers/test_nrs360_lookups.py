"""360NRS's validation of e-mail addresses as a lookup: begun, notified of, asked after (guide: "Email validation")."""

import json
from typing import Any

import pytest

from connector.model.errors import Refused, Unreadable
from connector.model.lookups import LookedUp, LookupKind
from connector.model.messages import NewsKind
from connector.providers.base import HookRequest
from connector.providers.exchange import Request, Response
from connector.providers.nrs360.adapter import NRS360
from connector.providers.nrs360.options import NRS360Options
from tests.providers.contract import answer, returned

ADDRESS = "valid@example.com"
PENDING = {"id": 2, "status": "pending", "total": 1, "processed": 0, "valid": 0, "finishedAt": None, "resultUrl": None}


def adapter(**options: Any) -> NRS360:
    """An account."""
    return NRS360("main", NRS360Options(username="u", api_password="p", **options))


def csv(text: str) -> Response:
    """A validation's result."""
    return Response(200, {"content-type": "text/csv"}, text.encode())


def looked_up(*responses: Response, address: str = ADDRESS) -> LookedUp:
    """What validation 2 tells of an address, by these answers."""
    told: LookedUp = returned(adapter().looked_up(address, "2"), iter(responses))
    return told


def finished(status: str = "finished", **more: Any) -> Response:
    """The validation as it is shown then."""
    return answer(200, {"data": {**PENDING, "status": status, **more}})


def test_a_lookup_begins_a_validation_of_one_address() -> None:
    """It is under way by the guide's id; without an address of ours nobody is asked to notify."""
    asked = next(adapter().look_up(ADDRESS))
    assert isinstance(asked, Request)
    assert (asked.method, asked.path, asked.json) == ("POST", "validation/emails", {"emails": [ADDRESS]})
    told = returned(adapter().look_up(ADDRESS), iter([answer(200, {"data": PENDING})]))
    assert (told.under_way, told.valid) == ("2", None)
    assert NRS360.capability.looks_up == {LookupKind.EMAIL}


def test_its_progress_is_told_to_our_webhook() -> None:
    """The notification address is the account's own hook, with its secret."""
    hooked = adapter(public_url="https://sms.example.com/", hook_secret="s/1", delivery_notifications=False)
    asked = next(hooked.look_up(ADDRESS))
    assert isinstance(asked, Request)
    assert asked.json["notificationUrl"] == "https://sms.example.com/hooks/main/s%2F1/validation"


@pytest.mark.parametrize("status", ["pending", "started"])
def test_a_validation_that_goes_on_is_still_under_way(status: str) -> None:
    """Nothing is known before it has finished."""
    assert looked_up(finished(status)).under_way == "2"


@pytest.mark.parametrize(
    ("word", "valid"), [("deliverable", True), ("undeliverable", False), ("risky", None), ("Deliverable", True)]
)
def test_a_finished_validation_tells_what_its_result_says(word: str, valid: bool | None) -> None:
    """The row of the address decides, however it is written; of a risky one nobody knows."""
    told = looked_up(finished(), csv(f"email;result\nother@example.com;risky\nVALID@example.com;{word}\n"))
    assert (told.valid, told.fields, told.under_way) == (valid, {"result": word.lower()}, None)


def test_a_validation_that_failed_is_a_refusal() -> None:
    """It came to nothing, by 360NRS's own words."""
    with pytest.raises(Refused, match="Failed to process"):
        looked_up(finished("failed", error="Failed to process email validation"))


def test_a_result_without_the_address_is_unreadable() -> None:
    """No row of another address is taken for it."""
    with pytest.raises(Unreadable, match="does not name the address"):
        looked_up(finished(), csv("email;result\nother@example.com;deliverable\n"))


def notification(body: object) -> HookRequest:
    """A notification as the guide shows it."""
    return HookRequest("validation", "POST", {}, {}, json.dumps(body).encode(), "application/json")


@pytest.mark.parametrize("status", ["started", "finished", "failed"])
def test_a_notification_is_news_of_the_lookup(status: str) -> None:
    """By the validation's id, and of no message; told twice it is one."""
    shown = {**PENDING, "status": status, "updatedAt": "2018-09-20T07:23:56+00:00", "error": ""}
    (news,) = adapter().hook(notification({"data": shown})).news
    (again,) = adapter().hook(notification({"data": shown})).news
    assert (news.kind, news.provider_id, news.word, news.state) == (NewsKind.LOOKUP, "2", status, None)
    assert news == again


@pytest.mark.parametrize(
    "body", [None, [], {}, {"data": []}, {"data": {"id": 2}}, {"data": {"id": "x", "status": "y"}}]
)
def test_a_notification_of_nothing_is_refused(body: object) -> None:
    """What the guide does not describe is answered with 400."""
    with pytest.raises(Refused) as error:
        adapter().hook(notification(body))
    assert error.value.status == 400
