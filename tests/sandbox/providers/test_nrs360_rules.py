"""Rules that hold for whatever the pretend 360NRS is asked."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.datastructures import QueryParams

from connector.sandbox.providers.nrs360 import tables
from connector.sandbox.providers.nrs360.asking import Asked
from connector.sandbox.providers.nrs360.pages import page
from tests.sandbox.providers.running import Providers

FIELDS = sorted(
    {
        row.name
        for table in (tables.SMS, tables.LANDING, tables.MAILING, tables.VOICE, tables.VOICE_AUDIO)
        for row in table
    }
    | {row.name for table in (tables.WHATSAPP, tables.WHATSAPP_MESSAGE, tables.OTP) for row in table}
    | {"guid", "type", "sendingId", "recipient", "code", "name", "html", "formFields", "urls", "images", "emails"}
    | {"groupsIds", "groupsNames", "customFields", "email", "phone", "countryIso", "label", "options", "longUrl"}
)
# What makes a request nearly right, so that the deeper checks are reached too.
LIKELY: list[Any] = [
    *("34666555444", "test@example.com", "Hello {name|shorten} {OTP_CODE} {FORM_1} {LAND_URL}", "20400101000000"),
    *("gsm", "es_ES", "F", "https://example.com/a.mp3", "text", "SMS", "ES", "AAAA", 123, 1, True, None),
    *(["34666555444"], ["test@example.com"], [{"to": "34666555444"}], [{"type": "text", "label": "x"}]),
]
TEXT = st.text(st.characters(codec="utf-8"), max_size=8)
VALUES = st.recursive(
    st.sampled_from(LIKELY) | st.integers(-2, 2**53) | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS) | TEXT, inner, max_size=3),
    max_leaves=6,
)
PHONES, PAGE = {"to": ["34666555444"]}, "<p>{name}</p>"
GOOD: dict[str, dict[str, Any]] = {
    "POST /sms": {**PHONES, "from": "T", "message": "x"},
    "POST /landingsms": {**PHONES, "from": "T", "message": "x {LAND_URL}", "templateBody": PAGE},
    "POST /mailing": {"to": ["a@b.es"], "fromEmail": "a@b.es", "replyTo": "a@b.es", "subject": "S", "body": PAGE},
    "POST /voice": {**PHONES, "message": "x", "gender": "F", "language": "es_ES"},
    "POST /voiceAudio": {**PHONES, "audioUrl": "https://example.com/a.mp3"},
    "POST /whatsapp": {"templateId": 123, "from": "34666777555", "messages": [{"to": "34666555444"}]},
    "GET /scheduled": {},
    "PUT /scheduled": {"scheduleDate": "20400101000000"},
    "DELETE /scheduled": {},
    "POST /contacts": {"email": "a@b.es", "groupsNames": ["G"]},
    "PUT /contacts/1": {"email": "a@b.es", "groupsNames": ["G"]},
    "POST /groups": {"name": "G"},
    "POST /validation/emails": {"emails": ["a@b.es"]},
    "PUT /v2/blacklist/sms": {"recipient": "34666555444"},
    "POST /templates": {"name": "T", "html": PAGE},
    "POST /forms": {"name": "F", "formFields": [{"type": "h1", "label": "x"}]},
    "POST /otp/generate": {"recipient": "34666555444"},
    "POST /otp/check": {"recipient": "34666555444", "code": "1"},
    "POST /shortener/shorten": {"urls": [{"longUrl": "https://example.com"}]},
    "POST /images/generate": {"images": [{"externalId": "a", "extension": "jpg", "base64": "AAAA"}]},
}


@pytest.mark.parametrize("operation", GOOD)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_whatever_is_asked_is_answered_in_the_guides_words(
    providers: Providers, operation: str, data: st.DataObject
) -> None:
    """Any JSON object is taken, or refused with a code and a description whose HTTP status fits; nothing breaks."""
    method, path = operation.split()
    good = GOOD[operation]
    named = st.dictionaries(st.sampled_from(sorted(good) or ["guid"]), VALUES, max_size=2)
    body = {**good, **data.draw(named), **data.draw(st.dictionaries(st.sampled_from(FIELDS), VALUES, max_size=2))}
    answer = providers.nrs.request(method, path, content=json.dumps(body).encode())
    assert answer.status_code < 500
    if answer.status_code >= 400:
        assert list(answer.json()) == ["error"]
        error = answer.json()["error"]
        assert list(error) == ["code", "description"]
        assert error["description"]
        assert answer.status_code in (error["code"], 400, 401, 402)


@given(rows=st.integers(0, 60), limit=st.integers(1, 20), joint=st.sampled_from("?&"))
def test_following_pages_meets_each_row_once(rows: int, limit: int, joint: str) -> None:
    """From current_page to total_pages every row comes once, in order; the last page alone has no link to a next."""
    met: list[int] = []
    number, pages = 0, 1
    while number < pages:
        number += 1
        asked = Asked({}, QueryParams({"limit": str(limit), "page": str(number)}), b"")
        answer = page(asked, range(rows), lambda row: {"row": row}, "/rows", joint)
        pagination = answer["meta"]["pagination"]
        pages = pagination["total_pages"]
        met.extend(row["row"] for row in answer["data"])
        assert (pagination["total"], pagination["current_page"]) == (rows, number)
        assert pagination["count"] == len(answer["data"]) <= limit
        assert bool(pagination["links"]) == (number < pages)
    assert met == list(range(rows))
