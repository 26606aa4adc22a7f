"""Templates of mails and landing pages (guide, "Templates and files", "Templates")."""

from typing import Any, NamedTuple

from connector.sandbox.providers.nrs360.asking import Asked
from connector.sandbox.providers.nrs360.errors import Refusal
from connector.sandbox.providers.nrs360.parameters import TEXT, Parameter, check
from connector.sandbox.providers.nrs360.records import Previewed
from connector.sandbox.providers.nrs360.times import written
from connector.sandbox.providers.world import World

_TEMPLATE = (Parameter("name", TEXT, required=True), Parameter("html", TEXT, required=True))


class Template(NamedTuple):
    """One template. Times are seconds since 1970."""

    name: str
    html: str
    created: float
    updated: float


class Templates(Previewed[Template]):
    """The account's templates. An update is answered with 201 too, as the guide says."""

    path = "/templates"
    changed = 201

    def __init__(self, world: World) -> None:
        super().__init__()
        self.world = world

    def sent(self, number: int) -> str:
        """What a sending with this `templateId` shows. Raises Refusal(140)."""
        if number not in self.shelf:
            raise Refusal(140)
        return self.shelf.find(number).html

    def html(self, thing: Template) -> str:
        """The template itself."""
        return thing.html

    def show(self, number: int, thing: Template, asked: Asked) -> dict[str, Any]:
        """One template as the guide shows it."""
        dates = {"createdAt": written(thing.created), "updatedAt": written(thing.updated)}
        return {"id": number, "name": thing.name, "html": thing.html, **dates}

    def read(self, asked: Asked, before: Template | None) -> Template:
        """The template in a request. Raises Refusal."""
        given, now = asked.fields(), self.world.now()
        check(given, _TEMPLATE)
        return Template(given["name"], given["html"], before.created if before else now, now)
