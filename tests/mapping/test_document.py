"""YAML as people write it: values, marks, and everything that is refused."""

import time
from pathlib import Path

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from connector.mapping.document import DEEPEST, LARGEST_FILE, read_document

EXAMPLE = Path(__file__).parents[2] / "mappings" / "sms-outbox.yaml"


def _said(raw: str | bytes) -> list[str]:
    data = raw if isinstance(raw, bytes) else raw.encode()
    return [f"{each.line}:{each.column} {each.text}" for each in read_document("m.yaml", data).problems]


@pytest.mark.parametrize(
    "written",
    ["NO", "no", "on", "off", "yes", "y", "+4917012345", "0170123", "012", "1:30", "0x1F", "0o17", "1_000", ".5"],
)
def test_what_yaml_likes_to_change_stays_as_written(written: str) -> None:
    """Country codes, phone numbers, times and words keep their letters."""
    assert read_document("m", f"a: {written}".encode()).value == {"a": written}


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("1", 1),
        ("-12", -12),
        ("0", 0),
        ("1.5", 1.5),
        ("true", True),
        ("False", False),
        ("null", None),
        ("~", None),
        ("", None),
    ],
)
def test_numbers_truth_and_null_are_read(written: str, value: object) -> None:
    """What YAML 1.2's core calls a number, a truth value or null is one."""
    read = read_document("m", f"a: {written}".encode()).value["a"]
    assert (type(read), read) == (type(value), value)


def test_quoted_values_are_always_texts() -> None:
    """Quotes keep a number a text."""
    assert read_document("m", b"a: '1'\nb: \"true\"\n").value == {"a": "1", "b": "true"}


def test_keys_are_always_texts() -> None:
    """A picklist value that looks like a number is still a key by its letters."""
    assert read_document("m", b"{1: a, true: b, 012: c}").value == {"1": "a", "true": "b", "012": "c"}


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("a: 1\nb: 2\na: 3\n", "3:1 the key `a` stands here twice; the first is in line 1"),
        ("a: &x 1\n", "1:4 `&x` is an anchor"),
        ("a: *x\n", "1:4 `*x` is an alias"),
        ("a: !!int 1\n", "1:4 `tag:yaml.org,2002:int` is a tag"),
        ("a: !!python/object/apply:os.system [ls]\n", "is a tag"),
        ("a: b\u00a0c\n", "1:5 a no-break space"),
        ("a:\n\u202fb: c\n", "2:1 a no-break space"),
        ("a: b\u200bc\n", "1:5 an invisible character"),
        ("a:\n\tb: c\n", "2:1 a tab stands here"),
        ("a: \u201cHi\u201d\n", "1:4 `\u201c` is a typographic quote"),
        ("a: x: y\n", "1:5 a colon followed by a space"),
        ('a: "open\n', "1:4 a quote is opened and never closed"),
        ("a: [1, 2\n", "a bracket or brace is not closed"),
        ("a: @me\n", "1:4 this character cannot begin a text"),
        ("a: 1\n---\nb: 2\n", "2:1 a second document begins here"),
        ("? [a]\n: b\n", "a map or list stands here as a key"),
        ("a: 1\n  b: 2\n", "2:3 `b` is not indented like the line above"),
        (" a: 1\nb: 2\n", "2:1 the indentation does not fit"),
        ("", "1:1 the file is empty"),
        ("# only a comment\n", "1:1 the file is empty"),
    ],
)
def test_traps_are_told_with_their_place(written: str, said: str) -> None:
    """Each trap of YAML, or of pasting, is a sentence at its line and column."""
    assert any(said in each for each in _said(written)), _said(written)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("  where:", "   where:", "6:4 `where` is not indented like the line above"),
        ("  where:", " where:", "6:2 the indentation does not fit the lines above"),
        ("  kind:", "    kind:", "16:5 the indentation does not fit the lines above"),
        ('text: "{Body__c}"', "text: 'Don't forget'", "11:14 the text in '…' ends just before this; if an apostrophe"),
        (
            'text: "{Body__c}"',
            'text: "Say "hi" to"',
            '11:15 the text in "…" ends just before this; a quote that stands',
        ),
        ('text: "{Body__c}"', 'text: "{Body__c}', "11:9 the quote that is opened here is closed in line 13 only"),
        (
            'text: "{Body__c}"',
            "text: '{Body__c}\n  campaign: 'x'",
            "11:9 the quote that is opened here is closed in line 12",
        ),
        ("  - {account: nrs-main}", "  -{account: nrs-main}", "26:3 put a space after the dash"),
        ('  - {when: "channel', '  -{when: "channel', "23:3 put a space after the dash"),
        ("kind: service ", "kind:service ", "16:3 a key needs a colon and a space after it"),
        ("on_unknown: hold", "on_unknown:hold", "21:3 a key needs a colon and a space after it"),
        ('text: "{Body__c}"', 'text "x"', "11:3 a key needs a colon and a space after it"),
        ("version: 1", "version 1", "2:1 a key needs a colon and a space after it"),
        ('text: "{Body__c}"', "text: Hi: you", "11:11 a colon followed by a space stands inside this text"),
        (
            '"{claim.token}", Claim',
            '"{claim.token}" Claim',
            "7:63 a bracket or brace is not closed, or a comma is missing",
        ),
        ("Sending, Claim", "Sending Claim", "7:44 a bracket or brace is not closed, or a comma is missing"),
    ],
)
def test_slips_are_told_where_they_were_made(old: str, new: str, said: str) -> None:
    """The commonest slips in a whole mapping: the sentence names the slip, and its line is the one to mend."""
    text = EXAMPLE.read_text("utf-8")
    assert old in text
    assert [each for each in _said(text.replace(old, new, 1)) if each.startswith(said)], _said(
        text.replace(old, new, 1)
    )


def test_a_list_with_one_dash_too_near_is_told() -> None:
    """Also where the last dash of several lacks its space."""
    assert _said("a:\n  - b\n  -c\n") == ["3:3 put a space after the dash"]
    assert "bracket" in _said("a: [x,\n  -y}\n")[0]


def test_bytes_that_are_no_utf8_are_told() -> None:
    """A file saved in Latin-1 says so, at its line."""
    assert _said(b"a: 1\nb: \xe9\n") == ["2:1 byte 8 is not UTF-8; save the file as UTF-8"]


def test_control_characters_are_told() -> None:
    """A NUL byte is a sentence, not a crash."""
    assert "this is not YAML" in _said(b"a: \x00")[0]


def test_a_byte_order_mark_is_taken_off() -> None:
    """What Windows editors put first does no harm, nor moves the marks."""
    document = read_document("m", b"\xef\xbb\xbfa: 1\n")
    assert (document.value, document.marks[("a",)].column) == ({"a": 1}, 4)


def test_a_wanted_no_break_space_can_be_written() -> None:
    """The advice of the sentence works: between double quotes, as an escape."""
    assert read_document("m", b'a: "x\\u00a0y"').value == {"a": "x\u00a0y"}


def test_several_problems_are_told_at_once() -> None:
    """One run tells a pasted space, an anchor and a double key together."""
    assert len(_said("a: &x 1\na: 2\nb: c\u00a0d\n")) == 3


@pytest.mark.parametrize(
    "bomb",
    [
        "[" * 200_000,
        "{a: " * 60_000,
        "[a," * 80_000,
        "- " * 100_000,
        "? " * 100_000,
        "a:\n b:\n  " * 20_000,
        "x: [" + "a," * 100_000 + "]",
        "a: &a [x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: [*b,*b,*b,*b,*b,*b,*b,*b,*b]\n",
        "'" * 262_144,
        "a: |\n" + "\n" * 200_000,
        "a" * 10_000_000,
    ],
    ids=range(11),
)
def test_bombs_are_refused_quickly(bomb: str) -> None:
    """Depth, width, size and aliases are bounded, whatever the file."""
    begun = time.process_time()
    assert _said(bomb) or read_document("m", bomb.encode()).value is not None
    assert time.process_time() - begun < 3.0


def test_the_bounds_are_told() -> None:
    """Too large, too deep: the sentence names the bound."""
    assert str(LARGEST_FILE) in _said("a" * (LARGEST_FILE + 1))[0]
    assert str(DEEPEST) in _said("[" * (DEEPEST + 1))[0]
    assert not _said("[" * DEEPEST + "]" * DEEPEST)


@given(st.binary(max_size=300) | st.text(max_size=300).map(lambda text: text.encode("utf-8", "replace")))
@example(b"{a: {b: c}, a: {b: c}}")
@example(b"a: {}\na: []\n")
@example(b"? a\n? b\n")
def test_no_bytes_crash_the_reader(raw: bytes) -> None:
    """Whatever a file holds, it has a value or a problem, and every problem a place."""
    document = read_document("m", raw)
    assert document.value is not None or document.problems or read_document("m", raw).marks
    assert all(each.line >= 1 and each.column >= 1 for each in document.problems)


_leaves = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zs", "Zl", "Zp", "Cf")), max_size=12)
_values = st.recursive(
    _leaves,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_leaves, inner, max_size=4),
    max_leaves=20,
).filter(lambda value: isinstance(value, dict) and value)


@given(_values, st.booleans())
def test_what_is_dumped_is_read_and_marked(value: dict[str, object], flow: bool) -> None:
    """Texts of any alphabet round trip, and every mark points at the very value."""
    text = yaml.safe_dump(value, allow_unicode=True, default_flow_style=flow, default_style='"', width=10_000)
    document = read_document("m", text.encode())
    assert not document.problems
    assert document.value == value
    lines = text.split("\n")
    for path, mark in document.marks.items():
        found: object = value
        for step in path:
            found = found[step]  # type: ignore[index]
        if isinstance(found, str):
            assert lines[mark.line - 1][mark.column - 1] == '"'
            assert yaml.safe_load(text[mark.start : mark.end]) == found
