"""Contacts and groups of the pretend 360NRS: the guide's shapes key by key, its limits and its pages."""

from typing import Any

import httpx
import pytest

from tests.sandbox.providers.running import Providers

BASE = "https://dashboard.360nrs.com/api/rest"
CONTACT: dict[str, Any] = {
    "email": "new.contact@example.com",
    "phone": "3466666666",
    "countryIso": "ES",
    "groupsNames": ["My contact list"],
    "customFields": [{"key": "company", "value": "ACME inc."}],
}
SHOWN = ["id", "email", "phone", "countryIso", "landline", "name", "surname", "createdAt", "updatedAt"]
PAGINATION = ["total", "count", "per_page", "current_page", "total_pages", "links"]
NOT_FOUND = {"error": {"code": 404, "description": "Resource not found"}}


def create(providers: Providers, path: str = "/contacts", **changes: Any) -> httpx.Response:
    good = CONTACT if path == "/contacts" else {"name": "My new contact list"}
    body = {key: value for key, value in {**good, **changes}.items() if value is not ...}
    return providers.nrs.post(path, json=body)


def test_a_contact_lives_as_in_the_guide(providers: Providers) -> None:
    """Created with 201 and a link, shown with what is included, updated with 200, deleted with 204, then gone."""
    made = create(providers)
    assert made.status_code == 201
    contact = made.json()["data"]
    assert list(contact) == [*SHOWN, "links"]
    assert (contact["email"], contact["landline"], contact["name"]) == ("new.contact@example.com", None, None)
    path = f"/contacts/{contact['id']}"
    assert contact["links"] == {"self": f"{BASE}{path}"}
    shown = providers.nrs.get(path, params={"include": "customFields,groups"}).json()["data"]
    assert list(shown) == [*SHOWN, "customFields", "groups"]
    assert shown["customFields"] == {"data": [{"key": "company", "type": "string", "value": "ACME inc."}]}
    assert shown["groups"] == {"data": [{"id": 1, "name": "My contact list"}]}
    assert list(providers.nrs.get(path).json()["data"]) == SHOWN
    changed = providers.nrs.put(path, json={**CONTACT, "name": "Ana", "customFields": []})
    assert (changed.status_code, changed.json()["data"]["name"]) == (200, "Ana")
    assert changed.json()["data"]["createdAt"] == contact["createdAt"]
    assert providers.nrs.get(path, params={"include": "customFields"}).json()["data"]["customFields"] == {"data": []}
    gone = providers.nrs.delete(path)
    assert (gone.status_code, gone.content) == (204, b"")
    for answer in (providers.nrs.get(path), providers.nrs.put(path, json=CONTACT), providers.nrs.delete(path)):
        assert (answer.status_code, answer.json()) == (404, NOT_FOUND)


BROKEN: list[tuple[dict[str, Any], str]] = [
    ({"email": ..., "phone": ...}, "The email field is required."),
    ({"email": "nobody"}, "The email field must be a valid email address."),
    ({"phone": "+34666666666"}, "The phone field must be a valid phone."),
    ({"landline": 900222222}, "The landline field must be a string."),
    ({"countryIso": ...}, "The countryIso field is required."),
    ({"phone": ..., "landline": "900222222", "countryIso": None}, "The countryIso field is required."),
    ({"countryIso": "ESP"}, "The countryIso field must not be above 2."),
    ({"countryIso": "es"}, "The countryIso field must be a two-letter ISO code."),
    ({"groupsNames": ...}, "The groupsIds field is required when groupsNames is not present."),
    ({"groupsNames": "x"}, "The groupsNames field must be an array of strings."),
    ({"groupsIds": ["1"]}, "The groupsIds field must be an array of integers."),
    ({"groupsIds": [99]}, "The groupsIds field names the group 99, which does not exist."),
    ({"surname": 5}, "The surname field must be a string."),
    ({"customFields": {"key": "a"}}, "The customFields field must be an array of objects."),
    ({"customFields": [{"value": "a"}]}, "The customFields.0.key field is required."),
    ({"customFields": [{"key": "a", "type": "colour"}]}, "The customFields.0.type field must be one of string, date"),
    ({"customFields": [{"key": "a", "type": "date", "value": "x"}]}, "The customFields.0.value field must be a date."),
    ({"customFields": [{"key": "a", "type": "decimal", "value": "x"}]}, "The customFields.0.value field must be a dec"),
    ({"customFields": [{"key": "a", "value": 5}]}, "The customFields.0.value field must be a string."),
    ({"customFields": [{"key": "a", "colour": 5}]}, "The customFields.0.colour field is not allowed."),
    ({"externalId": "x"}, "The externalId field is not allowed."),
]


@pytest.mark.parametrize(("changes", "words"), BROKEN)
def test_a_broken_contact_is_422(providers: Providers, changes: dict[str, Any], words: str) -> None:
    """Each row of the guide's table is held, for a new contact and for one that is updated; nothing is kept."""
    answer = create(providers, **changes)
    assert answer.status_code == 422
    assert answer.json()["error"]["code"] == 422
    assert answer.json()["error"]["description"].startswith(words)
    assert providers.nrs.get("/contacts").json()["data"] == []
    path = f"/contacts/{create(providers).json()['data']['id']}"
    body = {key: value for key, value in {**CONTACT, **changes}.items() if value is not ...}
    assert providers.nrs.put(path, json=body).json() == answer.json()


def test_custom_fields_have_types(providers: Providers) -> None:
    """A date in ISO 8601 and a decimal, as text or number, are taken as they are."""
    fields = [
        {"key": "born", "type": "date", "value": "2018-03-13T14:32:25+00:00"},
        {"key": "paid", "type": "decimal", "value": "12.5"},
    ]
    number = create(providers, customFields=fields).json()["data"]["id"]
    shown = providers.nrs.get(f"/contacts/{number}?include=customFields").json()["data"]
    assert shown["customFields"]["data"] == fields


def test_contacts_come_in_pages(providers: Providers) -> None:
    """A hundred a page unless asked otherwise; the link to the next page keeps the filters and, without any, lacks
    its question mark."""
    for place in range(5):
        create(providers, email=f"c{place}@example.com")
    first = providers.nrs.get("/contacts", params={"limit": 2, "include": "customFields,groups"}).json()
    assert list(first["meta"]["pagination"]) == PAGINATION
    assert list(first["meta"]["pagination"].values()) == [
        *(5, 2, 2, 1, 3),
        {"next": f"{BASE}/contacts?include=customFields%2Cgroups&page=2"},
    ]
    plain = providers.nrs.get("/contacts", params={"limit": 2}).json()
    assert plain["meta"]["pagination"]["links"] == {"next": f"{BASE}/contacts&page=2"}
    last = providers.nrs.get("/contacts", params={"limit": 2, "page": 3}).json()
    assert [row["email"] for row in last["data"]] == ["c4@example.com"]
    assert last["meta"]["pagination"]["links"] == []
    assert providers.nrs.get("/contacts").json()["meta"]["pagination"]["per_page"] == 100


def test_contacts_are_filtered(providers: Providers) -> None:
    """By email, phone, landline, country and external id; any other filter is refused."""
    create(providers)
    create(providers, email="b@example.com", phone="34666666667", landline="900222222", countryIso="PT")

    def emails(**asked: Any) -> list[str]:
        return [row["email"] for row in providers.nrs.get("/contacts", params=asked).json()["data"]]

    assert emails(email="b@example.com") == emails(phone="34666666667") == ["b@example.com"]
    assert emails(landline="900222222") == emails(countryIso="PT") == ["b@example.com"]
    assert emails(email="b@example.com", countryIso="ES") == []
    assert emails(externalId="EXT1") == []
    for asked in ("limit=0", "limit=1001", "page=x", "name=Ana", "include=phones"):
        assert providers.nrs.get(f"/contacts?{asked}").status_code == 422


def test_a_group_lives_as_in_the_guide(providers: Providers) -> None:
    """Created with 201, shown, listed in pages, renamed with 200, deleted with 204; its contacts stay without it."""
    made = create(providers, "/groups")
    assert (made.status_code, made.json()) == (201, {"data": {"id": 1, "name": "My new contact list"}})
    assert providers.nrs.get("/groups/1").json() == made.json()
    assert providers.nrs.put("/groups/1", json={"name": "Renamed"}).json() == {"data": {"id": 1, "name": "Renamed"}}
    contact = create(providers, groupsNames=..., groupsIds=[1]).json()["data"]["id"]
    create(providers, "/groups")
    listed = providers.nrs.get("/groups", params={"limit": 1}).json()
    assert listed["data"] == [{"id": 1, "name": "Renamed"}]
    assert listed["meta"]["pagination"]["links"] == {"next": f"{BASE}/groups?page=2"}
    assert providers.nrs.delete("/groups/1").status_code == 204
    shown = providers.nrs.get(f"/contacts/{contact}?include=groups").json()["data"]
    assert shown["groups"] == {"data": []}
    for answer in (providers.nrs.get("/groups/1"), providers.nrs.delete("/groups/1")):
        assert (answer.status_code, answer.json()) == (404, NOT_FOUND)
    assert providers.nrs.get("/groups").json()["data"] == [{"id": 2, "name": "My new contact list"}]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, "The name field is required."),
        ({"name": ""}, "The name field is required."),
        ({"name": 5}, "The name field must be a string."),
        ({"name": "x", "id": 5}, "The id field is not allowed."),
    ],
)
def test_a_broken_group_is_422(providers: Providers, body: dict[str, Any], words: str) -> None:
    """A group needs a name and has nothing else."""
    create(providers, "/groups")
    for answer in (providers.nrs.post("/groups", json=body), providers.nrs.put("/groups/1", json=body)):
        assert answer.status_code == 422
        assert answer.json() == {"error": {"code": 422, "description": words}}


@pytest.mark.parametrize("path", ["/contacts", "/groups"])
def test_a_database_wants_json_and_the_password(providers: Providers, path: str) -> None:
    """Anything but a JSON object is 125, a stranger 103; PUT without an id is no operation."""
    assert providers.nrs.post(path, content=b"name=x").json()["error"]["code"] == 125
    assert providers.nrs.get(path, auth=("sandbox", "wrong")).json()["error"]["code"] == 103
    assert providers.nrs.put(path, json={"name": "x"}).status_code == 404


def test_a_reset_empties_the_databases(providers: Providers) -> None:
    """A new account knows nobody."""
    create(providers)
    assert providers.control.post("/sandbox/providers/reset").status_code == 200
    assert providers.nrs.get("/contacts").json()["data"] == providers.nrs.get("/groups").json()["data"] == []
