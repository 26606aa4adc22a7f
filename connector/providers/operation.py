"""One operation of a guide as one row: its address, what it is asked, what it tells, where the guide describes it.

The same row serves the messaging adapter (`request`, `read`), the typed client (``client.contacts.create(name="A")``),
the command ``connector call`` and the capability matrix. Rows that belong together stand in a `Room`, a provider's
rooms in its `Client`.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import NoneType
from typing import Any, ClassVar, Generic, Literal, ParamSpec, TypeVar, get_type_hints, overload
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from connector.model.errors import Unreadable
from connector.providers.exchange import Request, Response

P = ParamSpec("P")
T = TypeVar("T")


class Asked(BaseModel):
    """What an operation is asked. A field is named in our words and travels under the guide's name (`named`); both are
    taken from a person. Unknown names are refused, and what is None does not travel."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Told(BaseModel):
    """What a provider tells. A field more than the guide's is kept and no error."""

    model_config = ConfigDict(extra="allow", frozen=True, populate_by_name=True)


def named(guide_name: str, **more: Any) -> Any:
    """A field that the guide calls by another name: ``sender: Annotated[str, named("from")]``."""
    field: FieldInfo = FieldInfo(validation_alias=guide_name, serialization_alias=guide_name, **more)
    return field


class Operation(ABC, Generic[P, T]):
    """One row.

    `path` is the guide's, ``contacts/{id}``, each brace a field of what is asked. Of the other fields those in `query`
    travel there (for GET, HEAD and DELETE all of them when it is None), the rest in the body. `section` is the guide's
    heading. `sends`: it must never be made twice, for a message leaves. `changes_everything`: it can act on all that
    the account has. `recipients` gives whom what is asked would reach, as it is written there; every row that sends has
    it. `text` gives the text that each of them gets, where what it costs goes by its parts; `batch` reads the
    provider's id of what was sent off what is told, where it tells one. `lookups` is how many recipients are looked up
    by what is asked, as far as that can be told; each may cost money.
    `follow` gives what to ask for the next page, from what was asked and told, or None after the last.
    `rows` reads a streamed answer line by line. What tells None has no body worth reading. A provider's own subclass
    says what its refusals look like.
    """

    provider: ClassVar[str]

    def __init__(
        self,
        method: Literal["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD"],
        path: str,
        *,
        section: str,
        asks: Callable[P, Asked],
        tells: type[T],
        body: Literal["json", "form"] = "json",
        query: frozenset[str] | None = None,
        sends: bool = False,
        changes_everything: bool = False,
        recipients: Callable[[Any], Sequence[str]] | None = None,
        text: Callable[[Any], str] | None = None,
        batch: Callable[[Any], str | int | None] | None = None,
        lookups: Callable[[Any], int] | None = None,
        follow: Callable[[Any, Any], Asked | None] | None = None,
        rows: Callable[[Iterator[str]], T] | None = None,
    ) -> None:
        self.method = method
        self.path = path
        self.section = section
        self.asks = asks
        self.tells = tells
        self.body = body
        self.sends = sends
        self.changes_everything = changes_everything
        self.recipients = recipients
        self.text = text
        self.batch = batch
        self.lookups = lookups
        self.follow = follow
        self._query = query
        self._rows = rows
        self._told = TypeAdapter(tells) if rows is None and tells not in (bytes, str, NoneType) else None
        self.name = ""

    def __set_name__(self, owner: type["Room"], name: str) -> None:
        self.name = f"{owner.room}.{name.rstrip('_')}" if owner.room else name.rstrip("_")

    @overload
    def __get__(self, room: None, owner: type["Room"]) -> "Operation[P, T]": ...
    @overload
    def __get__(self, room: "Room", owner: type["Room"]) -> "Call[P, T]": ...
    def __get__(self, room: "Room | None", owner: type["Room"]) -> "Operation[P, T] | Call[P, T]":
        return self if room is None else Call(self, room.talk)

    @property
    def asked(self) -> type[Asked]:
        """The type of what it is asked."""
        if not (isinstance(self.asks, type) and issubclass(self.asks, Asked)):
            raise TypeError(f"{self.name}: asks must be a class of what is asked")
        return self.asks

    @property
    def streams(self) -> bool:
        """Whether the answer is read line by line."""
        return self._rows is not None

    def request(self, asked: Asked, *, path: str | None = None, headers: Mapping[str, str] | None = None) -> Request:
        """The request. `path` takes the place of the guide's, where a setting of the account says so.

        Raises:
            ValueError: a part of the path is empty or dots, which would be another operation.
        """
        fields: dict[str, Any] = asked.model_dump(mode="json", by_alias=True, exclude_none=True)
        filled = self._filled(path or self.path, fields)
        query_only = self.method in ("GET", "DELETE", "HEAD") and self._query is None
        in_query = set(fields) if query_only else set(self._query or ())
        query = {name: _in_query(fields.pop(name)) for name in sorted(in_query & set(fields))}
        return Request(
            self.method,
            filled,
            query=query,
            headers=dict(headers or {}),
            json=fields if self.body == "json" and not query_only else None,
            form={name: _in_query(value) for name, value in fields.items()} if self.body == "form" else None,
            sends=self.sends,
            stream=self.streams,
        )

    def _filled(self, path: str, fields: dict[str, Any]) -> str:
        parts = []
        for part in path.split("/"):
            if not (part.startswith("{") and part.endswith("}")):
                parts.append(part)
                continue
            value = _in_query(fields.pop(part[1:-1], "")).strip()
            if value in ("", ".", ".."):
                raise ValueError(f"{self.name} needs {part[1:-1]}, and it is {value or 'empty'}; say which one")
            parts.append(quote(value, safe=","))
        return "/".join(parts)

    @abstractmethod
    def raise_for(self, response: Response) -> None:
        """Raises what the provider's refusal means, by its guide's table; returns for an answer that is a yes.

        Raises:
            Refused, Throttled, MayHaveLeft: see `connector.providers.talk.raise_for_status`.
        """

    def read(self, response: Response) -> T:
        """What the answer tells.

        Raises:
            Refused, Throttled, MayHaveLeft: the provider said no, or left doubt.
            Unreadable: an answer that the guide does not describe; the sentence names the field, never its value.
        """
        self.raise_for(response)
        if self._rows is not None:
            whole = iter(response.body.decode("utf-8", "replace").splitlines())
            return self._rows(response.lines if response.lines is not None else whole)
        if self._told is None:
            return self._plain(response.body)
        try:
            return self._told.validate_python(response.json())
        except ValidationError as error:
            raise Unreadable(f"{self.name}: {_what_is_wrong(error)}") from None

    def _plain(self, body: bytes) -> T:
        plain: Any = None
        if self.tells is not NoneType:
            plain = body if self.tells is bytes else body.decode("utf-8", "replace")
        told: T = plain
        return told


def _in_query(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ",".join(_in_query(item) for item in value)
    return str(value)


def _what_is_wrong(error: ValidationError) -> str:
    first = error.errors(include_input=False, include_url=False)[0]
    place = ".".join(str(part) for part in first["loc"]) or "the whole"
    return f"the answer is not as the guide says ({place}: {first['msg'].lower()}); {error.error_count()} such places"


@dataclass(frozen=True, slots=True)
class Talk:
    """How a client asks: one request, one answer, authorised; and the paths that the account's settings change."""

    ask: Callable[[Request], Response]
    headers: Callable[[], Mapping[str, str]]
    path_of: Callable[[str], str | None]


@dataclass(frozen=True, slots=True)
class Call(Generic[P, T]):
    """An operation with somebody to ask."""

    operation: Operation[P, T]
    talk: Talk

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> T:
        """Asks once and gives what is told.

        Raises:
            Refused, Throttled, MayHaveLeft, NeverLeft, Unreadable: see `Operation.read` and `Line.ask`.
        """
        return self.of(self.operation.asks(*args, **kwargs))

    def of(self, asked: Asked) -> T:
        """As a call, of what is asked as one value."""
        operation = self.operation
        request = operation.request(asked, path=self.talk.path_of(operation.name), headers=self.talk.headers())
        return operation.read(self.talk.ask(request))

    def pages(self, *args: P.args, **kwargs: P.kwargs) -> Iterator[T]:
        """Every page, one after another, none kept; an operation without pages has one."""
        return self.pages_of(self.operation.asks(*args, **kwargs))

    def pages_of(self, asked: Asked) -> Iterator[T]:
        """As `pages`, of what is asked as one value."""
        following: Asked | None = asked
        while following is not None:
            told = self.of(following)
            yield told
            following = self.operation.follow(following, told) if self.operation.follow else None


class Room:
    """Operations that belong together, as class attributes; `room` is the first half of their names."""

    room: ClassVar[str] = ""

    def __init__(self, talk: Talk) -> None:
        self.talk = talk


class Client:
    """A provider's operations, a room an annotated attribute: ``contacts: Contacts``."""

    def __init__(self, talk: Talk) -> None:
        for name, room in get_type_hints(type(self)).items():
            setattr(self, name, room(talk))

    @classmethod
    def operations(cls) -> dict[str, Operation[..., Any]]:
        """Every row by its name, in the order they are written."""
        rooms = get_type_hints(cls).values()
        rows = [row for room in rooms for row in vars(room).values() if isinstance(row, Operation)]
        return {row.name: row for row in rows}
