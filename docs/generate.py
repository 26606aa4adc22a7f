"""Writes the pages under docs/generated from the code they describe: settings, what providers can do and be asked,
states, ends, webhooks."""

import json
import types
from collections.abc import Callable, Iterator, Mapping
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from connector.crm.registry import CRMS
from connector.model.capability import Capability
from connector.model.states import FINAL, FINAL_BY_PROVIDER, MOVES, UNSETTLED, WITH_THE_PROVIDER, State, may_move
from connector.providers.account import AccountOptions
from connector.providers.operation import Operation
from connector.providers.registry import CLIENTS, PROTOCOLS, PROVIDERS
from connector.settings import Settings
from connector.web.openapi import description
from docs.capabilities import ADAPTERS, capabilities_page
from docs.ends import ends_page

GENERATED = Path(__file__).parent / "generated"
_NOTE = "<!-- Generated from the code by docs/generate.py; edits here are lost. -->"
_BOUNDS = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than", "min_length": "length at least"}
_TYPES = {
    str: "text",
    int: "whole number",
    float: "number",
    bool: "true or false",
    Path: "path",
    SecretStr: "secret",
    State: "state",
}


def table(heads: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> Iterator[str]:
    """A Markdown table; a bar inside a cell is escaped."""
    yield _row(heads)
    yield _row(("---",) * len(heads))
    yield from map(_row, rows)


def _row(cells: tuple[str, ...]) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def settings_page() -> Iterator[str]:
    """Every setting: its type and bounds, its default, what it means."""
    yield from ("# Settings", "", _NOTE, "")
    yield 'One TOML file, `connector.toml` or the one named by `--config`. A value of the form `"${NAME}"` is taken'
    yield "from the environment; `CONNECTOR_<SECTION>__<KEY>` stands above the file. `connector settings example`"
    yield "prints all of this as a file to start from. A key that is not here is refused."
    yield from _section("Top level", "", {"mappings": Settings.model_fields["mappings"]})
    for name, field in Settings.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from _section(f"`[{name}]`", field.annotation.__doc__ or "", field.annotation.model_fields)
    for kind, crm in CRMS.items():
        yield from _section(
            f'`[crm]` with `kind = "{kind}"`', "One org and how to log in to it.", crm.options.model_fields
        )
    shared = AccountOptions.model_fields
    said = "What every account can be told. The address of a provider stands in its own section."
    yield from _section("`[accounts.<name>]`, any provider", said, shared)
    for provider, adapter in PROVIDERS.items():
        own = {name: field for name, field in adapter.options.model_fields.items() if _differs(field, shared.get(name))}
        said = "What this provider's accounts add, and where their defaults differ."
        yield from _section(f'`[accounts.<name>]` with `provider = "{provider}"`', said, own)
    for (provider, protocol), adapter in PROTOCOLS.items():
        own = {name: field for name, field in adapter.options.model_fields.items() if _differs(field, shared.get(name))}
        said = "What such an account adds, in the place of what the provider's other accounts do."
        yield from _section(f'`[accounts.<name>]` with `provider = "{provider}"`, `protocol = "{protocol}"`', said, own)


def _differs(field: FieldInfo, shared: FieldInfo | None) -> bool:
    return shared is None or _default(field) != _default(shared)


def _section(title: str, said: str, fields: Mapping[str, FieldInfo]) -> Iterator[str]:
    yield from ("", f"## {title}", "")
    if said:
        yield from (said.strip().splitlines()[0], "")
    rows = ((f"`{name}`", _kind(field), _default(field), field.description or "") for name, field in fields.items())
    yield from table(("setting", "type", "default", "meaning"), rows)


def _kind(field: FieldInfo) -> str:
    bounds = [
        f"{words} {getattr(limit, name):g}"
        for limit in field.metadata
        for name, words in _BOUNDS.items()
        if hasattr(limit, name) and getattr(limit, name) is not None
    ]
    return ", ".join([_type_word(field.annotation), *bounds])


def _type_word(kind: Any) -> str:
    if kind in _TYPES:
        return _TYPES[kind]
    origin, inside = get_origin(kind), [part for part in get_args(kind) if part not in (type(None), ...)]
    if origin is Literal:
        return " or ".join(f"`{part.value if isinstance(part, Enum) else part}`" for part in inside)
    if origin in (Union, types.UnionType):
        return " or ".join(_type_word(part) for part in inside)
    if origin is Annotated:
        return _type_word(inside[0])
    if origin is tuple:
        return f"list of: {_type_word(inside[0])}"
    if isinstance(kind, type) and issubclass(kind, Enum):
        return " or ".join(f"`{part.value}`" for part in kind)
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return "table of: " + ", ".join(f"`{name}`" for name in kind.model_fields)
    return "table of: text to " + _type_word(inside[-1])


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "**required**"
    value = field.get_default(call_default_factory=True)
    if value is None or value == "":
        return "not set"
    return f"`{_shown(value)}`"


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, BaseModel):
        return str(value.model_dump(exclude_unset=True))
    if isinstance(value, list | tuple):
        return f"[{', '.join(_shown(item) for item in value)}]"
    return f"{value:g}" if isinstance(value, float) else str(value)


_TRAITS: Mapping[str, Callable[[Operation[..., Any]], bool]] = {
    "sends": lambda row: row.sends,
    "can act on everything": lambda row: row.changes_everything,
    "in pages": lambda row: row.follow is not None,
    "row by row": lambda row: row.streams,
}


def operations_page() -> Iterator[str]:
    """Every operation of every guide, as its row declares it."""
    yield from ("# Every operation of every provider", "", _NOTE, "")
    yield "`connector call --list` shows the same; `connector call PROVIDER OPERATION --help` explains one. A path that"
    yield "is a setting of the account stands here as its default. What sends, or can act on everything that an account"
    yield "has, is refused without `--yes`."
    for provider, client in CLIENTS.items():
        yield from ("", f"## `{provider}`", "")
        rows = (
            (
                f"`{row.name}`",
                f"`{row.method} /{row.path}`",
                row.section,
                *(_tick(is_so(row)) for is_so in _TRAITS.values()),
            )
            for row in client.operations().values()
        )
        yield from table(("operation", "request", "section of the guide", *_TRAITS), rows)


def _tick(true: bool) -> str:
    return "yes" if true else ""


def states_page() -> Iterator[str]:
    """The table of moves."""
    yield from ("# States of a message, and the moves between them", "", _NOTE, "")
    yield "Only these moves happen. A status that would make another one is noted as an event and changes nothing."
    yield ""
    rows = (
        (f"`{state}`", ", ".join(f"`{to}`" for to in State if to in MOVES[state]) or "nothing", _standing(state))
        for state in State
    )
    yield from table(("from", "to", "standing"), rows)
    last = ", ".join(f"`{state}`" for state in State if state in FINAL_BY_PROVIDER)
    yield ""
    again = [f"`{one}` to `{to}`" for one in State for to in State if _only_by_word(one, to)]
    yield f"By a person's word, or a mapping's `may_send_twice: true`, also: {', '.join(again) or 'none'}."
    back = [f"`{one}` to `{to}`" for one in State for to in State if _only_taken_back(one, to)]
    yield f"By the word of a provider that a message it held until its date will not go out, also: {', '.join(back)}."
    yield f"Where a provider's guide says that its last word counts, a later one of {last} replaces an earlier one."
    yield from _ends_of_channels()


def _ends_of_channels() -> Iterator[str]:
    for state in WITH_THE_PROVIDER:
        said = ((name, _ending_at(state, adapter.capability)) for name, adapter in ADAPTERS.items())
        where = ", ".join(f"`{name}` ({', '.join(channels)})" for name, channels in said if channels)
        yield f"`{state}` is the end of what is sent on a channel of which no more is ever reported: {where or 'none'}."


def _ending_at(state: State, can: Capability) -> list[str]:
    return sorted(channel for channel, furthest in can.last_word.items() if furthest is state)


def _only_by_word(one: State, to: State) -> bool:
    return may_move(one, to, sends_again=True) and not may_move(one, to)


def _only_taken_back(one: State, to: State) -> bool:
    return may_move(one, to, taken_back=True) and not may_move(one, to)


def _standing(state: State) -> str:
    if state in FINAL:
        return "the end"
    if state in UNSETTLED:
        return "in flight"
    return {State.SENT: "handed on; waits for the last word", State.UNKNOWN: "waits for news or a person"}.get(
        state, "waits for a person"
    )


def webhooks_description() -> Iterator[str]:
    """The receiver in OpenAPI, as JSON."""
    yield from json.dumps(description(PROVIDERS.values()), indent=2, ensure_ascii=False).splitlines()


PAGES: Mapping[str, Callable[[], Iterator[str]]] = {
    "settings.md": settings_page,
    "capabilities.md": lambda: capabilities_page(_NOTE, table),
    "operations.md": operations_page,
    "states.md": states_page,
    "ends.md": lambda: ends_page(_NOTE, table),
    "webhooks.openapi.json": webhooks_description,
}


def rendered(name: str) -> str:
    """The text of a generated page."""
    return "\n".join(PAGES[name]()) + "\n"


def main() -> None:
    """Writes all of them."""
    GENERATED.mkdir(exist_ok=True)
    for name in PAGES:
        (GENERATED / name).write_text(rendered(name), "utf-8")


if __name__ == "__main__":
    main()
