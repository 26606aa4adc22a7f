"""What Smsclouds' channels ask and take beyond a text (guide: "Send Email", "Send Blaster (RoboCall)", "SMS CLIC")."""

from collections.abc import Mapping

from connector.model.capability import ContentRule
from connector.model.messages import Channel

CONTENT: Mapping[Channel, ContentRule] = {
    Channel.SMS: ContentRule(frozenset({"link"})),
    Channel.VOICE: ContentRule(frozenset({"audio", "transfer_num", "transfer_key"})),
    Channel.EMAIL: ContentRule(frozenset({"subject", "header", "template", "image", "attachment"}), (("subject",),)),
}
