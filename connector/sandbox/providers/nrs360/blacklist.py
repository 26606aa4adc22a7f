"""The blacklists of an account (guide, "Blacklist"): sms, mailing and voice, each a list of recipients."""

import re
from typing import Any

import orjson
from starlette.datastructures import QueryParams

from connector.sandbox.providers.nrs360.errors import Refusal
from connector.sandbox.providers.nrs360.times import written
from connector.sandbox.providers.world import World

KINDS = ("sms", "mailing", "voice")
_FILTERS = frozenset({"limit", "recipient", "sendingId", "page"})
_USUAL, _MOST = 100, 1000
_PHONE = re.compile(r"[1-9]\d{6,14}")
_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_ANSWERED = ("type", "recipient", "isDefinitive", "campaignName", "createdAt")


class Blacklists:
    """Who is on which list since when. A recipient stands once on a list, however often it is added."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.lists: dict[str, dict[str, dict[str, Any]]] = {kind: {} for kind in KINDS}

    def add(self, kind: str, body: bytes) -> dict[str, Any]:
        """The answer to PUT. Raises Refusal."""
        listed, recipient = self._list(kind), _recipient(kind, body)
        entry = listed.setdefault(
            recipient,
            {
                "type": kind,
                "recipient": recipient,
                "isDefinitive": False,
                "sendingId": None,
                "campaignName": None,
                "createdAt": written(self.world.now()),
            },
        )
        return {"data": {name: entry[name] for name in _ANSWERED}}

    def remove(self, kind: str, body: bytes) -> None:
        """Takes a recipient off. Raises Refusal, 404 for one that is not on the list."""
        if self._list(kind).pop(_recipient(kind, body), None) is None:
            raise Refusal(404)

    def page(self, kind: str, asked: QueryParams) -> dict[str, Any]:
        """The answer to GET. Raises Refusal."""
        for name in asked:
            if name not in _FILTERS:
                raise Refusal(422, f"The {name} filter is not allowed.")
        limit = _whole("limit", asked.get("limit", str(_USUAL)), _MOST)
        number = _whole("page", asked.get("page", "1"))
        entries = [
            entry
            for entry in self._list(kind).values()
            if asked.get("recipient", entry["recipient"]) == entry["recipient"]
            and asked.get("sendingId", str(entry["sendingId"])) == str(entry["sendingId"])
        ]
        pages = max(1, -(-len(entries) // limit))
        shown = entries[(number - 1) * limit : number * limit]
        following = f"https://dashboard.360nrs.com/api/rest/v2/blacklist/{kind}?page={number + 1}"
        pagination = {
            "total": len(entries),
            "count": len(shown),
            "per_page": limit,
            "current_page": number,
            "total_pages": pages,
            "links": {"next": following} if number < pages else {},
        }
        return {"data": shown, "meta": {"pagination": pagination}}

    def _list(self, kind: str) -> dict[str, dict[str, Any]]:
        if kind not in KINDS:
            raise Refusal(404)
        return self.lists[kind]


def _recipient(kind: str, body: bytes) -> str:
    try:
        given = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise Refusal(125) from None
    if not isinstance(given, dict):
        raise Refusal(125)
    for key in given:
        if key != "recipient":
            raise Refusal(422, f"The {key} field is not allowed.")
    recipient = given.get("recipient")
    if recipient is None or recipient == "":
        raise Refusal(422, "The recipient field is required.")
    form = _ADDRESS if kind == "mailing" else _PHONE
    if not isinstance(recipient, str) or not form.fullmatch(recipient):
        raise Refusal(422, "The recipient field must be a valid recipient.")
    return recipient


def _whole(name: str, text: str, most: int | None = None) -> int:
    if not text.isdecimal() or int(text) < 1 or (most is not None and int(text) > most):
        raise Refusal(422, f"The {name} filter must be a whole number" + (f" from 1 to {most}." if most else "."))
    return int(text)
