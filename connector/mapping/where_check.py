"""Whether what the connector writes takes a record out of `where`: else the same people get their message for ever.

A record that is read again after its message has ended is one that a person set back. The connector's own writes must
not look like that.
"""

import re
from collections.abc import Iterable, Mapping

from connector.mapping.content_check import channels_of
from connector.mapping.document import Document, Path
from connector.mapping.org import Org, UnknownName
from connector.mapping.parts import Assignment, StatusPart
from connector.mapping.record_mapping import RecordMapping
from connector.mapping.schema import MappingFile
from connector.mapping.where import Condition, conditions
from connector.model.states import FINAL, State

_FOR_EVER = "the same people would get the message again and again"
_UNLESS = "unless a formula or an automation of the org prevents it, "
_WORKED_OUT = re.compile(r"(?:Last|SystemModstamp|Is[A-Z]|Has[A-Z])|Name\Z")
"""Standard fields that the org may work out from others."""
_FIXED = frozenset({"id", "createddate", "createdbyid"})


def check_where(document: Document, file: MappingFile, mapping: RecordMapping, org: Org | None) -> None:
    """Reports a claim that leaves the record in `where`, and ends of a message that put it back there.

    What is certain is an error. Where a formula or a count might keep the record out, it is a warning.
    """
    asked = conditions(file.source.where)
    if asked is not None:
        _WhereCheck(document, file, mapping, org, asked).check()


class _WhereCheck:
    def __init__(
        self,
        document: Document,
        file: MappingFile,
        mapping: RecordMapping,
        org: Org | None,
        asked: tuple[Condition, ...],
    ) -> None:
        self.document = document
        self.file = file
        self.mapping = mapping
        self.org = org
        self.asked = asked
        self.claim = _by_field(mapping.source.claim)
        self.ends = [(part, _by_field(part.set)) for part in mapping.status_parts()]

    def check(self) -> None:
        stays = _stays(self.asked, self.claim)
        if stays is not None:
            self._claimed_in_vain(stays)
            return
        for part, written in self.ends:
            stays = _stays(self.asked, {**self.claim, **written})
            own = next((each for each in stays or () if each.looks_at(written)), None)
            if own is not None:
                self._asks_again(part, written[own.field])

    def _claimed_in_vain(self, stays: list[Condition]) -> None:
        doubtful = self._doubtful(self.claim)
        end = (_UNLESS if doubtful else "") + _FOR_EVER
        if stays:
            assignment = self.claim[stays[0].field]
            path: Path = ("source", "claim", assignment.field)
            text = (
                f"the claim does not take the record out of `where`, which asks for {_written(assignment)}, too: "
                f"{end}; write a value that `where` does not ask for"
            )
            self.document.report(path, text, warning=doubtful)
            return
        names = " and ".join(dict.fromkeys(f"`{name}`" for each in self.asked for name in each.names))
        asks = f"which asks for {names} only" if names else "which names no field"
        text = (
            f"the claim does not take the record out of `where`, {asks}: {end}; let the claim change a field that "
            "`where` asks for, like a status"
        )
        self.document.report(("source", "claim"), text, key=True, warning=doubtful)

    def _asks_again(self, part: StatusPart, assignment: Assignment) -> None:
        written = _by_field(part.set)
        between = {name for other, fields in self.ends if other.word != part.word for name in fields} - set(written)
        doubtful = (
            self._doubtful({**self.claim, **written})
            or any(each.looks_at(between - set(self.claim)) for each in self.asked)
            or not self._ends_the_message(part)
        )
        path: Path = ("on_status", part.word, "set", assignment.field)
        end = (_UNLESS if doubtful else "") + _FOR_EVER
        text = (
            f"after `{part.word}` the record asks for a message again, for `where` takes {_written(assignment)}: "
            f"{end}; write a value that `where` does not ask for"
        )
        self.document.report(path, text, warning=doubtful)

    def _ends_the_message(self, part: StatusPart) -> bool:
        """Whether a message may have its last word in one of the states that write this."""
        states = {state for state, each in self.mapping.statuses.items() if each.word == part.word}
        channels = channels_of(self.file.message.channel)
        said_last: set[State] = {
            state
            for route in self.mapping.routes
            for account in route.accounts
            if account.capability is not None
            for channel, state in account.capability.ends()
            if channels is None or channel in channels
        }
        return bool(states & (FINAL | said_last))

    def _doubtful(self, written: Mapping[str, Assignment]) -> bool:
        """Whether a condition that these fields do not decide may change with them all the same."""
        rest = [each for each in self.asked if not each.looks_at(written)]
        return any(each.counts or any(self._may_follow(name) for name in each.names) for each in rest)

    def _may_follow(self, name: str) -> bool:
        """Whether the org may work a field out from others; one that the mapping writes is no such field."""
        *path, last = name.split(".")
        if not path and any(last.lower() in written for _, written in self.ends):
            return False
        if last.lower() in _FIXED:
            return False
        if self.org is None:
            return last.endswith("__c") or _WORKED_OUT.match(last) is not None
        try:
            field = self.org.field(self.mapping.object, name)
        except UnknownName:
            return True  # told already
        return field.calculated or not (path or last.endswith("__c") or field.updateable)


def _stays(asked: Iterable[Condition], written: Mapping[str, Assignment]) -> list[Condition] | None:
    """The conditions that what was written fulfils; None where it takes a record out, or may."""
    fulfilled = []
    for condition in asked:
        if not condition.looks_at(written):
            continue
        assignment = written.get(condition.field)
        literal = assignment.template.literal if assignment is not None and assignment.template is not None else None
        if literal is None or not condition.holds(literal):
            return None
        fulfilled.append(condition)
    return fulfilled


def _by_field(assignments: Iterable[Assignment]) -> dict[str, Assignment]:
    """By name in small letters, as the org compares them."""
    return {assignment.field.lower(): assignment for assignment in assignments}


def _written(assignment: Assignment) -> str:
    literal = assignment.template.literal if assignment.template is not None else assignment.constant
    return f"`{assignment.field} = '{literal}'`"
