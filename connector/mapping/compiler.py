"""From a mapping file's shape to a `RecordMapping`: every name and expression checked where it stands."""

import re
from collections.abc import Mapping
from datetime import time, timedelta
from difflib import get_close_matches
from typing import Any, Final

from connector.mapping import scopes
from connector.mapping.compile_content import compile_content
from connector.mapping.document import Document, Path
from connector.mapping.expression import Scope
from connector.mapping.keywords import keyword_replies
from connector.mapping.lookups import compile_lookup
from connector.mapping.org import Org
from connector.mapping.parts import (
    FAILED,
    ActivityPart,
    Assignment,
    ConsentPart,
    FieldChoice,
    MessagePart,
    ReadPart,
    ReplyPart,
    RoutePart,
    SendingHours,
    StatusPart,
    UpsertPart,
)
from connector.mapping.record_mapping import RecordMapping
from connector.mapping.schema import (
    Activity,
    Choice,
    Create,
    Hours,
    MappingFile,
    MessageSection,
    OnOptIn,
    OnOptOut,
    OnReply,
    Recipient,
    ResendUnknown,
    Source,
)
from connector.mapping.template import Template
from connector.mapping.texts import TextCompiler
from connector.mapping.where import odd_quote
from connector.model.capability import AccountCapability
from connector.model.messages import Channel
from connector.model.records import Ranked
from connector.model.states import State
from connector.model.stop_words import plain_words, says_start, says_stop
from connector.model.zones import is_zone

REGION: Final = re.compile(r"[A-Z]{2}\Z")
_PAGING = re.compile(r"\b(ORDER\s+BY|LIMIT|OFFSET|FOR\s+UPDATE|GROUP\s+BY)\b", re.IGNORECASE)
_QUOTED = re.compile(r"'(?:\\.|[^'\\])*'")


class Compiler:
    """Compiles one file. What is wrong is reported to the document; compilation goes on, to find the rest."""

    def __init__(self, document: Document, accounts: Mapping[str, AccountCapability], org: Org | None) -> None:
        self.document = document
        self.accounts = accounts
        self.texts = TextCompiler(document, org)

    def compile(self, file: MappingFile) -> RecordMapping:
        """The mapping; worth using only if the document has no errors."""
        made = (file.activity, file.on_reply.create if file.on_reply is not None else None)
        self.texts.objects = frozenset({file.source.object, *(each.object for each in made if each is not None)})
        return RecordMapping(
            name=file.name,
            object=file.source.object,
            source=self._source(file.source),
            message=self._message(file.message),
            lookup=compile_lookup(self.texts, self.accounts, file.lookup, file.source.object),
            routes=self._routes(file),
            statuses=self._statuses(file),
            activity=self._activity(file.activity),
            reply=self._reply(file.on_reply),
            opt_outs=self._consent("on_opt_out", file.on_opt_out),
            opt_ins=self._consent("on_opt_in", file.on_opt_in),
            stop_words=self._words("on_opt_out", file.on_opt_out),
            start_words=self._words("on_opt_in", file.on_opt_in),
            keyword_replies=keyword_replies(self.texts, self.document, file.on_keyword),
            file=self.document.file,
        )

    def _source(self, source: Source) -> ReadPart:
        path: Path = ("source", "where")
        pieces, placeholders = self.texts.split(path, source.where)
        for name in placeholders:
            if name.strip() != "now":
                text = f"`{{{name}}}` is not known here; a query knows {{now}} only"
                self.document.report(path, text, near="{" + name)
        paging = _PAGING.search(_QUOTED.sub("''", source.where))
        if paging:
            self.document.report(
                path, f"`{paging.group()}` does not belong here: order is said by `rank`", near=paging.group()
            )
        if quote := odd_quote(source.where):
            text = f"`{quote}` is no quote in a condition; a text there stands between ' and '"
            self.document.report(path, text, near=quote)
        order = tuple(_ranked(rank) for rank in source.rank)
        return ReadPart(pieces, order, self.texts.set(("source", "claim"), source.claim, source.object, scopes.CLAIM))

    def _message(self, message: MessageSection) -> MessagePart:
        at: Path = ("message",)
        return MessagePart(
            phone=message.to.field,
            email=message.to.email,
            region=self._region(message.to),
            channel=self._channel(message.channel),
            text=self.texts.template((*at, "text"), message.text, scopes.MESSAGE),
            sender=self.texts.optional((*at, "sender"), message.sender),
            campaign=self.texts.optional((*at, "campaign"), message.campaign),
            send_at=self._send_at((*at, "send_at"), message.send_at),
            content=compile_content(self.texts, message),
            kind=message.kind,
            valid_for=message.valid_for,
            consent=tuple(message.consent),
            hours=self._hours(message.hours),
            resend_unknown_after=_resend_after(message.on_unknown),
        )

    def _region(self, to: Recipient) -> FieldChoice:
        region, path = to.region, ("message", "to", "region")
        if isinstance(region, Choice):
            return FieldChoice(None, region.field, region.values, region.default)
        if region is None or REGION.match(region):
            return FieldChoice(constant=region)
        if not scopes.is_field(region):
            self.document.report(path, f"`{region}` is neither a field nor a country code of two letters, like MX")
        return FieldChoice(field=region)

    def _channel(self, channel: Choice | str) -> FieldChoice:
        path: Path = ("message", "channel")
        if isinstance(channel, str):
            self._known_channel(path, channel)
            return FieldChoice(constant=channel)
        for value, word in (channel.values or {}).items():
            self._known_channel((*path, "values", value), word)
        if channel.default is not None:
            self._known_channel((*path, "default"), channel.default)
        return FieldChoice(None, channel.field, channel.values, channel.default)

    def _known_channel(self, path: Path, word: str) -> None:
        if word not in set(Channel):
            self.document.report(path, f"`{word}` is not a channel; a channel is one of {', '.join(Channel)}")

    def _send_at(self, path: Path, text: str | None) -> Template | None:
        told = len(self.document.problems)
        template = self.texts.optional(path, text)
        if template is not None and not template.lone and len(self.document.problems) == told:
            self.document.report(
                path, 'a moment stands here: one field in braces and nothing else, like "{Send_After__c}"'
            )
        return template

    def _hours(self, hours: Hours | None) -> SendingHours | None:
        if hours is None:
            return None
        start, end = time.fromisoformat(hours.from_), time.fromisoformat(hours.to)
        if start == end:
            self.document.report(("message", "hours", "to"), "`from` and `to` are the same time, which leaves no hours")
        if hours.zone != "recipient" and not is_zone(hours.zone):
            text = f"`{hours.zone}` is not a time zone; write `recipient` or a name like America/Mexico_City"
            self.document.report(("message", "hours", "zone"), text)
        return SendingHours(start, end, hours.zone)

    def _routes(self, file: MappingFile) -> tuple[RoutePart, ...]:
        routes = []
        takes_all = False
        for index, route in enumerate(file.route):
            path: Path = ("route", index)
            if takes_all:
                self.document.report(path, "this route is never reached: the one before it has no `when` and takes all")
            takes_all = takes_all or route.when is None
            when = None if route.when is None else self.texts.condition((*path, "when"), route.when)
            routes.append(RoutePart(when, self._route_accounts((*path, "account"), route.account)))
        return tuple(routes)

    def _route_accounts(self, path: Path, names: list[str]) -> tuple[AccountCapability, ...]:
        found = []
        for index, name in enumerate(names):
            at = (*path, index) if (*path, index) in self.document.marks else path
            account = self.accounts.get(name)
            if account is None:
                close = get_close_matches(name, list(self.accounts), 1)
                known = f"did you mean `{close[0]}`?" if close else f"known: {', '.join(self.accounts) or 'none'}"
                self.document.report(at, f"the settings have no account `{name}`; {known}")
                continue
            if names.index(name) != index:
                self.document.report(at, f"the account `{name}` stands here twice")
            found.append(account)
        return tuple(found)

    def _statuses(self, file: MappingFile) -> dict[State, StatusPart]:
        parts: dict[State, StatusPart] = {}
        for word in type(file.on_status).model_fields:
            section = getattr(file.on_status, word)
            if section is None:
                continue
            assignments = self.texts.set(("on_status", word, "set"), section.set, file.source.object, scopes.STATUS)
            for state in FAILED if word == "failed" else (State(word),):
                own = getattr(file.on_status, state.value)
                if state.value == word or own is None:
                    parts[state] = StatusPart(word, assignments)
        return parts

    def _activity(self, activity: Activity | None) -> ActivityPart | None:
        if activity is None:
            return None
        states = {State(word) for word in activity.on}
        if "failed" in activity.on:
            states |= set(FAILED)
        return ActivityPart(frozenset(states), self._upsert(("activity",), activity, scopes.STATUS))

    def _reply(self, reply: OnReply | None) -> ReplyPart | None:
        if reply is None:
            return None
        kinds = tuple(dict.fromkeys(match.by for match in reply.match))
        phones, addresses = self._looked_in(reply, "phone"), self._looked_in(reply, "address")
        for index, match in enumerate(reply.match):
            for at, name in enumerate(match.in_):
                if match.by == "address" and tuple(name.split(".")) in phones:
                    text = (
                        f"`{name}` stands in a match by phone too; a field holds numbers or addresses, so name it once"
                    )
                    self.document.report(("on_reply", "match", index, "in", at), text)
        return ReplyPart(kinds, phones, addresses, self._upsert(("on_reply", "create"), reply.create, scopes.REPLY))

    @staticmethod
    def _looked_in(reply: OnReply, by: str) -> tuple[tuple[str, str], ...]:
        """(object, field), each once, in the order of the file."""
        names = [tuple(name.split(".")) for match in reply.match if match.by == by for name in match.in_]
        return tuple((object_name, field) for object_name, field in dict.fromkeys(names))

    def _upsert(self, path: Path, section: Activity | Create, scope: Scope) -> UpsertPart:
        if section.key in section.set:
            self.document.report(
                (*path, "set", section.key), f"`{section.key}` is the key, which the connector fills", key=True
            )
        return UpsertPart(
            section.object, section.key, self.texts.set((*path, "set"), section.set, section.object, scope)
        )

    def _consent(self, key: str, section: OnOptOut | OnOptIn | None) -> ConsentPart:
        if section is None:
            return ConsentPart({}, {})
        return ConsentPart(
            self._consent_writes((key, "set"), section.set or {}),
            self._consent_writes((key, "set_by_address"), section.set_by_address or {}),
        )

    def _consent_writes(self, path: Path, settings: Mapping[str, Any]) -> dict[str, tuple[Assignment, ...]]:
        found: dict[str, tuple[Assignment, ...]] = {}
        for name, setting in settings.items():
            object_name, field = name.split(".")
            assignment = self.texts.assignment((*path, name), field, setting, object_name, scopes.OPT_OUT)
            found[object_name] = (*found.get(object_name, ()), assignment)
        return found

    def _words(self, key: str, section: OnOptOut | OnOptIn | None) -> frozenset[str]:
        found = set()
        stops = key == "on_opt_out"
        for at, text in enumerate(section.words if section is not None else ()):
            word = plain_words(text)
            if not word:
                self.document.report((key, "words", at), f"`{text}` holds neither a letter nor a digit")
            elif says_start(word) if stops else says_stop(word):
                meaning = "starts messages again" if stops else "stops messages"
                self.document.report((key, "words", at), f"`{text}` is a word that {meaning}; it cannot do both")
            found.add(word)
        return frozenset(found)


def _ranked(rank: str) -> Ranked:
    name, _, direction = rank.partition(" ")
    return Ranked(name, descending=direction.strip().upper() == "DESC")


def _resend_after(on_unknown: str | ResendUnknown) -> timedelta | None:
    return on_unknown.resend_after if isinstance(on_unknown, ResendUnknown) else None
