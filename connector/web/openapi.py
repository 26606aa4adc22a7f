"""The receiver described in OpenAPI 3.1: every address, every provider's webhooks, every answer.

Webhooks of one name share an address, whichever account's secret stands in it. Where two providers' webhooks share a
method too, the operation has the fields of both, and only those that both require are required.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from connector.providers.base import Provider
from connector.providers.webhooks import Carrier, Webhook, WebhookField

Json = dict[str, Any]
_Told = tuple[str, Webhook]

_MEDIA = {Carrier.FORM: "application/x-www-form-urlencoded", Carrier.JSON: "application/json"}
_TYPES: Mapping[type, str] = {str: "string", bool: "boolean", int: "integer", float: "number", dict: "object"}
_TEXT = {"text/plain": {"schema": {"type": "string"}}}
_ANSWERS: Mapping[str, str] = {
    "200": "The news is stored. The body is what the provider wants to read.",
    "400": "This cannot be what the guide describes, or it did not arrive whole; nothing is stored.",
    "404": "No such account, secret, webhook or sender's address: all alike.",
    "405": "Webhooks come by GET and POST.",
    "408": "The body did not arrive in time.",
    "413": "The body or the query is larger than the limit.",
    "429": "Too often: wrong secrets from one address, or more webhooks of one account than its rate. The latter are "
    "stored up to twice the burst.",
    "500": "A mistake of the receiver's; please send it again.",
    "503": "The news could not be stored; please send it again.",
}
_HEADERS: Mapping[str, Json] = {
    "405": {"Allow": {"schema": {"type": "string"}, "required": True}},
    "429": {
        "Retry-After": {
            "description": "seconds after which the next one is within the rate",
            "schema": {"type": "integer", "minimum": 1},
            "required": True,
        }
    },
}


def description(providers: Iterable[type[Provider[Any]]]) -> Json:
    """The whole document, with the webhooks that these adapters declare."""
    by_name: dict[str, list[_Told]] = defaultdict(list)
    for provider in providers:
        for webhook in provider.webhooks:
            by_name[webhook.name].append((provider.name, webhook))
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Webhooks of the CRM to SMS connector",
            "version": "1",
            "description": "What providers call to tell statuses and replies. The secret in the path is the account's.",
        },
        "paths": {
            "/healthz": {"get": _health()},
            **{f"/hooks/{{account}}/{{secret}}/{name}": _path(told) for name, told in sorted(by_name.items())},
        },
        "components": {
            "parameters": {
                "account": _in_path("account", "the account's name in the settings"),
                "secret": _in_path("secret", "the account's hook_secret, percent-encoded"),
            },
            "responses": {status: _answer(status) for status in _ANSWERS},
        },
    }


def _in_path(name: str, said: str) -> Json:
    return {"name": name, "in": "path", "required": True, "description": said, "schema": {"type": "string"}}


def _answer(status: str) -> Json:
    answer: Json = {"description": _ANSWERS[status], "content": _TEXT}
    return answer | ({"headers": _HEADERS[status]} if status in _HEADERS else {})


def _health() -> Json:
    schema = {
        "type": "object",
        "required": ["status", "waiting"],
        "additionalProperties": False,
        "properties": {
            "status": {"enum": ["ok", "store_failing"]},
            "waiting": {"type": "integer", "minimum": 0, "description": "webhooks that wait for the next commit"},
        },
    }
    said = "Whether news is being stored."
    answer = {"description": said, "content": {"application/json": {"schema": schema}}}
    return {"operationId": "health", "summary": said, "responses": {"200": answer}}


def _path(told: Sequence[_Told]) -> Json:
    methods: Json = {"parameters": [{"$ref": f"#/components/parameters/{name}"} for name in ("account", "secret")]}
    for method in ("GET", "POST"):
        by_this = [one for one in told if any(carrier.method == method for carrier in one[1].carriers)]
        if by_this:
            methods[method.lower()] = _operation(method, by_this)
    return methods


def _operation(method: str, told: Sequence[_Told]) -> Json:
    said = [f"{provider}: {webhook.meaning} (Guide: {webhook.section}.)" for provider, webhook in told]
    operation: Json = {
        "operationId": f"{method.lower()}-{told[0][1].name}",
        "tags": [provider for provider, _ in told],
        "description": "\n\n".join(said),
        "responses": {status: {"$ref": f"#/components/responses/{status}"} for status in _ANSWERS},
    }
    if method == "GET":
        operation["parameters"] = list(_parameters([webhook for _, webhook in told]))
    else:
        operation["requestBody"] = {"required": True, "content": _contents([webhook for _, webhook in told])}
    return operation


def _parameters(webhooks: Sequence[Webhook]) -> Iterator[Json]:
    for name, (field, required) in _fields(webhooks).items():
        yield {"name": name, "in": "query", "required": required, **_said(field)}


def _contents(webhooks: Sequence[Webhook]) -> Json:
    contents: Json = {}
    for carrier, media in _MEDIA.items():
        by_this = [webhook for webhook in webhooks if carrier in webhook.carriers]
        if by_this:
            fields = _fields(by_this)
            contents[media] = {
                "schema": {
                    "type": "object",
                    "required": [name for name, (_, required) in fields.items() if required],
                    "properties": {
                        name: {"description": field.meaning, **_schema(field)} for name, (field, _) in fields.items()
                    },
                },
                "example": {name: field.example for name, (field, _) in fields.items()},
            }
    return contents


def _fields(webhooks: Sequence[Webhook]) -> dict[str, tuple[WebhookField, bool]]:
    """Each field, the first provider's words for it, and whether all of them require it."""
    fields: dict[str, tuple[WebhookField, bool]] = {}
    for webhook in webhooks:
        for field in webhook.fields:
            everywhere = all(
                any(other.name == field.name and other.required for other in one.fields) for one in webhooks
            )
            fields.setdefault(field.name, (field, everywhere))
    return fields


def _said(field: WebhookField) -> Json:
    return {"description": field.meaning, "schema": _schema(field), "example": field.example}


def _schema(field: WebhookField) -> Json:
    return {"type": _TYPES[type(field.example)]}
