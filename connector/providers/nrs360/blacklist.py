"""360NRS's own blacklist (guide: "Blacklist / Listing of contacts in the blacklist", "Adding a contact …", "Removing a
contact …")."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, Literal

from connector.model.address import is_address, read_recipient
from connector.model.errors import Refused, Unreadable, UnreadableAddress, UnreadablePhone
from connector.model.messages import News, NewsKind
from connector.providers.base import Conversation, news_key
from connector.providers.exchange import Response
from connector.providers.nrs360.codes import NAME
from connector.providers.nrs360.credentials import authorization
from connector.providers.nrs360.operations.blacklist import Blacklist, Blacklisted, BlacklistEntry, ListBlacklist
from connector.providers.nrs360.operations.shapes import next_page
from connector.providers.nrs360.options import NRS360Options
from connector.providers.operation import Asked, Operation

_NOT_FOUND = 404
_ROWS_A_PAGE = 1000


def listed(settings: NRS360Options, number: str | None = None) -> Conversation[None]:
    """Who is on the lists that `block` fills, a page at a time; with `number` only its own entry.

    Raises:
        Refused, Throttled, MayHaveLeft: as `connector.providers.talk.raise_for_status` says.
        Unreadable: a page is none.
    """
    kinds: tuple[Literal["mailing", "sms"], ...] = ("sms", "mailing") if number is None else (_list_of(number),)
    for kind in kinds:
        recipient = number.removeprefix("+") if number else None
        asked: Asked | None = ListBlacklist(type=kind, limit=_ROWS_A_PAGE, recipient=recipient)
        while asked is not None:
            page = Blacklist.list.read(
                _answered((yield Blacklist.list.request(asked, headers=authorization(settings))))
            )
            if news := list(_entries(kind, page.data)):
                yield news
            asked = next_page(asked, page)


def _entries(kind: str, rows: Iterable[BlacklistEntry]) -> Iterator[News]:
    for row in rows:
        at = row.created_at if isinstance(row.created_at, datetime) else None
        written = row.recipient if kind == "mailing" else f"+{row.recipient.removeprefix('+')}"
        try:
            recipient = read_recipient(written)
        except (UnreadablePhone, UnreadableAddress):
            continue  # whom no message can be for
        key = news_key(NAME, "blacklist", kind, recipient)
        yield News(NewsKind.STATUS, key, at, word="blacklisted", phone=recipient, opted_out=True)


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
    asked = Blacklisted(type=_list_of(number), recipient=number.removeprefix("+"))
    operation.raise_for(_answered((yield operation.request(asked, headers=authorization(settings)))))


def _list_of(recipient: str) -> Literal["mailing", "sms"]:
    return "mailing" if is_address(recipient) else "sms"


def _answered(response: Response | None) -> Response:
    if response is None:
        raise Unreadable("360NRS was asked about its blacklist and gave no answer")
    return response
