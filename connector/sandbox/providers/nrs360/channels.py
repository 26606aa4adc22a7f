"""The channels a sending can take, and what the guide says differently of each."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from connector.sandbox.providers.nrs360.parameters import is_address, is_phone


@dataclass(frozen=True)
class Channel:
    """One channel. `price` is in EUR a part. `answered` are the keys of a recipient's result beside the first three;
    `listed` is its word in the list of scheduled messages, where it stands there; `blacklist` is who keeps it away;
    `told` is whether its events are pushed."""

    name: str
    price: float
    reaches: Callable[[Any], bool]
    answered: tuple[str, ...]
    listed: str | None
    blacklist: str
    told: bool = True


SMS = Channel("sms", 0.04, is_phone, ("parts", "scheduledAt", "expiresAt"), "SMS", "sms")
LANDING = Channel("landing", 0.05, is_phone, ("parts", "scheduledAt", "expiresAt"), None, "sms")
MAILING = Channel("mailing", 0.001, is_address, ("scheduledAt",), "MAILING", "mailing")
VOICE = Channel("text2speech", 0.06, is_phone, ("scheduledAt", "expiresAt"), None, "voice")
# The guide's events, campaigns, schedules and blacklists know no WhatsApp.
WHATSAPP = Channel("whatsapp", 0.07, is_phone, (), None, "", told=False)
