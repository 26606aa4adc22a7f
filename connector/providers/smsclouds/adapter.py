"""Smsclouds as a provider: the guide's operations, gathered."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import ClassVar, Self

from connector.model.capability import Capability
from connector.model.failures import Failure
from connector.model.lookups import LookedUp, LookupKind
from connector.model.messages import Channel, Encoding, Message, OpenBatch, Outcome
from connector.providers.account import AccountOptions
from connector.providers.base import Batch, Conversation, Finding, HookAnswer, HookRequest, Provider
from connector.providers.exchange import Request, Response
from connector.providers.smsclouds import (
    addressing,
    answers,
    checks,
    conversations,
    hooks,
    lookups,
    replies,
    scheduling,
    sending,
)
from connector.providers.smsclouds.codes import LAST_WORD, LIMITS, NAME, Form
from connector.providers.smsclouds.content import CONTENT
from connector.providers.smsclouds.options import OPTIMAL_RECIPIENTS, SmscloudsOptions
from connector.providers.webhooks import Webhook
from connector.providers.withdrawal import Withdrawal


class Smsclouds(Provider[SmscloudsOptions]):
    """Smsclouds' API v3: SMS, voice and email campaigns, statuses polled, replies polled and pushed."""

    name: ClassVar[str] = NAME
    options: ClassVar[type[AccountOptions]] = SmscloudsOptions
    capability: ClassVar[Capability] = Capability(
        provider=NAME,
        channels=frozenset({Channel.SMS, Channel.VOICE, Channel.EMAIL}),
        encodings=(Encoding.GSM7, Encoding.UCS2),
        max_parts=3,
        batch_ceiling=OPTIMAL_RECIPIENTS,
        last_word=LAST_WORD,
        polls_statuses=True,
        polls_replies=True,
        cancels_scheduled=scheduling.CHANNELS,
        pushes=tuple(webhook.name for webhook in hooks.WEBHOOKS),
        countries=frozenset({"MX"}),
        looks_up=frozenset({LookupKind.PHONE}),
        content=CONTENT,
        plain_limits={
            Encoding.GSM7: (LIMITS[Form.PLAIN], LIMITS[Form.LONG]),
            Encoding.UCS2: (LIMITS[Form.ENCODE], LIMITS[Form.ENCODE_3]),
        },
    )
    webhooks: ClassVar[tuple[Webhook, ...]] = hooks.WEBHOOKS
    shows_batches: ClassVar[bool] = True

    def account_capability(self) -> Capability:
        """The guide's, without the long form where this account may not send it; of lookups, what `hlr_fields` name."""
        plain = LIMITS[Form.LONG] if self.settings.long_message else LIMITS[Form.PLAIN]
        limits = {**self.capability.plain_limits, Encoding.GSM7: (LIMITS[Form.PLAIN], plain)}
        return replace(self.capability, plain_limits=limits, lookup_tells=frozenset(self.settings.hlr_fields))

    def authorization(self) -> Mapping[str, str]:
        """See `addressing.authorization`."""
        return addressing.authorization(self.settings)

    def path_of(self, operation: str) -> str | None:
        """See `SmscloudsOptions.path_of`."""
        return self.settings.path_of(operation)

    def recipient(self, written: str) -> str:
        """A national number of Mexico, or an e-mail address."""
        return super().recipient(addressing.e164_of(written) or written)

    def refuse(self, message: Message) -> Failure | None:
        """See `sending.refusal`."""
        return sending.refusal(self.settings, message)

    def group(self, message: Message) -> Hashable:
        """See `sending.group_of`."""
        return sending.group_of(self.settings, message)

    def send(self, batch: Batch) -> Request:
        """See `sending.send_request`."""
        return sending.send_request(self.settings, batch)

    def read_send(self, batch: Batch, response: Response) -> list[Outcome]:
        """See `answers.outcomes`."""
        return answers.outcomes(batch, response)

    def statuses(self, open_batches: Sequence[OpenBatch]) -> Conversation[None]:
        """See `conversations.statuses`."""
        return conversations.statuses(self.settings, open_batches)

    def shown(self, batch: OpenBatch) -> Conversation[None]:
        """See `conversations.shown`."""
        return conversations.shown(self.settings, batch)

    def replies(self, since: datetime, until: datetime) -> Conversation[None]:
        """See `replies.by_date`."""
        return replies.by_date(self.settings, since, until)

    def replies_of(self, campaigns: Sequence[str]) -> Conversation[None]:
        """See `replies.by_campaign`."""
        return replies.by_campaign(self.settings, campaigns)

    def replies_to_messages(self, messages: Sequence[str]) -> Conversation[None]:
        """See `replies.by_message`."""
        return replies.by_message(self.settings, messages)

    def look_up(self, target: str) -> Conversation[LookedUp]:
        """See `lookups.look_up`."""
        return lookups.look_up(self.settings, target)

    def ending(self) -> Conversation[Finding | None]:
        """See `checks.ending`."""
        return checks.ending(self.settings)

    def balance(self) -> Conversation[float | None]:
        """See `checks.balance`."""
        return checks.balance(self.settings)

    def answering(self, keyword_replies: Mapping[str, str]) -> Self:
        """See `SmscloudsOptions.with_keyword_replies`."""
        return type(self)(self.account, self.settings.with_keyword_replies(keyword_replies))

    def find_scheduled(self, batch: OpenBatch) -> Conversation[str | None]:
        """See `scheduling.find`."""
        return scheduling.find(batch)

    def cancel_scheduled(self, schedule_id: str) -> Conversation[Withdrawal]:
        """See `scheduling.cancel`."""
        return scheduling.cancel(self.settings, schedule_id)

    def hook(self, request: HookRequest) -> HookAnswer:
        """See `hooks.heard`."""
        return hooks.heard(self.settings, request)

    def check(self) -> Conversation[list[Finding]]:
        """See `checks.findings`."""
        return checks.findings(self.settings)
