"""Shapes that the guide's sections share: dates, resources under `data`, pages, the answer to a send."""

from datetime import UTC, datetime
from typing import Annotated, Any, Generic, TypeVar

from pydantic import AwareDatetime, BeforeValidator, ConfigDict, Field, PlainSerializer, model_validator

from connector.providers.nrs360.codes import NAME
from connector.providers.operation import Asked, Told, named
from connector.providers.readable import readable_rows

Row = TypeVar("Row")


Rows = Annotated[list[Row], readable_rows(NAME)]
"""Rows of a list that is asked for what concerns us: one that is not as the guide shows costs no other."""


def _compact(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y%m%d%H%M%S")


def _iso(at: datetime) -> str:
    return at.isoformat(timespec="seconds")


CompactDate = Annotated[AwareDatetime, PlainSerializer(_compact, return_type=str)]
"""A time with its zone, which travels as YYYYmmddHHMMSS in UTC (guide: `scheduleDate`)."""

IsoDate = Annotated[AwareDatetime, PlainSerializer(_iso, return_type=str)]
"""A time with its zone, which travels in ISO 8601, to the second (guide: filters `beforeDate`, `afterDate`)."""


def _read_date(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        at = datetime.fromisoformat(value.strip())
    except ValueError:
        return value
    return at if at.tzinfo else at.replace(tzinfo=UTC)


ToldDate = Annotated[datetime | str, BeforeValidator(_read_date)]
"""A time that 360NRS tells, in UTC where it names no zone; as written where it is none (the guide's own examples have
a day 00)."""


def _under_data(value: Any) -> Any:
    return value["data"] if isinstance(value, dict) and "data" in value else value


UnderData = BeforeValidator(_under_data)
"""For a field whose value the guide wraps once more: ``{"data": …}``."""


def _not_a_list(value: Any) -> Any:
    return None if value == [] else value


EmptyAsList = BeforeValidator(_not_a_list)
"""For a field that holds an object: 360NRS writes an empty one as ``[]``, as the guide's last pages show of `links`."""


class Shown(Told):
    """What 360NRS tells. Ids come as numbers and as words, and are words here where the guide is of two minds."""

    model_config = ConfigDict(coerce_numbers_to_str=True)


class Resource(Shown):
    """One thing, which the guide shows under `data` or as an item of a page."""

    @model_validator(mode="before")
    @classmethod
    def _without_its_wrapping(cls, value: Any) -> Any:
        return _under_data(value)


class Pagination(Shown):
    """Where a page stands; `links.next` is left to what is not named here, for it is not always an address."""

    total: int | None = None
    count: int | None = None
    per_page: int | None = None
    current_page: int | None = None
    total_pages: int = 1


class Meta(Shown):
    """What is told beside a page's rows."""

    pagination: Pagination = Pagination()


class Page(Shown, Generic[Row]):
    """A page of a list."""

    data: list[Row]
    meta: Meta = Meta()


PageNumber = Annotated[int | None, Field(ge=1, description="which page of the list, from 1")]
PageLimit = Annotated[int | None, Field(ge=1, le=1000, description="rows a page, 100 where none is said")]


def next_page(asked: Any, told: Any) -> Asked | None:
    """The same list's next page, counted by us: a list that always names its first page comes to its end too."""
    page = (asked.page or 1) + 1
    if page > told.meta.pagination.total_pages:
        return None
    following: Asked = asked.model_copy(update={"page": page})
    return following


class ById(Asked):
    """One thing by its id."""

    id: Annotated[int, Field(ge=1, description="its id at 360NRS")]


class Nothing(Asked):
    """An operation that is asked nothing."""


Sub = Annotated[
    list[dict[str, str]] | None,
    Field(description="a recipient's values of the text's {variables} each, in the order of the recipients"),
]
Tags = Annotated[list[str] | None, Field(description="tags of the campaign, which must have a name")]
CampaignName = Annotated[
    str | None,
    named("campaignName", min_length=1, description="the campaign that shows it; one of this name is added to"),
]
ScheduleDate = Annotated[CompactDate | None, named("scheduleDate", description="when to send; at once without it")]
Certified = Annotated[bool | None, Field(description="send it certified, at an additional cost")]


class OTPConfig(Asked):
    """How the code that takes the place of {OTP_CODE} is made (guide: `otpConfig`)."""

    alpha: Annotated[bool | None, Field(description="letters and digits, not digits alone")] = None
    length: Annotated[int | None, Field(ge=3, le=10, description="characters of the code, 4 where none is said")] = None
    max_attempts: Annotated[
        int | None, named("maxAttempts", ge=1, le=10, description="wrong answers allowed, 3 where none is said")
    ] = None
    max_seconds_validity: Annotated[
        int | None, named("maxSecondsValidity", ge=30, le=600, description="seconds it is valid, 60 where none is said")
    ] = None
    app_id: Annotated[
        str | None, named("appId", description="keeps codes of several purposes for one recipient apart")
    ] = None


class Error(Shown):
    """Why a recipient was not taken (guide: "Errors")."""

    code: int | str
    description: str = ""


class SentMessage(Shown):
    """What became of one recipient of a send."""

    accepted: bool
    to: str
    id: str | None = None
    parts: int | None = None
    scheduled_at: Annotated[ToldDate | None, named("scheduledAt")] = None
    expires_at: Annotated[ToldDate | None, named("expiresAt")] = None
    error: Error | None = None


class Sent(Shown):
    """The answer to a send: 202 when all are taken, 207 when some are not."""

    campaign_id: Annotated[int | None, named("campaignId")] = None
    sending_id: Annotated[int | None, named("sendingId")] = None
    result: list[SentMessage]


def to_each(asked: Any) -> list[str]:
    """The recipients of what has them in `to`."""
    recipients: list[str] = asked.to
    return recipients


def sending_of(told: Any) -> int | None:
    """The id of the sending that an answer to a send tells."""
    sending: int | None = told.sending_id
    return sending


def message_of(asked: Any) -> str:
    """The text that every recipient gets, its variables not filled in."""
    message: str = asked.message
    return message


def tags_need_a_campaign(tags: object, campaign_name: object) -> None:
    """Raises ValueError for tags without a campaign (guide: `tags`)."""
    if tags and not campaign_name:
        raise ValueError("tags are a campaign's: say campaignName too")


def one_a_recipient(name: str, values: object, recipients: list[str]) -> None:
    """Raises ValueError for a list that has not as many items as there are recipients (guide: "Substitution variables",
    "Multiple notification URLs")."""
    if isinstance(values, list) and len(values) != len(recipients):
        raise ValueError(f"{name} has {len(values)} items for {len(recipients)} recipients; give one a recipient")
