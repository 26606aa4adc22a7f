"""Any operation of any guide, called by its name with data from outside."""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from pydantic import SecretStr, ValidationError

from connector.model.errors import SettingsError
from connector.providers.account import AccountOptions
from connector.providers.base import Provider
from connector.providers.operation import Asked, Call, Client, Operation, Talk
from connector.providers.registry import CLIENTS
from connector.providers.talk import Talker

_UNION_TAGS = frozenset({"str", "int", "float", "bool", "datetime"})


def talk_over(provider: Provider[AccountOptions], line: Talker) -> Talk:
    """How an account's operations are asked over a line, which adds the short-lived token where there is one."""
    return Talk(line.ask, provider.authorization, provider.path_of)


def client_of(provider: Provider[AccountOptions], line: Talker) -> Client:
    """The typed client of an account: ``client.contacts.create(…)``."""
    return CLIENTS[provider.name](talk_over(provider, line))


def call_of(provider: Provider[AccountOptions], line: Talker, name: str) -> Call[..., Any]:
    """One operation of an account by its name, ``contacts.create``.

    Raises:
        SettingsError: see `operation_of`.
    """
    return Call(operation_of(provider.name, name), talk_over(provider, line))


def operation_of(provider: str, name: str) -> Operation[..., Any]:
    """A row of a provider's table.

    Raises:
        SettingsError: there is none of that name; the sentence has the nearest ones.
    """
    rows = CLIENTS[provider].operations()
    if name in rows:
        return rows[name]
    near = nearest(name, rows) or sorted(row for row in rows if row.split(".")[0] == name.split(".", maxsplit=1)[0])
    said = f"did you mean {' or '.join(near)}?" if near else "see them all:"
    raise SettingsError(f"{provider} has no operation {name!r}; {said} `connector call --list {provider}`")


def nearest(name: str, names: Mapping[str, object]) -> list[str]:
    """Up to three of the names that look like this one."""
    return get_close_matches(name, names, n=3, cutoff=0.6)


def asked_of(
    operation: Operation[..., Any], data: Mapping[str, Any], provider: Provider[AccountOptions] | None = None
) -> Asked:
    """What is asked, from data by our names or the guide's; what names the account is filled in from its settings.

    Raises:
        ValidationError: `wrong_data` makes sentences of it.
    """
    filled = dict(data)
    for name, value in account_values(operation, provider) if provider else ():
        if filled.keys().isdisjoint({name, guide_name(operation.asked, name)}):
            filled[name] = value
    return operation.asked.model_validate(filled)


def account_values(
    operation: Operation[..., Any], provider: Provider[AccountOptions]
) -> Iterator[tuple[str, SecretStr | str]]:
    """The fields that name the account in what is asked, and their values."""
    for name, setting in provider.account_fields.items():
        if name in operation.asked.model_fields:
            value = getattr(provider.settings, setting)
            first = value[0] if isinstance(value, tuple) else value
            annotation = operation.asked.model_fields[name].annotation
            yield (
                name,
                first if annotation is SecretStr or not isinstance(first, SecretStr) else first.get_secret_value(),
            )


def guide_name(asked: type[Asked], name: str) -> str:
    """A field's name in the guide."""
    return asked.model_fields[name].serialization_alias or name


def wrong_data(operation: Operation[..., Any], error: ValidationError) -> list[str]:
    """A sentence for each thing that is wrong, by the field's name in the guide; none repeats a value."""
    told: dict[str, list[str]] = {}
    for problem in error.errors(include_input=False, include_url=False, include_context=False):
        place = ".".join(str(part) for part in problem["loc"] if not _is_tag(part))
        what = {
            "missing": "this field is missing",
            "extra_forbidden": _no_such_field(operation, problem["loc"]),
        }.get(problem["type"], _in_words(problem["msg"]))
        if what not in told.setdefault(place, []):
            told[place].append(what)
    return [f"{place}: {', or '.join(what)}" if place else ", or ".join(what) for place, what in told.items()]


def _is_tag(part: int | str) -> bool:
    """Whether a part of a place is pydantic's name of one of several types, and no field's."""
    return isinstance(part, str) and (part in _UNION_TAGS or "[" in part)


def _no_such_field(operation: Operation[..., Any], place: tuple[int | str, ...]) -> str:
    fields = {guide_name(operation.asked, name): name for name in operation.asked.model_fields}
    near = nearest(str(place[-1]), fields) if len(place) == 1 else []
    return "there is no such field" + (f"; did you mean {' or '.join(near)}?" if near else "")


def _in_words(message: str) -> str:
    message = message.removeprefix("Value error, ")
    return message[:1].lower() + message[1:] if message[1:2].islower() else message
