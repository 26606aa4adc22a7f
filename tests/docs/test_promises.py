"""The page of promises names a test for each, and the tests are there; the table of ends leaves no end out."""

import ast
import re
from functools import cache
from pathlib import Path

import httpx
import pytest

from connector.model.states import State
from docs.ends import ends

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "promises.md").read_text("utf-8")
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
ROW = re.compile(r"^\| (?!promise|---)(.+?) \|([^|]+)\|([^|]+)\|$", re.MULTILINE)
PROMISES = (
    "States of a message",
    "What one message is",
    "The order",
    "Sent at most once, and never silently lost",
    "One function moves a message",
    "News is stored before it is acknowledged",
    "The CRM is told everything, once",
    "Consent is decided at send time",
    "Every message is accounted for",
    "Security",
)


@cache
def named_in(file: str) -> frozenset[str]:
    """The names of the test functions and test classes of a file, without running it; nothing for no file."""
    path = ROOT / file
    if not path.exists():
        return frozenset()
    body = ast.parse(path.read_text("utf-8")).body
    found = {one.name for one in body if isinstance(one, ast.FunctionDef | ast.ClassDef)}
    return frozenset(name for name in found if re.match("test_|Test", name))


def leaves(kind: type[httpx.TransportError]) -> set[str]:
    """The names of the errors that httpx really raises: those without a kind of their own beneath them."""
    below = kind.__subclasses__()
    return set().union(*map(leaves, below)) if below else {kind.__name__}


@pytest.mark.parametrize("promise", PROMISES)
def test_every_promise_has_its_section(promise: str) -> None:
    """The design's promises are all there, each with rows."""
    section = PAGE.split(f"\n## {promise}\n")
    assert len(section) == 2
    assert ROW.search(section[1].split("\n## ")[0])


@pytest.mark.parametrize(("file", "name"), sorted(set(NAMED.findall(PAGE))))
def test_every_test_that_is_named_is_there(file: str, name: str) -> None:
    """A promise whose test was renamed or taken away has nothing to show for it."""
    assert name in named_in(file)


def test_every_promise_names_a_test_and_what_keeps_it() -> None:
    """No row without what keeps the promise, and none without a test."""
    rows = ROW.findall(PAGE)
    assert len(rows) == sum(line.startswith("| ") for line in PAGE.splitlines()) - PAGE.count("\n| promise |")
    assert all(kept.strip() and NAMED.search(shown) for _, kept, shown in rows)


def test_the_look_for_tests_finds_what_is_there_and_nothing_else() -> None:
    """What the other tests rest on: functions and classes are found, and nothing is found where nothing is."""
    assert "test_every_test_that_is_named_is_there" in named_in("tests/docs/test_promises.py")
    assert named_in("tests/docs/test_nothing.py") == frozenset()


def test_every_end_of_a_connection_is_in_the_table() -> None:
    """Every error by which a connection can fail was brought about for the table of ends."""
    described = " ".join(how for how, _ in ends())
    kinds = leaves(httpx.TransportError) | {"DecodingError"}
    assert {name for name in kinds if f"`{name}`" in described} == kinds


def test_only_what_certainly_did_not_leave_is_tried_again() -> None:
    """In the table messages go back for another try after no connection, "not now" and documented refusals alone."""
    again = {answer.outcome for _, answer in ends() if answer.moves[0].to is State.CLAIMED}
    doubt = {answer.outcome for _, answer in ends() if answer.moves[0].to is State.UNKNOWN}
    assert again == {"never_left", "throttled", "refused", "answered"}
    assert doubt == {"may_have_left", "answered"}
    assert not any(answer.elsewhere for _, answer in ends() if answer.moves[0].to is State.UNKNOWN)
