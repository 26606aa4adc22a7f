"""The pretend Smsclouds: user, countries, routes and campaigns, by the guide's words and limits."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from tests.sandbox.providers.running import Providers, changed, until

ONE, TWO = "4498987281", "4498987282"
GOOD: dict[str, Any] = {
    "text": "hi mi name y jose",
    "recipients": [{"cellphone": ONE}],
    "campaign_name": "my campaign",
    "route": 87,
    "country": 1,
    "encode": False,
    "long_message": False,
}
ANSWER_KEYS = [
    *("message", "campaign", "campaign_name", "route", "country", "scheduled_date", "recipients_count"),
    *("encode", "long_message", "balance", "token_expires"),
]


def send(providers: Providers, **changes: Any) -> httpx.Response:
    return providers.clouds.post("/api/v3/campaign", json=changed(GOOD, **changes))


def texts(providers: Providers, answer: httpx.Response) -> list[str]:
    path = f"/api/v3/campaign/{answer.json()['campaign']}/messages"
    until(lambda: providers.clouds.get(path).json()["campaign_status"] == "inserted")
    return [row["text"] for row in providers.clouds.get(path).json()["data"]]


def refused(answer: httpx.Response, status: int) -> str:
    """The information of the guide's error JSON."""
    assert answer.status_code == status, answer.text
    error = answer.json()["error"]
    assert list(answer.json()) == ["error"]
    assert list(error) == ["information", "status_code"]
    assert error["status_code"] == status
    information: str = error["information"]
    return information


def mexico(**ahead: float) -> str:
    return (datetime.now(ZoneInfo("America/Mexico_City")) + timedelta(**ahead)).strftime("%Y-%m-%d %H:%M:%S")


def test_a_campaign_is_answered_as_in_the_guide(providers: Providers) -> None:
    """The guide's request, with a number twice, gets the guide's answer key by key."""
    recipients = [{"cellphone": ONE}, {"cellphone": TWO}, {"cellphone": TWO}]
    answer = send(providers, recipients=recipients)
    assert answer.status_code == 200
    body = answer.json()
    assert list(body) == ANSWER_KEYS
    assert (body["message"], body["campaign_name"]) == ("Completado Correctamente", "my campaign")
    assert (body["route"], body["country"], body["recipients_count"]) == ("Premium 2 Masiva", "Mexico", 3)
    assert (body["scheduled_date"], body["encode"], body["long_message"]) == (None, False, False)
    assert isinstance(body["campaign"], int)
    assert body["balance"] == pytest.approx(468_062.11 - 3 * 0.012, abs=0.001)
    assert datetime.strptime(body["token_expires"], "%Y-%m-%d %H:%M:%S") > datetime.now()  # noqa: DTZ005, DTZ007


def test_the_user_is_shown_as_in_the_guide(providers: Providers) -> None:
    """The user has the guide's keys, the credit goes down, and HEAD answers without a body."""
    send(providers)
    answer = providers.clouds.get("/api/v1/user")
    assert answer.status_code == 200
    data = answer.json()["data"]
    assert list(data) == ["information", "user", "name", "surname", "credit", "API_settings"]
    assert data["information"] == "User Found"
    assert data["credit"] == pytest.approx(468_062.11 - 0.012, abs=0.001)
    (token,) = data["API_settings"]
    assert list(token) == ["name", "creation", "expires"]
    head = providers.clouds.head("/api/v1/user")
    assert (head.status_code, head.content) == (200, b"")


def test_routes_and_countries_are_listed(providers: Providers) -> None:
    """Both lists have the guide's keys and the routes that the guide shows."""
    routes = providers.clouds.get("/api/v3/user/routes").json()
    assert routes[0] == {
        "route": 77,
        "name": "Mixta 1 Masiva",
        "country": "Mexico",
        "price": 0.012,
        "description": "74342, Long Code",
    }
    assert {route["route"] for route in routes} >= {77, 79, 87}
    countries = providers.clouds.get("/api/v3/user/countries").json()
    assert countries == [{"country": 1, "name": "Mexico"}, {"country": 2, "name": "USA"}]


PATHS = [
    ("GET", "/api/v1/user"),
    ("GET", "/api/v3/user/countries"),
    ("GET", "/api/v3/user/routes"),
    ("POST", "/api/v3/campaign"),
    ("POST", "/api/v3/responses"),
    ("GET", "/api/v3/campaign/1/messages"),
    ("GET", "/elsewhere"),
]


@pytest.mark.parametrize(("method", "path"), PATHS)
def test_every_operation_asks_for_the_token(providers: Providers, method: str, path: str) -> None:
    """Without the token, with another one or after its expiry the answer is 401 in the guide's words."""
    for headers in ({}, {"Authorization": "Bearer other"}, {"Authorization": "sandbox"}):
        answer = httpx.request(method, f"{providers.url}/smsclouds{path}", headers=headers, json=GOOD)
        assert refused(answer, 401) == "Unauthorized -- Your API key is wrong"
    providers.configure(smsclouds={"token_expires": mexico(seconds=-1)})
    assert refused(providers.clouds.request(method, path, json=GOOD), 401)


def test_the_token_lives_until_its_date(providers: Providers) -> None:
    """The date that answers give is the date until which the token is good."""
    expires = mexico(hours=1)
    providers.configure(smsclouds={"token_expires": expires})
    assert send(providers).json()["token_expires"] == expires
    assert providers.clouds.get("/api/v1/user").json()["data"]["API_settings"][0]["expires"] == expires


def test_an_unknown_operation_is_404(providers: Providers) -> None:
    """A path or method that is not there is 404 in the guide's words."""
    for answer in (
        providers.clouds.get("/api/v3/campaign"),
        providers.clouds.get("/api/v3/voice"),
        providers.clouds.get("/api/v3/campaign/1/messages"),
        providers.clouds.get("/api/v3/campaign/x/messages"),
    ):
        assert refused(answer, 404) == "Not Found -- The specified route could not be found"


@pytest.mark.parametrize("path", ["/api/v3/campaign", "/api/v3/responses"])
def test_a_request_without_json_is_400(providers: Providers, path: str) -> None:
    """No body, no JSON, no object or no JSON content type: 400."""
    json_type = {"Content-Type": "application/json"}
    for content, headers in (
        (b"", json_type),
        (b"{", json_type),
        (b"[]", json_type),
        (b'{"type": 1}', {"Content-Type": "text/plain"}),
        (b'{"type": 1}', {}),
    ):
        answer = providers.clouds.post(path, content=content, headers=headers)
        assert refused(answer, 400) == "Bad Request -- Your request is not correct"


BROKEN: list[tuple[dict[str, Any], str]] = [
    ({"text": ...}, "text"),
    ({"text": ""}, "text"),
    ({"text": 5}, "text"),
    ({"text": "a" * 161}, "160"),
    ({"recipients": ...}, "recipients"),
    ({"recipients": []}, "recipients"),
    ({"recipients": ONE}, "recipients"),
    ({"recipients": [ONE]}, "recipients.0"),
    ({"recipients": [{"name": "x"}]}, "cellphone"),
    ({"recipients": [{"cellphone": ONE}, {"cellphone": None}]}, "recipients.1.cellphone"),
    ({"recipients": [{"cellphone": "524498987281"}]}, "10 digitos"),
    ({"recipients": [{"cellphone": "449898728"}]}, "10 digitos"),
    ({"recipients": [{"cellphone": "449 898 7281"}]}, "10 digitos"),
    ({"recipients": [{"cellphone": 449898728.1}]}, "10 digitos"),
    ({"recipients": [{"cellphone": ONE, "name": 5}]}, "name"),
    ({"recipients": [{"cellphone": ONE, "surname": "x"}]}, "surname"),
    ({"recipients": [{"cellphone": ONE, "name": "x"}, {"cellphone": TWO}]}, "name"),
    ({"text": "hi <+C+>"}, "field1"),
    ({"text": "<+B+>", "recipients": [{"cellphone": ONE, "name": ""}]}, "text"),
    ({"route": ..., "country": ...}, "El campo route es obligatorio cuando country no esta presente"),
    ({"route": 9999}, "route"),
    ({"route": "87"}, "route"),
    ({"route": 87, "country": 2}, "route"),
    ({"country": 99, "route": ...}, "country"),
    ({"country": "1"}, "country"),
    ({"encode": "true"}, "encode"),
    ({"encode_2": 1}, "encode_2"),
    ({"encode_3": 1}, "encode_3"),
    ({"long_message": "no"}, "long_message"),
    ({"encode": True, "encode_2": True}, "encode y encode_2"),
    ({"encode": True, "long_message": True}, "encode y long_message"),
    ({"campaign_name": 5}, "campaign_name"),
    ({"scheduled_date": "2040-01-01"}, "scheduled_date"),
    ({"scheduled_date": "2040-13-01 00:00:00"}, "scheduled_date"),
    ({"scheduled_date": "2020-01-01 00:00:00"}, "futura"),
    ({"scheduled_date": 5}, "scheduled_date"),
    ({"text": "Jardín"}, "encode"),
    ({"text": "🎉"}, "encode"),
    ({"sender": "x"}, "sender"),
]


@pytest.mark.parametrize(("changes", "words"), BROKEN)
def test_a_wrong_parameter_is_422(providers: Providers, changes: dict[str, Any], words: str) -> None:
    """One thing is wrong with the guide's request: 422 in the guide's form, and nothing is accepted."""
    assert words in refused(send(providers, **changes), 422)
    assert providers.ledger()["received"] == 0


LIMITS = [
    ({}, "a" * 160, True),
    ({}, "a" * 161, False),
    ({}, "a" * 158 + "€", True),
    ({}, "a" * 159 + "€", False),
    ({"encode": True}, "í" * 70, True),
    ({"encode": True}, "í" * 71, False),
    ({"encode": True}, "🎉" * 35, True),
    ({"encode": True}, "🎉" * 36, False),
    ({"encode_2": True}, "í" * 128, True),
    ({"encode_2": True}, "í" * 129, False),
    ({"encode_3": True}, "í" * 192, True),
    ({"encode_3": True}, "í" * 193, False),
    ({"long_message": True}, "a" * 306, True),
    ({"long_message": True}, "a" * 307, False),
    ({"long_message": True}, "í", False),
]


@pytest.mark.parametrize(("way", "text", "fits"), LIMITS)
def test_texts_are_held_to_their_limit(providers: Providers, way: dict[str, bool], text: str, fits: bool) -> None:
    """160 plain, 70, 128 and 192 encoded, 306 long: one more is refused, also when merging makes it."""
    assert (send(providers, text=text, **way).status_code == 200) is fits
    merged = send(providers, text="<+B+>", recipients=[{"cellphone": ONE, "name": text}], **way)
    assert (merged.status_code == 200) is fits


def test_merge_fields_are_filled_by_recipient(providers: Providers) -> None:
    """B is the name, C to F the fields 1 to 4; values are not scanned again and unknown placeholders stay."""
    recipients = [
        {"cellphone": ONE, "name": "Ana", "field1": "1", "field2": "<+B+>", "field3": "3", "field4": "4"},
        {"cellphone": TWO, "name": "Luis", "field1": "a", "field2": "b", "field3": "c", "field4": "d"},
    ]
    answer = send(providers, text="<+B+> <+C+> <+D+> <+E+> <+F+> <+G+>", recipients=recipients)
    assert texts(providers, answer) == ["Ana 1 <+B+> 3 4 <+G+>", "Luis a b c d <+G+>"]


def test_cellphones_may_be_numbers(providers: Providers) -> None:
    """The table says integer and the example has text: both are read."""
    assert send(providers, recipients=[{"cellphone": int(ONE)}]).status_code == 200


def test_fifty_thousand_recipients_are_the_most(providers: Providers) -> None:
    """50,000 recipients pass and one more is refused."""
    recipients = [{"cellphone": str(4_490_000_000 + place)} for place in range(50_001)]
    assert "50000" in refused(send(providers, recipients=recipients), 422)
    assert send(providers, recipients=recipients[:-1]).json()["recipients_count"] == 50_000


def test_route_or_country_is_enough(providers: Providers) -> None:
    """Each can be left out for the other."""
    assert send(providers, country=...).json()["country"] == "Mexico"
    assert send(providers, route=...).json()["route"] == "Mixta 1 Masiva"
    assert send(providers, route=..., country=2).json()["country"] == "USA"


def test_parts_are_paid(providers: Providers) -> None:
    """A text of two parts costs twice, and an empty account is refused."""
    before = send(providers).json()["balance"]
    after = send(providers, text="a" * 200, long_message=True).json()
    assert after["long_message"] is True
    assert before - after["balance"] == pytest.approx(2 * 0.012, abs=0.0015)
    encoded = send(providers, text="í" * 128, encode_2=True).json()
    assert encoded["encode"] is True
    assert after["balance"] - encoded["balance"] == pytest.approx(2 * 0.012, abs=0.0015)
    providers.configure(smsclouds={"balance": 0.001})
    assert refused(send(providers), 422)


def test_a_scheduled_campaign_waits_for_mexico_citys_clock(providers: Providers) -> None:
    """The date is answered as given, and messages stay in progress until it comes."""
    date = mexico(minutes=2)
    answer = send(providers, scheduled_date=date).json()
    assert answer["scheduled_date"] == date
    path = f"/api/v3/campaign/{answer['campaign']}/messages"
    until(lambda: providers.clouds.get(path).json()["campaign_status"] == "inserted")
    shown = providers.clouds.get(path).json()
    assert shown["scheduled_date"] == date
    assert [row["status"] for row in shown["data"]] == ["in progress"]
