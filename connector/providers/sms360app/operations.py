"""360 SMS App's operations, a row each (guide: "API configuration for client", "API Configuration for VTP")."""

from typing import Annotated, Any, ClassVar, ParamSpec, TypeVar

from pydantic import ConfigDict, model_validator

from connector.providers.exchange import Response
from connector.providers.operation import Asked, Operation, Room, Told, named
from connector.providers.sms360app.codes import NAME
from connector.providers.sms360app.errors import raise_for

P = ParamSpec("P")
T = TypeVar("T")


class SMS360AppOperation(Operation[P, T]):
    """A row of this guide."""

    provider: ClassVar[str] = NAME

    def raise_for(self, response: Response) -> None:
        """See `errors.raise_for`."""
        raise_for(response)


class SendMessage(Asked):
    """One message to one number, on the channel of the sender's number."""

    client_id: Annotated[str, named("clientId", min_length=1, description="the account's client id")]
    sender_number: Annotated[
        str, named("senderNumber", min_length=1, description="a registered number; it decides the channel")
    ]
    receiver_number: Annotated[str, named("receiverNumber", min_length=1, description="whom the message is for")]
    message_body: Annotated[str, named("messagebody", min_length=1, description="the text")]


class SentMessage(Told):
    """`status` decides: 200 is yes. `message_id` is what callbacks call `sms_id`."""

    model_config = ConfigDict(coerce_numbers_to_str=True)

    status: int
    message: str = ""
    message_id: Annotated[str | None, named("360_message_id")] = None


class Sent(Told):
    """The answer to a send, which nests everything under `message`."""

    message: SentMessage


class Messages(Room):
    """Sending."""

    room: ClassVar[str] = "messages"
    send = SMS360AppOperation(
        "POST",
        "send",
        section="API configuration for client",
        asks=SendMessage,
        tells=Sent,
        sends=True,
        recipients=lambda asked: [asked.receiver_number],
        text=lambda asked: asked.message_body,
        batch=lambda told: told.message.message_id,
    )


class VerifyPhone(Asked):
    """A number to be looked up."""

    client_id: Annotated[str, named("clientId", min_length=1, description="the account's client id")]
    phone_number: Annotated[str, named("phoneNumber", min_length=1, description="the number to verify")]


class VerifiedPhone(Told):
    """What is known of a number. The guide mixes cases, spaces and underscores in the keys, so that none of them counts
    here. `type` is a word such as mobile; `error` is empty where the number was found."""

    model_config = ConfigDict(coerce_numbers_to_str=True)

    success: Annotated[bool, named("Success")]
    carrier_name: Annotated[str | None, named("Carrier Name")] = None
    type: Annotated[str | None, named("Type")] = None
    caller_name: str | None = None
    caller_type: str | None = None
    country_code: Annotated[str | None, named("Country_Code")] = None
    phone_number: str | None = None
    national_format: str | None = None
    error: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _one_case(cls, told: Any) -> Any:
        if not isinstance(told, dict):
            return told
        return {str(key).strip().lower().replace(" ", "_"): value for key, value in told.items()}


class Lookup(Room):
    """Verify the phone (VTP)."""

    room: ClassVar[str] = "lookup"
    phone = SMS360AppOperation(
        "POST",
        "lookup",
        section="API Configuration for VTP(Verify the Phone)",
        asks=VerifyPhone,
        tells=VerifiedPhone,
        lookups=lambda _: 1,
    )
