"""What the CRM's describe says of the names a mapping uses."""

from collections.abc import Callable
from difflib import get_close_matches

from connector.model.describe import FieldDescription, ObjectDescription
from connector.model.errors import ConnectorError, QueryFault

Describe = Callable[[str], ObjectDescription]


class UnknownName(ConnectorError):
    """An object or field that the org does not have; the sentence names the nearest one."""


class Org:
    """Looks names up in the org; each object is described once."""

    def __init__(self, describe: Describe) -> None:
        self._describe = describe
        self._known: dict[str, ObjectDescription | None] = {}

    def object(self, name: str) -> ObjectDescription:
        """The object.

        Raises:
            UnknownName: the org has no such object, or the user may not see it.
        """
        if name not in self._known:
            try:
                self._known[name] = self._describe(name)
            except (QueryFault, LookupError):
                self._known[name] = None
        found = self._known[name]
        if found is None:
            raise UnknownName(f"the org has no object `{name}`, or the connector's user may not see it")
        return found

    def field(self, object_name: str, path: str) -> FieldDescription:
        """The field at the end of a path like ``Contact__r.MobilePhone``.

        Of a relationship to several objects, the first object that has the field answers.

        Raises:
            UnknownName: a step of the path is not in the org.
        """
        *relationships, last = path.split(".")
        candidates = [object_name]
        for relationship in relationships:
            candidates = self._behind(candidates, relationship)
        for candidate in candidates:
            found = self.object(candidate).fields.get(last)
            if found is not None:
                return found
        raise UnknownName(self._unknown_field(candidates, last))

    def length(self, object_name: str, name: str) -> int:
        """How many characters a text field holds; 0 where that is not known or not limited."""
        try:
            found = self.field(object_name, name)
        except UnknownName:
            return 0
        return found.length if found.type in {"string", "textarea"} else 0

    def _behind(self, objects: list[str], relationship: str) -> list[str]:
        for name in objects:
            for found in self.object(name).fields.values():
                if found.relationship == relationship:
                    return list(found.refers_to)
        known = [each.relationship or "" for name in objects for each in self.object(name).fields.values()]
        raise UnknownName(f"{objects[0]} has no relationship `{relationship}`{_hint(relationship, known)}")

    def _unknown_field(self, objects: list[str], name: str) -> str:
        known = [each for candidate in objects for each in self.object(candidate).fields]
        return f"{' and '.join(objects)} has no field `{name}`{_hint(name, known)}"


def _hint(name: str, known: list[str]) -> str:
    lowered = {each.lower(): each for each in known if each}
    close = get_close_matches(name.lower(), list(lowered), 1, cutoff=0.6)
    return (
        f"; did you mean `{lowered[close[0]]}`?"
        if close
        else "; the connector's user may lack the permission to see it"
    )
