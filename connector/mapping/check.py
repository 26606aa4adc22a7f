"""What only meaning can tell: every end reaches the record, every message has a carrier, every name is in the org."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, time

from connector.mapping.content_check import ONE_CHANNEL, channels_of, check_content
from connector.mapping.document import Document, Path
from connector.mapping.expression import ExpressionFault, Names
from connector.mapping.keywords import check_hearers
from connector.mapping.kinds_check import check_kinds
from connector.mapping.lookups import check_lookup
from connector.mapping.org import Org
from connector.mapping.org_check import check_org
from connector.mapping.parts import FAILED
from connector.mapping.record_mapping import RecordMapping
from connector.mapping.schema import MappingFile
from connector.mapping.scopes import CLAIM, REPLY, STATUS
from connector.mapping.text_check import check_texts
from connector.mapping.where_check import check_where
from connector.model.capability import AccountCapability
from connector.model.messages import Channel
from connector.model.phone import is_region
from connector.model.states import State

_MORNING = time(7)
_ONE_COUNTRY = re.compile(r"\s*to\.country\s*==\s*(['\"])(\w+)\1\s*\Z")


def check(document: Document, file: MappingFile, mapping: RecordMapping, org: Org | None) -> None:
    """Reports what is wrong with a compiled mapping to its document; without `org`, names are taken on trust."""
    _every_end_writes(document, mapping)
    _every_route_carries(document, file, mapping)
    check_where(document, file, mapping, org)
    check_texts(document, mapping, org)
    _regions_exist(document, mapping)
    _hours_are_of_the_day(document, mapping)
    check_content(document, file, mapping)
    check_hearers(document, file, [account for route in mapping.routes for account in route.accounts])
    check_lookup(document, mapping.lookup, mapping.message.channel)
    _opt_outs_are_found(document, mapping)
    _writes_without_values(document, mapping)
    if org is not None:
        check_org(document, file, mapping, org)
        check_kinds(document, file, mapping, org)


def _every_end_writes(document: Document, mapping: RecordMapping) -> None:
    needed = {
        "accepted": (State.ACCEPTED,),
        "failed": FAILED,
        "held": (State.HELD,),
        "unknown": (State.UNKNOWN,),
        "cancelled": (State.CANCELLED,),
    }
    for word, states in needed.items():
        silent = [state for state in states if state not in mapping.statuses]
        if silent:
            ends = " or ".join(silent)
            text = f"a message that ends {ends} would write nothing to its record; add `{word}: {{set: {{…}}}}`"
            document.report(("on_status",), text, key=True)
    if not {State.DELIVERED, State.SENT} & set(mapping.statuses):
        text = "a message that arrives would write nothing to its record; add `delivered: {set: {…}}`"
        document.report(("on_status",), text, key=True)


def _every_route_carries(document: Document, file: MappingFile, mapping: RecordMapping) -> None:
    for index, route in enumerate(mapping.routes):
        source = file.route[index].when or ""
        channel, country = ONE_CHANNEL.match(source), _ONE_COUNTRY.match(source)
        channels = {channel.group(2)} if channel else channels_of(file.message.channel)
        for at, account in enumerate(route.accounts):
            path: Path = ("route", index, "account", at)
            _account_fits(document, path, account, channels, country.group(2) if country else None)
        if channel and channel.group(2) not in set(Channel):
            text = f"`{channel.group(2)}` is not a channel; a channel is one of {', '.join(Channel)}"
            document.report(("route", index, "when"), text)


def _account_fits(
    document: Document, path: Path, account: AccountCapability, channels: set[str] | None, country: str | None
) -> None:
    capability = account.capability
    if capability is None:
        text = f"the connector has no adapter yet for {account.provider}, the provider of `{account.account}`; "
        document.report(path, text + "messages that come here are held with that reason", warning=True)
        return
    if channels is not None and channels <= capability.channels_to_come:
        wanted = ", ".join(sorted(channels))
        text = f"the connector does not send {wanted} through {account.provider} yet; "
        document.report(path, text + "messages that come here are held with that reason", warning=True)
    elif channels is not None and not channels & set(capability.channels):
        carried, wanted = ", ".join(sorted(capability.channels)), ", ".join(sorted(channels))
        text = f"the account `{account.account}` carries {carried}, and no message that comes here is one: {wanted}"
        document.report(path, text)
    carried_there = (channels or {Channel.SMS}) & set(capability.channels)
    if (
        country is not None
        and carried_there
        and not any(capability.serves(Channel(word), country) for word in carried_there)
    ):
        served = ", ".join(sorted(capability.countries or ()))
        document.report(path, f"the account `{account.account}` sends to {served} only, not to {country}")


def _regions_exist(document: Document, mapping: RecordMapping) -> None:
    at: Path = ("message", "to", "region")
    region = mapping.message.region
    codes: dict[Path, str | None] = {at: region.constant, (*at, "default"): region.default}
    codes |= {(*at, "values", value): code for value, code in (region.values or {}).items()}
    for path, written in codes.items():
        code = (written or "").strip().upper()
        if code and not is_region(code):
            hint = "did you mean `GB`?" if code == "UK" else "write its two letters of ISO 3166, like MX."
            text = f"`{written}` is no country; {hint} National numbers could not be read"
            document.report(path, text, warning=True)


def _hours_are_of_the_day(document: Document, mapping: RecordMapping) -> None:
    hours = mapping.hours
    if hours is None:
        return
    over_midnight = time.min < hours.end < hours.start
    if over_midnight or hours.start < hours.end <= _MORNING:
        begin, end = f"{hours.start:%H:%M}", f"{hours.end:%H:%M}"
        instead = f'; if nothing may arrive then, write {{from: "{end}", to: "{begin}"}}' if over_midnight else ""
        text = f"messages would arrive from {begin} to {end}, and these are hours of the night{instead}"
        document.report(("message", "hours"), text, key=True, warning=True)


@dataclass(frozen=True, slots=True)
class _Way:
    """How a stop finds records: by what they hold, in fields of this kind, such as `like`."""

    fields: tuple[tuple[str, str], ...]
    held: str
    kind: str
    like: str

    def finds(self, object_name: str) -> bool:
        return any(name == object_name for name, _ in self.fields)


def _opt_outs_are_found(document: Document, mapping: RecordMapping) -> None:
    ways = {
        "set": _Way(mapping.reply_phone_fields(), "number", "phone", "MobilePhone"),
        "set_by_address": _Way(mapping.reply_address_fields(), "e-mail address", "address", "Email"),
    }
    for key, by_object in mapping.opt_outs.sections():
        way = ways[key]
        ((other_key, other),) = ((name, each) for name, each in ways.items() if name != key)
        for object_name, assignments in by_object.items():
            if way.finds(object_name):
                continue
            path: Path = ("on_opt_out", key, f"{object_name}.{assignments[0].field}")
            only, instead = "", ""
            if other.finds(object_name):
                only, instead = f", only by its {other.held}", f"write this in `on_opt_out.{other_key}`, or "
            text = (
                f"no {object_name} is ever found by its {way.held}{only}; {instead}name its {way.kind} fields in "
                f"`on_reply.match`, like {object_name}.{way.like}"
            )
            document.report(path, text, key=True, warning=True)


def _writes_without_values(document: Document, mapping: RecordMapping) -> None:
    """Warns of expressions that fail when the record's fields are empty, for then their field is left out."""
    moment = datetime(2026, 1, 15, 12, tzinfo=UTC)
    words = {name: f"a {name}" for name in CLAIM.words | STATUS.words | REPLY.words}
    names = {**words, "at": moment, "claim.expires": moment}
    for path, assignment in mapping.assignments():
        if assignment.template is None:
            continue
        try:
            assignment.template.value(Names(dict(names)))
        except ExpressionFault as fault:
            document.report(path, f"when the record's fields are empty this is left out: {fault}", warning=True)
