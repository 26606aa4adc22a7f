"""Groups of contacts (guide, "Databases", "Groups")."""

from typing import Any

from connector.sandbox.providers.nrs360.asking import Asked
from connector.sandbox.providers.nrs360.parameters import TEXT, Parameter, check
from connector.sandbox.providers.nrs360.records import Records

_GROUP = (Parameter("name", TEXT, required=True),)


class Groups(Records[str]):
    """The account's groups: a name for each number. A group's contacts stay when it goes."""

    path = "/groups"

    def named(self, name: str) -> int:
        """The number of the group with this name; a new group when there is none yet."""
        return next((group for group, taken in self.shelf.rows() if taken == name), None) or self.shelf.put(name)

    def show(self, number: int, thing: str, asked: Asked) -> dict[str, Any]:
        """One group as the guide shows it."""
        return {"id": number, "name": thing}

    def read(self, asked: Asked, before: str | None) -> str:
        """The name in a request. Raises Refusal."""
        given = asked.fields()
        check(given, _GROUP)
        name: str = given["name"]
        return name
