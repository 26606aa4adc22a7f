"""The pretend Smsclouds' email campaigns, by the four templates of the guide."""

from typing import Any

import httpx
import pytest

from tests.sandbox.providers.running import Providers, changed
from tests.sandbox.providers.test_smsclouds_campaign import mexico

GUIDE: dict[str, Any] = {
    "body": "Hola mi nombre es <+B+> y tengo un id <+C+>,",
    "subject": "importante",
    "recipients": [{"email": "jack@example.com", "name": "Jack", "field1": "52452245"}],
}
IMAGE = "https://example.com/picture.png"
ONLY_IMAGE = {key: value for key, value in GUIDE.items() if key != "body"} | {"template": 3, "image": IMAGE}
OPTIONAL = {"attachment": 12, "sender": "Acme"}
BY_TEMPLATE: dict[int, dict[str, Any]] = {
    1: {**GUIDE, "template": 1, "header": "Hola"},
    2: {**GUIDE, "template": 2, "header": "Hola"},
    3: ONLY_IMAGE,
    4: {**GUIDE, "template": 4, "header": "Hola", "image": IMAGE},
}


def send(providers: Providers, body: dict[str, Any] = GUIDE, /, **changes: Any) -> httpx.Response:
    return providers.clouds.post("/api/v1/email", json=changed(body, **changes))


def test_an_email_campaign_is_answered_as_in_the_guide(providers: Providers) -> None:
    """The guide's request, which names no template, gets the guide's answer; each campaign has an id of its own."""
    first, second = send(providers), send(providers)
    assert first.status_code == 200
    assert list(first.json()) == ["message", "email_campaign_id"]
    assert first.json()["message"] == "New Email Campaign created successfully"
    assert second.json()["email_campaign_id"] == first.json()["email_campaign_id"] + 1


@pytest.mark.parametrize("template", BY_TEMPLATE)
def test_every_template_takes_what_its_column_lists(providers: Providers, template: int) -> None:
    """All that the guide lists for a template, required and optional, is taken."""
    answer = send(providers, BY_TEMPLATE[template], **OPTIONAL, scheduledDate=mexico(hours=1))
    assert answer.status_code == 200, answer.text
    assert providers.ledger()["by_provider"] == {"smsclouds": 1}


def test_bodies_are_merged_and_in_the_ledger(providers: Providers) -> None:
    """B is the name and C the field 1; a value that is missing is empty, and values are not scanned again."""
    recipients = [
        {"email": "a@example.com", "name": "<+C+>", "field1": "#000001"},
        {"email": "b@example.com", "field1": "#000002"},
    ]
    send(providers, body="<+B+>|<+C+>", recipients=recipients)
    (campaign,) = providers.app.smsclouds.mail.campaigns.values()
    assert campaign.texts == ["importante\n<+C+>|#000001", "importante\n|#000002"]
    assert providers.app.world.ledger.received(1) == 1
    fates = providers.control.get("/sandbox/ledger/fates").text
    assert fates == "smsclouds 000001 created\nsmsclouds 000002 created\n"
