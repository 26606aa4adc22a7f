"""Every way a send can end, over real sockets: what the ledger of the other side says, and where the message stands."""

import socket
from collections.abc import Sequence
from typing import Any

import pytest

from connector.model.errors import LeaseHeld
from connector.model.states import State
from connector.providers.exchange import Response
from connector.sandbox.server import Sandbox
from connector.store.attempts import ATTEMPT
from tests.store.making import rows
from tests.sync.site import NRS, SMSCLOUDS, Site, number_of, plant, received, record, requests, site_on, statuses

SEND = "POST /sms"
IN_DOUBT: Sequence[tuple[str, dict[str, Any], int]] = (
    ("reset before it was acted on", {"kind": "drop_before"}, 0),
    ("reset after it was acted on", {"kind": "drop_after"}, 1),
    ("500", {"kind": "status", "status": 500}, 0),
    ("502", {"kind": "status", "status": 502}, 0),
    ("504", {"kind": "status", "status": 504}, 0),
    ("HTML with 200", {"kind": "garbage"}, 0),
    ("an empty 200", {"kind": "garbage", "body": " "}, 0),
    ("JSON of another shape", {"kind": "garbage", "body": "[1]"}, 0),
)


def outcomes(site: Site) -> list[str]:
    """How each attempt ended, oldest first."""
    return [row.outcome for row in rows(site.parts.database, ATTEMPT)]


def fault(sandbox: Sandbox, **rule: Any) -> None:
    """One fault at 360NRS's send, once unless said otherwise."""
    sandbox.faults.add({"target": "nrs360", "operation": SEND, "times": 1, **rule})


@pytest.mark.parametrize(("how", "rule", "copies"), IN_DOUBT, ids=[how for how, _, _ in IN_DOUBT])
def test_an_answer_that_leaves_doubt_is_unknown_and_is_never_sent_again(
    site: Site, sandbox: Sandbox, how: str, rule: dict[str, Any], copies: int
) -> None:
    """Whatever may have left becomes unknown, is written to its record so, and no second request leaves."""
    (record_id,) = plant(sandbox)
    fault(sandbox, **rule)
    site.pull()
    site.dispatch()
    assert site.message().state == State.UNKNOWN
    assert outcomes(site) == ["may_have_left"]
    assert "nobody knows whether it was sent" in site.message().failure_reason
    for _ in range(3):
        site.later(600)
        site.pull()
        site.dispatch()
    site.push()
    assert requests(sandbox, SEND) == 1
    assert received(sandbox)["received"] == copies
    assert record(sandbox, record_id)["Status__c"] == "Unknown"


def test_a_read_timeout_leaves_doubt(sandbox: Sandbox, url: str) -> None:
    """A provider that acts and answers too late has the message once, and it is unknown with us."""
    plant(sandbox)
    fault(sandbox, kind="slow", seconds=1.0)
    with site_on(sandbox, url, accounts={NRS: {"read_timeout": 0.2}}) as site:
        site.pull()
        site.dispatch()
        assert site.states() == {"unknown": 1}
        site.work_until(lambda: received(sandbox)["received"] == 1)
        site.work_until(lambda: site.states() == {"delivered": 1})
    assert received(sandbox)["duplicates"] == 0
    assert requests(sandbox, SEND) == 1


def test_what_never_left_is_tried_again_until_it_is_sent_once(sandbox: Sandbox, url: str) -> None:
    """A closed port sends a message back to wait, growing; when the provider is back it gets the message once."""
    plant(sandbox)
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        away = f"http://127.0.0.1:{closed.getsockname()[1]}/nrs360/api/rest"
        with site_on(sandbox, url, accounts={NRS: {"base_url": away}}) as site:
            site.pull()
            site.dispatch()
            assert site.states() == {"claimed": 1}
            assert site.message().not_before > site.clock()
            assert site.dispatch().requests == 0, "it is not tried again before its time"
            site.later(30)
            assert site.dispatch().requests == 1
            assert outcomes(site) == ["never_left", "never_left"]
    with site_on(sandbox, url, ahead=60) as site:
        site.work_through()
        assert site.states() == {"delivered": 1}
    assert received(sandbox) == {"received": 1, "distinct": 1, "duplicates": 0}


def test_429_waits_as_long_as_it_was_asked_to(site: Site, sandbox: Sandbox) -> None:
    """A throttled message goes back, is left alone for Retry-After's seconds, and is then sent once."""
    plant(sandbox)
    fault(sandbox, kind="status", status=429, seconds=40)
    site.pull()
    site.dispatch()
    assert (site.message().state, outcomes(site)) == (State.CLAIMED, ["throttled"])
    site.later(35)
    site.dispatch()
    assert requests(sandbox, SEND) == 1
    site.later(10)
    site.work_through()
    assert site.states() == {"delivered": 1}
    assert received(sandbox) == {"received": 1, "distinct": 1, "duplicates": 0}


@pytest.mark.parametrize(
    ("account", "options", "advice"),
    [
        (NRS, {"api_password": "wrong"}, "mend the account at 360NRS or its settings here"),
        (SMSCLOUDS, {"token": "wrong"}, "create a token in the account's API settings"),
    ],
)
def test_wrong_credentials_pause_the_account_and_nothing_is_lost(
    sandbox: Sandbox, url: str, account: str, options: dict[str, str], advice: str
) -> None:
    """401 sounds an alarm that says what to mend; the messages wait, and go once when it is mended."""
    plant(sandbox, 2, "MX" if account == SMSCLOUDS else "ES")
    with site_on(sandbox, url, accounts={account: options}) as site:
        site.pull()
        site.dispatch(account)
        assert site.states() == {"claimed": 2}
        alarm = site.alarms()[f"account {account}"]
        assert advice in alarm
        assert "Its messages wait until this is mended." in alarm
    with site_on(sandbox, url, ahead=120) as site:
        site.work_through()
        assert set(site.states()) <= {"delivered", "sent"}
        assert site.alarms() == {}
    assert received(sandbox) == {"received": 2, "distinct": 2, "duplicates": 0}


def test_no_credit_pauses_the_account_until_it_is_topped_up(site: Site, sandbox: Sandbox) -> None:
    """The guide's code 111 holds the messages with an alarm; after the top-up each goes once and the alarm ends."""
    plant(sandbox, 3)
    sandbox.providers.nrs360.configure({"balance": 0.0})
    site.pull()
    site.dispatch()
    assert site.states() == {"claimed": 3}
    assert "top the account up" in site.alarms()[f"account {NRS}"]
    sandbox.providers.nrs360.configure({"balance": 100.0})
    site.later(61)
    site.work_through()
    assert site.states() == {"delivered": 3}
    assert site.alarms() == {}
    assert received(sandbox) == {"received": 3, "distinct": 3, "duplicates": 0}


def test_402_for_the_whole_request_is_the_accounts_fault(site: Site, sandbox: Sandbox) -> None:
    """HTTP 402 with the guide's error is read by that error: back to wait, with an alarm."""
    plant(sandbox)
    fault(sandbox, kind="status", status=402, body='{"error": {"code": 111, "description": "Not enough credits"}}')
    site.pull()
    site.dispatch()
    assert (site.message().state, outcomes(site)) == (State.CLAIMED, ["refused"])
    assert f"account {NRS}" in site.alarms()


def test_207_settles_each_message_by_its_own_result(site: Site, sandbox: Sandbox) -> None:
    """Half accepted, half refused: each record learns its own end, and nobody is sent to twice."""
    good = plant(sandbox, 2)
    bad = plant(sandbox, 2, first=11)
    refused = {number_of(11), number_of(12)}
    site.pull()
    body = (
        '{"campaignId": 1, "sendingId": 2, "result": ['
        + ",".join(
            f'{{"accepted": false, "to": "{row.to_number[1:]}", "error": {{"code": 102, "description": "No valid"}}}}'
            if row.to_number in refused
            else f'{{"accepted": true, "to": "{row.to_number[1:]}", "id": "ID{row.id}", "parts": 1}}'
            for row in site.messages()
        )
        + "]}"
    )
    fault(sandbox, kind="status", status=207, body=body)
    site.dispatch()
    site.push()
    assert site.states() == {"accepted": 2, "rejected": 2}
    assert {record(sandbox, each)["Status__c"] for each in good} == {"Sent"}
    assert {record(sandbox, each)["Status__c"] for each in bad} == {"Failed"}
    assert all("102" in record(sandbox, each)["Error__c"] for each in bad)
    assert requests(sandbox, SEND) == 1


def test_a_message_the_answer_says_nothing_of_is_in_doubt(site: Site, sandbox: Sandbox) -> None:
    """202 that leaves a number out: that message alone is unknown."""
    plant(sandbox, 2)
    site.pull()
    first, second = site.messages()
    told = f'[{{"accepted": true, "to": "{first.to_number[1:]}", "id": "A"}}]'
    body = f'{{"campaignId": 1, "sendingId": 2, "result": {told}}}'
    fault(sandbox, kind="status", status=202, body=body)
    site.dispatch()
    assert {row.id: row.state for row in site.messages()} == {first.id: "accepted", second.id: "unknown"}


def test_a_refused_batch_is_taken_apart_until_the_bad_one_stands_alone(sandbox: Sandbox, url: str) -> None:
    """A documented refusal of a whole batch costs its other messages nothing but time: each is sent once."""
    bad = "#000007"

    def poisoned(site: Site) -> None:
        line_of = site.parts.line

        class Refusing:
            """Refuses every request that holds the bad text, as a provider that names no culprit does."""

            def __init__(self, account: str) -> None:
                self._line = line_of(account)

            def ask(self, request: Any) -> Any:
                if request.sends and bad in str(request.json):
                    return Response(422, {}, b'{"error": {"code": 102, "description": "No valid recipients"}}')
                return self._line.ask(request)

            def converse(self, conversation: Any) -> Any:
                return self._line.converse(conversation)

        site.with_parts(line=Refusing)

    ids = plant(sandbox, 20)
    with site_on(sandbox, url, accounts={NRS: {"batch_size": 16}}) as site:
        poisoned(site)
        site.work_through()
        assert site.states() == {"delivered": 19, "rejected": 1}
    assert record(sandbox, ids[6])["Status__c"] == "Failed"
    assert "No valid recipients" in record(sandbox, ids[6])["Error__c"]
    assert received(sandbox) == {"received": 19, "distinct": 19, "duplicates": 0}


def test_a_fault_of_the_mapping_is_told_on_the_record_and_pauses_nobody(site: Site, sandbox: Sandbox) -> None:
    """A sender the provider refuses is that message's end, with the reason; it does not stop the account."""
    (record_id,) = plant(sandbox)
    fault(sandbox, kind="status", status=400, body='{"error": {"code": 107, "description": "Sender too long"}}')
    site.pull()
    site.dispatch()
    site.push()
    assert site.states() == {"rejected": 1}
    assert "mend the mapping" in record(sandbox, record_id)["Error__c"]
    assert site.alarms() == {}


def test_one_number_twice_travels_in_two_requests(site: Site, sandbox: Sandbox) -> None:
    """Two messages to one number never share a request, and both arrive."""
    first, second = plant(sandbox, 2)
    contact = record(sandbox, first)["Contact__c"]
    sandbox.org.update("SMS_Message__c", {second: {"Contact__c": contact}})
    site.work_through()
    assert site.states() == {"delivered": 2}
    assert requests(sandbox, SEND) == 2
    assert received(sandbox) == {"received": 2, "distinct": 2, "duplicates": 0}


def test_a_full_batch_is_one_request(sandbox: Sandbox, url: str) -> None:
    """Messages of one template travel together, at most `batch_size` a request."""
    plant(sandbox, 25)
    with site_on(sandbox, url, accounts={NRS: {"batch_size": 10}}) as site:
        site.pull()
        assert site.dispatch().accepted == 25
    assert requests(sandbox, SEND) == 3


def test_a_batch_that_is_not_full_waits_a_moment_for_more(sandbox: Sandbox, url: str) -> None:
    """With `linger`, a lone message is held back for that long and no longer."""
    plant(sandbox)
    with site_on(sandbox, url, pace={"linger": 5.0}) as site:
        site.pull()
        assert site.dispatch().requests == 0
        site.later(6)
        assert site.dispatch().requests == 1


def test_a_batch_that_keeps_growing_waits_for_more_but_not_for_ever(sandbox: Sandbox, url: str) -> None:
    """What others join in time travels with them in one request; after four such waits it goes, joined or not."""
    with site_on(sandbox, url, pace={"linger": 5.0}) as site:
        for first in range(1, 5):
            plant(sandbox, first=first)
            site.pull()
            assert site.dispatch().requests == 0, "another one came less than 5 s ago"
            site.later(4)
        site.later(0.5)
        assert site.dispatch().requests == 0, "quiet for 4.5 s, and the first has waited for 16.5 s"
        site.later(3)
        plant(sandbox, first=5)
        site.pull()
        site.later(1)
        assert site.dispatch().requests == 1
        assert site.states() == {"accepted": 5}


def test_without_the_lease_no_attempt_is_committed(site: Site, sandbox: Sandbox) -> None:
    """A process whose lease ran out while it was paused sends nothing."""
    plant(sandbox)
    site.pull()
    site.clock.go_on(31)
    with pytest.raises(LeaseHeld, match="paused for too long"):
        site.dispatch()
    assert site.states() == {"claimed": 1}
    assert rows(site.parts.database, ATTEMPT) == []
    assert requests(sandbox, SEND) == 0


def test_a_message_past_its_validity_expires_instead_of_being_sent(site: Site, sandbox: Sandbox) -> None:
    """What could not be sent in its `valid_for` ends as expired, and its record says so."""
    (record_id,) = plant(sandbox)
    site.pull()
    site.later(25 * 3600)
    site.pull()
    site.dispatch()
    site.push()
    assert site.states() == {"expired": 1}
    assert record(sandbox, record_id)["Status__c"] == "Failed"
    assert "could not be" in record(sandbox, record_id)["Error__c"]
    assert requests(sandbox, SEND) == 0


def test_an_adapter_that_fails_leaves_doubt_and_no_unsent_looking_message(
    site: Site, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bug while an answer is read makes its messages unknown: they were sent, and are not sent again."""
    plant(sandbox)
    site.pull()

    def fails(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(type(site.parts.providers[NRS]), "read_send", fails)
    site.dispatch()
    monkeypatch.undo()
    assert site.states() == {"unknown": 1}
    site.work_until(lambda: site.states() == {"delivered": 1})
    assert received(sandbox) == {"received": 1, "distinct": 1, "duplicates": 0}
    site.push()
    assert statuses(sandbox) == {"Delivered": 1}
