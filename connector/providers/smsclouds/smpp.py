"""Smsclouds' SMPP accounts (guide: "SMPP Connections"): texts and receipts over SMPP, replies pushed over HTTP."""

from dataclasses import replace
from typing import ClassVar

from connector.model.capability import Capability
from connector.model.failures import Failure, Fault, Retry
from connector.model.messages import Channel, Encoding, Message
from connector.providers.base import HookAnswer, HookRequest
from connector.providers.smpp import submitting
from connector.providers.smpp.alphabets import A_PART, ALONE, Alphabet
from connector.providers.smpp.speaking import SmppProvider
from connector.providers.smpp.statuses import MOVES_NOTHING
from connector.providers.smsclouds import hooks
from connector.providers.smsclouds.addressing import COUNTRY_CODE, e164_of, national_of, number_refusal
from connector.providers.smsclouds.codes import NAME
from connector.providers.smsclouds.merging import text_refusal
from connector.providers.webhooks import Webhook


class SmscloudsSmpp(SmppProvider):
    """An account with a User_ID, a password, an IP and a port in the place of a token."""

    name: ClassVar[str] = NAME
    capability: ClassVar[Capability] = Capability(
        provider=NAME,
        channels=frozenset({Channel.SMS}),
        encodings=(Encoding.GSM7, Encoding.UCS2),
        max_parts=20,
        batch_ceiling=1,
        polls_replies=True,
        pushes=(hooks.SMPP_RESPONSES.name,),
        pushes_statuses=True,
        settles_by_number=frozenset({Channel.SMS}),
        merges_values=False,
        countries=frozenset({"MX"}),
        moves_nothing=MOVES_NOTHING,
    )
    webhooks: ClassVar[tuple[Webhook, ...]] = (hooks.SMPP_RESPONSES,)

    def account_capability(self) -> Capability:
        """With as many parts as this account may take, of the size that its alphabet makes them."""
        most = self.settings.max_parts
        if self.settings.alphabet is Alphabet.GSM7:
            return replace(self.capability, max_parts=most)
        limits = (ALONE[Alphabet.LATIN1], A_PART[Alphabet.LATIN1] * most)
        ucs2 = (ALONE[Alphabet.UCS2] // 2, A_PART[Alphabet.UCS2] // 2 * most)
        return replace(self.capability, max_parts=most, plain_limits={Encoding.GSM7: limits, Encoding.UCS2: ucs2})

    def recipient(self, written: str) -> str:
        """A national number of Mexico, or one in E.164."""
        return super().recipient(e164_of(written) or written)

    def refuse(self, message: Message) -> Failure | None:
        """What is no SMS, not Mexican, empty, or takes more parts than the account may send."""
        if message.channel is not Channel.SMS:
            reason = f"an SMPP account sends SMS only, and this message is for {message.channel}; mend the route"
            return Failure("channel", reason, Fault.MAPPING, Retry.WHEN_MENDED)
        return number_refusal(message) or text_refusal(message.text) or submitting.refusal(self.settings, message)

    def written(self, e164: str) -> str:
        """Ten digits, with the country code before them where the account writes numbers so."""
        national = national_of(e164)
        return national if self.settings.numbers == "national" else f"{COUNTRY_CODE[1:]}{national}"

    def e164_of(self, written: str) -> str | None:
        """See `addressing.e164_of`."""
        return e164_of(written)

    def hook(self, request: HookRequest) -> HookAnswer:
        """See `hooks.heard_of_smpp`."""
        return hooks.heard_of_smpp(self.settings, request)
