"""The shape of `whatsapp`, `email`, `voice`, `landing` and `clic`: what a message says beyond its text, by channel.

A field's name is its key in `Message.content`, by which adapters know it; its alias is the key of the mapping. Which of
them a provider needs and takes is declared by its `Capability.content`, not here.
"""

from collections.abc import Mapping
from typing import Annotated, ClassVar

from pydantic import Field

from connector.mapping.notation import Constant, Text
from connector.mapping.section import Section
from connector.model.messages import Channel


class ChannelSection(Section):
    """What a channel's messages say beyond their text. Of these, `markup` is HTML, into which data is put escaped, and
    `ids` are whole numbers, though a text may bring them."""

    channel: ClassVar[Channel]
    markup: ClassVar[frozenset[str]] = frozenset()
    ids: ClassVar[frozenset[str]] = frozenset()


class WhatsApp(ChannelSection):
    """A WhatsApp template and the texts that fill it, or a text into a conversation (360NRS, "Send WhatsApp template",
    "Send a message to a conversation")."""

    channel = Channel.WHATSAPP

    template: Annotated[int, Field(gt=0, strict=True)] | None = None
    conversation: Text | None = Field(
        default=None, description="whether the text goes into the person's open conversation: empty and false are no"
    )
    header: list[Text] = Field(default=[])
    body: list[Text] = Field(default=[])
    buttons: list[Text] = Field(default=[])


class Email(ChannelSection):
    """An e-mail's subject and look (360NRS, "Send Email message"; Smsclouds, "Send Email")."""

    channel = Channel.EMAIL
    markup = frozenset({"html"})
    ids = frozenset({"template", "attachment"})

    subject: Text | None = Field(default=None, description="the subject")
    html: Text | None = Field(
        default=None, description="the mail in HTML, in the place of the text; 100,000 characters at most"
    )
    template: Constant | None = Field(default=None, description="the mail, by its template's id; Smsclouds: 1, 2 or 4")
    fields: dict[str, Text] = Field(default={}, description="the variables of the template")
    from_name: Text | None = Field(default=None, description="the sender's name, beside its address")
    reply_to: Text | None = Field(default=None, description="the address that answers go to")
    header: Text | None = Field(default=None, description="a title in the mail's body (Smsclouds)")
    image: Text | None = Field(default=None, description="the address of an image (Smsclouds)")
    attachment: Constant | None = Field(default=None, description="the ID of a saved file (Smsclouds)")


class Voice(ChannelSection):
    """How a call speaks, or what it plays (360NRS, "Send Voice message"; Smsclouds, "Send Blaster"; Optimum Measures,
    "Voice Call")."""

    channel = Channel.VOICE
    ids = frozenset({"audio", "campaign", "transfer_key"})

    language: Text | None = Field(default=None, description="the language the text is spoken in: es_ES")
    gender: Text | None = Field(default=None, description="the voice: F a woman's, M a man's")
    audio: Constant | None = Field(
        default=None, description="what is played in the text's place: its address (360NRS), its ID (Smsclouds)"
    )
    campaign: Constant | None = Field(default=None, description="the campaign a call plays (Optimum Measures)")
    transfer_num: Text | None = Field(
        default=None, alias="transfer", description="the number a key passes the call on to (Smsclouds)"
    )
    transfer_key: Constant | None = Field(default=None, description="that key (Smsclouds)")


class Landing(ChannelSection):
    """The page that a landing SMS leads to (360NRS, "Send Landing SMS message")."""

    channel = Channel.LANDING
    markup = frozenset({"html"})
    ids = frozenset({"template"})

    template: Constant | None = Field(default=None, description="the page, by its template's id")
    html: Text | None = Field(default=None, description="the page in HTML; 100,000 characters at most")


class Clic(ChannelSection):
    """The link of an SMS whose clicks are counted (Smsclouds, "SMS CLIC"); its place stands in the text."""

    channel = Channel.SMS
    ids = frozenset({"link"})

    link: Constant = Field(description="the ID URL of the link")


CHANNEL_SECTIONS: Mapping[str, type[ChannelSection]] = {
    "whatsapp": WhatsApp,
    "email": Email,
    "voice": Voice,
    "landing": Landing,
    "clic": Clic,
}
"""The sections by their key in `message`."""
