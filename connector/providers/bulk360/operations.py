"""Bulk360's operations as rows (guide: "Request Access Token", "Sending Normal Text Messages")."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any, ClassVar, Literal, ParamSpec, Self, TypeVar

import orjson
from pydantic import BeforeValidator, Field, SecretStr, StringConstraints, field_serializer, model_validator

from connector.model.errors import MayHaveLeft, Refused, Unreadable
from connector.model.failures import Failure, Fault, Retry
from connector.model.states import State
from connector.providers.bulk360.codes import INVALID_CLIENT, NAME, RESPONSES, TITLE, code_of, response_failure
from connector.providers.bulk360.options import SENDER
from connector.providers.exchange import Request, Response
from connector.providers.operation import Asked, Operation, Room, Told, named
from connector.providers.talk import raise_for_status

LONGEST_TO = 150
"""Characters that `to` holds, commas and prefixes and all."""
WHATSAPP_PREFIX = "whatsapp:"
"""What stands before a number that is written to by WhatsApp."""

_WRONG_CREDENTIALS = Failure(
    INVALID_CLIENT,
    f"{TITLE}: client authentication failed; check app_key and app_secret in the account's settings",
    Fault.ACCOUNT,
    Retry.WHEN_MENDED,
)

P = ParamSpec("P")
T = TypeVar("T")


class Bulk360Operation(Operation[P, T]):
    """A row of Bulk360's guide."""

    provider: ClassVar[str] = NAME

    def raise_for(self, response: Response) -> None:
        """Returns for a yes and for a list of messages, each with its own code; the body's code decides, not the HTTP
        status, which is asked only where the body has no code.

        Raises:
            Refused: a code that says no.
            MayHaveLeft: code 500.
            Unreadable: a code that the guide does not list, with a status that says yes.
            Throttled: as `connector.providers.talk.raise_for_status` says.
        """
        body = _object(response)
        if body.get("error") == INVALID_CLIENT:
            raise Refused(_WRONG_CREDENTIALS, status=response.status)
        if isinstance(body.get("messages"), list):
            return
        code = code_of(body.get("code"))
        known = RESPONSES.get(code)
        if known is None:
            raise_for_status(response, read_failure=response_failure(code) if code else None)
            if code:
                raise Unreadable(f"{TITLE} answered with a response code that its guide does not list")
        elif known.state is State.UNKNOWN:
            raise MayHaveLeft(f"the request was sent, and then: {response_failure(code)}")
        elif known.state is State.REJECTED:
            raise Refused(response_failure(code), status=response.status)


class TokenRequest(Bulk360Operation[P, T]):
    """The row that asks for an access token, and so is made without one."""

    def request(self, asked: Asked, *, path: str | None = None, headers: Mapping[str, str] | None = None) -> Request:
        """The request."""
        return replace(super().request(asked, path=path, headers=headers), needs_token=False)


def _object(response: Response) -> dict[str, Any]:
    try:
        body = orjson.loads(response.body)
    except orjson.JSONDecodeError:
        return {}
    return body if isinstance(body, dict) else {}


class AskForToken(Asked):
    """The credentials that an access token is granted for."""

    grant_type: Literal["client_credentials"] = "client_credentials"
    client_id: SecretStr = Field(description="the account's APP_KEY")
    client_secret: SecretStr = Field(description="the account's APP_SECRET")

    @field_serializer("client_id", "client_secret")
    def _travels(self, secret: SecretStr) -> str:
        return secret.get_secret_value()


class AccessToken(Told):
    """A granted token; `expires_in` is in seconds."""

    token_type: str = "Bearer"  # noqa: S105  the kind of token, no secret
    expires_in: float = Field(gt=0)
    access_token: SecretStr = Field(min_length=1)


class SendMessage(Asked):
    """One text for one number or several."""

    to: Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_TO)] = Field(
        description="numbers without their +, a comma between them; whatsapp: before one sends it by WhatsApp"
    )
    sender: Annotated[
        str | None, named("from", pattern=SENDER, description="the sender's name; it does not apply in Malaysia")
    ] = None
    text: Annotated[str, StringConstraints(min_length=1)] = Field(description="the text, the same for every number")
    detail: Literal[1] | None = Field(default=None, description="1: the answer tells the balance and each charge")


def _objects(rows: Any) -> Any:
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else rows


def _scalar(value: Any) -> Any:
    return value if isinstance(value, str | int | float) and not isinstance(value, bool) else None


Scalar = Annotated[int | float | str | None, BeforeValidator(_scalar)]
"""A word or a number as it comes, for the guide's examples have both (0.11 and "0.2500"); None for anything else."""


class SentMessage(Told):
    """What became of one number: `ref` is Bulk360's id of the message, `rate` what it costs (with ``detail=1``)."""

    code: Scalar = None
    desc: Scalar = None
    to: Scalar = None
    ref: Scalar = None
    currency: Scalar = None
    rate: Scalar = None


class Sent(SentMessage):
    """The answer to a send: flat for one number, `messages` for several.

    `balance` is what was left before this send (with ``detail=1``).
    """

    balance: Scalar = None
    messages: Annotated[list[SentMessage] | None, BeforeValidator(_objects)] = None

    @property
    def each(self) -> list[SentMessage]:
        """What became of each number, whichever form the answer has."""
        if self.messages is not None:
            return self.messages
        return [self] if self.code is not None else []

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.each:
            raise ValueError("it does not say what became of any number")
        return self


class OAuth(Room):
    """Access tokens."""

    room: ClassVar[str] = "oauth"

    token = TokenRequest(
        "POST", "oauth/token", section="Request Access Token", asks=AskForToken, tells=AccessToken, body="form"
    )


class Messages(Room):
    """SMS and WhatsApp messages."""

    room: ClassVar[str] = "messages"

    send = Bulk360Operation(
        "POST",
        "api/bulk360/v2.0",
        section="Sending Normal Text Messages",
        asks=SendMessage,
        tells=Sent,
        body="form",
        sends=True,
        recipients=lambda asked: [one.strip().removeprefix(WHATSAPP_PREFIX) for one in asked.to.split(",")],
        text=lambda asked: asked.text,
        batch=lambda told: told.each[0].ref,
    )
