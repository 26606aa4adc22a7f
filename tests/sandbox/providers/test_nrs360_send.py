"""``POST /sms`` of the pretend 360NRS: every parameter of the guide's table, every code of its error table."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from connector.sandbox.providers.nrs360.errors import Refusal
from connector.sandbox.providers.nrs360.times import Window, opening
from tests.sandbox.providers.running import Providers

ONE, TWO = "34666555444", "34666555333"
GOOD: dict[str, Any] = {"to": [ONE], "from": "TEST", "message": "SMS text message"}
DAY = {"day": 1, "from": "09:00", "to": "21:00"}


def send(providers: Providers, **changes: Any) -> httpx.Response:
    body = {key: value for key, value in {**GOOD, **changes}.items() if value is not ...}
    return providers.nrs.post("/sms", json=body)


def text_of(providers: Providers, answer: httpx.Response, place: int = 0) -> str:
    message_id = answer.json()["result"][place]["id"]
    text: str = providers.nrs.get(f"/sms/{message_id}").json()["data"][0]["message"]
    return text


def stamp(**ahead: float) -> str:
    return (datetime.now(UTC) + timedelta(**ahead)).strftime("%Y%m%d%H%M%S")


def test_all_accepted_answers_202_as_in_the_guide(providers: Providers) -> None:
    """The guide's request gets the guide's answer, key by key."""
    answer = send(providers)
    assert answer.status_code == 202
    body = answer.json()
    assert list(body) == ["campaignId", "sendingId", "result"]
    (result,) = body["result"]
    assert list(result) == ["accepted", "to", "id", "parts", "scheduledAt", "expiresAt"]
    assert (result["accepted"], result["to"], result["parts"]) == (True, ONE, 1)
    assert (result["scheduledAt"], result["expiresAt"]) == (None, None)
    assert len(result["id"]) == 13
    assert result["id"].isalnum()
    assert (body["campaignId"], body["sendingId"]) == (100000, 100001)


def test_some_accepted_answers_207_with_an_error_each(providers: Providers) -> None:
    """Recipients are judged one by one and stand in the order of the request."""
    answer = send(providers, to=[ONE, "34"])
    assert answer.status_code == 207
    good, bad = answer.json()["result"]
    assert (good["accepted"], good["to"]) == (True, ONE)
    assert bad == {"accepted": False, "to": "34", "error": {"code": 102, "description": "No valid recipients"}}


@pytest.mark.parametrize("number", ["34", "+34666555444", "666 555 444", "0034666555444", "", 34666555444, None])
def test_only_digits_with_the_countrys_prefix_are_a_number(providers: Providers, number: object) -> None:
    """A number with a plus, spaces or zeros in front, too short or not text at all is no valid recipient."""
    answer = send(providers, to=[number])
    assert answer.status_code == 400
    assert answer.json() == {"error": {"code": 102, "description": "No valid recipients"}}


LIMITS = [
    ("gsm", "a" * 160, 1, 1),
    ("gsm", "a" * 161, 1, None),
    ("gsm", "a" * 161, 2, 2),
    ("gsm", "a" * 306, 2, 2),
    ("gsm", "a" * 307, 2, None),
    ("gsm", "a" * 158 + "€", 1, 1),
    ("gsm", "a" * 159 + "€", 1, None),
    ("gsm", "a" * 152 + "€" + "b" * 152, 2, None),
    ("gsm", "a" * 151 + "€" + "b" * 153, 2, 2),
    ("gsm", "a" * (153 * 15), 15, 15),
    ("gsm", "a" * (153 * 15 + 1), 15, None),
    ("gsm-pt", "ã" * 160, 1, 1),
    ("gsm-pt", "ã" * 161, 1, None),
    ("utf-16", "ж" * 70, 1, 1),
    ("utf-16", "ж" * 71, 1, None),
    ("utf-16", "ж" * 134, 2, 2),
    ("utf-16", "ж" * 135, 2, None),
    ("utf-16", "🎉" * 35, 1, 1),
    ("utf-16", "🎉" * 36, 1, None),
    ("utf-16", "🎉" * 66, 2, 2),
    ("utf-16", "🎉" * 67, 2, None),
]


@pytest.mark.parametrize(("encoding", "text", "allowed", "parts"), LIMITS)
def test_text_is_held_to_its_parts(
    providers: Providers, encoding: str, text: str, allowed: int, parts: int | None
) -> None:
    """160 or 70 alone, 153 or 67 concatenated, extension characters and surrogate pairs count two and are not cut;
    what takes more parts than allowed fails with 105."""
    answer = send(providers, message=text, encoding=encoding, parts=allowed)
    if parts is None:
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, 105)
    else:
        assert answer.json()["result"][0]["parts"] == parts


def test_only_the_parts_that_are_needed_are_used(providers: Providers) -> None:
    """A higher `parts` than needed costs nothing more."""
    assert send(providers, parts=15).json()["result"][0]["parts"] == 1


BROKEN: list[tuple[dict[str, Any], int, int]] = [
    ({"to": ...}, 400, 102),
    ({"to": []}, 400, 102),
    ({"to": ONE}, 400, 102),
    ({"message": ...}, 400, 104),
    ({"message": ""}, 400, 104),
    ({"message": 5}, 422, 422),
    ({"message": "a" * 161}, 400, 105),
    ({"from": ...}, 400, 106),
    ({"from": ""}, 400, 106),
    ({"from": 5}, 422, 422),
    ({"from": "ABCDEFGHIJKL"}, 400, 107),
    ({"from": "1234567890123456"}, 400, 107),
    ({"scheduleDate": "2030-01-01 10:00"}, 400, 108),
    ({"scheduleDate": "20301301000000"}, 400, 108),
    ({"scheduleDate": 20300101100000}, 400, 108),
    ({"notificationUrl": "ftp://example.com"}, 400, 109),
    ({"notificationUrl": "not a url"}, 400, 109),
    ({"notificationUrl": 5}, 400, 109),
    ({"notificationUrl": []}, 400, 109),
    ({"notificationUrl": ["https://example.com/1", "https://example.com/2"]}, 400, 109),
    ({"parts": 0}, 400, 110),
    ({"parts": 16}, 400, 110),
    ({"parts": "2"}, 400, 110),
    ({"parts": True}, 400, 110),
    ({"encoding": "ucs2"}, 400, 113),
    ({"encoding": 8}, 400, 113),
    ({"message": "привет"}, 400, 113),
    ({"message": "ñandú"}, 400, 113),
    ({"message": "ñ", "encoding": "gsm-pt"}, 400, 113),
    ({"expirationDate": "tomorrow"}, 400, 119),
    ({"expirationDate": "20130215142000"}, 400, 119),
    ({"scheduleDate": "20400101000000", "expirationDate": "20390101000000"}, 400, 119),
    ({"tags": ["a"]}, 400, 126),
    ({"campaignName": ""}, 400, 126),
    ({"campaignName": 5}, 422, 422),
    ({"campaignName": "x", "tags": "a"}, 422, 422),
    ({"sub": [{"a": "1"}, {"a": "2"}]}, 422, 422),
    ({"sub": {"a": "1"}}, 422, 422),
    ({"sub": ["a"]}, 422, 422),
    ({"sub": [{"a": None}]}, 422, 422),
    ({"message": "{a}", "splitParts": True}, 400, 142),
    ({"splitParts": "yes"}, 422, 422),
    ({"flash": 1}, 422, 422),
    ({"certified": "true"}, 422, 422),
    ({"trans": 2}, 422, 422),
    ({"trans": True}, 422, 422),
    ({"otpConfig": []}, 422, 422),
    ({"otpConfig": {"length": 2}}, 422, 422),
    ({"otpConfig": {"length": 11}}, 422, 422),
    ({"otpConfig": {"alpha": "no"}}, 422, 422),
    ({"otpConfig": {"appId": 5}}, 422, 422),
    ({"otpConfig": {"maxAttempts": 11}}, 422, 422),
    ({"otpConfig": {"maxSecondsValidity": 29}}, 422, 422),
    ({"otpConfig": {"colour": 1}}, 422, 422),
    ({"availableTimes": DAY}, 400, 183),
    ({"availableTimes": None}, 400, 183),
    ({"availableTimes": [{**DAY, "day": "1"}]}, 400, 184),
    ({"availableTimes": [{**DAY, "day": 0}]}, 400, 185),
    ({"availableTimes": [{**DAY, "day": 8}]}, 400, 185),
    ({"availableTimes": [{**DAY, "from": "9:00"}]}, 400, 186),
    ({"availableTimes": [{**DAY, "to": "24:00"}]}, 400, 187),
    ({"availableTimes": [{**DAY, "from": "21:00", "to": "09:00"}]}, 400, 188),
    ({"availableTimes": [{"day": 1, "from": "09:00"}]}, 400, 189),
    ({"availableTimes": [{"day": 1, "to": "09:00"}]}, 400, 189),
    ({"availableTimes": ["09:00-21:00"]}, 400, 189),
    ({"availableTimes": []}, 400, 194),
    ({"availableTimes": [{"from": "09:00", "to": "09:05"}]}, 400, 196),
    ({"text": "unknown parameter"}, 422, 422),
]


@pytest.mark.parametrize(("changes", "status", "code"), BROKEN)
def test_a_broken_request_gets_the_guides_error(
    providers: Providers, changes: dict[str, Any], status: int, code: int
) -> None:
    """One thing is wrong with the guide's request: its own code and words come back and nothing is accepted."""
    answer = send(providers, **changes)
    assert answer.status_code == status
    error = answer.json()["error"]
    assert error["code"] == code
    assert code == 422 or error["description"] == Refusal(code).description
    assert providers.ledger()["received"] == 0


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"text"', b"to=34666555444"])
def test_a_body_that_is_no_json_object_is_125(providers: Providers, body: bytes) -> None:
    """Anything but a JSON object is Invalid JSON."""
    answer = providers.nrs.post("/sms", content=body)
    assert answer.status_code == 400
    assert answer.json() == {"error": {"code": 125, "description": "Invalid JSON"}}


@pytest.mark.parametrize("path", ["/sms/x", "/campaigns", "/sendings/1/reports/events", "/account", "/elsewhere"])
def test_a_wrong_password_is_103(providers: Providers, path: str) -> None:
    """Every operation asks for the user and password first."""
    for auth in (None, ("sandbox", "wrong"), ("wrong", "sandbox")):
        answer = httpx.get(f"{providers.url}/nrs360/api/rest{path}", auth=auth)
        assert answer.status_code == 401
        assert answer.json() == {"error": {"code": 103, "description": "Username or password unknown"}}
    assert httpx.post(f"{providers.url}/nrs360/api/rest/sms", json=GOOD).json()["error"]["code"] == 103


def test_an_unknown_operation_is_404(providers: Providers) -> None:
    """A path or method the pretend provider does not have is answered in the guide's form."""
    for answer in (providers.nrs.get("/sms"), providers.nrs.put("/campaigns"), providers.nrs.get("/x/y")):
        assert answer.status_code == 404
        assert answer.json() == {"error": {"code": 404, "description": "Resource not found"}}


@pytest.mark.parametrize("sender", ["ABCDEFGHIJK", "123456789012345"])
def test_the_longest_senders_pass(providers: Providers, sender: str) -> None:
    """11 characters or 15 digits are a sender."""
    assert send(providers, **{"from": sender}).status_code == 202


def test_the_balance_pays_each_part(providers: Providers) -> None:
    """Each part costs; what the balance does not cover is refused whole with 402 and 111."""
    before = providers.nrs.get("/account").json()["data"]["balance"]
    send(providers, message="a" * 200, parts=2, to=[ONE, TWO])
    after = providers.nrs.get("/account").json()["data"]["balance"]
    assert before - after == pytest.approx(4 * 0.04)
    providers.configure(nrs360={"balance": 0.05})
    answer = send(providers, to=[ONE, TWO])
    assert answer.status_code == 402
    assert answer.json() == {"error": {"code": 111, "description": "Not enough credits"}}
    assert send(providers).status_code == 202


def test_sub_merges_each_recipients_values(providers: Providers) -> None:
    """Each recipient's text is made of the template and its own item of `sub`; a value is not scanned again."""
    sub = [{"name": "Ana {x}", "n": 3}, {"name": "Luis", "n": 4.5}]
    answer = send(providers, to=[ONE, TWO], message="Hello {name} {n}{none}!", sub=sub, parts=1)
    assert answer.status_code == 202
    assert [text_of(providers, answer, place) for place in (0, 1)] == ["Hello Ana {x} 3!", "Hello Luis 4.5!"]


@pytest.mark.parametrize(
    ("variable", "value", "result"),
    [
        ("{v|lower}", "My NAME", "my name"),
        ("{v|upper}", "My name", "MY NAME"),
        ("{v|capitalize}", "my name", "My name"),
        ("{v|capitalizeAll}", "my name", "My Name"),
        ("{v|formatDotComma}", "1234.56", "1.234,56"),
        ("{v|formatCommaDot}", "1234.56", "1,234.56"),
        ("{v|formatCommaDot}", "none", "none"),
        ("{v|shorten}", "no url", "no url"),
        ("{v|unknown}", "x", "{v|unknown}"),
    ],
)
def test_filters_of_variables(providers: Providers, variable: str, value: str, result: str) -> None:
    """The guide's filters give the guide's results."""
    answer = send(providers, message=f"[{variable}]", sub=[{"v": value}])
    assert text_of(providers, answer) == f"[{result}]"


def test_urls_are_shortened(providers: Providers) -> None:
    """The shorten filter makes a short address of a valid one."""
    answer = send(providers, message="{u|shorten}", sub=[{"u": "https://example.com/" + "a" * 300}])
    assert text_of(providers, answer).startswith("https://nrs.so/")
    assert len(text_of(providers, answer)) == 21


def test_the_merged_text_is_what_must_fit(providers: Providers) -> None:
    """One recipient's values make the text too long, empty or not GSM: that recipient is refused, the others go."""
    sub = [{"t": "a" * 161}, {"t": "ok"}, {"t": ""}, {"t": "á"}]
    answer = send(providers, to=[ONE, TWO, "34666555222", "34666555111"], message="{t}", sub=sub)
    assert answer.status_code == 207
    assert [result.get("error", {}).get("code") for result in answer.json()["result"]] == [105, None, 104, 113]


def test_trans_makes_common_characters_gsm(providers: Providers) -> None:
    """With trans 1 the characters of the guide's table are replaced before the coding is checked."""
    answer = send(providers, message="María, ¿qué tal? 1º ç Õ â", trans=1)
    assert text_of(providers, answer) == "Maria, ¿qué tal? 1 Ç O a"


def test_split_parts_makes_single_messages(providers: Providers) -> None:
    """With splitParts a long text is several messages of 160 instead of parts of 153, whatever `parts` says."""
    assert send(providers, message="a" * 320, splitParts=True).json()["result"][0]["parts"] == 2
    assert send(providers, message="a" * 321, splitParts=True).json()["result"][0]["parts"] == 3


def test_an_otp_code_is_made(providers: Providers) -> None:
    """{OTP_CODE} becomes a code of the configured length."""
    assert len(text_of(providers, send(providers, message="{OTP_CODE}"))) == 4
    answer = send(providers, message="{OTP_CODE}", otpConfig={"alpha": True, "length": 8})
    assert len(text_of(providers, answer)) == 8


def test_dates_come_back_in_iso_8601(providers: Providers) -> None:
    """scheduleDate and expirationDate are UTC and are answered as scheduledAt and expiresAt."""
    answer = send(providers, scheduleDate="20400215142000", expirationDate="20400216142000")
    (result,) = answer.json()["result"]
    assert result["scheduledAt"] == "2040-02-15T14:20:00+00:00"
    assert result["expiresAt"] == "2040-02-16T14:20:00+00:00"


def test_a_scheduled_message_waits(providers: Providers) -> None:
    """Nothing happens to a message before its date or outside its available times."""
    later = send(providers, scheduleDate=stamp(hours=1)).json()["result"][0]["id"]
    tomorrow = datetime.now(UTC) + timedelta(days=2)
    hours = [{"day": tomorrow.isoweekday(), "from": "09:00", "to": "21:00"}]
    other = send(providers, availableTimes=hours).json()["result"][0]["id"]
    time.sleep(0.1)
    shown = providers.nrs.get(f"/sms/{later},{other}").json()["data"]
    assert [message["events"] for message in shown] == [[], []]


def test_available_times_find_the_next_opening() -> None:
    """The next moment in a window: now when it is open, else its opening, on the right day of the week."""
    wednesday = datetime(2026, 11, 18, 12, 0, tzinfo=UTC)
    now = wednesday.timestamp()
    assert opening(now, []) == now
    assert opening(now, [Window(None, 9 * 60, 21 * 60)]) == now
    assert opening(now, [Window(None, 13 * 60, 14 * 60)]) == (wednesday + timedelta(hours=1)).timestamp()
    assert opening(now, [Window(None, 9 * 60, 10 * 60)]) == (wednesday + timedelta(hours=21)).timestamp()
    assert opening(now, [Window(3, 9 * 60, 10 * 60)]) == (wednesday + timedelta(days=7, hours=-3)).timestamp()
    both = [Window(5, 0, 60), Window(4, 0, 60)]
    assert opening(now, both) == (wednesday + timedelta(hours=12)).timestamp()


def test_one_campaign_takes_all_messages_of_its_name(providers: Providers) -> None:
    """A second request with the same campaignName adds to the same campaign and sending; without a name it is new."""
    ids = [
        (answer["campaignId"], answer["sendingId"])
        for answer in (
            send(providers, **name).json() for name in ({"campaignName": "A"}, {"campaignName": "A"}, {}, {})
        )
    ]
    assert ids[0] == ids[1]
    assert len(set(ids)) == 3
