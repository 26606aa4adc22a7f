"""Tells when a pause has ended, so that what waited is looked at, and goes out, without waiting for the next look."""

from connector.store import pauses
from connector.sync.parts import Parts

LOOKS_EVERY = 0.5
"""Seconds: a resume is obeyed within one, and the records of what waited are read in that time too."""


class PauseWatch:
    """Remembers which pauses stood when it last looked. One thread at a time."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._standing: frozenset[tuple[str, str]] = frozenset()

    def some_ended(self) -> bool:
        """Whether a pause that stood at the last look stands no more."""
        with self._parts.database.read() as connection:
            standing = frozenset((row.scope, row.name) for row in pauses.standing(connection))
        ended, self._standing = self._standing - standing, standing
        return bool(ended)
