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
from connector.model.states import FINAL, FINAL_BY_PROVIDER, MOVES, UNSETTLED, State, may_move
from connector.providers.account import AccountOptions
from connector.providers.base import Provider
from connector.providers.operation import Operation
from connector.providers.registry import CLIENTS, KNOWN, PROTOCOLS, PROVIDERS
from connector.settings import Settings
from connector.web.openapi import description
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


_CAPABILITIES: Mapping[str, Callable[[Capability], str]] = {
    "channels sent": lambda can: ", ".join(sorted(can.channels)),
    "channels of its guide still to come (held)": lambda can: ", ".join(sorted(can.channels_to_come)) or "none",
    "countries": lambda can: ", ".join(sorted(can.countries)) if can.countries else "any",
    "alphabets": lambda can: ", ".join(can.encodings),
    "parts a text at most": lambda can: str(can.max_parts),
    "limits other than 3GPP's parts": lambda can: (
        "; ".join(f"{name}: {one} in one message, {most} at most" for name, (one, most) in can.plain_limits.items())
        or "none"
    ),
    "messages a request at most": lambda can: (
        f"{can.batch_ceiling:,}" if can.batch_ceiling < 10**9 else "the guide names none; `batch_size` decides"
    ),
    "texts of one template travel together": lambda can: _yes(can.merges_values),
    "furthest word it ever reports": lambda can: f"`{can.last_word}`",
    "statuses can be asked for": lambda can: _yes(can.polls_statuses),
    "statuses are pushed": lambda can: _yes(can.pushes_statuses),
    "replies can be asked for": lambda can: _yes(can.polls_replies),
    "webhooks, by the name in their address": lambda can: ", ".join(f"`{name}`" for name in can.pushes) or "none",
    "a lost answer can be looked up by our reference": lambda can: _yes(can.lists_sendings),
    "gives back what it holds until its date (`schedule_ahead`)": lambda can: (
        ", ".join(sorted(can.cancels_scheduled)) or "no"
    ),
    "a later final status replaces an earlier one": lambda can: _yes(can.last_word_wins),
}


def _yes(true: bool) -> str:
    return "yes" if true else "no"


def capabilities_page() -> Iterator[str]:
    """Provider by capability, and what each can tell after a lost answer."""
    yield from ("# What each provider can do", "", _NOTE, "")
    yield "As each adapter declares it (`Capability`), which its contract suite holds it to."
    yield ""
    adapters = dict(PROVIDERS) | {f"{name} ({protocol})": each for (name, protocol), each in PROTOCOLS.items()}
    rows = ((what, *(said(each.capability) for each in adapters.values())) for what, said in _CAPABILITIES.items())
    yield from table(("", *(f"`{name}`" for name in adapters)), rows)
    missing = ", ".join(f"`{name}`" for name in sorted(KNOWN - set(PROVIDERS)))
    if missing:
        yield from (
            "",
            f"Known and without an adapter yet: {missing}. Messages routed to them are held with that reason.",
        )
    yield from ("", "## After a lost answer", "")
    yield "The request may have left and no answer came: its messages are `unknown`, and are not sent again."
    for name, each in adapters.items():
        yield from ("", f"**`{name}`**", "", *(f"- {line}" for line in _after_a_lost_answer(each.capability)))
        if name not in PROVIDERS:
            yield "- Its statuses come over the session, whenever that is bound, and need no webhook."
        if each.balance is not Provider.balance:
            yield "- The account's balance before and after the request is kept, as evidence for a person."


def _after_a_lost_answer(can: Capability) -> Iterator[str]:
    if can.lists_sendings:
        yield "It can tell: the `reconcile` job looks the batch up in the provider's own listing by our reference."
        yield "A message that is shown there is settled. One that is not shown stays `unknown`: listings lag."
    else:
        yield "It cannot be asked: it has no listing that can be searched by our reference."
    if can.pushes_statuses:
        yield "A pushed status that names the message or our reference settles it too, if webhooks are set up."
    if can.settles_by_number:
        yield "A status with an id that no answer told settles the message to its number, where one alone can be meant."
    if can.polls_statuses and not can.lists_sendings:
        yield "Statuses are asked for by the provider's own id of the batch, which the lost answer would have held."
        yield "News that names both our reference and that id gives it back, and the statuses are asked for then."
    if not (can.lists_sendings or can.pushes_statuses):
        yield "Unless news of it arrives all the same, look for the message in the provider's own web pages."


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
    ends = ", ".join(f"`{name}`" for name, adapter in PROVIDERS.items() if adapter.capability.last_word == State.SENT)
    yield f"`sent` is the end for accounts at a provider that says no more than that: {ends or 'none'}."


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
    "capabilities.md": capabilities_page,
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
