"""Runs a mapping's own `tests:`: what each record becomes, against what was expected of it."""

from datetime import UTC, datetime
from difflib import get_close_matches
from typing import Any

from connector.mapping.document import Document, Path
from connector.mapping.expression import ExpressionFault
from connector.mapping.lookups import given_result
from connector.mapping.record_mapping import RecordMapping
from connector.mapping.schema import Expect, MappingFile, Rehearsal
from connector.model.messages import Draft, Refusal

MOMENT = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)
"""When tests happen, so that they come out the same on any day."""


def rehearse(document: Document, file: MappingFile, mapping: RecordMapping) -> None:
    """Reports each expectation that fails, at its line, with what came out."""
    for index, test in enumerate(file.tests):
        path: Path = ("tests", index)
        if not _read_by(document, (*path, "given"), test.given, mapping):
            continue
        outcome = mapping.draft(test.given, MOMENT)
        of_lookup = _looked_up(document, path, test, mapping, outcome)
        for key in sorted(test.expect.model_fields_set):
            wanted = getattr(test.expect, key)
            came = of_lookup.get(key) if key in _OF_LOOKUP else _came_out(outcome, key)
            if wanted != came:
                text = f"expected {key} {_shown(wanted)}, and it came out {_shown(came)}{_why(outcome, test.expect)}"
                document.report((*path, "expect", key), text)


_OF_LOOKUP = frozenset({"stopped", "set"})
"""What a test can expect of a lookup."""


def _looked_up(
    document: Document, path: Path, test: Rehearsal, mapping: RecordMapping, outcome: Draft | Refusal
) -> dict[str, Any]:
    """What the result that the test gives makes of the message and its record."""
    if test.lookup is None:
        for key in sorted(_OF_LOOKUP & test.expect.model_fields_set):
            document.report((*path, "expect", key), f"`{key}` follows from a lookup; give its result in `lookup`")
        return {key: getattr(test.expect, key) for key in _OF_LOOKUP}
    told = given_result(document, (*path, "lookup"), mapping.lookup, test.lookup)
    if told is None or mapping.lookup is None:
        return {}
    fields = mapping.lookup.fields(told, outcome.fields, MOMENT)
    try:
        return {"stopped": mapping.lookup.stops(told), "set": fields}
    except ExpressionFault as fault:
        document.report((*path, "lookup"), f"the message would be held: {fault}", key=True)
        return {"set": fields}


def _read_by(document: Document, path: Path, given: dict[str, Any], mapping: RecordMapping) -> bool:
    """Whether the mapping reads all that is given; what it never reads is most likely misspelt."""
    read = set(mapping.read_fields)
    unread = [
        name for name in _names(given) if name not in read and not any(each.startswith(f"{name}.") for each in read)
    ]
    for name in unread:
        close = get_close_matches(name, sorted(read), 1)
        hint = f"; did you mean `{close[0]}`?" if close else ""
        document.report((*path, *name.split(".")), f"the mapping never reads `{name}`{hint}", key=True)
    return not unread


def _names(given: dict[str, Any], before: str = "") -> list[str]:
    names = []
    for key, value in given.items():
        names += _names(value, f"{before}{key}.") if isinstance(value, dict) else [f"{before}{key}"]
    return names


def _came_out(outcome: Draft | Refusal, key: str) -> Any:
    if isinstance(outcome, Refusal):
        return outcome.failure.code if key == "refused" else None
    if key == "account":
        return outcome.accounts[0]
    if key == "held":
        return outcome.held_reason is not None
    if key == "stop":
        return list(outcome.stop)
    if key == "channel":
        return outcome.channel.value
    return None if key == "refused" else getattr(outcome, key)


def _why(outcome: Draft | Refusal, expect: Expect) -> str:
    if isinstance(outcome, Refusal) and expect.refused is None:
        return f", for the record is refused: {outcome.failure.reason}"
    if isinstance(outcome, Draft) and outcome.held_reason is not None and expect.held is None:
        return f", for the message is held: {outcome.held_reason}"
    return ""


def _shown(value: Any) -> str:
    return "nothing" if value is None else f"`{str(value)[:120]}`"
