"""The description of the receiver is a valid one, and what it describes is what the receiver does."""

from collections.abc import Iterator
from typing import Any, ClassVar, cast
from urllib.parse import quote

import httpx
import pytest
import schemathesis

from connector.providers.base import Provider
from connector.providers.registry import PROVIDERS
from connector.providers.webhooks import Carrier, Webhook, WebhookField
from connector.web.openapi import description
from tests.web.hooked import Shelf
from tests.web.registered import all_registered, secret_of

DECLARED = [(name, webhook) for name, adapter in PROVIDERS.items() for webhook in adapter.webhooks]
CARRIED = [(name, webhook, carrier) for name, webhook in DECLARED for carrier in webhook.carriers]


@pytest.fixture(scope="module")
def shelf() -> Shelf:
    """Where the news goes."""
    return Shelf()


@pytest.fixture(scope="module")
def address(shelf: Shelf) -> Iterator[str]:
    """A receiver for every registered provider."""
    with all_registered(shelf) as running:
        yield running


def sent(address: str, name: str, webhook: Webhook, carrier: Carrier, fields: dict[str, Any]) -> httpx.Response:
    """The webhook with these fields, as its carrier has them."""
    url = f"{address}/hooks/{name}/{quote(secret_of(name), safe='')}/{webhook.name}"
    if carrier is Carrier.QUERY:
        return httpx.get(url, params=fields)
    if carrier is Carrier.FORM:
        return httpx.post(url, data=fields)
    return httpx.post(url, json=fields)


@pytest.mark.parametrize("name", PROVIDERS)
def test_what_an_adapter_declares_is_what_its_capability_says(name: str) -> None:
    """The declared webhooks and the names in the capability are one and the same."""
    names = [webhook.name for webhook in PROVIDERS[name].webhooks]
    assert tuple(names) == PROVIDERS[name].capability.pushes
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(("name", "webhook", "carrier"), CARRIED, ids=lambda part: getattr(part, "name", part))
def test_every_declared_webhook_is_taken_by_every_carrier(
    address: str, shelf: Shelf, name: str, webhook: Webhook, carrier: Carrier
) -> None:
    """The guide's example, carried as declared, is answered 200, and its news is kept under the account."""
    before = len(shelf.commits)
    assert (
        sent(address, name, webhook, carrier, {field.name: field.example for field in webhook.fields}).status_code
        == 200
    )
    [kept] = shelf.commits[before]
    assert (kept.account, kept.provider) == (name, name)
    assert kept.news


@pytest.mark.parametrize(("name", "webhook", "carrier"), CARRIED, ids=lambda part: getattr(part, "name", part))
def test_every_required_field_is_required(
    address: str, shelf: Shelf, name: str, webhook: Webhook, carrier: Carrier
) -> None:
    """Without one field that is declared as required a webhook is refused, and nothing is kept."""
    before = len(shelf.commits)
    for missing in (field.name for field in webhook.fields if field.required):
        fields = {field.name: field.example for field in webhook.fields if field.name != missing}
        assert sent(address, name, webhook, carrier, fields).status_code == 400, missing
    assert len(shelf.commits) == before


@pytest.mark.parametrize(("name", "webhook"), DECLARED, ids=lambda part: getattr(part, "name", part))
def test_the_description_has_every_webhook_and_its_fields(name: str, webhook: Webhook) -> None:
    """Each webhook stands in it with its provider, the guide's section and each of its fields."""
    path = description(PROVIDERS.values())["paths"][f"/hooks/{{account}}/{{secret}}/{webhook.name}"]
    for carrier in webhook.carriers:
        operation = path[carrier.method.lower()]
        assert name in operation["tags"]
        assert webhook.section in operation["description"]
        if carrier is Carrier.QUERY:
            named = {parameter["name"] for parameter in operation["parameters"]}
        else:
            media = {Carrier.FORM: "application/x-www-form-urlencoded", Carrier.JSON: "application/json"}[carrier]
            named = set(operation["requestBody"]["content"][media]["schema"]["properties"])
        assert {field.name for field in webhook.fields} <= named


def test_the_description_is_valid() -> None:
    """It is an OpenAPI 3.1 document by the specification's own schema."""
    schema = schemathesis.openapi.from_dict(description(PROVIDERS.values()))
    schema.validate()
    assert schema.raw_schema["openapi"] == "3.1.0"


class One:
    """An adapter with a webhook of a name that another has too."""

    name = "one"
    webhooks: ClassVar = (
        Webhook(
            "status",
            "Callbacks",
            "A status.",
            (Carrier.QUERY, Carrier.JSON),
            (WebhookField("id", 1, "whose", required=True), WebhookField("word", "ok", "which", required=True)),
        ),
    )


class Other:
    """The other."""

    name = "other"
    webhooks: ClassVar = (
        Webhook(
            "status",
            "Push",
            "Another status.",
            (Carrier.QUERY,),
            (WebhookField("id", 1, "its", required=True), WebhookField("at", "now", "when", required=True)),
        ),
    )


def test_webhooks_of_one_name_share_an_address() -> None:
    """Two providers' webhooks of one name are one operation, which requires what both require."""
    described = description(cast("list[type[Provider[Any]]]", [One, Other]))
    path = described["paths"]["/hooks/{account}/{secret}/status"]
    required = {parameter["name"]: parameter["required"] for parameter in path["get"]["parameters"]}
    assert required == {"id": True, "word": False, "at": False}
    assert path["get"]["tags"] == ["one", "other"]
    content = path["post"]["requestBody"]["content"]["application/json"]
    assert (path["post"]["tags"], content["schema"]["required"]) == (["one"], ["id", "word"])
    assert content["example"] == {"id": 1, "word": "ok"}
