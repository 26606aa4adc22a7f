"""The elements of a form (guide: "Form elements"), told apart by their `type`."""

from typing import Annotated, Literal

from pydantic import Field

from connector.providers.operation import Asked, named


class _Element(Asked):
    label: Annotated[str, Field(description="the text that is shown")]


class Heading(_Element):
    """A heading, from h1 to h4."""

    type: Literal["h1", "h2", "h3", "h4"]


class Paragraph(_Element):
    """A paragraph."""

    type: Literal["p"]


class Blockquote(_Element):
    """A quotation."""

    type: Literal["blockquote"]


class _Field(_Element):
    required: Annotated[bool | None, Field(description="it must be filled in")] = None
    custom_field: Annotated[
        str | None, named("customField", description="the contact's field that takes the answer")
    ] = None


class Checkbox(_Field):
    """A box to tick."""

    type: Literal["checkbox"]


class _DescribedField(_Field):
    description: Annotated[str | None, Field(description="help for who fills it in")] = None


class _TypedField(_DescribedField):
    placeholder: Annotated[str | None, Field(description="what stands in it while it is empty")] = None


class Input(_TypedField):
    """A field to write into, or to pick a date or a colour in."""

    type: Literal["text", "password", "email", "number", "date", "color"]


class Textarea(_TypedField):
    """A field of several lines."""

    type: Literal["textarea"]
    rows: Annotated[int | None, Field(ge=1, description="lines it shows")] = None


class CountrySelector(_DescribedField):
    """A choice of country."""

    type: Literal["countrySelector"]


class Option(Asked):
    """One of several answers."""

    label: Annotated[str, Field(description="the text that is shown")]
    value: Annotated[str, Field(description="what is told when it is chosen")]


class Choice(_DescribedField):
    """One of several answers, in a list or by buttons."""

    type: Literal["select", "radio"]
    options: Annotated[list[Option], Field(min_length=1, description="the answers")]


FormElement = Annotated[
    Heading | Paragraph | Blockquote | Input | Textarea | CountrySelector | Choice | Checkbox,
    Field(discriminator="type"),
]
