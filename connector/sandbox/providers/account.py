"""What a pretend account is: settings that the control API may change, and the messages that were sent through it."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any, Generic, TypeVar

from pydantic import BaseModel

from connector.sandbox.providers.sent import Sent
from connector.sandbox.providers.world import World

_Settings = TypeVar("_Settings", bound=BaseModel)
_Book = TypeVar("_Book", bound=Sent)


class Account(ABC, Generic[_Settings, _Book]):
    """An account of one provider, new after `reset`."""

    settings: _Settings
    book: _Book

    def __init__(self, world: World) -> None:
        self.world = world
        self.reset()

    @abstractmethod
    def reset(self) -> None:
        """Make the settings, the book and all else that the account has anew."""

    @abstractmethod
    def apply(self, given: dict[str, Any]) -> None:
        """Act on the new `settings`, of which those in `given` were named."""

    def configure(self, given: dict[str, Any]) -> None:
        """Change some of the settings; a setting within one (a share) that is not named is as at first.

        Raises ValueError with what is wrong; nothing is set then.
        """
        self.settings = type(self.settings).model_validate({**self.settings.model_dump(), **given})
        self.apply(given)

    def fates(self) -> Iterator[tuple[str, str]]:
        """The text of every message accepted and the last word told of it, ``accepted`` before the first."""
        return self.book.fates()
