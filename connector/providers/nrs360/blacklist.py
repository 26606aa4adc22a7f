"""360NRS's own blacklist (guide: "Blacklist / Adding a contact to the blacklist", "Removing a contact …")."""

from typing import Any

from connector.model.address import is_address
from connector.model.errors import Refused, Unreadable
from connector.providers.base import Conversation
from connector.providers.nrs360.credentials import authorization
from connector.providers.nrs360.operations.blacklist import Blacklist, Blacklisted
from connector.providers.nrs360.options import NRS360Options
from connector.providers.operation import Operation

_NOT_FOUND = 404


def block(settings: NRS360Options, number: str) -> Conversation[None]:
    """Puts a number (E.164) or an e-mail address on its list, one a request; a second time changes nothing.

    Raises:
        Refused, Throttled, MayHaveLeft: as `connector.providers.talk.raise_for_status` says.
    """
    yield from _ask(settings, Blacklist.add, number)


def unblock(settings: NRS360Options, number: str) -> Conversation[None]:
    """Takes a number (E.164) or an e-mail address off its list; one that is not there is as good as taken off.

    Raises:
        Refused, Throttled, MayHaveLeft: as `connector.providers.talk.raise_for_status` says.
    """
    try:
        yield from _ask(settings, Blacklist.remove, number)
    except Refused as error:
        if error.status != _NOT_FOUND:
            raise


def _ask(settings: NRS360Options, operation: Operation[..., Any], number: str) -> Conversation[None]:
    asked = Blacklisted(type="mailing" if is_address(number) else "sms", recipient=number.removeprefix("+"))
    response = yield operation.request(asked, headers=authorization(settings))
    if response is None:
        raise Unreadable("360NRS was asked about its blacklist and gave no answer")
    operation.raise_for(response)
