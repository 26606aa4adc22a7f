"""Templates of mails and landing pages (guide, "Templates and files", "Templates")."""

from dataclasses import dataclass
from typing import Any

from starlette.responses import HTMLResponse

from connector.sandbox.providers.nrs360.asking import BASE, Answer, Asked, Operation, answered, gone
from connector.sandbox.providers.nrs360.errors import Refusal
from connector.sandbox.providers.nrs360.pages import check_filters, page
from connector.sandbox.providers.nrs360.parameters import TEXT, Parameter, check
from connector.sandbox.providers.nrs360.shelf import Shelf
from connector.sandbox.providers.nrs360.times import written
from connector.sandbox.providers.world import World

_TEMPLATE = (Parameter("name", TEXT, required=True), Parameter("html", TEXT, required=True))


@dataclass(frozen=True)
class Template:
    """One template. Times are seconds since 1970."""

    name: str
    html: str
    created: float
    updated: float


class Templates:
    """The account's templates."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._templates: Shelf[Template] = Shelf()

    def operations(self) -> list[Operation]:
        """The six operations of the section."""
        return [
            ("GET", "/templates", self.listed),
            ("GET", "/templates/{id:int}", self.shown),
            ("POST", "/templates", self.create),
            ("PUT", "/templates/{id:int}", self.update),
            ("DELETE", "/templates/{id:int}", self.delete),
            ("GET", "/templates/{id:int}/preview", self.preview),
        ]

    def html(self, number: int) -> str:
        """What a sending with this `templateId` shows. Raises Refusal(140)."""
        if number not in self._templates:
            raise Refusal(140)
        return self._templates.find(number).html

    def listed(self, asked: Asked) -> Answer:
        """``GET /templates``."""
        check_filters(asked, ())
        return answered(page(asked, self._templates.rows(), lambda row: _show(*row), "/templates"))

    def shown(self, asked: Asked) -> Answer:
        """``GET /templates/<ID>``."""
        number = asked.path["id"]
        return answered({"data": _show(number, self._templates.find(number))})

    def create(self, asked: Asked) -> Answer:
        """``POST /templates``."""
        now = self.world.now()
        return self._saved(self._templates.put(_read(asked, now, now)))

    def update(self, asked: Asked) -> Answer:
        """``PUT /templates/<ID>``: 201 too, as the guide says."""
        number = asked.path["id"]
        template = _read(asked, self._templates.find(number).created, self.world.now())
        self._templates.replace(number, template)
        return self._saved(number)

    def delete(self, asked: Asked) -> Answer:
        """``DELETE /templates/<ID>``."""
        self._templates.drop(asked.path["id"])
        return gone()

    def preview(self, asked: Asked) -> Answer:
        """``GET /templates/<ID>/preview``: the template in HTML."""
        return Answer(HTMLResponse(self._templates.find(asked.path["id"]).html))

    def _saved(self, number: int) -> Answer:
        address = f"{BASE}/templates/{number}"
        links = {"self": address, "preview": f"{address}/preview"}
        return answered({"data": {**_show(number, self._templates.find(number)), "links": links}}, 201)


def _read(asked: Asked, created: float, updated: float) -> Template:
    given = asked.fields()
    check(given, _TEMPLATE)
    return Template(given["name"], given["html"], created, updated)


def _show(number: int, template: Template) -> dict[str, Any]:
    return {
        "id": number,
        "name": template.name,
        "html": template.html,
        "createdAt": written(template.created),
        "updatedAt": written(template.updated),
    }
