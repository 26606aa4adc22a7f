"""Forms (guide, "Templates and files", "Forms"). The guide shows no answer to a form's making: it is made up like a
template's."""

from dataclasses import dataclass
from typing import Any

from starlette.responses import HTMLResponse

from connector.sandbox.providers.nrs360.asking import BASE, Answer, Asked, Operation, answered, gone
from connector.sandbox.providers.nrs360.errors import Refusal
from connector.sandbox.providers.nrs360.form_elements import check_elements, shown
from connector.sandbox.providers.nrs360.pages import check_filters, page
from connector.sandbox.providers.nrs360.parameters import FLAG, OBJECTS, TEXT, URL, Parameter, check
from connector.sandbox.providers.nrs360.shelf import Shelf
from connector.sandbox.providers.nrs360.times import written
from connector.sandbox.providers.world import World

_FORM = (
    Parameter("name", TEXT, required=True),
    Parameter("editable", FLAG),
    Parameter("rejectButton", FLAG),
    Parameter("backgroundUrl", URL),
    Parameter("logoUrl", URL),
    Parameter("formFields", OBJECTS, required=True, least=1),
)


@dataclass(frozen=True)
class Form:
    """One form. `updated` is None until it is changed; times are seconds since 1970."""

    name: str
    elements: list[dict[str, Any]]
    rejectable: bool
    created: float
    updated: float | None


class Forms:
    """The account's forms; no two have the same name."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._forms: Shelf[Form] = Shelf()

    def operations(self) -> list[Operation]:
        """The six operations of the section; the guide writes the path of the first in two ways."""
        return [
            ("POST", "/form", self.create),
            ("POST", "/forms", self.create),
            ("PUT", "/forms/{id:int}", self.update),
            ("GET", "/forms", self.listed),
            ("GET", "/forms/{id:int}", self.shown),
            ("DELETE", "/forms/{id:int}", self.delete),
            ("GET", "/forms/{id:int}/preview", self.preview),
        ]

    def create(self, asked: Asked) -> Answer:
        """``POST /form`` and ``POST /forms``."""
        return self._saved(self._forms.put(self._read(asked, None, self.world.now(), None)), 201)

    def update(self, asked: Asked) -> Answer:
        """``PUT /forms/<ID>``."""
        number = asked.path["id"]
        created = self._forms.find(number).created
        self._forms.replace(number, self._read(asked, number, created, self.world.now()))
        return self._saved(number, 200)

    def listed(self, asked: Asked) -> Answer:
        """``GET /forms``."""
        check_filters(asked, ())
        return answered(page(asked, self._forms.rows(), lambda row: _show(*row), "/forms"))

    def shown(self, asked: Asked) -> Answer:
        """``GET /forms/<ID>``."""
        number = asked.path["id"]
        return answered({"data": _show(number, self._forms.find(number))})

    def delete(self, asked: Asked) -> Answer:
        """``DELETE /forms/<ID>``."""
        self._forms.drop(asked.path["id"])
        return gone()

    def preview(self, asked: Asked) -> Answer:
        """``GET /forms/<ID>/preview``: the form in HTML."""
        form = self._forms.find(asked.path["id"])
        buttons = "<button>Submit</button>" + ("<button>Reject</button>" if form.rejectable else "")
        return Answer(HTMLResponse(f"<form>{''.join(map(shown, form.elements))}{buttons}</form>"))

    def _read(self, asked: Asked, number: int | None, created: float, updated: float | None) -> Form:
        given = asked.fields()
        check(given, _FORM)
        check_elements(given["formFields"])
        if any(form.name == given["name"] for other, form in self._forms.rows() if other != number):
            raise Refusal(422, "The name has already been taken.")
        return Form(given["name"], given["formFields"], given.get("rejectButton") is True, created, updated)

    def _saved(self, number: int, status: int) -> Answer:
        address = f"{BASE}/forms/{number}"
        links = {"self": address, "preview": f"{address}/preview"}
        return answered({"data": {**_show(number, self._forms.find(number)), "links": links}}, status)


def _show(number: int, form: Form) -> dict[str, Any]:
    return {
        "id": number,
        "name": form.name,
        "placeholder": f"{{FORM_{number}}}",
        "createdAt": written(form.created),
        "updatedAt": written(form.updated),
    }
