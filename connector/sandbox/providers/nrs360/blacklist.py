"""The blacklists of an account (guide, "Blacklist"): sms, mailing and voice, each a list of recipients."""

from typing import Any

from connector.sandbox.providers.nrs360.asking import Answer, Asked, Operation, answered, gone
from connector.sandbox.providers.nrs360.errors import Refusal
from connector.sandbox.providers.nrs360.pages import check_filters, page
from connector.sandbox.providers.nrs360.parameters import ADDRESS, PHONE, Parameter, check
from connector.sandbox.providers.nrs360.times import written
from connector.sandbox.providers.world import World

_RECIPIENTS = {"sms": PHONE, "mailing": ADDRESS, "voice": PHONE}
_FILTERS = ("recipient", "sendingId")
_ANSWERED = ("type", "recipient", "isDefinitive", "campaignName", "createdAt")


class Blacklists:
    """Who is on which list since when. A recipient stands once on a list, however often it is added."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.lists: dict[str, dict[str, dict[str, Any]]] = {kind: {} for kind in _RECIPIENTS}

    def operations(self) -> list[Operation]:
        """The three operations of the section."""
        path = "/v2/blacklist/{type}"
        return [("GET", path, self.listed), ("PUT", path, self.add), ("DELETE", path, self.remove)]

    def enter(self, kind: str, recipient: str, sending_id: int | None, campaign: str | None) -> dict[str, Any]:
        """The recipient's entry, made now when there is none yet; the sending is the one that was unsubscribed from."""
        return self.lists[kind].setdefault(
            recipient,
            {
                "type": kind,
                "recipient": recipient,
                "isDefinitive": False,
                "sendingId": sending_id,
                "campaignName": campaign,
                "createdAt": written(self.world.now()),
            },
        )

    def listed(self, asked: Asked) -> Answer:
        """``GET /v2/blacklist/{type}``."""
        kind = _kind(asked)
        check_filters(asked, _FILTERS)
        rows = [
            entry
            for entry in list(self.lists[kind].values())  # recipients leave meanwhile, in another thread
            if all(asked.query.get(name, str(entry[name])) == str(entry[name]) for name in _FILTERS)
        ]
        return answered(page(asked, rows, dict, f"/v2/blacklist/{kind}"))

    def add(self, asked: Asked) -> Answer:
        """``PUT /v2/blacklist/{type}``."""
        entry = self.enter(_kind(asked), _recipient(asked), None, None)
        return answered({"data": {name: entry[name] for name in _ANSWERED}})

    def remove(self, asked: Asked) -> Answer:
        """``DELETE /v2/blacklist/{type}``; 404 for a recipient that is not on the list."""
        if self.lists[_kind(asked)].pop(_recipient(asked), None) is None:
            raise Refusal(404)
        return gone()


def _kind(asked: Asked) -> str:
    kind: str = asked.path["type"]
    if kind not in _RECIPIENTS:
        raise Refusal(404)
    return kind


def _recipient(asked: Asked) -> str:
    given = asked.fields()
    check(given, (Parameter("recipient", _RECIPIENTS[_kind(asked)], required=True),))
    recipient: str = given["recipient"]
    return recipient
