"""The pretend Smsclouds' email campaigns, by the four templates of the guide."""

from typing import Any

import httpx
import pytest

from tests.sandbox.providers.running import Providers
from tests.sandbox.providers.test_smsclouds_campaign import mexico, refused

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
    given = {key: value for key, value in {**body, **changes}.items() if value is not ...}
    return providers.clouds.post("/api/v1/email", json=given)


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


BROKEN: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    *((body, {key: ...}, key) for body in BY_TEMPLATE.values() for key in ("subject", "recipients")),
    *((BY_TEMPLATE[template], {"body": ...}, "body") for template in (1, 2, 4)),
    *((BY_TEMPLATE[template], {"image": ...}, "image") for template in (3, 4)),
    *((BY_TEMPLATE[template], {"image": IMAGE}, "image") for template in (1, 2)),
    (GUIDE, {"body": ...}, "body"),
    (GUIDE, {"body": ""}, "body"),
    (GUIDE, {"body": 5}, "body"),
    (GUIDE, {"subject": ""}, "subject"),
    (GUIDE, {"subject": 5}, "subject"),
    (GUIDE, {"template": 0}, "template"),
    (GUIDE, {"template": 5}, "template"),
    (GUIDE, {"template": "1"}, "template"),
    (ONLY_IMAGE, {"header": "Hola"}, "header"),
    (ONLY_IMAGE, {"image": "picture.png"}, "URL"),
    (ONLY_IMAGE, {"body": 5}, "body"),
    (GUIDE, {"recipients": []}, "recipients"),
    (GUIDE, {"recipients": [{"name": "Jack"}]}, "recipients.0.email"),
    (GUIDE, {"recipients": [{"email": "jack"}]}, "correo"),
    (GUIDE, {"recipients": [{"email": "jack@example"}]}, "correo"),
    (GUIDE, {"recipients": [{"email": "jack@example.com", "cellphone": "4498987281"}]}, "recipients.0.cellphone"),
    (GUIDE, {"recipients": [{"email": "jack@example.com", "name": 5}]}, "recipients.0.name"),
    (GUIDE, {"attachment": "12"}, "attachment"),
    (GUIDE, {"sender": 5}, "sender"),
    (GUIDE, {"header": 5}, "header"),
    (GUIDE, {"scheduledDate": "2040-01-01"}, "scheduledDate"),
    (GUIDE, {"scheduledDate": "2020-01-01 00:00:00"}, "futura"),
    (GUIDE, {"scheduled_date": "2040-01-01 00:00:00"}, "scheduled_date"),
    (GUIDE, {"campaign_name": "x"}, "campaign_name"),
]


@pytest.mark.parametrize(("body", "changes", "words"), BROKEN)
def test_a_wrong_parameter_is_422(
    providers: Providers, body: dict[str, Any], changes: dict[str, Any], words: str
) -> None:
    """One thing is wrong with a good email campaign: 422 in the guide's form, and nothing is accepted."""
    assert words in refused(send(providers, body, **changes), 422)
    assert providers.ledger()["received"] == 0


def test_an_empty_account_cannot_mail(providers: Providers) -> None:
    """Mails are paid by the recipient."""
    before = providers.clouds.get("/api/v1/user").json()["data"]["credit"]
    send(providers)
    assert providers.clouds.get("/api/v1/user").json()["data"]["credit"] < before
    providers.configure(smsclouds={"balance": 0.001})
    assert "Saldo" in refused(send(providers), 422)
