"""Which table and column a field path means: relationships become joins.

The records lie in SQLite, one table an object and one column a field (connector.sandbox.org.records).
"""

from collections.abc import Iterator
from dataclasses import dataclass

from connector.sandbox.org.schema import Field, Object, Schema
from connector.sandbox.soql import syntax
from connector.sandbox.soql.errors import QueryError, at

_TYPE = Field("Type", "Type", "string", length=255)
_CUSTOM = (
    "If you are attempting to use a custom {thing}, be sure to append the '{suffix}' after the custom {name}. "
    "Please reference your WSDL or the describe call for the appropriate names."
)


@dataclass(frozen=True, slots=True)
class Column:
    """A resolved path: its SQL, its field, and its names as the schema spells them."""

    sql: str
    field: Field
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Joined:
    """A table in the query, under its alias."""

    alias: str
    object: Object

    def column(self, name: str) -> str:
        """A column of it, as SQL."""
        return f'{self.alias}."{name}"'


class Scope:
    """The tables of one SELECT: the root, and what its paths joined to it so far.

    A lookup that may point at several objects joins all of them; a field is the first that is there.
    """

    def __init__(self, schema: Schema, root: Object, query: syntax.Select, text: str, aliases: Iterator[str]) -> None:
        self.schema = schema
        self.text = text
        self.root = Joined(next(aliases), root)
        self._own_names = {root.name.lower(), query.alias}
        self._aliases = aliases
        self._joins: dict[tuple[str, ...], tuple[Joined, ...]] = {(): (self.root,)}
        self._clauses = [f'"{root.name}" AS {self.root.alias}']

    def tables(self) -> str:
        """What stands after FROM."""
        return " ".join(self._clauses)

    def refuse(self, code: str, offset: int, complaint: str) -> QueryError:
        """An error that points into the query."""
        return QueryError(code, at(self.text, offset, complaint))

    def column(self, path: syntax.Path) -> Column:
        """The column a path means; raises QueryError INVALID_FIELD."""
        parts = path.parts
        if len(parts) > 1 and parts[0].lower() in self._own_names:
            parts = parts[1:]
        if len(parts) > 6:
            raise self.refuse("MALFORMED_QUERY", path.offset, "Relationship paths reach at most five levels up")
        names: tuple[str, ...] = ()
        for part in parts[:-1]:
            names = self._follow(names, part, path)
        return self._last(names, parts[-1], path)

    def joined(self, names: tuple[str, ...]) -> tuple[Joined, ...]:
        """The tables a relationship path leads to."""
        return self._joins[names]

    def _follow(self, names: tuple[str, ...], part: str, path: syntax.Path) -> tuple[str, ...]:
        here = self._joins[names][0]
        lookup = here.object.by_relationship.get(part.lower())
        if lookup is None or lookup.relationship is None:
            hint = _CUSTOM.format(thing="relationship", suffix="__r", name="relationship name")
            raise self.refuse(
                "INVALID_FIELD", path.offset, f"Didn't understand relationship '{part}' in field path. {hint}"
            )
        longer = (*names, lookup.relationship)
        if longer not in self._joins:
            self._joins[longer] = tuple(self._join(here, lookup, target) for target in lookup.reference_to)
        return longer

    def _join(self, here: Joined, lookup: Field, target: str) -> Joined:
        found = self.schema.get(target)
        if found is None:
            raise LookupError(f"{here.object.name}.{lookup.name} refers to {target}, which the schema does not have.")
        joined = Joined(next(self._aliases), found)
        self._clauses.append(
            f'LEFT JOIN "{found.name}" AS {joined.alias} ON {joined.column("Id")} = {here.column(lookup.name)}'
        )
        return joined

    def _last(self, names: tuple[str, ...], part: str, path: syntax.Path) -> Column:
        targets = self._joins[names]
        if len(targets) > 1 and part.lower() == "type":
            cases = " ".join(f"WHEN {each.column('Id')} IS NOT NULL THEN '{each.object.name}'" for each in targets)
            return Column(f"CASE {cases} END", _TYPE, (*names, "Type"))
        found = [(each, field) for each in targets if (field := each.object.field(part))]
        if not found:
            entity = targets[0].object.name if len(targets) == 1 else "Name"
            hint = _CUSTOM.format(thing="field", suffix="__c", name="field name")
            raise self.refuse("INVALID_FIELD", path.offset, f"No such column '{part}' on entity '{entity}'. {hint}")
        columns = [each.column(field.name) for each, field in found]
        field = found[0][1]
        return Column(
            columns[0] if len(columns) == 1 else f"coalesce({', '.join(columns)})", field, (*names, field.name)
        )
