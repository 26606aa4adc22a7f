"""360NRS's own blacklist (guide: "Blacklist / Adding a contact to the blacklist", "Removing a contact …")."""

from connector.model.errors import Refused, Unreadable
from connector.providers.base import Conversation, Request
from connector.providers.nrs360.answers import accept
from connector.providers.nrs360.options import NRS360Options
from connector.providers.nrs360.sending import authorization

_SMS = "v2/blacklist/sms"
_NOT_FOUND = 404


def block(settings: NRS360Options, number: str) -> Conversation[None]:
    """PUT /v2/blacklist/sms, one recipient a request; a second time changes nothing.

    Raises:
        Refused, Throttled, MayHaveLeft: as `connector.providers.talk.raise_for_status` says.
    """
    yield from _ask(settings, "PUT", number)


def unblock(settings: NRS360Options, number: str) -> Conversation[None]:
    """DELETE /v2/blacklist/sms; a number that is not on the list is as good as taken off.

    Raises:
        Refused, Throttled, MayHaveLeft: as `connector.providers.talk.raise_for_status` says.
    """
    try:
        yield from _ask(settings, "DELETE", number)
    except Refused as error:
        if error.status != _NOT_FOUND:
            raise


def _ask(settings: NRS360Options, method: str, number: str) -> Conversation[None]:
    recipient = {"recipient": number.removeprefix("+")}
    response = yield Request(method, _SMS, headers=authorization(settings), json=recipient)
    if response is None:
        raise Unreadable("360NRS was asked about its blacklist and gave no answer")
    accept(response)
