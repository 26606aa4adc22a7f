"""What is asked of 360NRS's blacklist, and how its answers are read."""

import base64
from typing import Any

import orjson
import pytest

from connector.model.errors import MayHaveLeft, Refused, Throttled
from connector.providers.exchange import Request, Response
from connector.providers.nrs360.adapter import NRS360
from connector.providers.nrs360.options import NRS360Options

NUMBER = "+34666555444"
BASIC = "Basic " + base64.b64encode(b"name:password").decode()


def adapter(**more: Any) -> NRS360:
    said = {"username": "name", "api_password": "password"}
    return NRS360("nrs-main", NRS360Options.model_validate({**said, **more}))


def asked(*, blocks: bool, status: int = 200, error: dict[str, Any] | None = None) -> Request:
    """The one request made; its answer is read."""
    talk = adapter().block(NUMBER) if blocks else adapter().unblock(NUMBER)
    request = next(talk)
    assert isinstance(request, Request)
    body = orjson.dumps({"error": error}) if error else b""
    with pytest.raises(StopIteration):
        talk.send(Response(status, {"content-type": "application/json"}, body))
    return request


@pytest.mark.parametrize(("blocks", "method", "status"), [(True, "PUT", 200), (False, "DELETE", 204)])
def test_a_number_is_asked_for_as_the_guide_shows(*, blocks: bool, method: str, status: int) -> None:
    """PUT and DELETE of v2/blacklist/sms with the recipient as digits, and the account's credentials."""
    request = asked(blocks=blocks, status=status)
    assert (request.method, request.path, request.json) == (method, "v2/blacklist/sms", {"recipient": "34666555444"})
    assert request.headers["authorization"] == BASIC
    assert not request.sends, "it may be made again"


def test_a_number_that_is_not_listed_is_as_good_as_taken_off() -> None:
    """404 to DELETE is no failure; to PUT it is, for then the address is wrong."""
    error = {"code": 404, "description": "Resource not found"}
    assert asked(blocks=False, status=404, error=error).method == "DELETE"
    with pytest.raises(Refused):
        asked(blocks=True, status=404, error=error)


@pytest.mark.parametrize(
    ("status", "error", "raised"),
    [
        (401, {"code": 103, "description": "Username or password unknown"}, Refused),
        (422, {"code": 422, "description": "The recipient field is required."}, Refused),
        (429, None, Throttled),
        (500, {"code": 101, "description": "Internal Database error"}, MayHaveLeft),
    ],
)
@pytest.mark.parametrize("blocks", [True, False])
def test_errors_are_sorted_like_any_other(
    status: int, error: dict[str, Any] | None, raised: type[Exception], *, blocks: bool
) -> None:
    """Refusals, "not now" and doubt reach the caller, who tries again or parks."""
    with pytest.raises(raised):
        asked(blocks=blocks, status=status, error=error)


def test_an_account_says_whether_it_keeps_a_blacklist() -> None:
    """It does, unless its settings say otherwise."""
    assert adapter().account_capability().keeps_blacklist
    assert not adapter(blacklist=False).account_capability().keeps_blacklist
