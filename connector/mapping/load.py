"""Reads mapping files: all of them, and all that is wrong with them, in one run."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from connector.mapping.check import check
from connector.mapping.compiler import Compiler
from connector.mapping.document import LARGEST_FILE, Document, read_document
from connector.mapping.org import Describe, Org
from connector.mapping.record_mapping import RecordMapping
from connector.mapping.rehearse import MOMENT, rehearse
from connector.mapping.shape import read_shape, sound_rest
from connector.model.capability import AccountCapability
from connector.model.errors import MappingError, Problem, QueryFault
from connector.model.records import RecordQuery


@dataclass(frozen=True, slots=True)
class Loaded:
    """The mappings, in the order of their files, and what is not wrong but worth knowing."""

    mappings: tuple[RecordMapping, ...]
    warnings: tuple[Problem, ...]


Ask = Callable[[RecordQuery], Iterable[object]]
"""Puts a query to the org, a page at a time."""


def load(
    paths: Sequence[Path],
    accounts: Mapping[str, AccountCapability],
    *,
    describe: Describe | None = None,
    ask: Ask | None = None,
) -> Loaded:
    """Reads, compiles, checks and rehearses mapping files; a directory stands for its `*.yaml` and `*.yml`.

    `accounts` are those of the settings by name. With `describe`, names are checked against the org, and texts are
    cut to the length of their fields. With `ask`, the query of every file that has no error is put to the org, for one
    record: what else is wrong with a condition, only the org knows.

    Raises:
        MappingError: all problems of all files, each with file, line and column.
    """
    org = Org(describe) if describe is not None else None
    problems: list[Problem] = []
    loaded: list[RecordMapping] = []
    for path in _files(paths, problems):
        document = _read(path)
        mapping = _mapping(document, accounts, org)
        if mapping is not None and ask is not None and all(problem.warning for problem in document.problems):
            _put_to_the_org(document, mapping, ask)
        problems += document.problems
        if mapping is not None:
            _refuse_same_name(mapping, document, loaded, problems)
            _refuse_same_keyword(mapping, document, loaded, problems)
            loaded.append(mapping)
    if any(not problem.warning for problem in problems):
        raise MappingError(tuple(dict.fromkeys(problems)))
    return Loaded(tuple(loaded), tuple(sorted(set(problems))))


def _mapping(document: Document, accounts: Mapping[str, AccountCapability], org: Org | None) -> RecordMapping | None:
    if document.value is None and document.problems:
        return None
    file = read_shape(document)
    if file is None:
        _search_the_rest(document, accounts, org)
        return None
    mapping = Compiler(document, accounts, org).compile(file)
    check(document, file, mapping, org)
    if all(problem.warning for problem in document.problems):
        rehearse(document, file, mapping)
    return mapping


def _put_to_the_org(document: Document, mapping: RecordMapping, ask: Ask) -> None:
    try:
        next(iter(ask(replace(mapping.read(MOMENT), limit=1))), None)
    except QueryFault as fault:
        # what cannot be ranked by, the CRM's own file refuses, without an answer of the org's
        key = "where" if fault.status or not mapping.source.order else "rank"
        # the org's words are of several lines, one of them with a caret under the place
        said = " ".join(word for word in str(fault).split() if word != "^")
        document.report(("source", key), said)


def _search_the_rest(document: Document, accounts: Mapping[str, AccountCapability], org: Org | None) -> None:
    """Finds what else is wrong in a file whose shape is wrong, so that one run tells it all."""
    account = next(iter(accounts), None)
    rest = sound_rest(document, account) if account is not None and isinstance(document.value, dict) else None
    if rest is not None:
        Compiler(document, accounts, org).compile(rest)


def _files(paths: Sequence[Path], problems: list[Problem]) -> Iterator[Path]:
    for path in paths:
        if not path.is_dir():
            yield path
            continue
        found = sorted(each for each in path.iterdir() if each.suffix in {".yaml", ".yml"} and each.is_file())
        if not found:
            problems.append(Problem(str(path), 0, 0, "the directory holds no mapping file (*.yaml or *.yml)"))
        yield from found


def _read(path: Path) -> Document:
    try:
        with path.open("rb") as file:
            return read_document(str(path), file.read(LARGEST_FILE + 1))
    except OSError as error:
        reason = error.strerror or str(error)
        return Document(str(path), problems=[Problem(str(path), 0, 0, f"the file cannot be read: {reason}")])


def _refuse_same_name(
    mapping: RecordMapping, document: Document, loaded: list[RecordMapping], problems: list[Problem]
) -> None:
    for other in loaded:
        if other.name == mapping.name:
            mark = document.mark(("name",))
            text = f"the name `{mapping.name}` is taken by {other.file}; give each mapping its own"
            problems.append(Problem(document.file, mark.line, mark.column, text))


def _refuse_same_keyword(
    mapping: RecordMapping, document: Document, loaded: list[RecordMapping], problems: list[Problem]
) -> None:
    """One account has one answer to a keyword."""
    for written in document.value.get("on_keyword") or {}:
        for other in loaded:
            shared = sorted(set(mapping.accounts()) & set(other.accounts()))
            if shared and str(written).strip().casefold() in other.keyword_replies:
                mark = document.mark(("on_keyword", written))
                text = (
                    f"the account `{shared[0]}` has an answer to `{written}` from {other.file} already; take one away"
                )
                problems.append(Problem(document.file, mark.key_line, mark.key_column, text))
