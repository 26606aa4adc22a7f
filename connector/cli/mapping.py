"""`connector mapping`: check mapping files, and give editors their schema."""

from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

import typer

from connector.app import build
from connector.cli.opening import AsJson, SettingsFile
from connector.cli.screen import on_terminal, say, show_json, show_table
from connector.mapping.document import LARGEST_FILE, read_document
from connector.mapping.load import Loaded, load
from connector.mapping.record_mapping import RecordMapping
from connector.mapping.schema import schema_json
from connector.model.errors import MappingError, Problem
from connector.settings import read

commands = typer.Typer(no_args_is_help=True, help="Check mapping files before the daemon reads them.")


@commands.command()
def check(
    paths: Annotated[
        list[Path] | None, typer.Argument(help="Files or directories; without any, those of the settings.")
    ] = None,
    config: SettingsFile = None,
    offline: Annotated[
        bool, typer.Option("--offline", help="Do not ask the org whether it has the fields and takes each `where`.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Check mapping files: all that is wrong, each with file, line and column, and their own tests.

    Field names are checked against the org, each `where` is put to it for one record, and routes are checked against
    the accounts of the settings. Exits with 1 when a file cannot be used; warnings alone do not count.
    """
    app = build(read(config))
    try:
        chosen = tuple(paths) if paths else app.settings.mappings
        describe, ask = (None, None) if offline else (app.crm.describe, app.crm.pages)
        loaded = load(chosen, app.capabilities(), describe=describe, ask=ask)
    except MappingError as error:
        _show(Loaded((), error.problems), as_json)
        raise typer.Exit(1) from None
    finally:
        app.close()
    _show(loaded, as_json)


@commands.command()
def schema() -> None:
    """Print the JSON Schema of mapping files, by which editors complete and check them."""
    typer.echo(schema_json(), nl=False)


def _show(loaded: Loaded, as_json: bool) -> None:
    rows = [_row(mapping) for mapping in loaded.mappings]
    if as_json:
        show_json({"problems": [_told(problem) for problem in loaded.warnings], "mappings": rows})
        return
    for problem in loaded.warnings:
        show_problem(problem)
    if rows:
        show_table("Mappings", tuple(rows[0]), [tuple(row.values()) for row in rows])
    say(_summary(loaded.warnings) or "No problem found.")


def _row(mapping: RecordMapping) -> dict[str, Any]:
    return {
        "name": mapping.name,
        "object": mapping.object,
        "accounts": ", ".join(mapping.accounts()),
        "tests run": _tests(Path(mapping.file)),
        "file": mapping.file,
    }


def _tests(file: Path) -> int:
    document = read_document(str(file), file.read_bytes()[: LARGEST_FILE + 1])
    return len(document.value.get("tests") or ())


def _told(problem: Problem) -> dict[str, Any]:
    return {
        "file": problem.file,
        "line": problem.line,
        "column": problem.column,
        "kind": "warning" if problem.warning else "error",
        "text": problem.text,
    }


def _summary(problems: Iterable[Problem]) -> str:
    kinds = Counter("warning" if problem.warning else "error" for problem in problems)
    return ", ".join(f"{number} {kind}{'s' * (number > 1)}" for kind, number in sorted(kinds.items()))


def show_problem(problem: Problem) -> None:
    """Prints a problem with the line it is in and a caret under the place."""
    say(str(problem), "yellow" if problem.warning else "red")
    source = _line(problem)
    if source is None:
        return
    number = f"{problem.line:5d} | "
    # tabs are kept under the caret's line, so that the caret stands where the eye finds the place
    before = "".join("\t" if sign == "\t" else " " for sign in source[: problem.column - 1])
    say(f"{number}{source}")
    say(f"{' ' * (len(number) - 2)}| {before}^", "bold" if on_terminal() else "")


def _line(problem: Problem) -> str | None:
    if problem.line < 1:
        return None
    with suppress(OSError, IndexError):
        return Path(problem.file).read_text("utf-8", errors="replace").splitlines()[problem.line - 1]
    return None
