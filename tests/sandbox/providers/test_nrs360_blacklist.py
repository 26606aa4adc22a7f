"""The pretend 360NRS's blacklists, asked as the guide's samples ask them."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.sandbox.providers.running import Providers

NUMBER = "34666555444"
PATH = "/v2/blacklist/sms"


def put(providers: Providers, recipient: Any = NUMBER, kind: str = "sms") -> Any:
    return providers.nrs.put(f"/v2/blacklist/{kind}", json={"recipient": recipient})


def delete(providers: Providers, recipient: Any = NUMBER) -> Any:
    return providers.nrs.request("DELETE", PATH, json={"recipient": recipient})


def shown(providers: Providers, **asked: Any) -> dict[str, Any]:
    answer = providers.nrs.get(PATH, params=asked)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_adding_answers_as_in_the_guide(providers: Providers) -> None:
    """PUT gives the guide's keys with 200; the same number again is the same entry."""
    answer = put(providers)
    assert answer.status_code == 200
    told = answer.json()["data"]
    assert list(told) == ["type", "recipient", "isDefinitive", "campaignName", "createdAt"]
    assert (told["type"], told["recipient"], told["isDefinitive"], told["campaignName"]) == ("sms", NUMBER, False, None)
    assert datetime.fromisoformat(told["createdAt"]).utcoffset() == timedelta(0)
    assert put(providers).json()["data"] == told
    assert shown(providers)["meta"]["pagination"]["total"] == 1


def test_removing_answers_204_and_nothing(providers: Providers) -> None:
    """DELETE takes a number off; one that is not there is 404 in the guide's words."""
    put(providers)
    answer = delete(providers)
    assert (answer.status_code, answer.content) == (204, b"")
    assert shown(providers)["data"] == []
    assert delete(providers).status_code == 404


def test_the_list_is_shown_in_pages(providers: Providers) -> None:
    """GET has the guide's keys, a hundred a page unless asked otherwise, and a link to the next."""
    for number in range(3):
        put(providers, f"3466655500{number}")
    page = shown(providers, limit=2)
    assert list(page["data"][0]) == ["type", "recipient", "isDefinitive", "sendingId", "campaignName", "createdAt"]
    assert page["meta"]["pagination"] == {
        "total": 3,
        "count": 2,
        "per_page": 2,
        "current_page": 1,
        "total_pages": 2,
        "links": {"next": "https://dashboard.360nrs.com/api/rest/v2/blacklist/sms?page=2"},
    }
    assert [row["recipient"] for row in shown(providers, limit=2, page=2)["data"]] == ["34666555002"]
    assert [row["recipient"] for row in shown(providers, recipient="34666555001")["data"]] == ["34666555001"]
    assert shown(providers, sendingId=123)["data"] == []
    assert shown(providers)["meta"]["pagination"]["per_page"] == 100


def test_each_kind_is_a_list_of_its_own(providers: Providers) -> None:
    """sms, mailing and voice know nothing of each other; there is no fourth."""
    assert put(providers).status_code == 200
    assert put(providers, "test@example.com", "mailing").status_code == 200
    assert put(providers, NUMBER, "voice").status_code == 200
    assert put(providers, NUMBER, "mailing").status_code == 422
    assert put(providers, NUMBER, "whatsapp").status_code == 404
    assert shown(providers)["meta"]["pagination"]["total"] == 1


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", 125),
        (b"{", 125),
        (b'["34666555444"]', 125),
        (b"{}", 422),
        (b'{"recipient": ""}', 422),
        (b'{"recipient": null}', 422),
        (b'{"recipient": 34666555444}', 422),
        (b'{"recipient": "+34666555444"}', 422),
        (b'{"recipient": ["34666555444"]}', 422),
        (b'{"recipient": "34666555444", "type": "sms"}', 422),
    ],
)
@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_what_the_guide_does_not_show_is_refused(providers: Providers, method: str, body: bytes, code: int) -> None:
    """One recipient, a text of digits, and nothing beside it; nothing is listed otherwise."""
    answer = providers.nrs.request(method, PATH, content=body, headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (422 if code == 422 else 400, code)
    assert shown(providers)["data"] == []


@pytest.mark.parametrize("asked", [{"limit": "0"}, {"limit": "1001"}, {"limit": "x"}, {"page": "0"}, {"since": "1"}])
def test_filters_out_of_bounds_are_refused(providers: Providers, asked: dict[str, str]) -> None:
    """The guide's maximum is 1,000 a page, and it names three filters."""
    assert providers.nrs.get(PATH, params=asked).status_code == 422


def test_a_stranger_is_refused(providers: Providers) -> None:
    """Wrong credentials are the guide's 103, whatever is asked."""
    answer = providers.nrs.put(PATH, json={"recipient": NUMBER}, auth=("sandbox", "wrong"))
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, 103)
    assert shown(providers)["data"] == []


def test_a_reset_empties_the_lists(providers: Providers) -> None:
    """A new account has stopped nobody."""
    put(providers)
    assert providers.control.post("/sandbox/providers/reset").status_code == 200
    assert shown(providers)["data"] == []
