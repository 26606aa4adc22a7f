"""What the pretend Smsclouds refuses in voice, email and SMS CLIC campaigns: one thing is wrong with a good request."""

from typing import Any

import httpx
import pytest

from tests.sandbox.providers.running import Providers, changed
from tests.sandbox.providers.test_smsclouds_campaign import refused
from tests.sandbox.providers.test_smsclouds_clic import CLIC
from tests.sandbox.providers.test_smsclouds_email import BY_TEMPLATE, GUIDE, IMAGE, ONLY_IMAGE
from tests.sandbox.providers.test_smsclouds_voice import ONE, SAVED, SPOKEN

Broken = list[tuple[dict[str, Any], dict[str, Any], str]]
VOICE: Broken = [
    (SPOKEN, {"type": ...}, "El campo type es obligatorio"),
    (SPOKEN, {"type": 3}, "El campo type seleccionado"),
    (SPOKEN, {"type": "2"}, "El campo type debe ser un entero"),
    (SPOKEN, {"type": True}, "El campo type debe ser un entero"),
    (SPOKEN, {"text": ...}, "El campo text es obligatorio cuando type es 2"),
    (SPOKEN, {"text": ""}, "El campo text"),
    (SPOKEN, {"text": 5}, "El campo text"),
    (SPOKEN, {"audio": 1}, "El campo audio no se admite"),
    (SAVED, {"audio": ...}, "El campo audio es obligatorio cuando type es 1"),
    (SAVED, {"audio": "x"}, "El campo audio debe ser un entero"),
    (SAVED, {"text": "hola"}, "El campo text no se admite"),
    (SPOKEN, {"campaign_name": ...}, "campaign_name"),
    (SPOKEN, {"campaign_name": ""}, "campaign_name"),
    (SPOKEN, {"recipients": ...}, "recipients"),
    (SPOKEN, {"recipients": []}, "recipients"),
    (SPOKEN, {"recipients": [{"name": "Jack"}]}, "recipients.0.cellphone"),
    (SPOKEN, {"recipients": [{"cellphone": "524498752325"}]}, "10 digitos"),
    (SPOKEN, {"recipients": [{"cellphone": ONE, "email": "x@example.com"}]}, "recipients.0.email"),
    (SPOKEN, {"recipients": [{"cellphone": ONE, "field4": 5}]}, "recipients.0.field4"),
    (SPOKEN, {"remittent": ...}, "remittent"),
    (SPOKEN, {"remittent": "Acme"}, "El campo remittent debe tener 10 digitos"),
    (SPOKEN, {"remittent": 5570055780}, "remittent"),
    (SPOKEN, {"transfer_num": "4499157710"}, "transfer_key es obligatorio cuando transfer_num"),
    (SPOKEN, {"transfer_num": "0", "transfer_key": 1}, "transfer_num"),
    (SPOKEN, {"transfer_num": "4499157710", "transfer_key": "1"}, "transfer_key"),
    (SPOKEN, {"transfer_num": "4499157710", "transfer_key": 10}, "transfer_key"),
    (SPOKEN, {"scheduledDate": "2040-01-01"}, "scheduledDate"),
    (SPOKEN, {"scheduledDate": "2020-01-01 00:00:00"}, "futura"),
    (SPOKEN, {"scheduled_date": "2040-01-01 00:00:00"}, "scheduled_date"),
]
EMAIL: Broken = [
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
CLICS: Broken = [
    (CLIC, {"url": ...}, "El campo url es obligatorio"),
    (CLIC, {"url": "x"}, "El campo url debe ser un entero"),
    (CLIC, {"url": True}, "El campo url debe ser un entero"),
    (CLIC, {"url": 4.0}, "El campo url debe ser un entero"),
    (CLIC, {"url": "5"}, "El campo url seleccionado no es valido"),
    (CLIC, {"text": ...}, "text"),
    (CLIC, {"text": "no link"}, "DYNAMICSHORTURL"),
    (CLIC, {"text": "a" * 140 + "<+DYNAMICSHORTURL_IVX4+>"}, "160"),
    (CLIC, {"text": "Jardín <+DYNAMICSHORTURL_IVX4+>"}, "encode"),
    (CLIC, {"recipients": ...}, "recipients"),
    (CLIC, {"recipients": [{"name": "x"}]}, "recipients.0.cellphone"),
    (CLIC, {"route": ...}, "El campo route es obligatorio"),
    (CLIC, {"route": 9999}, "route"),
    (CLIC, {"route": "85"}, "route"),
    (CLIC, {"country": 2}, "route"),
    (CLIC, {"encode": 1}, "encode"),
    (CLIC, {"encode": True, "long_message": True}, "encode y long_message"),
    (CLIC, {"campaign_name": 5}, "campaign_name"),
    (CLIC, {"scheduled_date": "2022-03-30"}, "scheduled_date"),
    (CLIC, {"link": 4}, "link"),
]
ALL = [
    *(("/api/v3/voice", *row) for row in VOICE),
    *(("/api/v1/email", *row) for row in EMAIL),
    *(("/api/v3/smsclic/campaign", *row) for row in CLICS),
]


@pytest.mark.parametrize(("path", "body", "changes", "words"), ALL)
def test_a_wrong_parameter_is_422(
    providers: Providers, path: str, body: dict[str, Any], changes: dict[str, Any], words: str
) -> None:
    """The answer is 422 in the guide's form, names what is wrong, and nothing is accepted."""
    answer = providers.clouds.post(path, json=changed(body, **changes))
    assert words in refused(answer, 422)
    assert providers.ledger()["received"] == 0


@pytest.mark.parametrize("path", ["/api/v3/voice", "/api/v1/email", "/api/v3/smsclic/campaign"])
def test_a_request_without_json_is_400(providers: Providers, path: str) -> None:
    """No body, no JSON, no object or no JSON content type: 400."""
    for content, content_type in ((b"", "json"), (b"{", "json"), (b"[]", "json"), (b"{}", "text")):
        answer = providers.clouds.post(path, content=content, headers={"Content-Type": f"application/{content_type}"})
        assert refused(answer, 400) == "Bad Request -- Your request is not correct"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/api/v3/voice"),
        ("GET", "/api/v3/voice/1"),
        ("POST", "/api/v3/voice/1/cancel"),
        ("POST", "/api/v1/email"),
        ("POST", "/api/v3/smsclic/campaign"),
        ("GET", "/api/v3/hlr/4498987282"),
    ],
)
def test_every_operation_asks_for_the_token(providers: Providers, method: str, path: str) -> None:
    """Without the token the answer is 401 in the guide's words."""
    answer = providers.clouds.request(method, path, json={}, headers={"Authorization": "Bearer other"})
    assert refused(answer, 401) == "Unauthorized -- Your API key is wrong"


@pytest.mark.parametrize(("path", "body"), [("/api/v3/voice", SPOKEN), ("/api/v1/email", GUIDE)])
def test_what_is_sent_is_paid(providers: Providers, path: str, body: dict[str, Any]) -> None:
    """Each recipient costs, and an empty account is refused."""
    before = providers.clouds.get("/api/v1/user").json()["data"]["credit"]
    assert providers.clouds.post(path, json=body).status_code == 200
    assert providers.clouds.get("/api/v1/user").json()["data"]["credit"] < before
    providers.configure(smsclouds={"balance": 0.001})
    assert "Saldo" in refused(providers.clouds.post(path, json=body), 422)


@pytest.mark.parametrize("kind", ["drop_before", "drop_after"])
@pytest.mark.parametrize(
    ("path", "body"), [("/api/v3/voice", SPOKEN), ("/api/v1/email", GUIDE), ("/api/v3/smsclic/campaign", CLIC)]
)
def test_what_is_accepted_is_in_the_ledger_even_when_the_answer_is_lost(
    providers: Providers, path: str, body: dict[str, Any], kind: str
) -> None:
    """A connection dropped after acting leaves every recipient's message accepted; dropped before, none."""
    providers.fault(target="smsclouds", operation=f"POST {path}", kind=kind, times=1)
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        providers.clouds.post(path, json=body)
    assert providers.ledger()["received"] == (len(body["recipients"]) if kind == "drop_after" else 0)
