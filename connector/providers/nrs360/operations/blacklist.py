"""Recipients that get nothing (guide: "Blacklist", version 2)."""

from typing import Annotated, Literal

from pydantic import Field

from connector.providers.nrs360.operation import NRS360Operation
from connector.providers.nrs360.operations.shapes import Page, PageLimit, PageNumber, Resource, ToldDate, next_page
from connector.providers.operation import Asked, Room, named

Kind = Annotated[Literal["sms", "mailing", "voice"], Field(description="whose blacklist: sms, mailing or voice")]


class ListBlacklist(Asked):
    """Which entries to list."""

    type: Kind
    limit: PageLimit = None
    page: PageNumber = None
    recipient: Annotated[str | None, Field(description="the entry of this number or address")] = None
    sending_id: Annotated[int | None, named("sendingId", description="entries of this sending")] = None


class Blacklisted(Asked):
    """One recipient of one blacklist."""

    type: Kind
    recipient: Annotated[str, Field(min_length=1, description="the number, digits with prefix, or the address")]


class BlacklistEntry(Resource):
    """A recipient that gets nothing."""

    type: str | None = None
    recipient: str
    is_definitive: Annotated[bool | None, named("isDefinitive")] = None
    sending_id: Annotated[int | None, named("sendingId")] = None
    campaign_name: Annotated[str | None, named("campaignName")] = None
    created_at: Annotated[ToldDate | None, named("createdAt")] = None


class Blacklist(Room):
    """The blacklists."""

    room = "blacklist"

    list = NRS360Operation(
        "GET",
        "v2/blacklist/{type}",
        section="Listing of contacts in the blacklist",
        asks=ListBlacklist,
        tells=Page[BlacklistEntry],
        follow=next_page,
    )
    add = NRS360Operation(
        "PUT",
        "v2/blacklist/{type}",
        section="Adding a contact to the blacklist",
        asks=Blacklisted,
        tells=BlacklistEntry,
    )
    remove = NRS360Operation(
        "DELETE",
        "v2/blacklist/{type}",
        section="Removing a contact from the blacklist",
        asks=Blacklisted,
        tells=type(None),
        query=frozenset(),  # a DELETE with a body
    )
