"""``POST api/v3/responses``: the replies by date, by messages, by cellphone or by campaigns (guide, "Receive
Responses MO, Option 1"). Types and ids are read as numbers or as text, since the guide has both."""

from collections.abc import Callable
from typing import Any

from connector.sandbox.providers.smsclouds.book import Book, Reply
from connector.sandbox.providers.smsclouds.dates import month_start, parsed, written
from connector.sandbox.providers.smsclouds.errors import Refusal

_KNOWN = frozenset({"type", "from", "to", "messages", "message", "cellphone", "campaigns"})


def responses(book: Book, given: dict[str, Any]) -> dict[str, Any]:
    """The guide's answer to the question `given`. Raises Refusal(422)."""
    unknown = sorted(set(given) - _KNOWN)
    if unknown:
        raise Refusal(422, f"El campo {unknown[0]} no es valido.")
    kind = given.get("type")
    if kind is None:
        raise Refusal(422, "El campo type es obligatorio.")
    if isinstance(kind, bool | float) or str(kind) not in ("1", "2", "3", "4"):
        raise Refusal(422, "El campo type seleccionado no es valido.")
    now = book.world.now()
    since = _date_or(given.get("from"), "from", month_start(now))
    until = _date_or(given.get("to"), "to", written(now) or "")
    wanted = _question(str(kind), given, since, until)
    found = [reply for reply in list(book.replies) if wanted(reply)]
    return {
        "message": "Completado Correctamente",
        "type": kind,
        "from": since,
        "to": until,
        "results": [_row(book, reply) for reply in found],
    }


def _date_or(given: Any, field: str, default: str) -> str:
    """A date of the request as it is written there, or `default`. Raises Refusal(422)."""
    if given is None:
        return default
    try:
        parsed(given)
    except ValueError:
        raise Refusal(422, f"El campo {field} no corresponde con el formato YYYY-MM-DD HH:mm:ss.") from None
    return str(given)


def _question(kind: str, given: dict[str, Any], since: str, until: str) -> Callable[[Reply], bool]:
    if kind == "1":
        if given.get("from") is None:
            raise Refusal(422, "El campo from es obligatorio cuando type es 1.")
        return lambda reply: since <= (written(reply.received) or "") <= until
    if kind == "2":
        messages = _numbers(given, "messages" if "messages" in given else "message", kind)
        return lambda reply: str(reply.campaign.first_message + reply.place) in messages
    if kind == "3":
        cellphones = _numbers(given, "cellphone", kind)
        return lambda reply: reply.campaign.request.cellphones[reply.place] in cellphones
    campaigns = _numbers(given, "campaigns", kind)
    return lambda reply: str(reply.campaign.id) in campaigns


def _numbers(given: dict[str, Any], field: str, kind: str) -> set[str]:
    value = given.get(field)
    if value is None or value == []:
        raise Refusal(422, f"El campo {field} es obligatorio cuando type es {kind}.")
    items = value if isinstance(value, list) else [value]
    for item in items:
        if isinstance(item, bool) or not isinstance(item, int | str) or not str(item).isdigit():
            raise Refusal(422, f"El campo {field} debe ser un entero.")
    return set(map(str, items))


def _row(book: Book, reply: Reply) -> dict[str, Any]:
    campaign = reply.campaign
    return {
        "received_id": reply.id,
        "campaign_id": campaign.id,
        "campaign_name": campaign.request.name,
        "message_id": campaign.first_message + reply.place,
        "message": campaign.request.texts[reply.place],
        "response": reply.text,
        "sent_at": written(book.done(campaign, reply.place)),
        "received_at": written(reply.received),
    }
