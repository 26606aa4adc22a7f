"""Sections that keep numbered things: contacts, groups, templates, forms, validations."""

from abc import ABC, abstractmethod
from typing import Any, Generic

from starlette.responses import HTMLResponse

from connector.sandbox.providers.nrs360.asking import BASE, Answer, Asked, Operation, answered, gone
from connector.sandbox.providers.nrs360.pages import check_filters, page
from connector.sandbox.providers.nrs360.shelf import Shelf, Thing


class Listing(ABC, Generic[Thing]):
    """Things that are listed in pages, shown and deleted. `filters` are those of the list beside its paging, `joint`
    is `pages.page`'s."""

    path: str
    filters: tuple[str, ...] = ()
    joint = "?"

    def __init__(self) -> None:
        self.shelf: Shelf[Thing] = Shelf()
        self.one = f"{self.path}/{{id:int}}"

    @abstractmethod
    def show(self, number: int, thing: Thing, asked: Asked) -> dict[str, Any]:
        """A thing as the guide shows it."""

    def operations(self) -> list[Operation]:
        """The three operations of every such section."""
        return [("GET", self.path, self.listed), ("GET", self.one, self.shown), ("DELETE", self.one, self.delete)]

    def wanted(self, thing: Thing, asked: Asked) -> bool:
        """Whether the list's filters leave a thing in."""
        return True

    def listed(self, asked: Asked) -> Answer:
        """``GET`` of all."""
        check_filters(asked, self.filters)
        rows = [row for row in self.shelf.rows() if self.wanted(row[1], asked)]
        return answered(page(asked, rows, lambda row: self.show(*row, asked), self.path, self.joint))

    def shown(self, asked: Asked) -> Answer:
        """``GET`` of one."""
        number = asked.path["id"]
        return answered({"data": self.show(number, self.shelf.find(number), asked)})

    def delete(self, asked: Asked) -> Answer:
        """``DELETE`` of one."""
        self.shelf.drop(asked.path["id"])
        return gone()


class Records(Listing[Thing]):
    """Things that are made and changed too. `linked` is what their links lead to, `changed` the status of an update."""

    linked: tuple[str, ...] = ()
    changed = 200

    @abstractmethod
    def read(self, asked: Asked, before: Thing | None) -> Thing:
        """The thing that a request describes, and what it was before. Raises Refusal."""

    def operations(self) -> list[Operation]:
        """The five operations of every such section."""
        return [*super().operations(), ("POST", self.path, self.create), ("PUT", self.one, self.update)]

    def create(self, asked: Asked) -> Answer:
        """``POST`` of a new one."""
        return self._saved(self.shelf.put(self.read(asked, None)), asked, 201)

    def update(self, asked: Asked) -> Answer:
        """``PUT`` of one: it is as the request says, whatever it was before."""
        number = asked.path["id"]
        self.shelf.replace(number, self.read(asked, self.shelf.find(number)))
        return self._saved(number, asked, self.changed)

    def _saved(self, number: int, asked: Asked, status: int) -> Answer:
        shown = self.show(number, self.shelf.find(number), asked)
        address = f"{BASE}{self.path}/{number}"
        links = {name: address if name == "self" else f"{address}/{name}" for name in self.linked}
        return answered({"data": {**shown, "links": links} if links else shown}, status)


class Previewed(Records[Thing]):
    """Things that can be looked at in HTML."""

    linked = ("self", "preview")

    @abstractmethod
    def html(self, thing: Thing) -> str:
        """What a preview shows."""

    def operations(self) -> list[Operation]:
        """The six operations of every such section."""
        return [*super().operations(), ("GET", f"{self.one}/preview", self.preview)]

    def preview(self, asked: Asked) -> Answer:
        """``GET`` of one's preview."""
        return Answer(HTMLResponse(self.html(self.shelf.find(asked.path["id"]))))
