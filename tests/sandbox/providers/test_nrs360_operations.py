"""Every operation of 360NRS's guide has a route in the pretend one; one-time codes and coverage."""

from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from tests.sandbox.providers.running import Providers

ONE = "34666555444"
CODE = [
    *("recipient", "code", "attempts", "maxAttempts", "maxSecondsValidity"),
    *("appId", "createdAt", "updatedAt", "expiresAt"),
]
# The guide's table of contents.
OPERATIONS = [
    "POST /sms",
    "GET /sms/1",
    "POST /mailing",
    "POST /voice",
    "POST /voiceAudio",
    "POST /landingsms",
    "POST /whatsapp",
    "GET /whatsapp/conversations",
    "GET /whatsapp/conversations/1/2",
    "GET /whatsapp/conversations/1/2/messages",
    "POST /whatsapp/conversations/1/2/messages",
    "GET /scheduled",
    "PUT /scheduled",
    "DELETE /scheduled",
    "GET /campaigns",
    "GET /contacts",
    "GET /contacts/1",
    "POST /contacts",
    "PUT /contacts/1",
    "DELETE /contacts/1",
    "GET /groups",
    "GET /groups/1",
    "POST /groups",
    "PUT /groups/1",
    "DELETE /groups/1",
    "GET /validation/emails",
    "GET /validation/emails/1",
    "GET /validation/emails/1/result",
    "POST /validation/emails",
    "DELETE /validation/emails/1",
    "GET /v2/blacklist/sms",
    "PUT /v2/blacklist/mailing",
    "DELETE /v2/blacklist/voice",
    "GET /templates",
    "GET /templates/1",
    "POST /templates",
    "PUT /templates/1",
    "DELETE /templates/1",
    "GET /templates/1/preview",
    "POST /form",
    "POST /forms",
    "PUT /forms/1",
    "GET /forms",
    "GET /forms/1",
    "DELETE /forms/1",
    "GET /forms/1/preview",
    "POST /shortener/shorten",
    "POST /images/generate",
    "GET /sms/certificates/1",
    "GET /mailing/certificates/1",
    "GET /sendings/1/reports/events",
    "GET /sendings/1/reports/keys",
    "POST /otp/generate",
    "POST /otp/check",
    "GET /account",
    "GET /sms/coverage",
    "GET /sms/coverageByCountry",
]


@pytest.mark.parametrize("operation", OPERATIONS)
def test_every_operation_has_a_route(providers: Providers, operation: str) -> None:
    """Each is counted as a request of its own, asks for the password, and meets faults by its name."""
    method, path = operation.split()
    assert providers.nrs.request(method, path, auth=("sandbox", "wrong")).json()["error"]["code"] == 103
    requests: Any = providers.ledger()["requests"]
    ((counted, count),) = requests["nrs360"].items()
    assert (counted.split()[0], count) == (method, 1)
    providers.fault(target="nrs360", operation=counted, kind="status", status=500)
    answer = providers.nrs.request(method, path, content=b"{}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (500, 101)


def generate(providers: Providers, **changes: Any) -> httpx.Response:
    return providers.nrs.post("/otp/generate", json={"recipient": ONE, **changes})


def check(providers: Providers, code: str, **changes: Any) -> dict[str, Any]:
    answer = providers.nrs.post("/otp/check", json={"recipient": ONE, "code": code, **changes})
    assert answer.status_code == 200, answer.text
    data: dict[str, Any] = answer.json()["data"]
    return data


def test_a_code_is_generated_and_checked_as_in_the_guide(providers: Providers) -> None:
    """Four digits for a minute and three attempts; the right code is valid, a wrong one is not."""
    answer = generate(providers)
    assert answer.status_code == 200
    code = answer.json()["data"]
    assert list(code) == CODE
    assert len(code["code"]) == 4
    assert code["code"].isdigit()
    assert [code[key] for key in CODE[2:6]] == [0, 3, 60, ""]
    valid = datetime.fromisoformat(code["expiresAt"]) - datetime.fromisoformat(code["createdAt"])
    assert valid == timedelta(seconds=60)
    wrong = check(providers, "x")
    assert (list(wrong), list(wrong["otp"]), list(wrong["otp"]["data"])) == (["valid", "reason", "otp"], ["data"], CODE)
    assert (wrong["valid"], wrong["reason"], wrong["otp"]["data"]["attempts"]) == (False, "Invalid code", 1)
    right = check(providers, code["code"])
    assert (right["valid"], right["reason"], right["otp"]["data"]["attempts"]) == (True, "Valid", 2)


def test_attempts_and_time_run_out(providers: Providers, monkeypatch: pytest.MonkeyPatch) -> None:
    """After the last attempt even the right code is refused, and after its time too."""
    code = generate(providers, maxAttempts=1).json()["data"]["code"]
    check(providers, "x")
    late = check(providers, code)
    assert (late["valid"], late["reason"]) == (False, "Maximum attempts reached")
    code = generate(providers, maxSecondsValidity=30).json()["data"]["code"]
    ahead = providers.app.world.now() + 31
    monkeypatch.setattr(providers.app.world, "now", lambda: ahead)
    expired = check(providers, code)
    assert (expired["valid"], expired["reason"]) == (False, "Expired")


def test_letters_applications_and_new_codes(providers: Providers) -> None:
    """Letters count by case only when asked; each application has its own code; a new code replaces the last."""
    first = generate(providers, alpha=True, length=10, maxAttempts=10).json()["data"]["code"]
    assert len(first) == 10
    assert check(providers, first.lower())["valid"] is True
    assert check(providers, first.lower(), caseSensitive=True)["reason"] == "Invalid code"
    other = generate(providers, appId="other", length=10).json()["data"]["code"]
    assert check(providers, first)["valid"] is True
    assert check(providers, other, appId="other")["valid"] is True
    second = generate(providers, length=10).json()["data"]["code"]
    assert check(providers, first)["valid"] is False
    assert check(providers, second)["valid"] is True


def test_a_code_sent_by_sms_can_be_checked(providers: Providers) -> None:
    """{OTP_CODE} in a message is a code of its recipient and application."""
    config = {"appId": "shop", "length": 6}
    body = {"to": [ONE], "from": "T", "message": "Code {OTP_CODE}", "otpConfig": config}
    assert providers.nrs.post("/sms", json=body).status_code == 202
    code = providers.app.nrs360.book.texts[0].removeprefix("Code ")
    assert len(code) == 6
    assert check(providers, code, appId="shop")["valid"] is True
    answer = providers.nrs.post("/otp/check", json={"recipient": ONE, "code": code})
    assert answer.json() == {"error": {"code": 404, "description": "Resource not found"}}


OTP_BROKEN: list[tuple[str, dict[str, Any], str]] = [
    ("generate", {"recipient": None}, "The recipient field is required."),
    ("generate", {"recipient": "nobody"}, "The recipient field must be a valid phone or email."),
    ("generate", {"recipient": 34666555444}, "The recipient field must be a valid phone or email."),
    ("generate", {"alpha": 1}, "The alpha field must be a boolean."),
    ("generate", {"length": 2}, "The length field must not be below 3."),
    ("generate", {"length": 11}, "The length field must not be above 10."),
    ("generate", {"length": "4"}, "The length field must be an integer."),
    ("generate", {"maxAttempts": 0}, "The maxAttempts field must not be below 1."),
    ("generate", {"maxAttempts": 11}, "The maxAttempts field must not be above 10."),
    ("generate", {"maxSecondsValidity": 29}, "The maxSecondsValidity field must not be below 30."),
    ("generate", {"maxSecondsValidity": 601}, "The maxSecondsValidity field must not be above 600."),
    ("generate", {"appId": 5}, "The appId field must be a string."),
    ("generate", {"code": "1"}, "The code field is not allowed."),
    ("check", {"recipient": None, "code": "1"}, "The recipient field is required."),
    ("check", {}, "The code field is required."),
    ("check", {"code": 1234}, "The code field must be a string."),
    ("check", {"code": "1", "caseSensitive": "no"}, "The caseSensitive field must be a boolean."),
    ("check", {"code": "1", "appId": 5}, "The appId field must be a string."),
]


@pytest.mark.parametrize(("operation", "changes", "words"), OTP_BROKEN)
def test_a_broken_code_request_is_422(
    providers: Providers, operation: str, changes: dict[str, Any], words: str
) -> None:
    """Each row and each limit of the guide's tables is held."""
    answer = providers.nrs.post(f"/otp/{operation}", json={"recipient": ONE, **changes})
    assert (answer.status_code, answer.json()) == (422, {"error": {"code": 422, "description": words}})


def test_coverage_is_shown_as_in_the_guide(providers: Providers) -> None:
    """By network with a default for each country; by country with the names and the lowest and highest cost."""
    networks = providers.nrs.get("/sms/coverage").json()["data"]
    assert networks[:2] == [
        {
            "countryIso": "AD",
            "countryName": "Andorra",
            "networkName": name,
            "mcc": "213",
            "mnc": mnc,
            "cost": 0.065,
            "currencyCode": "EUR",
            "currencySymbol": "€",
        }
        for name, mnc in (("Default", None), ("Servei De Tele. DAndorra", "003"))
    ]
    countries = providers.nrs.get("/sms/coverageByCountry").json()["data"]
    assert countries[1] == {
        "countryIso": "AE",
        "countryName": "United Arab Emirates",
        "networks": ["DU", "Etisalat"],
        "minCost": 0.0868,
        "maxCost": 0.0868,
        "currencyCode": "EUR",
        "currencySymbol": "€",
    }
    for country in countries:
        costs = [row["cost"] for row in networks if row["countryIso"] == country["countryIso"]]
        assert (country["minCost"], country["maxCost"]) == (min(costs), max(costs))
