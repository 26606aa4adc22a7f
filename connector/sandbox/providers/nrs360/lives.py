"""What becomes of a message after it has left: the names of events in the guide's words, with their times."""

from collections.abc import Mapping

from connector.sandbox.providers.nrs360.channels import LANDING, MAILING, SMS, VOICE, WHATSAPP, Channel

Event = tuple[str, float]
OUTCOMES = {"delivered": 0.92, "undelivered": 0.04, "expired": 0.02, "rejected": 0.02}
# What recipients do with what was delivered; clicks are a share of openings, form answers of clicks on a form.
HABITS = {
    "opened": 0.4,
    "clicked": 0.5,
    "unsubscribed": 0.02,
    "complaint": 0.01,
    "form_submitted": 0.7,
    "form_rejected": 0.2,
    "read": 0.7,
    "replies": 0.03,
    "keys": 0.3,
}
# The events by which a message's way to the recipient ends or goes on; the others are what the recipient does.
DELIVERY = frozenset(
    {"sent", "delivered", "undelivered", "expired", "rejected", "hard_bounced", "soft_bounced", "failed"}
)
_WORDS: dict[Channel, dict[str, str]] = {
    MAILING: {"undelivered": "hard_bounced", "expired": "soft_bounced"},
    WHATSAPP: {"undelivered": "failed", "expired": "failed", "rejected": "failed"},
}
_LEAVES = {MAILING: "unsubscribed", LANDING: "unsubscribed_landing"}
Chances = tuple[float, float, float, float]


def word(channel: Channel, outcome: str) -> str:
    """A channel's own name for an outcome: a mail that is not delivered bounces, a WhatsApp message fails."""
    return _WORDS.get(channel, {}).get(outcome, outcome)


def habits(
    channel: Channel, delivered: float, chances: Chances, shares: Mapping[str, float], form: bool, speed: float
) -> list[Event]:
    """What the recipient does with a message delivered at `delivered` (seconds since 1970), oldest first."""
    step = (0.05 + 0.3 * chances[3]) / speed
    if channel is WHATSAPP:
        return [("read", delivered + step)] if chances[0] < shares["read"] else []
    if channel in (SMS, VOICE) and not form:
        return []
    done = _reads(chances, shares) if channel in _LEAVES else []
    left = _leaves(channel, chances[2], shares) if "opened" in done else []
    if form and (channel is SMS or "clicked" in done):
        done += ["form_opened", *_answers(chances[2], shares)]
    return [(name, delivered + step * (place + 1)) for place, name in enumerate(done + left)]


def _reads(chances: Chances, shares: Mapping[str, float]) -> list[str]:
    if chances[0] >= shares["opened"]:
        return []
    return ["opened", "clicked"] if chances[1] < shares["clicked"] else ["opened"]


def _leaves(channel: Channel, chance: float, shares: Mapping[str, float]) -> list[str]:
    if chance < shares["unsubscribed"]:
        return [_LEAVES[channel]]
    return ["complaint"] if channel is MAILING and chance >= 1 - shares["complaint"] else []


def _answers(chance: float, shares: Mapping[str, float]) -> list[str]:
    if chance < shares["form_submitted"]:
        return ["form_submitted"]
    return ["form_rejected"] if chance < shares["form_submitted"] + shares["form_rejected"] else []
