"""What is wrong with a file that is not YAML: the slips of people, told where they were made.

libyaml says where it could not go on, which may be lines below the slip.
"""

import re
from dataclasses import dataclass

_BREAK = re.compile(r"\r\n|[\r\n]")
_DASH = re.compile(r"(\s*)-[^\s-]")
_KEY = re.compile(r"\s*([\w.]+)\Z")
_NO_COLON = "a key needs a colon and a space after it, like `kind: service`"


@dataclass(frozen=True, slots=True)
class Place:
    """Line and column count from 0, and so does the index of the character."""

    line: int
    column: int
    index: int


@dataclass(frozen=True, slots=True)
class Quoted:
    """A text in quotes, from the place of its first quote to the place after its last; `quote` is its sign."""

    start: Place
    end: Place
    quote: str


@dataclass(frozen=True, slots=True)
class Fault:
    """Where libyaml stopped and why; `context` is what it was reading, and `begun` where that began."""

    problem: str
    at: Place | None
    context: str
    begun: Place | None


def told(text: str, fault: Fault, last: Quoted | None) -> tuple[Place | None, str]:
    """Where the slip is, and a sentence about it; `last` is what was read just before, if that was in quotes."""
    never_closed = "quoted" in fault.context
    at = fault.begun if never_closed else fault.at or fault.begun
    if at is None or never_closed:
        return at, _sentence(fault)
    lines = _BREAK.split(text)
    return _keyless(lines, fault, at) or _quotes(text, at, last) or _colon(lines, fault, at) or (at, _sentence(fault))


def _quotes(text: str, at: Place, last: Quoted | None) -> tuple[Place, str] | None:
    """A text in quotes that ends too early, or, where the closing quote is missing, at the next text's opening one."""
    if last is None or at.index < last.end.index or text[last.end.index : at.index].strip(" "):
        return None
    if last.start.line != last.end.line:
        line = last.end.line + 1
        return last.start, f"the quote that is opened here is closed in line {line} only; close it where the text ends"
    if at.index > last.end.index:
        return None
    if last.quote == "'":
        return at, "the text in '…' ends just before this; if an apostrophe stands in it, put \"…\" around the text"
    return at, 'the text in "…" ends just before this; a quote that stands in it is written \\"'


def _keyless(lines: list[str], fault: Fault, at: Place) -> tuple[Place, str] | None:
    """A line that lacks the space after its dash or its colon, and so is a text and no key."""
    begun = fault.begun if "simple key" in fault.context else None
    where = begun or at
    dash = _DASH.match(_line(lines, where.line))
    if dash and "flow" not in fault.context:
        return Place(where.line, len(dash.group(1)), where.index), "put a space after the dash"
    return None if begun is None else (begun, _NO_COLON)


def _colon(lines: list[str], fault: Fault, at: Place) -> tuple[Place, str] | None:
    """A colon in what seems to be the text of the line above: that has no colon, or this has another indentation."""
    if "mapping values are not allowed" not in fault.problem:
        return None
    key = _KEY.match(_line(lines, at.line)[: at.column])
    above = next((number for number in range(at.line - 1, -1, -1) if _line(lines, number).strip()), None)
    if key is None or above is None:
        return None
    indented, over = key.start(1), len(_line(lines, above)) - len(_line(lines, above).lstrip(" "))
    if indented == over:
        return Place(above, over, 0), _NO_COLON
    text = (
        f"`{key.group(1)}` is not indented like the line above; begin keys of one level in the same column (if it "
        "belongs to the text above, put quotes around the whole text)"
    )
    return Place(at.line, indented, 0), text


def _line(lines: list[str], number: int) -> str:
    return lines[number] if number < len(lines) else ""


def _sentence(fault: Fault) -> str:
    problem, context = fault.problem, fault.context
    if "mapping values are not allowed" in problem:
        return "a colon followed by a space stands inside this text; put quotes around the whole text"
    if "unexpected end of stream" in problem and "quoted" in context:
        return "a quote is opened and never closed"
    if "cannot start any token" in problem:
        return "this character cannot begin a text here; put quotes around the whole text"
    if "flow mapping" in context or "flow sequence" in context or "flow node" in context:
        return "a bracket or brace is not closed, or a comma is missing; a text with braces needs quotes"
    if "block mapping" in context or "block collection" in context or "document start" in problem:
        return "the indentation does not fit the lines above; begin keys of one level in the same column"
    return f"this is not YAML: {problem}" + (f" ({context})" if context else "")
