"""360 SMS App as a provider: the guide's operations, gathered."""

from collections.abc import Hashable, Mapping
from dataclasses import replace
from typing import ClassVar

from connector.model.capability import Capability
from connector.model.failures import Failure
from connector.model.lookups import LookedUp, LookupKind
from connector.model.messages import Encoding, Message, Outcome
from connector.model.phone import read_phone
from connector.providers.account import AccountOptions
from connector.providers.base import Batch, Conversation, Finding, HookAnswer, HookRequest, Provider
from connector.providers.exchange import Request, Response
from connector.providers.sms360app import answers, checks, hooks, lookups, sending
from connector.providers.sms360app.codes import CHANNELS, NAME
from connector.providers.sms360app.operations import Lookup, Messages
from connector.providers.sms360app.options import SMS360AppOptions
from connector.providers.webhooks import Webhook


class SMS360App(Provider[SMS360AppOptions]):
    """360 SMS App's Open API: one message a request, on the channel of its sender; statuses and replies are pushed, and
    nothing can be asked for afterwards."""

    name: ClassVar[str] = NAME
    options: ClassVar[type[AccountOptions]] = SMS360AppOptions
    capability: ClassVar[Capability] = Capability(
        provider=NAME,
        channels=CHANNELS,
        encodings=(Encoding.GSM7, Encoding.UCS2),
        max_parts=255,
        batch_ceiling=1,
        pushes=tuple(webhook.name for webhook in hooks.WEBHOOKS),
        pushes_statuses=True,
        merges_values=False,
        looks_up=frozenset({LookupKind.PHONE}),
        lookup_tells=lookups.TELLS,
    )
    account_fields: ClassVar[Mapping[str, str]] = {"client_id": "client_ids"}
    webhooks: ClassVar[tuple[Webhook, ...]] = hooks.WEBHOOKS

    def account_capability(self) -> Capability:
        """The channels that the account's numbers send on, its parts, and its country where it writes no other."""
        settings = self.settings
        countries = frozenset({settings.region or ""}) if settings.number_format == "national" else None
        return replace(
            self.capability,
            channels=sending.channels_of(settings),
            max_parts=settings.max_parts,
            countries=countries,
        )

    def path_of(self, operation: str) -> str | None:
        """The guide gives no paths, so each is a setting."""
        paths = {Messages.send.name: self.settings.send_path, Lookup.phone.name: self.settings.lookup_path}
        return paths.get(operation)

    def recipient(self, written: str) -> str:
        """A number as the account's `number_format` and `region` write it."""
        return read_phone(sending.e164_of(self.settings, written) or written, self.settings.region).e164

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

    def look_up(self, target: str) -> Conversation[LookedUp]:
        """See `lookups.look_up`."""
        return lookups.look_up(self.settings, target)

    def hook(self, request: HookRequest) -> HookAnswer:
        """See `hooks.heard`."""
        return hooks.heard(self.settings, request)

    def check(self) -> Conversation[list[Finding]]:
        """See `checks.findings`."""
        return checks.findings(self.settings)
