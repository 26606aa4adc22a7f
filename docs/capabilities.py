"""The page of what each provider can do, as its adapter declares it."""

from collections.abc import Callable, Iterator, Mapping

from connector.model.capability import Capability
from connector.providers.base import Provider
from connector.providers.registry import KNOWN, PROTOCOLS, PROVIDERS

Row = tuple[str, ...]
ADAPTERS = dict(PROVIDERS) | {f"{name} ({protocol})": each for (name, protocol), each in PROTOCOLS.items()}
"""Every adapter by the name it has in the pages."""


def _yes(true: bool) -> str:
    return "yes" if true else "no"


def _furthest(can: Capability) -> str:
    """The word of all channels, or each word with its channels."""
    words = {channel: can.furthest(channel) for channel in sorted(can.channels)}
    told = {
        state: [channel for channel, word in words.items() if word is state] for state in dict.fromkeys(words.values())
    }
    if len(told) == 1:
        return f"`{next(iter(told))}`"
    return "; ".join(f"{', '.join(channels)}: `{state}`" for state, channels in told.items())


_CAPABILITIES: Mapping[str, Callable[[Capability], str]] = {
    "channels sent": lambda can: ", ".join(sorted(can.channels)),
    "channels of its guide still to come (held)": lambda can: ", ".join(sorted(can.channels_to_come)) or "none",
    "countries": lambda can: ", ".join(sorted(can.countries)) if can.countries else "any",
    "alphabets": lambda can: ", ".join(can.encodings),
    "parts a text at most": lambda can: str(can.max_parts),
    "limits other than 3GPP's parts": lambda can: (
        "; ".join(f"{name}: {one} in one message, {most} at most" for name, (one, most) in can.plain_limits.items())
        or "none"
    ),
    "messages a request at most": lambda can: (
        f"{can.batch_ceiling:,}" if can.batch_ceiling < 10**9 else "the guide names none; `batch_size` decides"
    ),
    "texts of one template travel together": lambda can: _yes(can.merges_values),
    "furthest word it ever reports": _furthest,
    "statuses can be asked for": lambda can: _yes(can.polls_statuses),
    "statuses are pushed": lambda can: _yes(can.pushes_statuses),
    "replies can be asked for": lambda can: _yes(can.polls_replies),
    "replies to a batch can be asked for once it has ended": lambda can: (
        ", ".join(sorted(can.replies_by_batch)) or "no"
    ),
    "webhooks, by the name in their address": lambda can: ", ".join(f"`{name}`" for name in can.pushes) or "none",
    "a lost answer can be looked up by our reference": lambda can: _yes(can.lists_sendings),
    "gives back what it holds until its date (`schedule_ahead`)": lambda can: (
        ", ".join(sorted(can.cancels_scheduled)) or "no"
    ),
    "a later final status replaces an earlier one": lambda can: _yes(can.last_word_wins),
    "looks up before a send (`lookup`)": lambda can: ", ".join(sorted(can.looks_up)) or "nothing",
}


def capabilities_page(note: str, table: Callable[[Row, Iterator[Row]], Iterator[str]]) -> Iterator[str]:
    """Provider by capability, and what each can tell after a lost answer."""
    yield from ("# What each provider can do", "", note, "")
    yield "As each adapter declares it (`Capability`), which its contract suite holds it to."
    yield ""
    rows = ((what, *(said(each.capability) for each in ADAPTERS.values())) for what, said in _CAPABILITIES.items())
    yield from table(("", *(f"`{name}`" for name in ADAPTERS)), rows)
    missing = ", ".join(f"`{name}`" for name in sorted(KNOWN - set(PROVIDERS)))
    if missing:
        yield from (
            "",
            f"Known and without an adapter yet: {missing}. Messages routed to them are held with that reason.",
        )
    yield from ("", "## After a lost answer", "")
    yield "The request may have left and no answer came: its messages are `unknown`, and are not sent again."
    for name, each in ADAPTERS.items():
        yield from ("", f"**`{name}`**", "", *(f"- {line}" for line in _after_a_lost_answer(each.capability)))
        if name not in PROVIDERS:
            yield "- Its statuses come over the session, whenever that is bound, and need no webhook."
        if each.balance is not Provider.balance:
            yield "- The account's balance before and after the request is kept, as evidence for a person."


def _after_a_lost_answer(can: Capability) -> Iterator[str]:
    if can.lists_sendings:
        yield "It can tell: the `reconcile` job looks the batch up in the provider's own listing by our reference."
        yield "A message that is shown there is settled. One that is not shown stays `unknown`: listings lag."
    else:
        yield "It cannot be asked: it has no listing that can be searched by our reference."
    if can.pushes_statuses:
        yield "A pushed status that names the message or our reference settles it too, if webhooks are set up."
    if can.settles_by_number:
        yield "A status with an id that no answer told settles the message to its number, where one alone can be meant."
    if can.polls_statuses and not can.lists_sendings:
        yield "Statuses are asked for by the provider's own id of the batch, which the lost answer would have held."
        yield "News that names both our reference and that id gives it back, and the statuses are asked for then."
    if not (can.lists_sendings or can.pushes_statuses):
        yield "Unless news of it arrives all the same, look for the message in the provider's own web pages."
