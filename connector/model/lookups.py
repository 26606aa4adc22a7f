"""What a provider knows of a number or an address before anything is sent to it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class LookupKind(StrEnum):
    """What is looked up."""

    PHONE = "phone"
    EMAIL = "email"


LOOKUP_WORDS = ("valid", "line_type", "carrier", "country")
"""What a lookup may say whoever is asked; a provider's own `fields` stand beside them."""


def kind_of(target: str) -> LookupKind:
    """Whether a recipient is an e-mail address or a number in E.164."""
    return LookupKind.EMAIL if "@" in target else LookupKind.PHONE


@dataclass(frozen=True, slots=True)
class LookedUp:
    """What was told of a number (E.164) or an e-mail address; what was not told is None.

    `valid` says whether messages can reach it. `line_type` is a word such as mobile, `country` two letters where the
    guide has them. `fields` are the provider's own, by the names that mappings know them by; `raw` is the answer whole.
    `under_way` is the provider's id of a lookup that it has begun and not finished: nothing else is known then.
    """

    valid: bool | None = None
    line_type: str | None = None
    carrier: str | None = None
    country: str | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)
    raw: Any = None
    under_way: str | None = None

    @property
    def named(self) -> dict[str, Any]:
        """All that was told, as mappings name it: ``lookup.valid``, ``lookup.carrier``, ``lookup.<field>``."""
        told = {**self.fields, **{name: getattr(self, name) for name in LOOKUP_WORDS}}
        return {f"lookup.{name}": value for name, value in told.items()}
