"""A numbered collection, as contacts, groups, templates, forms and validations are kept."""

from typing import Generic, TypeVar

from connector.sandbox.providers.nrs360.errors import Refusal

Thing = TypeVar("Thing")


class Shelf(Generic[Thing]):
    """Things by number, from 1 on; the number of one that is gone is not given again."""

    def __init__(self) -> None:
        self._things: dict[int, Thing] = {}
        self._last = 0

    def put(self, thing: Thing) -> int:
        """Takes a new thing in; returns its number."""
        self._last += 1
        self._things[self._last] = thing
        return self._last

    def find(self, number: int) -> Thing:
        """The thing with this number. Raises Refusal(404)."""
        thing = self._things.get(number)
        if thing is None:
            raise Refusal(404)
        return thing

    def replace(self, number: int, thing: Thing) -> None:
        """Puts another thing in the place of one. Raises Refusal(404)."""
        self.find(number)
        self._things[number] = thing

    def drop(self, number: int) -> None:
        """Takes a thing out. Raises Refusal(404)."""
        self.find(number)
        del self._things[number]

    def rows(self) -> list[tuple[int, Thing]]:
        """Everything with its number, oldest first."""
        return list(self._things.items())

    def __contains__(self, number: object) -> bool:
        return number in self._things
