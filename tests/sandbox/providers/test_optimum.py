"""The pretend Optimum Measures: SMS, its status, voice calls, and what is told of both, by the guide's words."""

import uuid
from collections import Counter
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from tests.sandbox.providers.running import Providers, Receiver, changed, until

ONE, TWO = "0016175551212", "0016175551213"
CAMPAIGN = "fc46b682-b939-4fc2-81c3-891cfb23cd92"
SMS: dict[str, Any] = {
    "Destination": [{"MobileNo": ONE}, {"MobileNo": TWO}],
    "Message": "Welcome to Optimum Measures meassaging solution",
    "Sender": "OM",
    "ReferenceID": "ID09890",
    "CallBack": "Yes",
}
CALL: dict[str, Any] = {
    "Destination": [{"MobileNo": ONE}, {"MobileNo": TWO}],
    "Message": "Welcome to Optimum Measures Voice solution",
    "Sender": "00919833111380",
    "Locale": "hi-IN",
}
CAMPAIGN_CALL = {key: value for key, value in CALL.items() if key not in ("Message", "Locale")} | {
    "CampaignID": CAMPAIGN
}
SEND, GET_STATUS, VOICE = "/optimum/api/SMS/Send", "/optimum/api/SMS/GetStatus", "/optimum/api/Voice/Call"
BEARER = {"Authorization": "Bearer sandbox"}
CALLBACK = ["ID", "MobileNo", "Status", "DateTime", "ReferenceID", "Error", "ErrorLogsID"]
RECORD = ["GUID", "MobileNo", "Status", "Calltime", "AnswerTime", "Duration", "Reason"]


def post(providers: Providers, path: str, body: dict[str, Any], /, **changes: Any) -> httpx.Response:
    return providers.control.post(path, json=changed(body, **changes), headers=BEARER)


def sent(providers: Providers, *numbers: str, **changes: Any) -> str:
    changes = {"Destination": [{"MobileNo": number} for number in numbers or (ONE,)], **changes}
    answer = post(providers, SEND, SMS, **changes)
    assert list(answer.json()) == ["ID", "Status"], answer.text
    request_id: str = answer.json()["ID"]
    return request_id


def status(providers: Providers, request_id: str) -> dict[str, str]:
    answer = providers.control.get(GET_STATUS, params={"ID": request_id}, headers=BEARER)
    assert answer.status_code == 200
    shown: dict[str, str] = answer.json()
    return shown


def moment(date: str) -> datetime:
    return datetime.strptime(date, "%Y-%m-%d %H:%M:%S.%f").replace(tzinfo=UTC)


def test_an_sms_is_answered_as_in_the_guide(providers: Providers) -> None:
    """The guide's request for two destinations gets one ID as text, and both are accepted."""
    answer = post(providers, SEND, SMS)
    assert answer.status_code == 200
    assert list(answer.json()) == ["ID", "Status"]
    assert answer.json()["Status"] == "Received"
    assert answer.json()["ID"].isdecimal()
    assert providers.ledger()["by_provider"] == {"optimum": 2}


SMS_ERRORS: list[tuple[dict[str, Any], str, str]] = [
    ({"Destination": ...}, "125", "Parameter Destination/Mobile No is missing or empty"),
    ({"Destination": []}, "125", "Parameter Destination/Mobile No is missing or empty"),
    ({"Destination": ONE}, "125", "Parameter Destination/Mobile No is missing or empty"),
    ({"Destination": [{}]}, "125", "Parameter Destination/Mobile No is missing or empty"),
    ({"Destination": [{"MobileNo": ""}]}, "125", "Parameter Destination/Mobile No is missing or empty"),
    ({"Destination": [{"MobileNo": ONE}, {"MobileNo": 5}]}, "125", "Destination/Mobile No is missing or empty"),
    ({"Message": ...}, "125", "Parameter Message is missing or empty"),
    ({"Message": ""}, "125", "Parameter Message is missing or empty"),
    ({"Sender": ...}, "125", "Parameter Sender is missing or empty"),
    ({"Sender": ""}, "125", "Parameter Sender is missing or empty"),
    ({"Sender": 5}, "125", "Parameter Sender is missing or empty"),
    ({"ReferenceID": 5}, "125", "Parameter ReferenceID is missing or empty"),
    ({"CallBack": "yes"}, "125", "Parameter CallBack is missing or empty"),
    ({"CallBack": True}, "125", "Parameter CallBack is missing or empty"),
    ({"Recipients": []}, "5001", "Invalid Json"),
    ({"Destination": [{"MobileNo": ONE, "Name": "x"}]}, "5001", "Invalid Json"),
    ({"Destination": [ONE]}, "5001", "Invalid Json"),
]


@pytest.mark.parametrize(("changes", "code", "words"), SMS_ERRORS)
def test_a_wrong_sms_is_refused(providers: Providers, changes: dict[str, Any], code: str, words: str) -> None:
    """One thing is wrong with the guide's SMS: the guide's error in its form, and nothing is accepted."""
    answer = post(providers, SEND, SMS, **changes)
    assert answer.status_code == 200
    error = answer.json()
    assert list(error) == ["Error ID", "Status"]
    assert error["Error ID"] == code
    assert error["Status"].startswith("Received with error - ")
    assert error["Status"].endswith(words)
    assert providers.ledger()["received"] == 0


CALL_ERRORS: list[tuple[dict[str, Any], dict[str, Any], str, str]] = [
    (CALL, {"Destination": ...}, "5000", "Parameter Destination/Mobile No is missing or empty"),
    (CALL, {"Destination": [{"MobileNo": ""}]}, "5000", "Parameter Destination/Mobile No is missing or empty"),
    (CALL, {"Sender": ...}, "5000", "Parameter Sender is missing or empty"),
    (CALL, {"Sender": ""}, "5000", "Parameter Sender is missing or empty"),
    (CALL, {"Message": ...}, "5000", "Parameter Message or CampaignID is missing or empty"),
    (CALL, {"Message": ""}, "5000", "Parameter Message or CampaignID is missing or empty"),
    (CAMPAIGN_CALL, {"CampaignID": ""}, "5000", "Parameter Message or CampaignID is missing or empty"),
    (CALL, {"Locale": ...}, "5000", "Parameter Locale is missing or empty"),
    (CALL, {"Locale": ""}, "5000", "Parameter Locale is missing or empty"),
    (CALL, {"ReferenceID": "ID09890"}, "5001", "Invalid Json"),
    (CAMPAIGN_CALL, {"CampaignID": "spring"}, "5002", "Invalid Campaign"),
    (CAMPAIGN_CALL, {"CampaignID": str(uuid.UUID(int=7))}, "5002", "Invalid Campaign"),
    (CALL, {"CampaignID": CAMPAIGN}, "5003", "Message or CampaignID, either of the two should be present"),
]


@pytest.mark.parametrize(("body", "changes", "code", "words"), CALL_ERRORS)
def test_a_wrong_call_is_refused(
    providers: Providers, body: dict[str, Any], changes: dict[str, Any], code: str, words: str
) -> None:
    """One thing is wrong with a call of the guide: the guide's error, which has an ID too, and nothing is accepted."""
    answer = post(providers, VOICE, body, **changes)
    assert answer.status_code == 200
    error = answer.json()
    assert list(error) == ["ID", "ErrorID", "Message"]
    assert error["ID"].isdecimal()
    assert (error["ErrorID"], error["Message"]) == (code, f"Received with error - {words}")
    assert providers.ledger()["received"] == 0


@pytest.mark.parametrize(("path", "key"), [(SEND, "Error ID"), (VOICE, "ErrorID")])
@pytest.mark.parametrize(
    ("content", "content_type"),
    [(b"", "application/json"), (b"{", "application/json"), (b"[]", "application/json"), (b"{}", "text/plain")],
)
def test_what_is_no_json_object_is_5001(
    providers: Providers, path: str, key: str, content: bytes, content_type: str
) -> None:
    """No body, no JSON, no object or another content type is 5001 in each operation's own form."""
    headers = {**BEARER, "Content-Type": content_type}
    error = providers.control.post(path, content=content, headers=headers).json()
    assert error[key] == "5001"
    assert "Received with error - Invalid Json" in error.values()


def test_the_samples_of_the_guide_are_no_json(providers: Providers) -> None:
    """The guide's request as it is printed, an array in braces, is refused."""
    printed = b'{"Destination": {[{"MobileNo": "0016175551212"}], "Message": "x", "Sender": "OM"}}'
    headers = {**BEARER, "Content-Type": "application/json"}
    assert providers.control.post(SEND, content=printed, headers=headers).json()["Error ID"] == "5001"


ALL = ("basic or bearer", "basic", "bearer", "none")
SCHEMES = [
    ({"auth": ("sandbox", "sandbox")}, {"basic or bearer", "basic", "none"}),
    ({"headers": BEARER}, {"basic or bearer", "bearer", "none"}),
    ({}, {"none"}),
    ({"auth": ("sandbox", "other")}, {"none"}),
    ({"headers": {"Authorization": "Bearer other"}}, {"none"}),
]


@pytest.mark.parametrize(("sent_with", "let_in"), SCHEMES)
def test_authentication_is_a_setting(providers: Providers, sent_with: dict[str, Any], let_in: set[str]) -> None:
    """Basic or bearer by default, one of them or none by setting; everything else is 401, on every operation."""
    assert post(providers, SEND, SMS).status_code == 200
    for authentication in ALL:
        providers.configure(optimum={"authentication": authentication})
        for method, path in (("POST", SEND), ("GET", GET_STATUS), ("POST", GET_STATUS), ("POST", VOICE)):
            answer = providers.control.request(method, path, json=SMS, **sent_with)
            assert answer.status_code == (200 if authentication in let_in else 401)


def test_the_status_is_shown_as_in_the_guide(providers: Providers) -> None:
    """An SMS is Received, then Sent, then Delivered with its date, by the guide's keys."""
    providers.configure(optimum={"shares": {"failed": 0.0}})
    providers.app.world.speed = 1.0
    request_id = sent(providers)
    first = status(providers, request_id)
    assert first == {"ID": request_id, "Status": "Received", "Delivery Date": ""}
    until(lambda: status(providers, request_id)["Status"] == "Sent")
    until(lambda: status(providers, request_id)["Status"] == "Delivered")
    last = status(providers, request_id)
    assert list(last) == ["ID", "Status", "Delivery Date"]
    assert abs((moment(last["Delivery Date"]) - datetime.now(UTC)).total_seconds()) < 10


def test_the_status_of_an_id_never_given_is_refused(providers: Providers) -> None:
    """No ID, an empty one, one never given and one of a voice call are refused in the form of an SMS error."""
    call = post(providers, VOICE, CALL).json()["ID"]
    for query in ("", "?ID=", "?ID=1", f"?ID={call}", "?id=7865"):
        error = providers.control.get(GET_STATUS + query, headers=BEARER).json()
        assert error == {"Error ID": "125", "Status": "Received with error - Parameter ID is missing or empty"}


def test_a_status_is_asked_for_by_either_method(providers: Providers) -> None:
    """The guide names none: by POST the ID stands in a body of JSON, where it is missing and wrong in the guide's form
    too."""
    request_id = sent(providers)
    told = providers.control.post(GET_STATUS, json={"ID": request_id}, headers=BEARER).json()
    assert (told["ID"], list(told)) == (request_id, ["ID", "Status", "Delivery Date"])
    for body, code in (({}, "125"), ({"ID": ""}, "125"), ({"ID": "1"}, "125"), ({"id": request_id}, "5001")):
        assert providers.control.post(GET_STATUS, json=body, headers=BEARER).json()["Error ID"] == code


def test_statuses_are_pushed_for_each_number(providers: Providers, receiver: Receiver) -> None:
    """Each change is posted as JSON with the guide's keys: one ID for both numbers, our reference, and their number."""
    providers.configure(optimum={"sms_url": receiver.url, "shares": {"failed": 0.0}})
    request_id = sent(providers, ONE, TWO)
    until(lambda: providers.ledger()["statuses_acknowledged"] == 4)
    assert [list(push) for push in receiver.taken] == [CALLBACK] * 4
    assert {(push["ID"], push["ReferenceID"]) for push in receiver.taken} == {(request_id, "ID09890")}
    for number in (ONE, TWO):
        told = [push for push in receiver.taken if push["MobileNo"] == number]
        assert [push["Status"] for push in told] == ["Sent", "Delivered"]
        assert moment(told[0]["DateTime"]) < moment(told[1]["DateTime"])
    assert {(push["Error"], push["ErrorLogsID"]) for push in receiver.taken} == {("", "")}


def test_nothing_is_pushed_without_callback(providers: Providers, receiver: Receiver) -> None:
    """With CallBack No or left out nobody is told; the status can be asked for, and the reference may be left out."""
    providers.configure(optimum={"sms_url": receiver.url, "shares": {"failed": 0.0}})
    untold = [sent(providers, CallBack="No"), sent(providers, CallBack=...)]
    told = sent(providers, TWO, ReferenceID=...)
    until(lambda: [status(providers, request_id)["Status"] for request_id in untold] == ["Delivered"] * 2)
    until(lambda: len(receiver.taken) == 2)
    assert {(push["ID"], push["ReferenceID"]) for push in receiver.taken} == {(told, "")}


@pytest.mark.parametrize("number", ["16175551212", "+16175551212", "00", "0001617555121", "00161755512x2"])
def test_a_number_that_is_not_international_fails_later(providers: Providers, receiver: Receiver, number: str) -> None:
    """A number without 00 and its country is accepted; the callback has the guide's error and its number."""
    providers.configure(optimum={"sms_url": receiver.url, "cdr_url": receiver.url})
    request_id = sent(providers, number)
    until(lambda: receiver.taken)
    (push,) = receiver.taken
    assert (push["Status"], push["Error"], push["ErrorLogsID"]) == ("Failed", "International Number Invalid", "42")
    assert status(providers, request_id) == {"ID": request_id, "Status": "Failed", "Delivery Date": ""}
    post(providers, VOICE, CALL, Destination=[{"MobileNo": number}])
    until(lambda: len(receiver.taken) == 2)
    assert (receiver.taken[1]["Status"], receiver.taken[1]["Reason"]) == ("Failed", "General Error")


def test_some_messages_fail(providers: Providers) -> None:
    """About four in a hundred fail, the same ones each time, and the fates say so."""
    numbers = [f"00447400{place:06d}" for place in range(1500)]
    ends = []
    for _ in range(2):
        providers.control.post("/sandbox/providers/reset")
        sent(providers, *numbers, Message="x #000001")
        until(lambda: set(fates(providers)) == {"Delivered", "Failed"})
        ends.append(fates(providers))
    assert ends[0] == ends[1]
    assert 25 < ends[0].count("Failed") < 110


def fates(providers: Providers) -> list[str]:
    lines = providers.control.get("/sandbox/ledger/fates").text.splitlines()
    return [line.split()[2] for line in lines]


@pytest.mark.parametrize("body", [CALL, CAMPAIGN_CALL])
def test_a_call_is_answered_and_its_record_pushed(
    providers: Providers, receiver: Receiver, body: dict[str, Any]
) -> None:
    """A call with a message or a campaign is Received; each number's record has the guide's keys and a GUID alone."""
    shares = {"call_failed": 0.0, "busy": 0.0, "no_answer": 0.0}
    providers.configure(optimum={"cdr_url": receiver.url, "shares": shares})
    answer = post(providers, VOICE, body)
    assert answer.status_code == 200
    assert list(answer.json()) == ["ID", "Status"]
    assert answer.json()["Status"] == "Received"
    until(lambda: providers.ledger()["statuses_acknowledged"] == 2)
    assert [list(push) for push in receiver.taken] == [RECORD] * 2
    assert {push["MobileNo"] for push in receiver.taken} == {ONE, TWO}
    assert len({uuid.UUID(push["GUID"]) for push in receiver.taken}) == 2
    for push in receiver.taken:
        assert (push["Status"], push["Reason"]) == ("Answered", "NA")
        assert moment(push["Calltime"]) <= moment(push["AnswerTime"])
        assert 1 <= int(push["Duration"]) <= 60
    assert providers.ledger()["by_provider"] == {"optimum": 2}


def test_calls_end_in_every_way_of_the_guide(providers: Providers, receiver: Receiver) -> None:
    """Answered, Busy, NoAnswer and Failed all come; only failed calls have a reason, and every reason comes."""
    providers.configure(optimum={"cdr_url": receiver.url, "shares": {"call_failed": 0.3}})
    post(providers, VOICE, CALL, Destination=[{"MobileNo": f"00447400{place:06d}"} for place in range(200)])
    until(lambda: len(receiver.taken) == 200)
    ends = Counter(push["Status"] for push in receiver.taken)
    assert set(ends) == {"Answered", "Busy", "NoAnswer", "Failed"}
    assert {push["Reason"] for push in receiver.taken if push["Status"] != "Failed"} == {"NA"}
    assert {push["Reason"] for push in receiver.taken if push["Status"] == "Failed"} == {
        *("Timeout", "CallerHangUp", "Blocked", "General Error", "Cancel")
    }
    unanswered = [push for push in receiver.taken if push["Status"] != "Answered"]
    assert {(push["AnswerTime"], push["Duration"]) for push in unanswered} == {("", "0")}


def test_campaigns_are_a_setting(providers: Providers) -> None:
    """Only the campaigns that the account has can be called."""
    other = "0b5c7f0e-6c5e-4d43-9a49-1f5a1a2f7a11"
    providers.configure(optimum={"campaigns": [other]})
    assert post(providers, VOICE, CAMPAIGN_CALL).json()["ErrorID"] == "5002"
    assert post(providers, VOICE, CAMPAIGN_CALL, CampaignID=other.upper()).json()["Status"] == "Received"


def test_accepted_texts_are_in_the_ledger_even_when_the_answer_is_lost(providers: Providers) -> None:
    """A connection dropped after acting leaves the message accepted; dropped before, nothing."""
    for kind in ("drop_before", "drop_after"):
        providers.fault(target="optimum", operation="POST /api/*", kind=kind, times=2)
        for path, body in ((SEND, SMS), (VOICE, CALL)):
            with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
                post(providers, path, body, Message=f"{kind} #000042", Destination=[{"MobileNo": ONE}])
        assert providers.app.world.ledger.received(42) == (2 if kind == "drop_after" else 0)
    assert providers.ledger()["requests"] == {"optimum": {"POST /api/SMS/Send": 2, "POST /api/Voice/Call": 2}}


@pytest.mark.parametrize(("kind", "words"), [("twice", ["Sent", "Delivered"] * 2), ("reorder", ["Delivered", "Sent"])])
def test_statuses_meet_faults(providers: Providers, receiver: Receiver, kind: str, words: list[str]) -> None:
    """Statuses can come twice or out of order."""
    providers.configure(optimum={"sms_url": receiver.url, "shares": {"failed": 0.0}})
    providers.fault(target="optimum", operation="statuses", kind=kind, times=1)
    sent(providers)
    until(lambda: len(receiver.taken) == len(words))
    assert sorted(push["Status"] for push in receiver.taken) == sorted(words)
    assert kind == "twice" or [push["Status"] for push in receiver.taken] == words


def test_a_record_can_come_before_the_answer_and_a_polled_status_late(providers: Providers, receiver: Receiver) -> None:
    """Early: the record is pushed before the call is answered. Late: a status asked for stays as it was."""
    providers.configure(optimum={"cdr_url": receiver.url})
    providers.fault(target="optimum", operation="statuses", kind="early", times=1)
    post(providers, VOICE, CALL, Destination=[{"MobileNo": ONE}])
    assert len(receiver.taken) == 1
    providers.control.delete("/sandbox/faults")
    providers.fault(target="optimum", operation="statuses", kind="late", seconds=30, times=1)
    late, prompt = sent(providers, CallBack="No"), sent(providers, TWO, CallBack="No")
    until(lambda: status(providers, prompt)["Status"] in ("Delivered", "Failed"))
    assert status(providers, late)["Status"] == "Received"


def test_errors_of_the_server_are_json(providers: Providers) -> None:
    """A status fault answers that status with JSON, and expired credentials are 401."""
    providers.fault(target="optimum", operation="POST /api/SMS/Send", kind="status", status=503, seconds=2, times=1)
    answer = post(providers, SEND, SMS)
    assert (answer.status_code, answer.headers["Retry-After"], list(answer.json())) == (503, "2", ["Message"])
    providers.fault(target="optimum", kind="expire_tokens", times=1)
    assert post(providers, VOICE, CALL).status_code == 401
    assert providers.ledger()["received"] == 0


@pytest.mark.parametrize(
    "settings",
    [{"url": "x"}, {"authentication": "header"}, {"shares": {"lost": 1}}, {"shares": {"busy": 2}}, {"campaigns": "x"}],
)
def test_wrong_settings_are_refused(providers: Providers, settings: dict[str, Any]) -> None:
    """A setting that is not known or not understood is 400 with a sentence, and nothing is set."""
    answer = providers.control.post("/sandbox/providers", json={"optimum": {"cdr_url": "http://x", **settings}})
    assert answer.status_code == 400
    assert answer.json()["error"]
    assert providers.app.optimum.settings.cdr_url is None
