"""What a provider can do, declared by its adapter and handed to whoever must know."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from connector.model.lookups import LookupKind
from connector.model.messages import Channel, Encoding
from connector.model.states import WITH_THE_PROVIDER, State

LastWord = tuple[str, Channel, State]
"""(account, channel, state): of the channel's messages that stand there the account's provider tells no more."""


@dataclass(frozen=True, slots=True)
class ContentRule:
    """What one channel's messages say beyond a text, by the keys of `Message.content`.

    Of each of `needs` at least one must be there. `takes` are all that the guide has a place for; of what is not
    among them nothing arrives.
    """

    takes: frozenset[str] = frozenset()
    needs: tuple[tuple[str, ...], ...] = ()

    def missing(self, content: Collection[str]) -> tuple[str, ...]:
        """The keys of which one is needed and none is there; empty where all is."""
        return next((any_of for any_of in self.needs if not set(any_of) & set(content)), ())


NO_CONTENT = ContentRule()
"""A channel that takes a text alone."""


@dataclass(frozen=True, slots=True)
class Capability:
    """What one provider's guide promises.

    `lists_sendings`: a lost answer can be looked up by our reference. `last_word_wins`: a later final status replaces
    an earlier one. `merges_values`: texts of one template travel in one request. `channels_to_come`: channels of the
    guide that the adapter does not send yet; messages for them are held with that reason. `keeps_blacklist`: numbers
    can be put on a blacklist at the provider, and taken off it. `settles_by_number`: the channels of which a
    status may name an id that no answer told us, and is then of the one message to its number by such a channel whose
    id nobody told, if there is exactly one.
    """

    provider: str
    channels: frozenset[Channel]
    encodings: tuple[Encoding, ...]
    max_parts: int
    batch_ceiling: int
    polls_statuses: bool = False
    polls_replies: bool = False
    pushes: tuple[str, ...] = ()
    pushes_statuses: bool = False
    lists_sendings: bool = False
    last_word_wins: bool = False
    keeps_blacklist: bool = False
    settles_by_number: frozenset[Channel] = frozenset()
    merges_values: bool = True
    gsm_pt_part: int = 153
    countries: frozenset[str] | None = None
    channels_to_come: frozenset[Channel] = frozenset()
    replies_by_batch: frozenset[Channel] = frozenset()
    """Channels whose replies are told only to who asks for those to a batch, and all there once its messages ended."""
    moves_nothing: frozenset[str] = frozenset()
    """Words of statuses, in small letters, that its guide lists and that may move no message, such as ``opened``."""
    cancels_scheduled: frozenset[Channel] = frozenset()
    """Channels whose messages it can be given before they are due, since it gives them back until then."""
    plain_limits: dict[Encoding, tuple[int, int]] = field(default_factory=dict)
    """Encoding to (characters in one message, characters at most), where the guide's limits are not 3GPP's parts."""
    last_word: Mapping[Channel, State] = field(default_factory=dict)
    """Channel to the furthest state that is ever reported of it, ``accepted`` where it has no statuses; a channel that
    is not named gets to ``delivered``."""
    content: Mapping[Channel, ContentRule] = field(default_factory=dict)
    """Channel to what its messages say beyond a text; a channel that is not named takes a text alone."""
    put_in_front: Mapping[str, str] = field(default_factory=dict)
    """Country to what the provider itself puts in front of every SMS there, which counts in its length."""
    looks_up: frozenset[LookupKind] = frozenset()
    """What can be looked up."""
    lookup_tells: frozenset[str] = frozenset()
    """What a lookup tells, by the names of `LookedUp.named` without their ``lookup.``."""

    def furthest(self, channel: Channel) -> State:
        """The furthest state that is ever reported of the channel's messages."""
        return self.last_word.get(channel, State.DELIVERED)

    def ends(self) -> Iterator[tuple[Channel, State]]:
        """Channels, each with the states at which nothing more is told though elsewhere it would be."""
        for channel in self.channels:
            furthest = self.furthest(channel)
            if furthest in WITH_THE_PROVIDER:
                yield from ((channel, state) for state in WITH_THE_PROVIDER[WITH_THE_PROVIDER.index(furthest) :])

    def serves(self, channel: Channel, country: str) -> bool:
        """Whether messages of the channel go to the country; an e-mail goes anywhere."""
        return channel is Channel.EMAIL or self.countries is None or country in self.countries

    def finds(self, kind: LookupKind, country: str) -> bool:
        """Whether a number of the country, or an address, can be looked up."""
        anywhere = kind is LookupKind.EMAIL or self.countries is None
        return kind in self.looks_up and (anywhere or country in (self.countries or ()))


def last_words(capabilities: Mapping[str, Capability]) -> frozenset[LastWord]:
    """What is at an end without having been delivered, by account, channel and state."""
    return frozenset(
        (account, channel, state)
        for account, capability in capabilities.items()
        for channel, state in capability.ends()
    )


@dataclass(frozen=True, slots=True)
class AccountCapability:
    """An account by its name, and what its provider can do; None where no adapter exists yet."""

    account: str
    provider: str
    capability: Capability | None
