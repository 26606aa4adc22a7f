"""What is asked of a live service for its tapes: operations that change nothing, one of them leading to the next."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any


@dataclass(frozen=True, slots=True)
class Found:
    """A value out of the answer to an operation asked before, by its place: ``data.0.id``."""

    operation: str
    place: str

    def among(self, answers: Mapping[str, Any]) -> Any:
        """The value, or None where the answer has none."""
        value: Any = answers.get(self.operation)
        for part in self.place.split("."):
            try:
                value = value[int(part)] if isinstance(value, list) else value[part]
            except (KeyError, IndexError, TypeError):
                return None
        return value


@dataclass(frozen=True, slots=True)
class Ask:
    """An operation that changes nothing, and what it is asked, some of it out of earlier answers."""

    operation: str
    fields: Mapping[str, Any] = field(default_factory=dict)


def _shelf(room: str, *more: str) -> tuple[Ask, ...]:
    """The list of a room, then other operations on the first that is listed."""
    return (Ask(f"{room}.list"), *(Ask(f"{room}.{name}", {"id": Found(f"{room}.list", "data.0.id")}) for name in more))


def _conversation(name: str) -> Ask:
    first = {
        "sender": Found("whatsapp.conversations", "data.0.from"),
        "to": Found("whatsapp.conversations", "data.0.to"),
    }
    return Ask(name, first)


def _month_of_replies() -> Ask:
    since = (datetime.now(UTC) - timedelta(days=30)).replace(tzinfo=None)
    return Ask("responses.by_date", {"type": "1", "since": since})


def scenes() -> dict[str, dict[str, tuple[Ask, ...]]]:
    """Provider to tape to what is asked for it, in order."""
    sending = Found("campaigns.list", "data.0.sendings.data.0.id")
    return {
        "nrs360": {
            "account": (Ask("account.show"),),
            "coverage": (Ask("coverage.by_network"), Ask("coverage.by_country")),
            "contacts": _shelf("contacts", "show"),
            "groups": _shelf("groups", "show"),
            "templates": _shelf("templates", "show", "preview"),
            "forms": _shelf("forms", "show", "preview"),
            "validation": _shelf("validation", "show", "result"),
            "blacklist": (Ask("blacklist.list", {"type": "sms"}),),
            "scheduled": (Ask("scheduled.list"),),
            "campaigns": (Ask("campaigns.list"),),
            "reports": (Ask("campaigns.list"), Ask("reports.events", {"sending_id": sending})),
            "whatsapp_conversations": (
                Ask("whatsapp.conversations"),
                _conversation("whatsapp.conversation"),
                _conversation("whatsapp.messages"),
            ),
        },
        "smsclouds": {
            "user_routes_countries": (Ask("user.show"), Ask("user.countries"), Ask("user.routes")),
            "user_head": (Ask("user.head"),),
            "responses": (_month_of_replies(),),
            "campaign_messages": (
                _month_of_replies(),
                Ask("campaigns.messages", {"campaign": Found("responses.by_date", "results.0.campaign_id")}),
            ),
        },
        "bulk360": {"token": (Ask("oauth.token"),)},
        "sms360app": {},
        "optimum": {},
    }
