"""What goes wrong is said in a sentence, and every command explains itself."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from connector.cli.entry import app
from tests.cli.place import Place, typed


def _commands(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    yield path, command
    for name, inner in getattr(command, "commands", {}).items():
        yield from _commands(inner, (*path, name))


ALL = list(_commands(typer.main.get_command(app)))


def test_the_commands_are_there() -> None:
    """Every command that the guides name exists."""
    names = {" ".join(path) for path, _ in ALL}
    assert names >= {
        "run", "once", "demo", "sandbox", "backfill", "mapping check", "mapping schema", "message show", "report",
        "writes list", "writes retry", "db upgrade", "doctor", "version", "settings example",
    }  # fmt: skip


@pytest.mark.parametrize(("path", "command"), ALL, ids=[" ".join(path) or "connector" for path, _ in ALL])
def test_every_command_explains_itself(path: tuple[str, ...], command: Any) -> None:
    """Each command and each of its options has a help text of a whole sentence."""
    assert (command.help or "").strip().endswith("."), path
    options = [each for each in command.params if getattr(each, "param_type_name", "") == "option"]
    assert [each.name for each in options if not (each.help or "").strip().endswith((".", "24h."))] == []


def test_an_error_is_one_sentence(tmp_path: Path) -> None:
    """A missing settings file ends in exit code 1 and a sentence on standard error, with no traceback."""
    answer = typed("report", "--config", str(tmp_path / "none.toml"))
    assert (answer.code, answer.out) == (1, "")
    assert "there is no settings file" in answer.err
    assert "Traceback" not in answer.err


def test_wrong_usage_ends_with_two(place: Place) -> None:
    """A missing or unreadable option is a matter of usage: exit code 2."""
    assert place.type("backfill", "statuses").code == 2
    assert place.type("backfill", "statuses", "--since", "yesterday").code == 2
    assert place.type("writes", "retry").code == 2
    assert typed("nonsense").code == 2


def test_a_store_without_tables_says_what_to_do(place: Place) -> None:
    """Commands never change tables by themselves: they name the command that does."""
    place.store.unlink()
    for words in (("run",), ("once",), ("report",), ("writes", "list")):
        answer = place.type(*words)
        assert answer.code == 1
        assert "connector db upgrade" in answer.err


def test_the_version_is_printed() -> None:
    """`connector version` prints a version."""
    assert typed("version").out.strip()[0].isdigit()
