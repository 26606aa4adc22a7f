"""The elements that a form is made of (guide, "Form elements"): a table for each type."""

from html import escape
from typing import Any

from connector.sandbox.providers.nrs360.errors import Refusal
from connector.sandbox.providers.nrs360.parameters import FLAG, OBJECTS, TEXT, WHOLE, Parameter, check

_TYPE = Parameter("type", TEXT, required=True)
_LABEL = Parameter("label", TEXT, required=True)
_REQUIRED = Parameter("required", FLAG)
_FIELD = Parameter("customField", TEXT)
_CHOICE = (Parameter("label", TEXT, required=True), Parameter("value", TEXT, required=True))
_HEADING = (_TYPE, _LABEL)
_CHOSEN = (_TYPE, _LABEL, _REQUIRED, Parameter("description", TEXT), _FIELD)
_INPUT = (*_CHOSEN, Parameter("placeholder", TEXT))
_OPTIONS = Parameter("options", OBJECTS, required=True, least=1, inside=_CHOICE)
ELEMENTS: dict[str, tuple[Parameter, ...]] = {
    **dict.fromkeys(("h1", "h2", "h3", "h4", "p", "blockquote"), _HEADING),
    **dict.fromkeys(("text", "password", "email", "number", "date", "color"), _INPUT),
    "textarea": (*_INPUT, Parameter("rows", WHOLE, least=1)),
    "countrySelector": _CHOSEN,
    "select": (*_CHOSEN, _OPTIONS),
    "radio": (*_CHOSEN, _OPTIONS),
    "checkbox": (_TYPE, _LABEL, _REQUIRED, _FIELD),
}


def check_elements(elements: list[dict[str, Any]]) -> None:
    """Raises Refusal(422) for the first element that its type's table does not allow."""
    for place, element in enumerate(elements):
        under = f"formFields.{place}."
        kind = element.get("type")
        if kind is None or kind == "":
            raise Refusal(422, f"The {under}type field is required.")
        if not isinstance(kind, str) or kind not in ELEMENTS:
            raise Refusal(422, f"The {under}type field must be one of {', '.join(ELEMENTS)}.")
        check(element, ELEMENTS[kind], under)


def shown(element: dict[str, Any]) -> str:
    """An element in HTML, as a preview shows it."""
    kind, label = element["type"], escape(element["label"])
    if ELEMENTS[kind] is _HEADING:
        return f"<{kind}>{label}</{kind}>"
    options = "".join(f"<option>{escape(option['label'])}</option>" for option in element.get("options") or ())
    if options:
        return f"<label>{label}<select>{options}</select></label>"
    return f"<label>{label}<input type='{kind}' placeholder='{escape(element.get('placeholder') or '')}'></label>"
