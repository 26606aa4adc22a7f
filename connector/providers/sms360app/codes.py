"""360 SMS App's words, our word on the right (guide: "Configuration Details", "API configuration for client")."""

from collections.abc import Mapping

from connector.model.failures import Failure, Fault, Retry
from connector.model.messages import Channel
from connector.model.states import State
from connector.providers.refusals import quoted

NAME = "sms360app"
TITLE = "360 SMS App"

ACCEPTED = 200
"""The `status` inside the answer's `message` that says yes, the only one that the guide prints."""

INCOMING = "received"
"""The `delivery_status` of an incoming message."""

STATUSES: Mapping[str, State] = {"delivered": State.DELIVERED}
"""Words of a delivery callback: the guide prints no other."""

CHANNELS = frozenset(
    {
        Channel.SMS,
        Channel.MMS,
        Channel.WHATSAPP,
        Channel.FACEBOOK,
        Channel.INSTAGRAM,
        Channel.VIBER,
        Channel.LINE,
        Channel.KAKAO_TALK,
        Channel.VOICEMAIL,
    }
)
"""The channels that the guide names under "What do you get?"; the sender's number decides which one it is."""

WITHOUT_NUMBERS = frozenset({"messenger", "facebook", "instagram", "line", "kakao", "kakaotalk"})
"""Channels whose people have ids of the channel's own: what stands in front of `from` there is no number."""

ACCOUNT_STATUSES = frozenset({401, 402, 403})
"""The guide lists no errors, so a `status` is read as HTTP's: these are the account's fault."""


def failure_of(status: int, words: str) -> Failure:
    """What a `status` other than 200 stands for, with 360 SMS App's words (already fit to be told)."""
    told = f" ({words})" if words else ""
    if status in ACCOUNT_STATUSES:
        reason = f"{TITLE} does not accept the account{told}; check its client_ids and its credit"
        return Failure(str(status), reason, Fault.ACCOUNT, Retry.WHEN_MENDED)
    if status == 429:
        return Failure("429", f"{TITLE} asks for fewer requests{told}", Fault.PROVIDER, Retry.LATER)
    return Failure(str(status), f"{TITLE} refused the message{told}; ask 360 SMS what it means", Fault.UNKNOWN)


def delivery_failure(word: str, code: str, words: str) -> Failure:
    """Why a message did not get through, by the callback's `error_code` and `error_message`."""
    told = quoted(words) or "it does not say why"
    return Failure(code or word, f"{TITLE} reports `{word}`: {told}", Fault.UNKNOWN)
