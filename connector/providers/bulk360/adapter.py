"""Bulk360 as a provider: the guide's operations, gathered."""

from collections.abc import Collection, Hashable, Mapping
from dataclasses import replace
from typing import ClassVar

from connector.model.capability import Capability
from connector.model.failures import Failure
from connector.model.messages import Encoding, Message, Outcome
from connector.providers.account import AccountOptions
from connector.providers.base import Batch, Conversation, Finding, HookAnswer, HookRequest, Provider
from connector.providers.bulk360 import answers, hooks, sending, tokens
from connector.providers.bulk360.codes import NAME
from connector.providers.bulk360.options import NUMBERS_A_REQUEST, Bulk360Options
from connector.providers.exchange import Request, Response
from connector.providers.tokens import TokenGrant
from connector.providers.webhooks import Webhook


class Bulk360(Provider[Bulk360Options]):
    """Bulk360's API v2: SMS and WhatsApp, one text a request, short-lived tokens, statuses pushed."""

    name: ClassVar[str] = NAME
    options: ClassVar[type[AccountOptions]] = Bulk360Options
    capability: ClassVar[Capability] = Capability(
        provider=NAME,
        channels=sending.CHANNELS,
        encodings=(Encoding.GSM7, Encoding.UCS2),
        max_parts=Bulk360Options.model_fields["max_parts"].default,
        batch_ceiling=NUMBERS_A_REQUEST,
        pushes=tuple(webhook.name for webhook in hooks.WEBHOOKS),
        pushes_statuses=True,
        last_word_wins=True,
        settles_by_number=sending.CHANNELS,
        merges_values=False,
        put_in_front=sending.IN_FRONT,
    )
    account_fields: ClassVar[Mapping[str, str]] = {"client_id": "app_key", "client_secret": "app_secret"}
    webhooks: ClassVar[tuple[Webhook, ...]] = hooks.WEBHOOKS

    def account_capability(self) -> Capability:
        """The guide's, with the parts that this account may send."""
        return replace(self.capability, max_parts=self.settings.max_parts)

    def authorization(self) -> Mapping[str, str]:
        """What every request asks for; who asks is said by the token."""
        return sending.ACCEPTS_JSON

    def token_grant(self) -> TokenGrant:
        """See `tokens.ClientCredentials`."""
        return tokens.ClientCredentials(self.settings)

    def path_of(self, operation: str) -> str | None:
        """The settings `token_path` and `send_path`."""
        return {"oauth.token": self.settings.token_path, "messages.send": self.settings.send_path}.get(operation)

    def refuse(self, message: Message) -> Failure | None:
        """See `sending.refusal`."""
        return sending.refusal(self.settings, message)

    def group(self, message: Message) -> Hashable:
        """See `sending.group_of`."""
        return sending.group_of(self.settings, message)

    def has_room(self, batch: Collection[Message], message: Message) -> bool:
        """See `sending.has_room`."""
        return sending.has_room(batch, message)

    def send(self, batch: Batch) -> Request:
        """See `sending.send_request`."""
        return sending.send_request(self.settings, batch, self.authorization())

    def read_send(self, batch: Batch, response: Response) -> list[Outcome]:
        """See `answers.outcomes`."""
        return answers.outcomes(batch, response)

    def hook(self, request: HookRequest) -> HookAnswer:
        """See `hooks.heard`."""
        return hooks.heard(request)

    def check(self) -> Conversation[list[Finding]]:
        """See `tokens.findings`."""
        return tokens.findings(self.settings)
