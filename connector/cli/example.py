"""An example of the settings file, written from the settings' own fields: names, defaults and descriptions."""

import textwrap
from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from inspect import cleandoc
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from connector.crm.registry import CRMS
from connector.providers.registry import PROTOCOLS, PROVIDERS
from connector.settings import Settings

_HEAD = """\
The connector's settings: every one there is, with its default.

Written by `connector settings example`. A line that begins with # followed by a name shows a default: take the # away
to change it. A value of the form "${NAME}" is taken from the environment, so that secrets need not stand here. Any
setting can also be given as CONNECTOR_<SECTION>__<KEY>, such as CONNECTOR_STORE__URL; a list as ["one", "another"].
"""
_ACCOUNTS = {
    "nrs360": "nrs-main",
    "smsclouds": "smsclouds-mx",
    "sms360app": "sms360app-us",
    "optimum": "optimum-us",
    "bulk360": "bulk360-my",
}
_VALUES: Mapping[str, Mapping[str, Any]] = {
    "salesforce": {
        "base_url": "https://acme.my.salesforce.com",
        "client_id": "${SALESFORCE_CLIENT_ID}",
        "client_secret": "${SALESFORCE_CLIENT_SECRET}",
    },
    "nrs360": {"username": "${NRS360_USERNAME}", "api_password": "${NRS360_API_PASSWORD}"},
    "smsclouds": {"token": "${SMSCLOUDS_TOKEN}"},
    "sms360app": {"base_url": "https://sms360app.example.com", "client_ids": ["${SMS360APP_CLIENT_ID}"]},
    "bulk360": {"app_key": "${BULK360_APP_KEY}", "app_secret": "${BULK360_APP_SECRET}"},
    "smsclouds-smpp": {
        "provider": "smsclouds",
        "protocol": "smpp",
        "host": "smsc.example.com",
        "system_id": "${SMSCLOUDS_SMPP_USER_ID}",
        "password": "${SMSCLOUDS_SMPP_PASSWORD}",
    },
}
"""What stands in the example where a setting has no default but must be given, by CRM, provider, or provider-protocol.
"""
_WIDTH = 118


def example() -> str:
    """The whole file. It can be read as it stands, once the environment has what it asks for."""
    lines = [*_comment(_HEAD), *_of(_top_level())]
    for name, field in Settings.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            lines += _section(f"[{name}]", field.annotation)
    for kind, crm in CRMS.items():
        title = f"The org ({kind})."
        lines += _section("[crm]", crm.options, said={"client_secret"}, title=title, values=_VALUES[kind])
    for provider, adapter in PROVIDERS.items():
        account = _ACCOUNTS.get(provider, provider)
        title = f"One account at {provider}; its name is the one that mappings route to."
        values = _VALUES.get(provider, {})
        lines += _section(f"[accounts.{account}]", adapter.options, said={"provider"}, title=title, values=values)
    for (provider, protocol), adapter in PROTOCOLS.items():
        account = f"{provider}-{protocol}"
        title = f"One account at {provider} that speaks {protocol.upper()} and not HTTP."
        lines += _section(f"[accounts.{account}]", adapter.options, title=title, values=_VALUES[account])
    return "\n".join(lines) + "\n"


def _top_level() -> dict[str, FieldInfo]:
    return {"mappings": Settings.model_fields["mappings"]}


def _section(
    heading: str,
    model: type[BaseModel],
    *,
    said: Iterable[str] = (),
    title: str | None = None,
    values: Mapping[str, Any] = MappingProxyType({}),
) -> Iterator[str]:
    yield ""
    yield from _comment(title or cleandoc(model.__doc__ or ""))
    yield heading
    yield from _of(model.model_fields, set(said), values)


def _of(
    fields: Mapping[str, FieldInfo], said: Iterable[str] = (), values: Mapping[str, Any] = MappingProxyType({})
) -> Iterator[str]:
    for name, field in fields.items():
        yield from _comment(_words(field))
        if field.is_required() or name in said:
            value = field.default if not field.is_required() and field.default is not None else values[name]
            yield f"{name} = {_toml(value)}"
        else:
            default = field.get_default(call_default_factory=True)
            yield f"#{name} = {_toml(_unset(field) if default is None else default)}"


def _comment(text: str) -> Iterator[str]:
    for paragraph in text.strip().splitlines():
        for line in textwrap.wrap(paragraph, _WIDTH) or [""]:
            yield f"# {line}".rstrip()


def _words(field: FieldInfo) -> str:
    """What a setting means, and what it can be where that is a fixed choice."""
    choices = get_args(field.annotation) if get_origin(field.annotation) is Literal else ()
    allowed = f"one of: {', '.join(map(str, choices))}" if len(choices) > 1 else ""
    return "; ".join(part for part in (field.description, allowed) if part)


def _unset(field: FieldInfo) -> Any:
    """What shows a setting's type where its default is that it is not set."""
    kinds = {kind for kind in get_args(field.annotation) if kind is not type(None)}
    return 0 if kinds & {int, float} else ""


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, BaseModel):
        value = value.model_dump(exclude_unset=True)
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key} = {_toml(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_toml(item) for item in value) + "]"
    if isinstance(value, SecretStr | Path):
        value = str(value)
    quoted = str(value).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{quoted}"'
