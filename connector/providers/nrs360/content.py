"""What 360NRS's channels ask and take beyond a text (guide: "Send Email message", "Send Voice message", "Send Voice
message with an audio file", "Send Landing SMS message", "Send WhatsApp template", "Send a message to a
conversation")."""

from collections.abc import Mapping

from connector.model.capability import ContentRule
from connector.model.messages import Channel
from connector.providers.nrs360.options import NRS360Options

CONTENT: Mapping[Channel, ContentRule] = {
    Channel.WHATSAPP: ContentRule(
        frozenset({"template", "header", "body", "buttons", "conversation"}), (("template", "conversation"),)
    ),
    Channel.EMAIL: ContentRule(
        frozenset({"subject", "html", "template", "fields", "from_name", "reply_to"}), (("subject",),)
    ),
    Channel.VOICE: ContentRule(frozenset({"language", "gender", "audio"}), (("language", "audio"),)),
    Channel.LANDING: ContentRule(frozenset({"template", "html"}), (("template", "html"),)),
}


def content_of(settings: NRS360Options) -> Mapping[Channel, ContentRule]:
    """The guide's, without the needs that the account's own settings fill."""
    filled = {Channel.VOICE: settings.voice_language, Channel.LANDING: settings.landing_template}
    return {
        channel: ContentRule(rule.takes) if filled.get(channel) is not None else rule
        for channel, rule in CONTENT.items()
    }
