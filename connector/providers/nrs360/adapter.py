"""360NRS as a provider: the guide's operations, gathered."""

import sys
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import ClassVar

from connector.model.capability import Capability
from connector.model.failures import Failure
from connector.model.lookups import LookedUp, LookupKind
from connector.model.messages import Encoding, Message, OpenBatch, Outcome
from connector.providers.account import AccountOptions
from connector.providers.base import Batch, Conversation, Finding, HookAnswer, HookRequest, Provider
from connector.providers.exchange import Request, Response
from connector.providers.nrs360 import (
    answers,
    blacklist,
    checks,
    content,
    conversations,
    credentials,
    hooks,
    lookups,
    scheduling,
    sending,
    whatsapp_news,
)
from connector.providers.nrs360.codes import MOVES_NOTHING, NAME
from connector.providers.nrs360.options import GUIDE_MAX_PARTS, NRS360Options
from connector.providers.webhooks import Webhook
from connector.providers.withdrawal import Withdrawal


class NRS360(Provider[NRS360Options]):
    """360NRS's REST guide: SMS, landing SMS, calls, e-mails and WhatsApp templates in batches with their values apart,
    texts into WhatsApp conversations one by one; statuses by id, by report, by conversation and pushed; keys pressed in
    calls by report; sendings found by name."""

    name: ClassVar[str] = NAME
    options: ClassVar[type[AccountOptions]] = NRS360Options
    capability: ClassVar[Capability] = Capability(
        provider=NAME,
        channels=sending.CHANNELS,
        encodings=(Encoding.GSM7, Encoding.GSM_PT, Encoding.UCS2),
        max_parts=GUIDE_MAX_PARTS,
        batch_ceiling=sys.maxsize,  # the guide gives no maximum of recipients; the account's batch_size decides
        polls_statuses=True,
        polls_replies=True,
        pushes=tuple(webhook.name for webhook in hooks.WEBHOOKS),
        pushes_statuses=True,
        lists_sendings=True,
        keeps_blacklist=True,
        looks_up=frozenset({LookupKind.EMAIL}),
        lookup_tells=lookups.TELLS,
        content=content.CONTENT,
        replies_by_batch=conversations.ANSWERED_BY_KEYS,
        moves_nothing=MOVES_NOTHING,
        cancels_scheduled=scheduling.CHANNELS,
    )
    webhooks: ClassVar[tuple[Webhook, ...]] = hooks.WEBHOOKS
    shows_batches: ClassVar[bool] = True

    def account_capability(self) -> Capability:
        """The guide's, narrowed to this account's settings; replies are those of a WhatsApp sender's conversations."""
        return replace(
            self.capability,
            encodings=self.settings.encodings,
            max_parts=self.settings.max_parts,
            gsm_pt_part=self.settings.gsm_pt_part,
            keeps_blacklist=self.settings.blacklist,
            content=content.content_of(self.settings),
            polls_replies=self.settings.whatsapp_sender is not None,
        )

    def authorization(self) -> Mapping[str, str]:
        """See `credentials.authorization`."""
        return credentials.authorization(self.settings)

    def refuse(self, message: Message) -> Failure | None:
        """See `sending.refusal`."""
        return sending.refusal(self.settings, message)

    def group(self, message: Message) -> Hashable:
        """See `sending.group_of`."""
        return sending.group_of(self.settings, message)

    def send(self, batch: Batch) -> Request:
        """See `sending.send_request`."""
        return sending.send_request(self.account, self.settings, batch)

    def read_send(self, batch: Batch, response: Response) -> list[Outcome]:
        """See `answers.outcomes`."""
        return answers.outcomes(batch, response, own_codes=sending.own_codes(self.settings, batch.messages[0]))

    def statuses(self, open_batches: Sequence[OpenBatch]) -> Conversation[None]:
        """See `conversations.statuses`."""
        return conversations.statuses(self.settings, open_batches)

    def replies(self, since: datetime, until: datetime) -> Conversation[None]:
        """See `whatsapp_news.replies`: the guide has no list of SMS that came in."""
        return whatsapp_news.replies(self.settings, since, until)

    def replies_to(self, ended: Sequence[OpenBatch]) -> Conversation[None]:
        """See `conversations.replies_to`."""
        return conversations.replies_to(self.settings, ended)

    def resolve(self, batch: OpenBatch) -> Conversation[None]:
        """See `conversations.resolve`."""
        return conversations.resolve(self.settings, batch)

    def sendings(self, since: datetime, until: datetime) -> Conversation[None]:
        """See `conversations.sendings`."""
        return conversations.sendings(self.settings, since, until)

    def shown(self, batch: OpenBatch) -> Conversation[None]:
        """See `conversations.shown`."""
        return conversations.shown(self.settings, batch)

    def identify(self, named: Mapping[str, str]) -> Conversation[None]:
        """See `conversations.identify`."""
        return conversations.identify(self.settings, named)

    def balance(self) -> Conversation[float | None]:
        """See `checks.balance`."""
        return checks.balance(self.settings)

    def block(self, number: str) -> Conversation[None]:
        """See `blacklist.block`."""
        return blacklist.block(self.settings, number)

    def unblock(self, number: str) -> Conversation[None]:
        """See `blacklist.unblock`."""
        return blacklist.unblock(self.settings, number)

    def blacklisted(self, number: str | None = None) -> Conversation[None]:
        """See `blacklist.listed`."""
        return blacklist.listed(self.settings, number)

    def find_scheduled(self, batch: OpenBatch) -> Conversation[str | None]:
        """See `scheduling.find`."""
        return scheduling.find(self.settings, batch)

    def cancel_scheduled(self, schedule_id: str) -> Conversation[Withdrawal]:
        """See `scheduling.cancel`."""
        return scheduling.cancel(self.settings, schedule_id)

    def look_up(self, target: str) -> Conversation[LookedUp]:
        """See `lookups.look_up`: a validation of one e-mail address."""
        return lookups.look_up(self.account, self.settings, target)

    def looked_up(self, target: str, under_way: str) -> Conversation[LookedUp]:
        """See `lookups.looked_up`."""
        return lookups.looked_up(self.settings, target, under_way)

    def hook(self, request: HookRequest) -> HookAnswer:
        """See `hooks.heard`."""
        return hooks.heard(self.settings, request)

    def check(self) -> Conversation[list[Finding]]:
        """See `checks.findings`."""
        return checks.findings(self.settings)
