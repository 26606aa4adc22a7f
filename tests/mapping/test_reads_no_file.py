"""A mapping file reads no file but itself: its language has no function that could, and no key of it names one."""

import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cel_expr_python
import pytest
import yaml

from connector.mapping.expression import ExpressionFault, Names, Scope, compile_expression
from connector.mapping.load import load
from connector.model.capability import AccountCapability
from connector.model.errors import MappingError

SCOPE = Scope(frozenset({"at"}), moments=frozenset({"at"}))
SECRET = "what-nobody-may-read"
CONVERSIONS = {"bool", "bytes", "double", "duration", "dyn", "int", "string", "timestamp", "type", "uint"}
OF_TEXTS = {"contains", "endsWith", "matches", "size", "startsWith"}
OF_MOMENTS = {
    *("getDate", "getDayOfMonth", "getDayOfWeek", "getDayOfYear", "getFullYear", "getHours"),
    *("getMilliseconds", "getMinutes", "getMonth", "getSeconds"),
}
OPERATORS = {"__not_strictly_false__", "_in_"}
LOOPS = {"all", "exists", "exists_one", "filter", "map"}
"""Refused before they are compiled."""
FUNCTIONS = CONVERSIONS | OF_TEXTS | OF_MOMENTS | OPERATORS
LONGEST_NAME = 24
"""Characters; longer words of the binary are the symbols of its C++."""
SHAPES = ("{}()", "{}(Name)", "{}(Name, Name)", "Name.{}()", "Name.{}(Name)", "Name.{}(Name, Name)", "at.{}()")
NO_FUNCTIONS = {
    *("as", "break", "const", "continue", "else", "false", "for", "function", "has", "if", "import", "in", "let"),
    *("loop", "namespace", "null", "package", "return", "true", "var", "void", "while"),
}
"""Words that the language keeps for itself, and `has`, which is refused."""


def words_of_the_language() -> set[str]:
    """Every word that the expression language's own binary holds, and so the name of every function it can have."""
    (binary,) = Path(next(iter(cel_expr_python.__path__))).glob("cel.*.so")
    found = re.findall(rb"[A-Za-z_][A-Za-z0-9_]+", binary.read_bytes())
    return {word.decode() for word in found if len(word) <= LONGEST_NAME} - NO_FUNCTIONS


def compiler_of_mappings() -> Any:
    """The very one that mappings have."""
    return compile_expression("Name + ''", SCOPE).program.environment.env


def callable_words(words: set[str]) -> set[str]:
    """Those that an expression can call, on their own or of a value."""
    compiler = compiler_of_mappings()

    def is_function(call: str) -> bool:
        try:
            compiler.compile(call)
        except RuntimeError as error:
            return "undeclared reference" not in str(error)
        return True

    return {word for word in words if any(is_function(shape.format(word)) for shape in SHAPES)}


def test_the_language_has_these_functions_and_no_other() -> None:
    """Of all words that the language's binary holds, only these can be called; none of them is about a file."""
    words = words_of_the_language()
    assert len(words) > 10_000
    assert {"fopen", "getenv"} & words, "the binary has words of files, which no expression can call"
    assert callable_words(words | FUNCTIONS) == FUNCTIONS | LOOPS


def test_nothing_is_added_to_the_language() -> None:
    """No function of ours and no extension: a mapping's compiler knows its variables and nothing more."""
    assert set(yaml.safe_load(compiler_of_mappings().config().to_yaml())) == {"variables"}


@pytest.mark.parametrize("shape", SHAPES)
def test_no_function_gives_what_a_file_holds(shape: str, tmp_path: Path) -> None:
    """Whatever is called with a file's path, as a path or an address, gives nothing of what is in it."""
    file = tmp_path / "secret"
    file.write_text(SECRET, "utf-8")
    told = []
    for function in sorted(FUNCTIONS):
        for path in (str(file), file.as_uri(), f"@{file}"):
            try:
                told.append(compile_expression(shape.format(function), SCOPE).value(Names({"Name": path, "at": None})))
            except ExpressionFault as fault:
                told.append(str(fault))
    assert told
    assert SECRET not in repr(told)


class Opened:
    """The files that Python opens while it is switched on; an audit hook can never be taken away again."""

    def __init__(self) -> None:
        self.on = False
        self.names: list[str] = []
        sys.addaudithook(self._hear)

    def _hear(self, event: str, given: tuple[Any, ...]) -> None:
        if self.on and event in {"open", "os.listdir", "os.scandir", "subprocess.Popen", "os.system", "socket.connect"}:
            self.names.append(str(given[0]))


@pytest.fixture(scope="module")
def opened() -> Opened:
    """One hook for all tests."""
    return Opened()


def places(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The place of every text, number and truth value in a file."""
    if isinstance(value, dict | list):
        for key, each in value.items() if isinstance(value, dict) else enumerate(value):
            yield from places(each, (*path, key))
        return
    yield path


def put(value: Any, path: tuple[str | int, ...], text: str) -> Any:
    """The file with a text at one place of it."""
    if not path:
        return text
    first, *rest = path
    items = value.items() if isinstance(value, dict) else enumerate(value)
    changed = {key: put(each, tuple(rest), text) if key == first else each for key, each in items}
    return changed if isinstance(value, dict) else list(changed.values())


WAYS: tuple[Callable[[Path], str], ...] = (
    str,
    lambda file: file.as_uri(),
    lambda file: f"!include {file}",
    lambda file: f"{{'{file}'}}",
)


@pytest.mark.parametrize("way", WAYS)
def test_no_key_reads_a_file(
    way: Callable[[Path], str], example: str, accounts: dict[str, AccountCapability], tmp_path: Path, opened: Opened
) -> None:
    """A file named at any place of a mapping is not opened, and nothing of it stands in what is said of the mapping."""
    secret, file = tmp_path / "secret", tmp_path / "mapping.yaml"
    secret.write_text(f"{SECRET}: {SECRET}\n", "utf-8")
    whole = yaml.safe_load(example)
    load_all(file, example, accounts)  # what is read once and for all, such as time zones, is read now
    tried = 0
    for place in places(whole):
        file.write_text(yaml.safe_dump(put(whole, place, way(secret)), sort_keys=False), "utf-8")
        opened.names.clear()
        opened.on = True
        told = load_all(file, None, accounts)
        opened.on = False
        assert str(file) in opened.names, "the hook hears"
        assert [name for name in opened.names if str(secret) in name] == [], place
        assert SECRET not in told, place
        tried += 1
    assert tried > 60


@pytest.mark.parametrize("tag", ["!include {}", "!!python/object/apply:builtins.open [{}]", "!file {}", "!<file://{}>"])
def test_no_tag_reads_a_file(
    tag: str, example: str, accounts: dict[str, AccountCapability], tmp_path: Path, opened: Opened
) -> None:
    """YAML's own way to run something is refused before anything is run."""
    secret, file = tmp_path / "secret", tmp_path / "mapping.yaml"
    secret.write_text(SECRET, "utf-8")
    opened.names.clear()
    opened.on = True
    told = load_all(file, example.replace('text: "{Body__c}"', f"text: {tag.format(secret)}"), accounts)
    opened.on = False
    assert "is a tag" in told
    assert str(secret) not in opened.names
    assert SECRET not in told


def load_all(file: Path, text: str | None, accounts: dict[str, AccountCapability]) -> str:
    """Loads a mapping; all that is said of it, or all that it became."""
    if text is not None:
        file.write_text(text, "utf-8")
    try:
        return repr(load([file], accounts))
    except MappingError as error:
        return repr(error.problems)
