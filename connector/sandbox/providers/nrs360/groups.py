"""Groups of contacts (guide, "Databases", "Groups")."""

from typing import Any

from connector.sandbox.providers.nrs360.asking import Answer, Asked, Operation, answered, gone
from connector.sandbox.providers.nrs360.pages import check_filters, page
from connector.sandbox.providers.nrs360.parameters import TEXT, Parameter, check
from connector.sandbox.providers.nrs360.shelf import Shelf

_GROUP = (Parameter("name", TEXT, required=True),)


class Groups:
    """The account's groups: a name for each number."""

    def __init__(self) -> None:
        self._names: Shelf[str] = Shelf()

    def operations(self) -> list[Operation]:
        """The five operations of the section."""
        return [
            ("GET", "/groups", self.listed),
            ("GET", "/groups/{id:int}", self.shown),
            ("POST", "/groups", self.create),
            ("PUT", "/groups/{id:int}", self.update),
            ("DELETE", "/groups/{id:int}", self.delete),
        ]

    def __contains__(self, group: int) -> bool:
        return group in self._names

    def named(self, name: str) -> int:
        """The number of the group with this name; a new group when there is none yet."""
        return next((group for group, taken in self._names.rows() if taken == name), None) or self._names.put(name)

    def show(self, group: int) -> dict[str, Any]:
        """One group as the guide shows it. Raises Refusal(404)."""
        return {"id": group, "name": self._names.find(group)}

    def listed(self, asked: Asked) -> Answer:
        """``GET /groups``."""
        check_filters(asked, ())
        numbers = [group for group, _ in self._names.rows()]
        return answered(page(asked, numbers, self.show, "/groups"))

    def shown(self, asked: Asked) -> Answer:
        """``GET /groups/<ID>``."""
        return answered({"data": self.show(asked.path["id"])})

    def create(self, asked: Asked) -> Answer:
        """``POST /groups``."""
        given = asked.fields()
        check(given, _GROUP)
        return answered({"data": self.show(self._names.put(given["name"]))}, 201)

    def update(self, asked: Asked) -> Answer:
        """``PUT /groups/<ID>``."""
        group, given = asked.path["id"], asked.fields()
        self._names.find(group)
        check(given, _GROUP)
        self._names.replace(group, given["name"])
        return answered({"data": self.show(group)})

    def delete(self, asked: Asked) -> Answer:
        """``DELETE /groups/<ID>``. Its contacts stay."""
        self._names.drop(asked.path["id"])
        return gone()
