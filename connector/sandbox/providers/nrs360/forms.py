"""Forms (guide, "Templates and files", "Forms"). The guide shows no answer to a form's making: it is made up like a
template's."""

from dataclasses import dataclass
from typing import Any

from connector.sandbox.providers.nrs360.asking import Asked, Operation
from connector.sandbox.providers.nrs360.errors import Refusal
from connector.sandbox.providers.nrs360.form_elements import check_elements, shown
from connector.sandbox.providers.nrs360.parameters import FLAG, OBJECTS, TEXT, URL, Parameter, check
from connector.sandbox.providers.nrs360.records import Previewed
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


class Forms(Previewed[Form]):
    """The account's forms; no two have the same name."""

    path = "/forms"

    def __init__(self, world: World) -> None:
        super().__init__()
        self.world = world

    def operations(self) -> list[Operation]:
        """The six operations of the section; the guide writes the path of the first in two ways."""
        return [("POST", "/form", self.create), *super().operations()]

    def html(self, thing: Form) -> str:
        """The form's elements and its buttons."""
        buttons = "<button>Submit</button>" + ("<button>Reject</button>" if thing.rejectable else "")
        return f"<form>{''.join(map(shown, thing.elements))}{buttons}</form>"

    def show(self, number: int, thing: Form, asked: Asked) -> dict[str, Any]:
        """One form as the guide shows it."""
        return {
            "id": number,
            "name": thing.name,
            "placeholder": f"{{FORM_{number}}}",
            "createdAt": written(thing.created),
            "updatedAt": written(thing.updated),
        }

    def read(self, asked: Asked, before: Form | None) -> Form:
        """The form in a request. Raises Refusal."""
        given, now = asked.fields(), self.world.now()
        check(given, _FORM)
        check_elements(given["formFields"])
        if any(form.name == given["name"] for _, form in self.shelf.rows() if form is not before):
            raise Refusal(422, "The name has already been taken.")
        rejectable = given.get("rejectButton") is True
        if before is None:
            return Form(given["name"], given["formFields"], rejectable, now, None)
        return Form(given["name"], given["formFields"], rejectable, before.created, now)
