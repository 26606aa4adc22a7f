"""A mapping's `lookup`: compiled, checked, and what it makes of a result. Pure functions."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from difflib import get_close_matches
from typing import Any

from connector.mapping.document import Document, Path
from connector.mapping.expression import Expression, ExpressionFault, Names, Scope
from connector.mapping.lookup_section import LookupSection
from connector.mapping.parts import Assignment, FieldChoice
from connector.mapping.texts import TextCompiler
from connector.mapping.write_back import fields_set
from connector.model.capability import AccountCapability, Capability
from connector.model.lookups import LOOKUP_WORDS, LookedUp, LookupKind
from connector.model.messages import Channel
from connector.model.records import RecordWrite

_PATH: Path = ("lookup",)


@dataclass(frozen=True, slots=True)
class LookupPart:
    """What is asked about recipients, of whom, and what follows. `words` are the names a result may have."""

    asked: AccountCapability
    keep: timedelta
    wait: timedelta
    set: tuple[Assignment, ...]
    stop: Expression | None
    holds_on_failure: bool
    words: frozenset[str]

    @property
    def account(self) -> str:
        """The account that is asked."""
        return self.asked.account

    def stops(self, told: LookedUp) -> bool:
        """Whether a message to who was looked up may not be sent.

        Raises:
            ExpressionFault: `stop` cannot be worked out for this result.
        """
        if self.stop is None:
            return False
        stopped = self.stop.value(self._names(told, {}))
        if stopped is None or isinstance(stopped, bool):
            return bool(stopped)
        raise ExpressionFault(f"`{self.stop.source}` gives neither true nor false for this lookup")

    def fields(self, told: LookedUp, kept: Mapping[str, Any], at: datetime) -> dict[str, Any]:
        """What a result writes to the record of a message; `kept` are the fields that stay with the message."""
        return fields_set(self.set, self._names(told, {**kept, "at": at}))

    def writes(
        self, object_name: str, record_id: str, told: LookedUp, kept: Mapping[str, Any], at: datetime
    ) -> list[RecordWrite]:
        """The record's update, if there is anything to write."""
        fields = self.fields(told, kept, at)
        return [RecordWrite(object_name, fields, record_id=record_id)] if fields else []

    def _names(self, told: LookedUp, more: Mapping[str, Any]) -> Names:
        return Names({**dict.fromkeys(self.words), **told.named, **more})


def compile_lookup(
    texts: TextCompiler, accounts: Mapping[str, AccountCapability], section: LookupSection | None, object_name: str
) -> LookupPart | None:
    """The section compiled; None where there is none, or its account is unknown, which is reported."""
    if section is None:
        return None
    account = accounts.get(section.account)
    if account is None:
        close = get_close_matches(section.account, list(accounts), 1)
        known = f"did you mean `{close[0]}`?" if close else f"known: {', '.join(accounts) or 'none'}"
        texts.document.report((*_PATH, "account"), f"the settings have no account `{section.account}`; {known}")
        return None
    told = account.capability.lookup_tells if account.capability is not None else frozenset()
    words = frozenset(f"lookup.{name}" for name in told | set(LOOKUP_WORDS))
    stop = None
    if section.stop is not None:
        stop = texts.condition((*_PATH, "stop"), section.stop, Scope(words, of_record=False))
    return LookupPart(
        asked=account,
        keep=section.keep,
        wait=section.wait,
        set=texts.set((*_PATH, "set"), section.set, object_name, Scope(words | {"at"}, frozenset({"at"}))),
        stop=stop,
        holds_on_failure=section.on_failure == "hold",
        words=words,
    )


def check_lookup(document: Document, part: LookupPart | None, channel: FieldChoice) -> None:
    """Reports what the account cannot look up or never tells, and says that a lookup may cost money."""
    if part is None:
        return
    at: Path = (*_PATH, "account")
    capability = part.asked.capability
    if capability is None or not capability.looks_up:
        document.report(at, f"the account `{part.account}` looks nothing up; name one whose provider does")
        return
    if not part.set and part.stop is None:
        document.report(_PATH, "nothing follows from this lookup; give it `set`, `stop` or both", key=True)
    _kinds(document, at, part, capability, channel)
    _never_told(document, part, capability)
    kept = f"{part.keep.days} days" if part.keep.days else f"{part.keep.total_seconds() / 3600:g} hours"
    text = f"each recipient is looked up at `{part.account}`, once in {kept}, and each lookup may cost money"
    document.report(at, text, warning=True)


def _kinds(document: Document, at: Path, part: LookupPart, capability: Capability, channel: FieldChoice) -> None:
    wanted = _kinds_of(channel)
    if wanted is None or wanted <= capability.looks_up:
        return
    left_out = " and ".join(sorted(_PLURALS[kind] for kind in wanted - capability.looks_up))
    if not wanted & capability.looks_up:
        document.report(at, f"the account `{part.account}` does not look up {left_out}, and all recipients here are")
        return
    follows = "held" if part.holds_on_failure else "sent without"
    document.report(
        at, f"the account `{part.account}` does not look up {left_out}; their messages are {follows}", warning=True
    )


_PLURALS = {LookupKind.PHONE: "phone numbers", LookupKind.EMAIL: "e-mail addresses"}


def _kinds_of(channel: FieldChoice) -> set[LookupKind] | None:
    """What recipients can be, by the channels a message can have; None where the record decides."""
    if channel.constant is not None:
        channels = {channel.constant}
    elif channel.values is None:
        return None
    else:
        channels = {*channel.values.values(), *([channel.default] if channel.default is not None else [])}
    return {LookupKind.EMAIL if each == Channel.EMAIL else LookupKind.PHONE for each in channels}


def _never_told(document: Document, part: LookupPart, capability: Capability) -> None:
    never = {f"lookup.{name}" for name in set(LOOKUP_WORDS) - capability.lookup_tells}
    named = [((*_PATH, "stop"), part.stop)] if part.stop is not None else []
    for assignment in part.set:
        if assignment.template is not None:
            named += [((*_PATH, "set", assignment.field), each) for each in assignment.template.expressions]
    for path, expression in named:
        for name in sorted(never & set(expression.names)):
            text = f"`{name}` is never told by `{part.account}`, and always empty; see its settings"
            document.report(path, text, near=name, warning=True)


def given_result(document: Document, path: Path, part: LookupPart | None, given: Mapping[str, Any]) -> LookedUp | None:
    """The result that a test gives, by the names without ``lookup.``; what it cannot be is reported."""
    if part is None:
        document.report(path, "the mapping has no `lookup`, so that none can be given", key=True)
        return None
    known = sorted(name.removeprefix("lookup.") for name in part.words)
    for name in given:
        if name not in known:
            text = f"`{name}` is nothing that `{part.account}` tells; it tells {', '.join(known)}"
            document.report((*path, name), text, key=True)
    ours = {name: value for name, value in given.items() if name in LOOKUP_WORDS}
    own = {name: value for name, value in given.items() if name in known and name not in LOOKUP_WORDS}
    return LookedUp(**ours, fields=own)
