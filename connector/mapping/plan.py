"""Which of the record's fields a mapping reads, and which are kept with the message for what is written later."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from connector.mapping.expression import Expression
from connector.mapping.parts import Assignment, MessagePart, ReadPart, RoutePart
from connector.mapping.template import Template


def kept_fields(assignments: Iterable[Assignment]) -> tuple[str, ...]:
    """The fields that claims, statuses, activities and replies write from."""
    templates = (assignment.template for assignment in assignments if assignment.template is not None)
    return tuple(sorted(_field_names(expression for template in templates for expression in template.expressions)))


def read_fields(
    source: ReadPart, message: MessagePart, routes: Iterable[RoutePart], kept: Iterable[str]
) -> tuple[str, ...]:
    """All fields that a query must bring: what the message is made of, what the routes ask, what is kept, and the
    order, whose last row a keyset page starts after."""
    fields = {"Id", *message.consent, *kept, *(ranked.field for ranked in source.order)}
    fields |= {name for name in (message.phone, message.email) if name is not None}
    fields |= {choice.field for choice in (message.region, message.channel) if choice.field is not None}
    fields |= _field_names(expression for template in _templates(message) for expression in template.expressions)
    fields |= _field_names(route.when for route in routes if route.when is not None)
    if message.valid_for is not None:
        fields.add("CreatedDate")
    return tuple(sorted(fields))


def _templates(message: MessagePart) -> Iterator[Template]:
    yield message.text
    for template in (message.sender, message.campaign, message.send_at):
        if template is not None:
            yield template
    yield from (template for part in message.content for _, template in part.templates())


def _field_names(expressions: Iterable[Expression]) -> set[str]:
    return {name for expression in expressions for name in expression.fields}


def flatten(record: Mapping[str, Any], paths: Iterable[tuple[str, tuple[str, ...]]]) -> dict[str, Any]:
    """The values of dotted paths in nested dicts; what is absent, or lies behind a null relationship, is None."""
    values: dict[str, Any] = {}
    for name, steps in paths:
        found: Any = record
        for step in steps:
            found = found.get(step) if isinstance(found, dict) else None
        values[name] = found
    return values
