"""How an adapter declares the webhooks of its guide: what `hook` reads, what the docs and the description show."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from connector.model.errors import Refused
from connector.model.failures import Failure, Fault


class Carrier(StrEnum):
    """What a webhook's fields travel in, and by which method: a GET's query, or a POST's form or JSON object."""

    QUERY = "query"
    FORM = "form"
    JSON = "json"

    @property
    def method(self) -> str:
        """The HTTP method it comes by."""
        return "GET" if self is Carrier.QUERY else "POST"


@dataclass(frozen=True, slots=True)
class WebhookField:
    """One field, by the guide's name. `example` is the guide's own; its type is the field's type in JSON.

    `required`: the guide sends it always, and the adapter refuses a webhook without it.
    """

    name: str
    example: object
    meaning: str
    required: bool = False


@dataclass(frozen=True, slots=True)
class Webhook:
    """One webhook. `name` ends its address, `section` is the guide's heading, `meaning` says what is told by it.

    `carriers` are all that the adapter understands: several only where the guide does not say which it is.
    """

    name: str
    section: str
    meaning: str
    carriers: tuple[Carrier, ...]
    fields: tuple[WebhookField, ...]


def no_such_webhook(provider: str, webhooks: Sequence[Webhook]) -> Refused:
    """What an adapter raises for a name it has not declared: status 404, with the names that there are."""
    names = " and ".join(f"`{webhook.name}`" for webhook in webhooks) or "none"
    return Refused(Failure("404", f"{provider} has these webhooks only: {names}", Fault.ACCOUNT), status=404)
