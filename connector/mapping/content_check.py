"""What only the routes tell: every channel has its carrier, its recipient, and what it needs beyond a text."""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from connector.mapping.channel_sections import CHANNEL_SECTIONS
from connector.mapping.content import ContentPart
from connector.mapping.document import Document, Path
from connector.mapping.record_mapping import RecordMapping
from connector.mapping.schema import Choice, MappingFile
from connector.model.capability import NO_CONTENT, AccountCapability, Capability
from connector.model.messages import Channel

ONE_CHANNEL = re.compile(r"\s*channel\s*==\s*(['\"])(\w+)\1\s*\Z")


def channels_of(channel: Choice | str) -> set[str] | None:
    """The channels a message can have; None where the record decides."""
    if isinstance(channel, str):
        return {channel}
    if channel.values is None:
        return None
    return {*channel.values.values(), *([channel.default] if channel.default is not None else [])}


def check_content(document: Document, file: MappingFile, mapping: RecordMapping) -> None:
    """Reports channels without a carrier or a recipient, and what their providers need and the mapping does not say."""
    channels = sorted((channels_of(file.message.channel) or set()) & set(Channel))
    _recipients(document, mapping, [Channel(word) for word in channels])
    for word in channels:
        channel = Channel(word)
        carriers = list(_carriers(file, mapping, channel))
        if not carriers:
            text = f"no route has an account that carries {channel}, and messages can be {channel}; add one"
            document.report(("message", "channel"), text)
        told: set[str] = set()
        for carrier in carriers:
            if carrier.account.account not in told:
                told.add(carrier.account.account)
                _content(document, mapping, channel, carrier)


@dataclass(frozen=True, slots=True)
class _Carrier:
    """An account that gets messages of a channel by a route; `capability` is None where it is still to come."""

    account: AccountCapability
    capability: Capability | None


def _carriers(file: MappingFile, mapping: RecordMapping, channel: Channel) -> Iterator[_Carrier]:
    for index, route in enumerate(mapping.routes):
        only = ONE_CHANNEL.match(file.route[index].when or "")
        if only is not None and only.group(2) != channel:
            continue
        for account in route.accounts:
            can = account.capability
            if can is None or channel in can.channels_to_come:
                yield _Carrier(account, None)
            elif channel in can.channels:
                yield _Carrier(account, can)
        if only is not None:
            return  # it takes all there are of this channel


def _recipients(document: Document, mapping: RecordMapping, channels: Collection[Channel]) -> None:
    path: Path = ("message", "to")
    to_phones = [channel for channel in channels if channel is not Channel.EMAIL]
    if to_phones and mapping.message.phone is None:
        text = f"messages can be {', '.join(to_phones)}, which go to a number; add `field`, the phone field, to `to`"
        document.report(path, text, key=True)
    if Channel.EMAIL not in channels:
        return
    if mapping.message.email is None:
        document.report(
            path, "messages can be email, which goes to an address; add `email`, its field, to `to`", key=True
        )
    hours, region = mapping.hours, mapping.message.region
    if hours is not None and hours.zone == "recipient" and region.constant is None and region.field is None:
        text = "an address tells no time zone; name the recipient's country by `region` in `to`, or a zone here"
        document.report(("message", "hours"), text, key=True)


def _content(document: Document, mapping: RecordMapping, channel: Channel, carrier: _Carrier) -> None:
    if carrier.capability is None:
        return
    parts = [part for part in mapping.message.content if part.channel is channel]
    rule = carrier.capability.content.get(channel, NO_CONTENT)
    whose = f"the account `{carrier.account.account}` ({carrier.account.provider})"
    missing = rule.missing({name for part in parts for name in part.values})
    if missing:
        _report_missing(document, f"{whose} sends no {channel} without {' or '.join(missing)}", channel, parts, missing)
    for part in parts:
        for name in sorted(set(part.values) - rule.takes):
            key = part.written_as.get(name, name)
            if part.key == "clic":
                text = f"{whose} has no links whose clicks are counted; route these messages to one that has"
                document.report(("message", part.key), text, key=True)
            else:
                text = f"{whose} has no place for `{key}` in its {channel}, and leaves it out"
                document.report(("message", part.key, key), text, key=True, warning=True)


def _report_missing(
    document: Document, text: str, channel: Channel, parts: Collection[ContentPart], missing: tuple[str, ...]
) -> None:
    section = next(key for key, known in CHANNEL_SECTIONS.items() if known.channel is channel)
    if parts:
        document.report(("message", section), f"{text}; add `{missing[0]}`", key=True)
    else:
        document.report(("message",), f"{text}; add `{section}: {{{missing[0]}: …}}` to `message`", key=True)
