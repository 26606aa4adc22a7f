"""Templates, forms, short addresses and images of the pretend 360NRS."""

import base64
import re
from typing import Any

import pytest

from tests.sandbox.providers.running import Providers

BASE = "https://dashboard.360nrs.com/api/rest"
TEMPLATE = {"name": "New Template", "html": "<h1>Hello world</h1>"}
HEADING = {"type": "h3", "label": "Your opinion is very important to us"}
INPUT = {
    "label": "Name",
    "required": True,
    "description": "Insert your name",
    "placeholder": "Insert your name",
    "customField": "form_name",
}
OPTIONS = [{"label": "Very satisfied", "value": "10"}, {"label": "Somewhat satisfied", "value": "8"}]
FORM: dict[str, Any] = {
    "name": "My_form",
    "rejectButton": True,
    "backgroundUrl": "https://dashboard.360nrs.com/assets/login/img/wizard.jpg",
    "logoUrl": "https://dashboard.360nrs.com/assets/img/logo.png",
    "formFields": [HEADING, {"type": "text", **INPUT}],
}
NOT_FOUND = {"error": {"code": 404, "description": "Resource not found"}}


def without(fields: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if name not in names}


def test_a_template_lives_as_in_the_guide(providers: Providers) -> None:
    """Created and updated with 201, shown, listed, previewed as HTML, deleted with 204."""
    made = providers.nrs.post("/templates", json=TEMPLATE)
    assert made.status_code == 201
    data = made.json()["data"]
    assert list(data) == ["id", "name", "html", "createdAt", "updatedAt", "links"]
    assert data["links"] == {"self": f"{BASE}/templates/1", "preview": f"{BASE}/templates/1/preview"}
    assert providers.nrs.get("/templates/1").json() == {"data": without(data, "links")}
    changed = providers.nrs.put("/templates/1", json={"name": "Other", "html": "<p>{name}</p>"})
    assert (changed.status_code, changed.json()["data"]["name"]) == (201, "Other")
    listed = providers.nrs.get("/templates").json()
    assert [row["html"] for row in listed["data"]] == ["<p>{name}</p>"]
    assert listed["meta"]["pagination"] == {
        "total": 1,
        "count": 1,
        "per_page": 100,
        "current_page": 1,
        "total_pages": 1,
        "links": [],
    }
    preview = providers.nrs.get("/templates/1/preview")
    assert (preview.text, preview.headers["content-type"]) == ("<p>{name}</p>", "text/html; charset=utf-8")
    assert providers.nrs.delete("/templates/1").status_code == 204
    for path in ("/templates/1", "/templates/1/preview"):
        assert providers.nrs.get(path).json() == NOT_FOUND
    assert providers.nrs.put("/templates/1", json=TEMPLATE).json() == NOT_FOUND


@pytest.mark.parametrize("name", ["name", "html"])
def test_a_broken_template_is_422(providers: Providers, name: str) -> None:
    """Both parameters are required texts, for a new template and for a changed one; there is no third."""
    providers.nrs.post("/templates", json=TEMPLATE)
    for wrong, words in ((None, "is required."), ("", "is required."), (5, "must be a string.")):
        body = {**TEMPLATE, name: wrong}
        for answer in (providers.nrs.post("/templates", json=body), providers.nrs.put("/templates/1", json=body)):
            error = {"code": 422, "description": f"The {name} field {words}"}
            assert (answer.status_code, answer.json()) == (422, {"error": error})
    assert providers.nrs.post("/templates", json={**TEMPLATE, "text": "x"}).status_code == 422
    assert providers.nrs.get("/templates").json()["meta"]["pagination"]["total"] == 1


def test_a_form_lives_as_in_the_guide(providers: Providers) -> None:
    """Created under both spellings of its path, shown with its placeholder, changed, previewed, deleted."""
    made = providers.nrs.post("/form", json=FORM)
    assert made.status_code == 201
    assert made.json()["data"]["id"] == 1
    assert providers.nrs.post("/forms", json={**FORM, "name": "Second", "editable": False}).status_code == 201
    shown = providers.nrs.get("/forms/1").json()["data"]
    assert list(shown) == ["id", "name", "placeholder", "createdAt", "updatedAt"]
    assert (shown["name"], shown["placeholder"], shown["updatedAt"]) == ("My_form", "{FORM_1}", None)
    changed = providers.nrs.put("/forms/1", json=without(FORM, "rejectButton"))
    assert changed.status_code == 200
    assert changed.json()["data"]["updatedAt"] is not None
    assert [row["id"] for row in providers.nrs.get("/forms").json()["data"]] == [1, 2]
    preview = providers.nrs.get("/forms/2/preview")
    assert preview.headers["content-type"].startswith("text/html")
    assert "<h3>Your opinion is very important to us</h3>" in preview.text
    assert ("Reject" in preview.text, "Reject" in providers.nrs.get("/forms/1/preview").text) == (True, False)
    assert providers.nrs.delete("/forms/1").status_code == 204
    for path in ("/forms/1", "/forms/1/preview"):
        assert providers.nrs.get(path).json() == NOT_FOUND


CHOSEN = without(INPUT, "placeholder")
# Each type's fields, as the guide's example of the element shows them.
ELEMENTS: dict[str, dict[str, Any]] = {
    **{kind: {"label": "My title"} for kind in ("h1", "h2", "h3", "h4", "p", "blockquote")},
    **dict.fromkeys(("text", "password", "email", "number", "date", "color"), INPUT),
    "textarea": {**INPUT, "rows": 3},
    "countrySelector": CHOSEN,
    "select": {**CHOSEN, "options": OPTIONS},
    "radio": {**CHOSEN, "options": OPTIONS},
    "checkbox": without(CHOSEN, "description"),
}
ALLOWED = [*INPUT, "rows", "options"]
WRONG = {"required": "yes", "rows": 0, "options": []}


@pytest.mark.parametrize("kind", sorted(ELEMENTS))
def test_each_element_is_held_to_its_fields(providers: Providers, kind: str) -> None:
    """The guide's example passes and shows in the preview; a field it does not have, a missing label, a wrong type
    and an empty list of options are refused."""
    good = {"type": kind, **ELEMENTS[kind]}

    def status(element: dict[str, Any]) -> int:
        return providers.nrs.post("/forms", json={"name": "F", "formFields": [HEADING, element]}).status_code

    for name in ALLOWED:
        if name not in good:
            assert status({**good, name: INPUT.get(name, 3)}) == 422, name
        else:
            assert status({**good, name: WRONG.get(name, 5)}) == 422, name
    assert status(without(good, "label")) == 422
    if "options" in good:
        assert status(without(good, "options")) == 422
        assert status({**good, "options": [{"label": "x"}]}) == 422
    assert status(good) == 201
    assert ELEMENTS[kind]["label"] in providers.nrs.get("/forms/1/preview").text


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"name": None}, "The name field is required."),
        ({"name": 5}, "The name field must be a string."),
        ({"name": "Taken"}, "The name has already been taken."),
        ({"editable": "true"}, "The editable field must be a boolean."),
        ({"rejectButton": 1}, "The rejectButton field must be a boolean."),
        ({"backgroundUrl": "x"}, "The backgroundUrl field must be a valid URL."),
        ({"logoUrl": "ftp://example.com"}, "The logoUrl field must be a valid URL."),
        ({"formFields": None}, "The formFields field is required."),
        ({"formFields": []}, "The formFields field must not be below 1."),
        ({"formFields": {}}, "The formFields field must be an array of objects."),
        ({"formFields": [{"label": "x"}]}, "The formFields.0.type field is required."),
        ({"formFields": [{"type": "h7", "label": "x"}]}, "The formFields.0.type field must be one of h1, h2"),
        ({"formFields": [HEADING, {"type": "h1"}]}, "The formFields.1.label field is required."),
        ({"colour": "x"}, "The colour field is not allowed."),
    ],
)
def test_a_broken_form_is_422(providers: Providers, changes: dict[str, Any], words: str) -> None:
    """Each row of the guide's table is held, for a new form and for a changed one; a name is unique."""
    providers.nrs.post("/forms", json={**FORM, "name": "Taken"})
    providers.nrs.post("/forms", json=FORM)
    body = {**FORM, "name": "New", **changes}
    for answer in (providers.nrs.post("/forms", json=body), providers.nrs.put("/forms/2", json=body)):
        assert answer.status_code == 422
        assert answer.json()["error"]["description"].startswith(words)
    assert providers.nrs.get("/forms").json()["meta"]["pagination"]["total"] == 2


def test_addresses_are_shortened(providers: Providers) -> None:
    """Each address gets its own answer in the order of the request; what is no address has its error."""
    urls = ["https://example.com/test1", "https://example.com/test2", "invalidUrl"]
    answer = providers.nrs.post("/shortener/shorten", json={"urls": [{"longUrl": url} for url in urls]})
    assert answer.status_code == 200
    one, two, bad = answer.json()["data"]
    assert list(one) == ["longUrl", "shortUrl", "error"]
    assert (one["longUrl"], one["error"], two["error"]) == (urls[0], False, False)
    assert re.fullmatch(r"https://nrs\.so/\w{6}", one["shortUrl"])
    assert one["shortUrl"] != two["shortUrl"]
    assert bad == {"longUrl": "invalidUrl", "shortUrl": None, "error": True}


def test_images_get_addresses(providers: Providers) -> None:
    """Each image is answered under its external id; what is not base64 has its error."""
    picture = base64.b64encode(b"\xff\xd8\xff").decode()
    images = [
        {"externalId": "test1", "extension": "jpg", "base64": picture},
        {"externalId": "test2", "extension": "png", "base64": "%%%"},
    ]
    good, bad = providers.nrs.post("/images/generate", json={"images": images}).json()["data"]
    assert list(good) == ["externalId", "imageUrl", "error"]
    assert (good["externalId"], good["error"]) == ("test1", False)
    assert re.fullmatch(r"https://dashboard\.360nrs\.com/uploads/\w+/[0-9a-f]{64}\.jpg", good["imageUrl"])
    assert bad == {"externalId": "test2", "imageUrl": None, "error": True}


IMAGE = {"externalId": "a", "extension": "jpg", "base64": "AAAA"}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/shortener/shorten", {}),
        ("/shortener/shorten", {"urls": []}),
        ("/shortener/shorten", {"urls": ["https://example.com"]}),
        ("/shortener/shorten", {"urls": [{}]}),
        ("/shortener/shorten", {"urls": [{"longUrl": 5}]}),
        ("/shortener/shorten", {"urls": [{"longUrl": "x", "a": 1}]}),
        ("/images/generate", {}),
        ("/images/generate", {"images": []}),
        *(("/images/generate", {"images": [without(IMAGE, name)]}) for name in IMAGE),
        ("/images/generate", {"images": [{**IMAGE, "extension": "gif"}]}),
        ("/images/generate", {"images": [{**IMAGE, "externalId": 5}]}),
        ("/images/generate", {"images": [{**IMAGE, "size": 5}]}),
    ],
)
def test_a_broken_list_is_422(providers: Providers, path: str, body: dict[str, Any]) -> None:
    """What the guide's tables require is required of each item; a body that is no JSON is 125."""
    answer = providers.nrs.post(path, json=body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, 422)
    assert providers.nrs.post(path, content=b"x").json()["error"]["code"] == 125
