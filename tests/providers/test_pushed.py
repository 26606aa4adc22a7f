"""What a pushed body says, in every form in which the same fields may come."""

from typing import Any

import orjson
import pytest

from connector.model.errors import Refused
from connector.providers.base import HookRequest
from connector.providers.pushed import fields_of

FIELDS = {"sms_id": "SM1", "body": "STOP", "from": "+447897027482"}
JSON = "application/json"


def read(body: bytes, content_type: str = JSON, form: dict[str, str] | None = None) -> Any:
    """The fields of a POST."""
    return fields_of(HookRequest("incoming", "POST", {}, form or {}, body, content_type))


@pytest.mark.parametrize(
    "body",
    [FIELDS, {"data": FIELDS}, {"payload": {"data": FIELDS}}, [FIELDS], {"event": [FIELDS]}],
)
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf", b"\r\n"])
@pytest.mark.parametrize("content_type", [JSON, "application/json; charset=utf-8", "text/plain", ""])
def test_the_fields_are_found_in_whatever_is_around_them(body: object, mark: bytes, content_type: str) -> None:
    """One of the guides closes a brace that it never opened: what wraps the fields, a byte-order mark, or JSON under
    another name costs no news."""
    assert read(mark + orjson.dumps(body), content_type) == FIELDS


def test_fields_are_texts() -> None:
    """Numbers as they are written; null and what is nested beside them are left out."""
    assert read(orjson.dumps({"a": 1, "b": None, "c": {"a": "x"}, "d": True})) == {"a": "1", "d": "True"}
    assert read(b"a=1", "application/x-www-form-urlencoded", {"a": "1"}) == {"a": "1"}


@pytest.mark.parametrize("body", [b"", b"null", b"[]", b"[{}, {}]", b"[1]", b'"x"', b"{", b"\xff", b"[" * 5000])
def test_what_is_no_object_is_refused(body: bytes) -> None:
    """Nothing else comes of it than 400."""
    with pytest.raises(Refused) as refused:
        read(body)
    assert refused.value.status == 400
