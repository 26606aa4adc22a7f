"""A row of a guide: the request it makes, the answer it reads, and the client made of it."""

from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, Any, Literal, ParamSpec, TypeVar

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field, ValidationError

from connector.model.errors import MayHaveLeft, Refused, Unreadable
from connector.providers.exchange import Request, Response
from connector.providers.operation import Asked, Client, Operation, Room, Talk, Told, named
from connector.providers.talk import raise_for_status

P = ParamSpec("P")
T = TypeVar("T")


class GuideOperation(Operation[P, T]):
    """A row of a made-up guide."""

    provider = "made_up"

    def raise_for(self, response: Response) -> None:
        """By the status alone."""
        raise_for_status(response)


class Ring(Asked):
    """A call."""

    bell: str
    sender: Annotated[str | None, named("from", description="who rings")] = None
    loud: bool | None = None
    times: Annotated[list[int] | None, Field(min_length=1)] = None


class Rung(Told):
    """What became of it."""

    id: int
    bell_name: Annotated[str | None, named("bellName")] = None


class ListBells(Asked):
    """Which bells."""

    page: int | None = None


class Bells(Told):
    """A page of them."""

    names: list[str]
    last: bool = True


class Shouted(Iterator[str]):
    """The lines of a report, in capitals."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = lines

    def __next__(self) -> str:
        return next(self._lines).upper()


class BellRoom(Room):
    """Bells."""

    room = "bells"

    list = GuideOperation(
        "GET",
        "bells",
        section="Bells",
        asks=ListBells,
        tells=Bells,
        follow=lambda asked, told: None if told.last else ListBells(page=(asked.page or 1) + 1),
    )
    ring = GuideOperation("POST", "bells/{bell}/ring", section="Ring", asks=Ring, tells=Rung, sends=True)
    ring_form = GuideOperation(
        "POST", "ring", section="Ring", asks=Ring, tells=Rung, body="form", query=frozenset({"from"})
    )
    silence = GuideOperation("DELETE", "bells/{bell}", section="Silence", asks=Ring, tells=type(None))
    silence_by_body = GuideOperation(
        "DELETE", "bells", section="Silence", asks=Ring, tells=type(None), query=frozenset()
    )
    sound = GuideOperation("GET", "bells/{bell}/sound", section="Sound", asks=Ring, tells=bytes)
    page = GuideOperation("GET", "bells/{bell}/page", section="Page", asks=Ring, tells=str)
    report = GuideOperation(
        "GET",
        "report",
        section="Report",
        asks=ListBells,
        tells=Shouted,
        rows=Shouted,
    )


class Account(Room):
    """Rows without a room's name."""

    show_ = GuideOperation("GET", "account", section="Account", asks=ListBells, tells=Rung)


class Bellringer(Client):
    """The made-up guide."""

    bells: BellRoom
    account: Account


def client(
    *answers: Response, path_of: Callable[[str], str | None] = lambda _: None
) -> tuple[Bellringer, list[Request]]:
    """A client that is answered in turn, and what it has asked."""
    asked: list[Request] = []
    waiting = iter(answers)

    def ask(request: Request) -> Response:
        asked.append(request)
        return next(waiting)

    return Bellringer(Talk(ask, lambda: {"authorization": "Basic x"}, path_of)), asked


def told(value: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON answer."""
    return Response(status, headers or {}, orjson.dumps(value))


# what is asked


def test_fields_travel_by_the_guide_s_names_and_what_is_none_stays() -> None:
    """The path takes its own field, the rest is JSON under the guide's names, and None is left out."""
    request = BellRoom.ring.request(Ring(bell="big one", sender="A"), headers={"accept": "x"})
    assert (request.method, request.path, request.query) == ("POST", "bells/big%20one/ring", {})
    assert request.json == {"from": "A"}
    assert (request.sends, request.stream, request.headers) == (True, False, {"accept": "x"})


def test_both_names_are_taken_from_a_person_and_no_others() -> None:
    """The guide's name and ours say the same; a name that is neither is refused."""
    assert Ring.model_validate({"bell": "b", "from": "A"}) == Ring.model_validate({"bell": "b", "sender": "A"})
    with pytest.raises(ValidationError, match="form"):
        Ring.model_validate({"bell": "b", "form": "A"})


def test_a_get_asks_in_its_query() -> None:
    """Lists are joined by commas, booleans are words, numbers digits."""
    request = BellRoom.page.request(Ring(bell="b", sender="A", loud=True, times=[1, 2]))
    assert (request.path, request.query) == ("bells/b/page", {"from": "A", "loud": "true", "times": "1,2"})
    assert request.json is None
    assert request.form is None


def test_a_delete_may_have_a_body() -> None:
    """Where the guide shows one, the row says that nothing goes into the query."""
    assert BellRoom.silence.request(Ring(bell="b", loud=False)).query == {"loud": "false"}
    by_body = BellRoom.silence_by_body.request(Ring(bell="b", loud=False))
    assert (by_body.query, by_body.json) == ({}, {"bell": "b", "loud": False})


def test_a_form_is_words() -> None:
    """A form's values are strings; what the row puts into the query goes there."""
    request = BellRoom.ring_form.request(Ring(bell="b", sender="A", loud=True))
    assert (request.query, request.form, request.json) == ({"from": "A"}, {"bell": "b", "loud": "true"}, None)


def test_an_account_s_setting_takes_the_path_s_place() -> None:
    """A path that the guide leaves in doubt is a setting, and its braces are filled like the guide's."""
    bells, asked = client(told({"id": 1}), path_of={"bells.ring": "v2/{bell}"}.get)
    bells.bells.ring(bell="b")
    assert asked[0].path == "v2/b"


@pytest.mark.parametrize("nobody", ["", " ", ".", ".."])
def test_an_empty_part_of_the_path_is_refused(nobody: str) -> None:
    """It would be another operation: DELETE bells/ is all of them, and dots climb out."""
    with pytest.raises(ValueError, match=r"bells\.silence needs bell"):
        BellRoom.silence.request(Ring(bell=nobody))


@given(st.text(min_size=1).filter(lambda text: text.strip() not in ("", ".", "..") and text.isprintable()))
def test_no_value_leaves_its_part_of_the_path(value: str) -> None:
    """Whatever a value holds, slashes and marks of a query among it, it stays one part."""
    path = BellRoom.silence.request(Ring(bell=value)).path
    assert path.count("/") == 1
    assert not set(path) & set("?#\\ ")


# what is told


def test_answers_are_typed_and_keep_what_is_more() -> None:
    """The guide's fields are named; one more is kept and no error."""
    bells, _ = client(told({"id": 1, "bellName": "Ben", "extra": 7}))
    rung = bells.bells.ring(bell="b")
    assert (rung.id, rung.bell_name, rung.model_extra) == (1, "Ben", {"extra": 7})


def test_an_answer_that_the_guide_does_not_describe_names_the_field_and_no_value() -> None:
    """A person's number must not come into a log by way of an error."""
    bells, _ = client(told({"id": "34666555444x"}))
    with pytest.raises(Unreadable, match=r"bells\.ring.*\(id: ") as caught:
        bells.bells.ring(bell="b")
    assert "34666555444" not in str(caught.value)


def test_files_pages_and_nothing_are_given_as_they_are() -> None:
    """Bytes, a text, and None for what has no body."""
    bells, _ = client(Response(200, {}, b"\x00\xff"), Response(200, {}, "<é>".encode()), Response(204, {}, b""))
    assert bells.bells.sound(bell="b") == b"\x00\xff"
    assert bells.bells.page(bell="b") == "<é>"
    assert bells.bells.silence(bell="b") is None


def test_a_stream_is_read_as_it_comes() -> None:
    """The first row is given before the second line has come; a whole body is read by the same rows."""

    def lines() -> Iterator[str]:
        yield "one"
        raise AssertionError("read ahead")

    bells, asked = client(Response(200, {}, lines=lines()), Response(200, {}, b"one\ntwo"))
    assert next(bells.bells.report()) == "ONE"
    assert asked[0].stream
    assert list(bells.bells.report()) == ["ONE", "TWO"]


@pytest.mark.parametrize(("status", "raised"), [(400, Refused), (500, MayHaveLeft)])
def test_a_no_is_raised_before_anything_is_read(status: int, raised: type[Exception]) -> None:
    """The provider's own table decides, for streams too."""
    bells, _ = client(told({}, status), told({}, status))
    with pytest.raises(raised):
        bells.bells.ring(bell="b")
    with pytest.raises(raised):
        bells.bells.report()


def test_pages_are_followed_one_at_a_time() -> None:
    """Each page is asked for when it is wanted; what has no pages has one."""
    bells, asked = client(told({"names": ["a"], "last": False}), told({"names": ["b"]}), told({"id": 1}))
    pages = bells.bells.list.pages()
    assert (next(pages).names, len(asked)) == (["a"], 1)
    assert [page.names for page in pages] == [["b"]]
    assert [request.query for request in asked] == [{}, {"page": "2"}]
    assert [rung.id for rung in bells.bells.ring.pages(bell="b")] == [1]


# rows


def test_every_row_has_its_name() -> None:
    """A room's name comes first, a trailing underscore goes."""
    assert list(Bellringer.operations())[:2] == ["bells.list", "bells.ring"]
    assert "show" in Bellringer.operations()
    assert all(row.name == name for name, row in Bellringer.operations().items())


def test_a_row_without_a_class_of_what_it_asks_says_so() -> None:
    """The command line shows the fields of that class."""
    made: Any = GuideOperation("GET", "x", section="X", asks=lambda page=None: ListBells(page=page), tells=Rung)
    with pytest.raises(TypeError, match="must be a class"):
        _ = made.asked
    assert BellRoom.ring.asked is Ring


def test_what_is_asked_is_called_with_as_one_value_too() -> None:
    """The command line has it so."""
    bells, asked = client(told({"id": 1}))
    assert bells.bells.ring.of(Ring(bell="b")).id == 1
    assert asked[0].headers == {"authorization": "Basic x"}


def test_a_choice_is_held_to_the_guide_s() -> None:
    """A Literal refuses what the guide does not list before anything leaves."""

    class Choose(Asked):
        kind: Literal["sms", "voice"]

    with pytest.raises(ValidationError, match="'sms' or 'voice'"):
        Choose.model_validate({"kind": "fax"})
