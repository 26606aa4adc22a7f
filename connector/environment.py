"""Settings from the environment, ``CONNECTOR_<SECTION>__<KEY>``, and the names that were meant to be one."""

import os
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from pydantic.fields import FieldInfo
from pydantic_settings import EnvSettingsSource

from connector.model.errors import SettingsError

PREFIX = "CONNECTOR_"
BETWEEN = "__"
_OF_A_SERVICE = "_SERVICE_HOST"
_FROM_ENVIRONMENT = re.compile(r"\$\{(\w+)\}")
_HALF_A_REFERENCE = re.compile(r"^\$[A-Za-z_]|\$\{")

Place = tuple[str, ...]
"""Where a setting stands: its section and its key, or a section's name alone."""


class Environment(EnvSettingsSource):
    """Reads the environment. What should be JSON and is none stays a text, for the settings' own check to refuse."""

    def decode_complex_value(self, field_name: str, field: FieldInfo, value: Any) -> Any:
        """A list or a section from its JSON; anything else as it was written."""
        try:
            return super().decode_complex_value(field_name, field, value)
        except ValueError:
            return value


def own_names() -> list[str]:
    """The environment's names that begin with ``CONNECTOR_``, but for those that Kubernetes sets.

    A service called `connector` or `connector-web` gives every pod beside it names such as CONNECTOR_SERVICE_HOST,
    CONNECTOR_PORT and CONNECTOR_WEB_PORT_8360_TCP (https://kubernetes.io/docs/concepts/services-networking/service/,
    "Environment variables"), which say nothing of our settings.
    """
    ours = [name for name in os.environ if name.upper().startswith(PREFIX)]
    services = [name.removesuffix(_OF_A_SERVICE) for name in ours if name.endswith(_OF_A_SERVICE)]
    of_kubernetes = tuple(f"{service}_{word}_" for service in services for word in ("SERVICE", "PORT"))
    return [name for name in ours if not f"{name}_".startswith(of_kubernetes)]


def set_by(place: Sequence[str | int]) -> tuple[str, Sequence[str | int]] | None:
    """The environment's name by which something at `place` was set, and what of the place lies within its value."""
    names = {name.upper(): name for name in own_names()}
    for length in range(len(place), 0, -1):
        name = names.get(variable(place[:length]))
        if name is not None:
            return name, place[length:]
    return None


def variable(place: Sequence[str | int]) -> str:
    """The environment's name of a setting."""
    return PREFIX + BETWEEN.join(str(part) for part in place).upper()


def misspelt(places: Collection[Place], referred: Collection[str]) -> Iterator[str]:
    """A sentence for each name that begins as a setting's and is none; `referred` are those the file refers to."""
    sections = sorted({place[0] for place in places})
    for name in own_names():
        if name in referred or name[len(PREFIX) :].lower().split(BETWEEN)[0] in sections:
            continue
        meant = _meant(name[len(PREFIX) :].lower(), sections, places)
        yield f"{name} in the environment is no setting{f'; did you mean {meant}?' if meant else '.'}"


def _meant(given: str, sections: Sequence[str], places: Collection[Place]) -> str | None:
    section, *keys = given.split(BETWEEN)
    if keys and (close := get_close_matches(section, sections, 1)):
        return variable((close[0], *keys))
    if close := get_close_matches(given, [BETWEEN.join(place) for place in places], 1):
        return PREFIX + close[0].upper()
    begun = next((name for name in sections if given.startswith(f"{name}_")), None)
    return None if begun is None else f"{variable((begun,))}{BETWEEN}{'<account>__' * (begun == 'accounts')}<key>"


def referred(value: Any) -> Iterator[str]:
    """The environment's names that are referred to, as ``${NAME}``."""
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from referred(item)
    elif isinstance(value, str) and (found := _FROM_ENVIRONMENT.fullmatch(value)):
        yield found.group(1)


def filled(value: Any, source: str, place: Place) -> Any:
    """A value of the file with ``${NAME}`` filled in, wherever it stands; `source` and `place` say where it is.

    Raises:
        SettingsError: the environment lacks the name, or the value is half such a reference, which would be taken as it
            stands: `"${NAME"` as a password.
    """
    if isinstance(value, dict):
        return {key: filled(item, source, (*place, str(key))) for key, item in value.items()}
    if isinstance(value, list):
        return [filled(item, source, (*place, str(at))) for at, item in enumerate(value)]
    if not isinstance(value, str):
        return value
    if found := _FROM_ENVIRONMENT.fullmatch(value):
        name = found.group(1)
        if name not in os.environ:
            raise SettingsError(
                f"{source} asks for ${{{name}}}, and the environment has no {name}. Set it and start again."
            )
        return os.environ[name]
    if _HALF_A_REFERENCE.search(value):
        raise SettingsError(
            f'{source}: {".".join(place)}: a value from the environment is written as "${{NAME}}" and nothing else. If '
            'the dollar belongs to the value, put the value into the environment, and "${NAME}" here.'
        )
    return value
