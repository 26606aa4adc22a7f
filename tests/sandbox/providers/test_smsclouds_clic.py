"""The pretend Smsclouds' SMS CLIC campaigns and HLR lookups."""

import re
from typing import Any

import httpx
import pytest

from tests.sandbox.providers.running import Providers, changed
from tests.sandbox.providers.test_smsclouds_campaign import ANSWER_KEYS, mexico, refused, texts

CLIC: dict[str, Any] = {
    "text": "Para mayores informes dar clic aqui <+DYNAMICSHORTURL_IVX4+> .",
    "recipients": [{"cellphone": "4498987281"}, {"cellphone": "4498987285"}],
    "route": 85,
    "country": 1,
    "campaign_name": "sms clic test",
    "encode": False,
    "long_message": False,
    "url": "4",
}
DATE = re.compile(r"\d{4}-\d\d-\d\d")


def send(providers: Providers, **changes: Any) -> httpx.Response:
    return providers.clouds.post("/api/v3/smsclic/campaign", json=changed(CLIC, **changes))


def test_a_clic_campaign_is_answered_as_in_the_guide(providers: Providers) -> None:
    """The guide's request gets the guide's answer key by key, with dates that have no time of day."""
    answer = send(providers)
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert list(body) == ANSWER_KEYS
    assert (body["message"], body["campaign_name"]) == ("Completado Correctamente", "sms clic test")
    assert (body["route"], body["country"], body["recipients_count"]) == ("Plus_SC1", "Mexico", 2)
    assert (body["encode"], body["long_message"]) == (False, False)
    assert DATE.fullmatch(body["scheduled_date"])
    assert DATE.fullmatch(body["token_expires"])
    assert providers.ledger()["by_provider"] == {"smsclouds": 2}


def test_a_clic_campaign_is_a_campaign(providers: Providers) -> None:
    """The link is shortened in the text, beside merge values, and the messages are shown like any campaign's."""
    recipients = [{"cellphone": "4498987281", "name": "Ana"}, {"cellphone": "4498987285", "name": "Luis"}]
    answer = send(providers, text="<+B+>: <+DYNAMICSHORTURL_IVX4+>", recipients=recipients, url=4, country=...)
    first, second = texts(providers, answer)
    assert re.fullmatch(r"Ana: https://mx4\.mx/\w{6}", first)
    assert second.startswith("Luis: https://mx4.mx/")


def test_a_clic_campaign_can_be_scheduled(providers: Providers) -> None:
    """The day of the schedule is answered."""
    date = mexico(days=3)
    assert send(providers, scheduled_date=date).json()["scheduled_date"] == date[:10]


def test_only_a_clic_campaign_has_a_link(providers: Providers) -> None:
    """A plain campaign does not know the parameter."""
    assert "url" in refused(providers.clouds.post("/api/v3/campaign", json=CLIC), 422)


def test_a_number_is_looked_up(providers: Providers) -> None:
    """A lookup answers a JSON object about the number, the same each time, and costs money."""
    before = providers.clouds.get("/api/v1/user").json()["data"]["credit"]
    answer = providers.clouds.get("/api/v3/hlr/4498987282")
    assert answer.status_code == 200
    body = answer.json()
    assert list(body) == ["message", "cellphone", "country", "status", "carrier", "type", "ported"]
    assert (body["cellphone"], body["country"]) == ("4498987282", "Mexico")
    assert providers.clouds.get("/api/v3/hlr/4498987282").json() == body
    assert providers.clouds.get("/api/v1/user").json()["data"]["credit"] == pytest.approx(before - 0.1)


def test_numbers_differ_in_what_is_known_of_them(providers: Providers) -> None:
    """Most numbers are active, some are not."""
    known = [providers.clouds.get(f"/api/v3/hlr/{4_498_000_000 + place}").json() for place in range(60)]
    assert {row["status"] for row in known} == {"active", "inactive"}
    assert len({row["carrier"] for row in known}) > 1


@pytest.mark.parametrize("number", ["524498987282", "449898728", "0449898728", "+4498987282", "x", "449%20898728"])
def test_only_ten_digits_are_looked_up(providers: Providers, number: str) -> None:
    """A number that has not 10 digits, or has its country's code, is refused."""
    assert "10 digitos" in refused(providers.clouds.get(f"/api/v3/hlr/{number}"), 422)


def test_a_lookup_needs_a_number_and_money(providers: Providers) -> None:
    """Without a number there is no such address; without money the lookup is refused."""
    assert refused(providers.clouds.get("/api/v3/hlr/"), 404)
    providers.configure(smsclouds={"balance": 0})
    assert "Saldo" in refused(providers.clouds.get("/api/v3/hlr/4498987282"), 422)
