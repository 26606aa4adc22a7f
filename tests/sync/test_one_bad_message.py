"""One message that nothing can be done with keeps nobody else's back."""

from typing import Any

import orjson
import pytest

from connector.model.states import State
from connector.providers.base import Batch
from connector.providers.exchange import Request, Response
from connector.providers.nrs360.adapter import NRS360
from connector.providers.talk import Line
from connector.sandbox.server import Sandbox
from connector.sync.breakers import Standing
from tests.sync.site import NRS, Site, plant


def test_a_message_no_request_can_be_made_of_is_rejected_and_the_others_are_sent(
    site: Site, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mistake in an adapter: the one it stumbles over says so on its record, and those of its batch and account go
    on."""
    usual = NRS360.send

    def stumbles(self: NRS360, batch: Batch) -> Request:
        if any("unspeakable" in message.text for message in batch.messages):
            raise ValueError("a mistake")
        return usual(self, batch)

    monkeypatch.setattr(NRS360, "send", stumbles)
    plant(sandbox, 2)
    plant(sandbox, 1, first=10, Body__c="unspeakable")
    site.pull()
    site.dispatch()
    site.dispatch()
    assert sorted(message.state for message in site.messages()) == [State.ACCEPTED] * 2 + [State.REJECTED]
    assert "mistake of its own" in next(m.failure_reason for m in site.messages() if m.state == State.REJECTED)


def test_whether_an_account_is_back_is_not_for_the_message_to_say_that_it_was_closed_for(
    site: Site, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One record's sender is refused as if the account were at fault, until the account is left alone. What is tried
    then, to find out whether it is back, is what has been tried least: it is sent, and the account goes on."""
    usual = Line.ask
    refusal = orjson.dumps({"error": {"code": 111, "description": "Not enough credits"}})

    def picky(self: Line, request: Request) -> Response:
        body: dict[str, Any] = request.json if request.sends else {}
        return Response(400, {}, refusal) if body.get("from") == "BAD" else usual(self, request)

    monkeypatch.setattr(Line, "ask", picky)
    plant(sandbox, 1, Sender__c="BAD")
    site.pull()
    for _ in range(site.app.providers[NRS].settings.breaker_failures):
        site.dispatch()
        site.later(61)
    assert site.parts.breakers.standing(NRS) is not Standing.CLOSED
    plant(sandbox, 20, first=10)
    site.pull()
    for _ in range(3):
        site.later(910)
        site.pull()
        site.dispatch()
    assert sum(message.state == State.ACCEPTED for message in site.messages()) == 20
