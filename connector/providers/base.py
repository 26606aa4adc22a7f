"""What every provider's adapter is: a translation between our words and one guide's, with no I/O, clock or store.

An adapter is made with its account's settings. To send, it turns a batch of messages into one `Request` and the
provider's `Response` into one `Outcome` a message. Anything that takes more than one request (paging, polling, looking
up) is a *conversation*: a generator that yields requests, is sent the responses, and yields lists of news in between.
`connector.providers.talk` runs both.
"""

import hashlib
import re
from abc import ABC, abstractmethod
from collections.abc import Collection, Generator, Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Generic, Self, TypeVar

from connector.model.address import is_address, read_address
from connector.model.capability import Capability
from connector.model.errors import Refused
from connector.model.failures import Failure, Fault
from connector.model.lookups import LookedUp
from connector.model.messages import Message, News, OpenBatch, Outcome
from connector.model.phone import read_phone
from connector.providers.account import AccountOptions
from connector.providers.exchange import Request, Response
from connector.providers.tokens import TokenGrant
from connector.providers.webhooks import Webhook, no_such_webhook
from connector.providers.withdrawal import Withdrawal


@dataclass(frozen=True, slots=True)
class Batch:
    """Messages that travel in one request. `reference` is ours, unique to the attempt, and travels along as
    ``{campaign} ~{reference}`` wherever the provider has a field for it. `scheduled_for`: the provider is to hold it
    until then; only the channels that `Capability.cancels_scheduled` names are asked for that."""

    reference: str
    messages: tuple[Message, ...]
    scheduled_for: datetime | None = None


@dataclass(frozen=True, slots=True)
class HookRequest:
    """A webhook as it came: `name` of the hook, `query` and `form` as the last value of each key, the raw body."""

    name: str
    method: str
    query: Mapping[str, str]
    form: Mapping[str, str]
    body: bytes
    content_type: str


@dataclass(frozen=True, slots=True)
class HookAnswer:
    """What a webhook held, and what its sender wants to read once it is stored."""

    news: tuple[News, ...]
    body: str = "ok"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing `doctor` found. `advice` says what to do when `ok` is false."""

    subject: str
    ok: bool
    text: str
    advice: str = ""


OUR_REFERENCE = re.compile(r"~([^\s~]+)\s*$")
"""Our reference at the end of a campaign's name."""


def campaign_with_reference(campaign: str, reference: str) -> str:
    """The one field that the name a person sees and our reference share: ``{campaign} ~{reference}``."""
    return f"{campaign} ~{reference}"


def reference_in(campaign_name: str | None) -> str | None:
    """Our reference in a campaign's name as a provider gives it back; None where there is none."""
    found = OUR_REFERENCE.search(campaign_name or "")
    return found[1] if found else None


def news_key(*content: object) -> str:
    """The key of news made of the provider, the kind and the parts of the content that identify it: 32 hex digits.

    Each part is told apart from its neighbours, so that ("ab", "c") and ("a", "bc") differ.
    """
    told_apart = "".join(f"{len(part)}:{part}" for part in map(str, content))
    return hashlib.sha256(told_apart.encode("utf-8", "surrogatepass")).hexdigest()[:32]


Told = TypeVar("Told")
Conversation = Generator[Request | list[News], Response | None, Told]
"""Yields a `Request` (and is sent its `Response`) or a list of news (and is sent None); returns `Told`."""

Options = TypeVar("Options", bound=AccountOptions)


class Provider(ABC, Generic[Options]):
    """One provider's guide, as code. Adapters declare; `connector.providers.talk` talks."""

    name: ClassVar[str]
    options: ClassVar[type[AccountOptions]]
    capability: ClassVar[Capability]
    webhooks: ClassVar[tuple[Webhook, ...]] = ()
    """What the guide pushes; `hook` reads each of them, and the capability's `pushes` are their names."""
    account_fields: ClassVar[Mapping[str, str]] = {}
    """What names the account in a request's body: the field of what is asked to the setting that has its value, of
    several the first; empty where headers name the account."""
    shows_batches: ClassVar[bool] = False
    """Whether `shown` tells every number of a batch, so that what it leaves out is worth a look."""

    def __init__(self, account: str, options: Options) -> None:
        self.account = account
        self.settings = options

    def account_capability(self) -> Capability:
        """What this account can do, where its settings narrow what its provider can."""
        return self.capability

    def authorization(self) -> Mapping[str, str]:
        """The headers that name the account in every request; none where it is named in the body, or by a token."""
        return {}

    def token_grant(self) -> TokenGrant | None:
        """How the short-lived token is had that goes into every request; None where there is none."""
        return None

    def path_of(self, operation: str) -> str | None:
        """The path that a setting of this account puts in the place of the guide's, by the operation's name."""
        return None

    def recipient(self, written: str) -> str:
        """Who is meant by a recipient as this account writes it: a number in E.164, or an e-mail address.

        A number begins with its country code, with +, 00 or nothing before it, unless the adapter says otherwise.

        Raises:
            UnreadablePhone, UnreadableAddress: it is neither.
        """
        if is_address(written):
            return read_address(written)
        return read_phone("+" + written.strip().removeprefix("+").removeprefix("00"), None).e164

    @abstractmethod
    def refuse(self, message: Message) -> Failure | None:
        """Why this message cannot be sent by this provider at all (too long, no such country), or None. Never I/O."""

    @abstractmethod
    def group(self, message: Message) -> Hashable:
        """Messages of one group may share a request; a number never stands twice in one (dispatch sees to it)."""

    def has_room(self, batch: Collection[Message], message: Message) -> bool:
        """Whether a batch that is not full yet holds this message of its group too; for a guide that limits the length
        of a field rather than how many messages there are."""
        return True

    @abstractmethod
    def send(self, batch: Batch) -> Request:
        """The request that sends the batch (all of one group). Its `sends` is true."""

    @abstractmethod
    def read_send(self, batch: Batch, response: Response) -> list[Outcome]:
        """One outcome a message, in the batch's order.

        Raises:
            Refused: the request as a whole was refused and nothing of it was sent (a documented error).
            Throttled: "not now"; nothing was done.
            MayHaveLeft: an answer that leaves doubt (5xx).
            Unreadable: an answer the guide does not describe; dispatch reads it as doubt.
        """

    @abstractmethod
    def check(self) -> Conversation[list[Finding]]:
        """What `doctor` asks: credentials, balance, token expiry, routes."""

    def ending(self) -> Conversation[Finding | None]:
        """What of the account's credentials ends by a date, not `ok` once that is near; None where nothing does."""
        yield from ()
        return None

    def statuses(self, open_batches: Sequence[OpenBatch]) -> Conversation[None]:
        """Asks what became of sent messages. Providers that are only pushed to leave it."""
        yield from ()

    def replies(self, since: datetime, until: datetime) -> Conversation[None]:
        """Asks for replies received in [since, until)."""
        yield from ()

    def replies_to(self, ended: Sequence[OpenBatch]) -> Conversation[None]:
        """Asks for the replies to batches whose messages have all ended; what was told before is told again.

        Only batches of the channels are asked about that the capability names in `replies_by_batch`.
        """
        yield from ()

    def resolve(self, batch: OpenBatch) -> Conversation[None]:
        """Looks a batch of unknown outcome up by our reference; what it shows settles, absence proves nothing."""
        yield from ()

    def sendings(self, since: datetime, until: datetime) -> Conversation[None]:
        """The batches of ours that the provider lists as made in [since, until): news of no number, with our reference
        and its own id of the batch. Providers without such a list leave it."""
        yield from ()

    def shown(self, batch: OpenBatch) -> Conversation[None]:
        """All that the provider shows of one batch, number by number, whether we know the number or not; of several
        news of a number the later stands later. Asked only where `shows_batches`."""
        yield from ()

    def identify(self, named: Mapping[str, str]) -> Conversation[None]:
        """Asks whose messages these are: provider's id to our reference of their attempt; news with their numbers."""
        yield from ()

    def balance(self) -> Conversation[float | None]:
        """What the account has left to spend, in its own currency; None where the provider does not tell."""
        yield from ()
        return None

    def block(self, number: str) -> Conversation[None]:
        """Puts a number (E.164) on the provider's own blacklist; asked twice, it is there once.

        Only providers whose capability says `keeps_blacklist` are asked.
        """
        yield from ()

    def unblock(self, number: str) -> Conversation[None]:
        """Takes a number (E.164) off the provider's own blacklist; one that is not there is as good as taken off."""
        yield from ()

    def blacklisted(self, number: str | None = None) -> Conversation[None]:
        """Who is on the provider's own blacklist, page by page: opted-out news with a `phone` (E.164, or an e-mail
        address), and since when in `at` where that is told. With `number` only that one's entry, if there is one.

        Only providers whose capability says `keeps_blacklist` are asked.
        """
        yield from ()

    def find_scheduled(self, batch: OpenBatch) -> Conversation[str | None]:
        """The provider's id of what it holds until its date, by which it is cancelled; None where it shows none.

        Only batches sent with `Batch.scheduled_for` are asked about; their answer may have been lost.
        """
        yield from ()
        return None

    def cancel_scheduled(self, schedule_id: str) -> Conversation[Withdrawal]:
        """Takes back what `find_scheduled` found; asked twice, it does no more."""
        yield from ()
        return Withdrawal.TOO_LATE

    def answering(self, keyword_replies: Mapping[str, str]) -> Self:
        """The account with answers to keywords, by the keyword in small letters, which win over its settings' own; the
        account itself where its provider has no keywords."""
        return self

    def look_up(self, target: str) -> Conversation[LookedUp]:
        """What is known of a number (E.164) or an e-mail address; one question, which may cost money.

        Only what the capability says it `looks_up` is asked. A provider that takes its time answers `under_way`.

        Raises:
            Refused: by a fault of the recipient or the message, nothing can be known of this target.
            Refused, Throttled, MayHaveLeft, Unreadable: as for a send; of the last two, the question may have cost.
        """
        yield from ()
        raise Refused(Failure("no_lookup", f"{self.name} looks nothing up; name another account", Fault.MAPPING))

    def looked_up(self, target: str, under_way: str) -> Conversation[LookedUp]:
        """What became of a lookup that was `under_way`, by the provider's id of it; asking again costs nothing.

        Raises:
            Refused: it came to nothing.
        """
        yield from ()
        raise Refused(Failure("no_lookup", f"{self.name} answers lookups at once: please report it", Fault.US))

    def hook(self, request: HookRequest) -> HookAnswer:
        """The news in a webhook.

        Raises:
            Refused: no such hook (404), or a body that cannot be what the guide describes (400).
        """
        raise no_such_webhook(self.name, self.webhooks)
