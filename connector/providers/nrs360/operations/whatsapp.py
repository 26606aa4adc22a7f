"""WhatsApp: templates, and conversations that a person has begun (guide: "WhatsApp")."""

from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from connector.providers.nrs360.operation import NRS360Operation
from connector.providers.nrs360.operations.shapes import (
    CampaignName,
    Meta,
    Page,
    PageLimit,
    PageNumber,
    Resource,
    Rows,
    Sent,
    Shown,
    Tags,
    ToldDate,
    UnderData,
    next_page,
    sending_of,
    tags_need_a_campaign,
)
from connector.providers.operation import Asked, Room, named
from connector.providers.readable import Maybe


class Location(Asked):
    """A place on the map, for templates that hold one."""

    lat: Annotated[str, Field(min_length=1, description="latitude")]
    long: Annotated[str, Field(min_length=1, description="longitude")]
    name: Annotated[str | None, Field(description="the place's name")] = None
    address: Annotated[str | None, Field(description="the place's address")] = None


class TemplateMessage(Asked):
    """One recipient of a template, with the values of its variables by their positions."""

    to: Annotated[str, Field(min_length=1, description="the number, digits with prefix")]
    header_fields: Annotated[list[str] | None, named("headerFields", description="variables of the header")] = None
    body_fields: Annotated[list[str] | None, named("bodyFields", description="variables of the body")] = None
    call_to_action_fields: Annotated[
        list[str] | None, named("callToActionFields", description="variables of the buttons")
    ] = None
    default_answer: Annotated[
        str | list[str] | None,  # the guide's table says array, its example a text
        named("defaultAnswer", description="what answers the person's first message"),
    ] = None
    button_answers: Annotated[
        list[str] | None, named("buttonAnswers", description="what answers each quick-reply button")
    ] = None
    location: Annotated[Location | None, Field(description="the place, for a template with one")] = None


class SendTemplate(Asked):
    """An approved template to one or many numbers."""

    template_id: Annotated[int, named("templateId", description="the template's id")]
    sender: Annotated[str, named("from", min_length=1, description="the sender, registered at 360NRS")]
    messages: Annotated[list[TemplateMessage], Field(min_length=1, description="a recipient each, with its values")]
    campaign_name: CampaignName = None
    tags: Tags = None

    @model_validator(mode="after")
    def _tags_have_a_campaign(self) -> Self:
        tags_need_a_campaign(self.tags, self.campaign_name)
        return self


class ListConversations(Asked):
    """Which conversations to list (guide: "Conversation list / Filters")."""

    limit: PageLimit = None
    page: PageNumber = None
    sender: Annotated[str | None, named("from", description="conversations of this sender")] = None
    to: Annotated[str | None, Field(description="conversations with this number")] = None


class ShowConversation(Asked):
    """A conversation by its two numbers."""

    sender: Annotated[str, named("from", min_length=1, description="our sender")]
    to: Annotated[str, Field(min_length=1, description="the person's number, digits with prefix")]


class ListMessages(ShowConversation):
    """A conversation's messages, the newest first."""

    limit: PageLimit = None
    page: PageNumber = None


class SendMessage(ShowConversation):
    """A message into a conversation whose session is active."""

    content: Annotated[str, Field(min_length=1, description="the text; WhatsApp's marks format it")]


class ConversationContact(Resource):
    """The person, as far as 360NRS knows them."""

    msisdn: str | None = None
    first_name: Annotated[str | None, named("firstName")] = None
    last_name: Annotated[str | None, named("lastName")] = None
    email: str | None = None
    interest: str | None = None
    comment: str | None = None
    country: str | None = None


class Conversation(Resource):
    """A conversation. Free texts can be sent while its session is active."""

    sender: Annotated[str, named("from")]
    to: Annotated[str, Field(min_length=1)]
    total_messages: Annotated[Maybe[int], named("totalMessages")] = None
    status: Maybe[str] = None
    is_session_active: Annotated[Maybe[bool], named("isSessionActive")] = None
    session_expires_at: Annotated[Maybe[ToldDate], named("sessionExpiresAt")] = None
    created_at: Annotated[Maybe[ToldDate], named("createdAt")] = None
    updated_at: Annotated[Maybe[ToldDate], named("updatedAt")] = None
    contact: Annotated[Maybe[ConversationContact], UnderData] = None


class Conversations(Page[Conversation]):
    """A page of the conversations."""

    data: Rows[Conversation]


class ConversationMessage(Shown):
    """A message of either side; `msisdn` is whose it is. The guide shows `content` as a text; what a person shares that
    is none (a place, a file) is here as it is told."""

    id: str
    type: Maybe[str] = None
    msisdn: Maybe[str] = None
    content: Maybe[str | dict[str, Any] | list[Any]] = None
    reactions: Maybe[tuple[str, ...]] = ()
    sent_at: Annotated[Maybe[ToldDate], named("sentAt")] = None
    delivered_at: Annotated[Maybe[ToldDate], named("deliveredAt")] = None
    read_at: Annotated[Maybe[ToldDate], named("readAt")] = None
    failed_at: Annotated[Maybe[ToldDate], named("failedAt")] = None


class ConversationMeta(Meta):
    """What is told beside the messages."""

    status: Maybe[str] = None
    is_session_active: Annotated[Maybe[bool], named("isSessionActive")] = None
    session_expires_at: Annotated[Maybe[ToldDate], named("sessionExpiresAt")] = None


class ConversationMessages(Page[ConversationMessage]):
    """A page of a conversation's messages."""

    data: Rows[ConversationMessage]
    meta: ConversationMeta = ConversationMeta()


class WhatsApp(Room):
    """Templates and conversations. The guide shows no answer to a message sent, which is given as it is."""

    room = "whatsapp"

    send_template = NRS360Operation(
        "POST",
        "whatsapp",
        section="Send WhatsApp template",
        asks=SendTemplate,
        tells=Sent,
        sends=True,
        recipients=lambda asked: [message.to for message in asked.messages],
        batch=sending_of,
    )
    conversations = NRS360Operation(
        "GET",
        "whatsapp/conversations",
        section="Conversation list",
        asks=ListConversations,
        tells=Conversations,
        follow=next_page,
    )
    conversation = NRS360Operation(
        "GET",
        "whatsapp/conversations/{from}/{to}",
        section="Show a conversation",
        asks=ShowConversation,
        tells=Conversation,
    )
    messages = NRS360Operation(
        "GET",
        "whatsapp/conversations/{from}/{to}/messages",
        section="Show the messages in a conversation",
        asks=ListMessages,
        tells=ConversationMessages,
        follow=next_page,
    )
    send_message = NRS360Operation(
        "POST",
        "whatsapp/conversations/{from}/{to}/messages",
        section="Send a message to a conversation",
        asks=SendMessage,
        tells=str,
        sends=True,
        recipients=lambda asked: [asked.to],
    )
