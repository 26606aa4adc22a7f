"""The pretend 360 SMS App sends and looks up as its guide shows, and refuses what is not so."""

import threading
from collections import Counter
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.sandbox.providers.conftest import NO_CERTIFICATES
from tests.sandbox.providers.running import Providers, until

MESSAGE = {
    "clientId": "sandbox",
    "senderNumber": "1234567890",
    "receiverNumber": "3216549870",
    "messagebody": "Hello,Welcome to 360 SMS App #000001",
}
LOOKUP = {"clientId": "sandbox", "phoneNumber": "+447723471710"}


@pytest.fixture
def app360(providers: Providers) -> Iterator[httpx.Client]:
    """A client at the account's base address, with room for more than 200 requests at a time."""
    limits = httpx.Limits(max_connections=300)
    with httpx.Client(
        base_url=f"{providers.url}/sms360app", verify=NO_CERTIFICATES, limits=limits, timeout=20
    ) as client:
        yield client


def test_a_send_is_answered_as_in_the_guide(providers: Providers, app360: httpx.Client) -> None:
    """The guide's sample gets the guide's answer: all nested under `message`, with an id of the guide's length."""
    answer = app360.post("/send", json=MESSAGE)
    assert answer.status_code == 200
    assert list(answer.json()) == ["message"]
    inner = answer.json()["message"]
    assert list(inner) == ["status", "message", "360_message_id"]
    assert (inner["status"], inner["message"]) == (200, "success")
    assert len(inner["360_message_id"]) == len("ee9c3afceead4bcfa9")
    assert app360.post("/send", json=MESSAGE).json()["message"]["360_message_id"] != inner["360_message_id"]
    assert providers.ledger()["by_provider"] == {"sms360app": 2}
    assert providers.app.world.ledger.received(1) == 2


@pytest.mark.parametrize(("path", "sample"), [("/send", MESSAGE), ("/lookup", LOOKUP)])
def test_every_field_is_required_text(
    providers: Providers, app360: httpx.Client, path: str, sample: dict[str, str]
) -> None:
    """A field that is missing, empty, null or no text is 400 with words that name it; so is one that is not known."""
    for name in sample:
        without = {key: value for key, value in sample.items() if key != name}
        for body in (without, {**sample, name: ""}, {**sample, name: None}, {**sample, name: 5}):
            answer = app360.post(path, json=body)
            assert answer.status_code == 400
            assert name in answer.text
    assert "schedule" in app360.post(path, json={**sample, "schedule": "now"}).text
    assert providers.ledger()["received"] == 0


@pytest.mark.parametrize("field", ["senderNumber", "receiverNumber"])
@pytest.mark.parametrize(
    "number", ["0123456789", "123456", "+12345678901234567", "321 654 9870", "abc", "１２３４５６７８"]
)
def test_numbers_look_like_numbers(app360: httpx.Client, field: str, number: str) -> None:
    """Digits with or without a plus sign, seven to fifteen, no zero in front; all else is refused."""
    answer = app360.post("/send", json={**MESSAGE, field: number})
    assert answer.json() == {"message": {"status": 400, "message": f"{field} is not a valid number."}}
    assert app360.post("/send", json={**MESSAGE, field: "+447723471710"}).status_code == 200


@pytest.mark.parametrize("path", ["/send", "/lookup"])
def test_only_a_json_object_is_read(app360: httpx.Client, path: str) -> None:
    """A form, broken JSON (a trailing comma, as in the guide's sample), an array and nothing are 400; GET is 405."""
    json_type = {"Content-Type": "application/json"}
    assert app360.post(path, data=MESSAGE).status_code == 400
    for body in (b'{"clientId": "sandbox",}', b"[]", b"", b'"x"'):
        assert app360.post(path, content=body, headers=json_type).status_code == 400
    assert app360.get(path).status_code == 405


def test_an_unknown_client_is_refused(providers: Providers, app360: httpx.Client) -> None:
    """A client id that was not given is 401 in the shape of each operation; more clients may be given."""
    stranger = {"clientId": "other"}
    send = app360.post("/send", json=MESSAGE | stranger)
    assert send.status_code == 401
    assert send.json() == {"message": {"status": 401, "message": "clientId is not valid."}}
    lookup = app360.post("/lookup", json=LOOKUP | stranger)
    assert lookup.status_code == 401
    assert lookup.json() == {"Success": False, "error": "clientId is not valid."}
    providers.configure(sms360app={"client_ids": ["sandbox", "other"]})
    assert app360.post("/send", json=MESSAGE | stranger).status_code == 200


def test_a_sender_has_to_be_registered(providers: Providers, app360: httpx.Client) -> None:
    """With registered numbers, a message from another is refused."""
    providers.configure(sms360app={"sender_numbers": ["+19292968422"]})
    assert app360.post("/send", json=MESSAGE).json()["message"]["status"] == 400
    assert app360.post("/send", json=MESSAGE | {"senderNumber": "+19292968422"}).status_code == 200


def test_the_201st_at_a_time_is_refused(providers: Providers, app360: httpx.Client) -> None:
    """200 requests of one client are under way together; the next is 429, another client's is taken, and so is the
    first client's when one of the 200 has been answered."""
    providers.configure(sms360app={"client_ids": ["sandbox", "other"]})
    providers.fault(target="sms360app", operation="POST /send", kind="slow", seconds=2.5, times=200)
    statuses: list[int] = []
    threads = [
        threading.Thread(target=lambda: statuses.append(app360.post("/send", json=MESSAGE).status_code))
        for _ in range(200)
    ]
    for thread in threads:
        thread.start()
    until(lambda: providers.app.sms360app.in_flight["sandbox"] == 200)
    refused = app360.post("/send", json=MESSAGE)
    assert (refused.status_code, refused.json()["message"]["status"]) == (429, 429)
    assert app360.post("/send", json=MESSAGE | {"clientId": "other"}).status_code == 200
    assert app360.post("/lookup", json=LOOKUP).status_code == 200
    for thread in threads:
        thread.join()
    assert Counter(statuses) == {200: 200}
    assert app360.post("/send", json=MESSAGE).status_code == 200
    requests: Any = providers.ledger()["requests"]
    assert requests["sms360app"] == {"POST /send": 203, "POST /lookup": 1}
    assert providers.ledger()["received"] == 202


def test_a_lookup_is_answered_as_in_the_guide(app360: httpx.Client) -> None:
    """The guide's keys in the guide's spelling, and for its number the guide's country and formats; alike each time."""
    answers = [app360.post("/lookup", json=LOOKUP) for _ in range(2)]
    assert answers[0].status_code == 200
    body = answers[0].json()
    assert list(body) == [
        *("Success", "Carrier Name", "Type", "caller_name", "caller_type"),
        *("Country_Code", "phone_number", "national_format", "error"),
    ]
    assert (body["Success"], body["Country_Code"], body["error"]) == (True, "GB", "")
    assert (body["phone_number"], body["national_format"]) == ("+447723471710", "07723 471710")
    assert body["Carrier Name"]
    assert answers[1].json() == body


@pytest.mark.parametrize("number", ["1234567890", "60123240066", "524498987281", "+34666555444"])
def test_a_lookup_knows_the_countries(app360: httpx.Client, number: str) -> None:
    """A number is read with or without a plus sign; ten digits alone are North American, as in the guide's sample."""
    body = app360.post("/lookup", json=LOOKUP | {"phoneNumber": number}).json()
    country, code = {"1": ("US", "+1"), "6": ("MY", "+"), "5": ("MX", "+"), "+": ("ES", "")}[number[0]]
    assert (body["Success"], body["Country_Code"], body["phone_number"]) == (True, country, code + number)


def test_lookups_differ_by_number(app360: httpx.Client) -> None:
    """Numbers are of several types, some with a caller's name; one of no country has no success and an error."""
    numbers = [f"+4477234717{place:02d}" for place in range(40)]
    bodies = [app360.post("/lookup", json=LOOKUP | {"phoneNumber": number}).json() for number in numbers]
    assert {body["Type"] for body in bodies} == {"mobile", "landline", "voip"}
    assert {body["caller_name"] is None for body in bodies} == {True, False}
    nowhere = app360.post("/lookup", json=LOOKUP | {"phoneNumber": "+99123456789"})
    assert nowhere.status_code == 200
    assert (nowhere.json()["Success"], nowhere.json()["error"]) == (False, "Invalid phone number")
    assert set(nowhere.json()) == set(bodies[0])


def test_server_errors_have_the_shape_of_the_operation(providers: Providers, app360: httpx.Client) -> None:
    """A server in trouble answers under `message`, or with `Success` false."""
    providers.fault(target="sms360app", kind="status", status=503, seconds=2)
    send, lookup = app360.post("/send", json=MESSAGE), app360.post("/lookup", json=LOOKUP)
    assert (send.status_code, send.headers["Retry-After"]) == (503, "2")
    assert send.json() == {"message": {"status": 503, "message": "Service Unavailable"}}
    assert lookup.json() == {"Success": False, "error": "Service Unavailable"}
    providers.control.delete("/sandbox/faults")
    providers.fault(target="sms360app", kind="status", status=520)
    assert app360.post("/send", json=MESSAGE).json() == {"message": {"status": 520, "message": "error"}}


def test_refusals_may_come_with_200(providers: Providers, app360: httpx.Client) -> None:
    """With `always_200` the body alone tells a refusal."""
    providers.configure(sms360app={"always_200": True})
    send = app360.post("/send", json=MESSAGE | {"clientId": "other"})
    assert (send.status_code, send.json()["message"]["status"]) == (200, 401)
    lookup = app360.post("/lookup", json=LOOKUP | {"phoneNumber": "x"})
    assert (lookup.status_code, lookup.json()["Success"]) == (200, False)


@pytest.mark.parametrize("kind", ["drop_before", "drop_after"])
def test_what_is_accepted_is_counted_before_the_answer_is_lost(
    providers: Providers, app360: httpx.Client, kind: str
) -> None:
    """A connection dropped after acting leaves the message in the ledger, one dropped before does not."""
    providers.fault(target="sms360app", operation="POST /send", kind=kind, times=1)
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        app360.post("/send", json=MESSAGE)
    assert providers.app.world.ledger.received(1) == (kind == "drop_after")
    until(lambda: providers.app.sms360app.in_flight["sandbox"] == 0)


def test_a_client_can_be_unknown_for_once(providers: Providers, app360: httpx.Client) -> None:
    """The fault expire_tokens refuses a good client id as it would a wrong one."""
    providers.fault(target="sms360app", operation="POST /send", kind="expire_tokens", times=1)
    assert app360.post("/send", json=MESSAGE).json()["message"]["status"] == 401
    assert app360.post("/send", json=MESSAGE).status_code == 200


@pytest.mark.parametrize(
    "wrong", [{"dn_url": "x"}, {"client_ids": "sandbox"}, {"shares": {"lost": 1}}, {"shares": {"replies": 2}}]
)
def test_wrong_settings_are_refused_in_words(providers: Providers, wrong: dict[str, Any]) -> None:
    """A setting that is not known or not understood is 400 with a sentence that names it."""
    answer = providers.control.post("/sandbox/providers", json={"sms360app": wrong})
    assert answer.status_code == 400
    assert next(iter(wrong)) in answer.json()["error"]


def test_reset_forgets_all(providers: Providers, app360: httpx.Client) -> None:
    """After a reset there is no message and no setting."""
    providers.configure(sms360app={"client_ids": ["other"], "delivery_url": "http://127.0.0.1:9/x"})
    assert app360.post("/send", json=MESSAGE | {"clientId": "other"}).status_code == 200
    providers.control.post("/sandbox/providers/reset")
    assert providers.app.sms360app.book.texts == []
    assert providers.app.sms360app.callbacks.url is None
    assert app360.post("/send", json=MESSAGE).status_code == 200
