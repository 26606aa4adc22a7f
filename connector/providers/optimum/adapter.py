"""Optimum Measures as a provider: the guide's operations, gathered."""

import sys
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace
from typing import ClassVar

from connector.model.capability import Capability
from connector.model.failures import Failure
from connector.model.messages import Channel, Encoding, Message, OpenBatch, Outcome
from connector.providers.account import AccountOptions
from connector.providers.base import Batch, Conversation, Finding, HookAnswer, HookRequest, Provider
from connector.providers.exchange import Request, Response
from connector.providers.optimum import answers, checks, hooks, sending, statuses
from connector.providers.optimum.codes import NAME
from connector.providers.optimum.operations import SMS, Voice
from connector.providers.optimum.options import OptimumOptions
from connector.providers.webhooks import Webhook


class Optimum(Provider[OptimumOptions]):
    """Optimum Measures' API: SMS with one text for many numbers, calls that speak a text or play a campaign; statuses
    are pushed, and those of an SMS that travelled alone can be asked for."""

    name: ClassVar[str] = NAME
    options: ClassVar[type[AccountOptions]] = OptimumOptions
    capability: ClassVar[Capability] = Capability(
        provider=NAME,
        channels=sending.CHANNELS,
        encodings=(Encoding.GSM7, Encoding.UCS2),
        max_parts=255,
        batch_ceiling=sys.maxsize,  # the guide gives no maximum of destinations; the account's batch_size decides
        polls_statuses=True,
        pushes=tuple(webhook.name for webhook in hooks.WEBHOOKS),
        pushes_statuses=True,
        settles_by_number=frozenset({Channel.VOICE}),
        merges_values=False,
        content=sending.CONTENT,
    )
    webhooks: ClassVar[tuple[Webhook, ...]] = hooks.WEBHOOKS

    def account_capability(self) -> Capability:
        """The guide's, with the account's parts; statuses are asked for only where each SMS travels alone."""
        settings = self.settings
        return replace(
            self.capability,
            max_parts=settings.max_parts,
            polls_statuses=settings.poll_statuses,
            pushes_statuses=settings.callback,
            content=sending.content_of(settings),
            batch_ceiling=1 if settings.poll_statuses else self.capability.batch_ceiling,
        )

    def authorization(self) -> Mapping[str, str]:
        """See `sending.authorization`."""
        return sending.authorization(self.settings)

    def path_of(self, operation: str) -> str | None:
        """The guide's paths are partly guessed, so each is a setting."""
        settings = self.settings
        paths = {
            SMS.send.name: settings.send_path,
            SMS.status.name: settings.status_path,
            SMS.status_by_post.name: settings.status_path,
            Voice.call_with_message.name: settings.call_path,
            Voice.call_with_campaign.name: settings.call_path,
        }
        return paths.get(operation)

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
        """See `statuses.statuses`."""
        return statuses.statuses(self.settings, open_batches)

    def hook(self, request: HookRequest) -> HookAnswer:
        """See `hooks.heard`."""
        return hooks.heard(self.settings, request)

    def check(self) -> Conversation[list[Finding]]:
        """See `checks.findings`."""
        return checks.findings(self.settings)
