"""`connector call --list` and the help of one operation, told from its types."""

from collections.abc import Mapping, Sequence

import orjson

from connector.cli.screen import say, show_json, show_table
from connector.providers.calling import operation_of
from connector.providers.fields import FieldRow, example, fields_of
from connector.providers.operation import Operation
from connector.providers.registry import CLIENTS, PROVIDERS


def show_list(providers: list[str], *, as_json: bool) -> None:
    """Every operation of these providers."""
    if as_json:
        show_json({"operations": [_as_json(provider, row) for provider in providers for row in _rows(provider)]})
        return
    for place, provider in enumerate(providers):
        if place:
            say()
        rows = [(row.name, row.method, row.path, row.section, ", ".join(traits(row))) for row in _rows(provider)]
        show_table(provider, ("operation", "method", "path", "section of the guide", ""), rows)


def _rows(provider: str) -> list[Operation[..., object]]:
    return list(CLIENTS[provider].operations().values())


def _as_json(provider: str, row: Operation[..., object]) -> dict[str, object]:
    return {
        "provider": provider,
        "operation": row.name,
        "method": row.method,
        "path": row.path,
        "section": row.section,
        "sends": row.sends,
        "changes_everything": row.changes_everything,
        "pages": row.follow is not None,
        "streams": row.streams,
    }


def traits(row: Operation[..., object]) -> list[str]:
    """What is worth knowing of a row before it is called."""
    told = {
        "sends": row.sends,
        "can change everything": row.changes_everything,
        "pages": row.follow is not None,
        "streams": row.streams,
    }
    return [trait for trait, is_so in told.items() if is_so]


def explain(provider: str, name: str) -> None:
    """What an operation does, where the guide describes it, its fields, and an example.

    Raises:
        SettingsError: there is no such operation; the sentence has the nearest ones.
    """
    row, adapter = operation_of(provider, name), PROVIDERS[provider]
    elsewhere = adapter.account_fields
    say(f"{provider} {name}: {row.method} {row.path}", "bold")
    say(f'Section "{row.section}" of the guide. {" ".join(_notes(row))}'.rstrip())
    for title, what, fields in fields_of(row.asked):
        say()
        if not title and not fields:
            say("It is asked nothing.")
            continue
        say(f"{title}: {what}" if title else what)
        show_table(
            "Fields", ("field", "also", "what it holds", "required", "meaning"), _cells(fields, title, elsewhere)
        )
    say()
    data = example(row.asked, elsewhere)
    given = f" --data '{orjson.dumps(data).decode()}'" if data else ""
    say(f"Example: connector call {provider} {name}{given}{' --yes' if _needs_a_yes(row) else ''}")


def _notes(row: Operation[..., object]) -> list[str]:
    notes = {
        "A message leaves: it is refused without --yes.": row.sends,
        "It can act on all that the account has: it is refused without --yes.": row.changes_everything,
        "All pages are asked for, one after another; each row is a line of JSON.": row.follow is not None,
        "The answer is read row by row, each a line of JSON.": row.streams,
        "The answer is a file: name one by --output.": row.tells is bytes,
    }
    return [note for note, is_so in notes.items() if is_so]


def _needs_a_yes(row: Operation[..., object]) -> bool:
    return row.sends or row.changes_everything


def _cells(fields: Sequence[FieldRow], title: str, elsewhere: Mapping[str, str]) -> list[tuple[str, ...]]:
    return [
        (
            field.name,
            field.ours,
            field.kind,
            _required(field, in_account=not title and (field.ours or field.name) in elsewhere),
            field.description,
        )
        for field in fields
    ]


def _required(field: FieldRow, *, in_account: bool) -> str:
    if in_account:
        return "the account's"
    return "yes" if field.required else "no"
