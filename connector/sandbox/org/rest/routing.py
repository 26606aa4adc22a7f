"""Which handler answers which address."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from connector.sandbox.org.errors import OrgError
from connector.sandbox.org.org import Org
from connector.sandbox.org.rest.exchange import Answer, Call, refusal

Handler = Callable[..., Answer]
OLDEST, NEWEST = 31, 66
_VERSION = re.compile(r"/services/data/v(\d{2})\.0(/.*|)")
_PLACE = re.compile(r"\{(\w+)(:path)?\}")


@dataclass(frozen=True, slots=True)
class Route:
    """An address below `/services/data/vXX.X`, and who answers it: `handler(org, call, *places)`."""

    method: str
    template: str
    handler: Handler

    @property
    def operation(self) -> str:
        """The name by which faults and counts know it, such as `PATCH /composite/sobjects`."""
        return f"{self.method} {self.template}"


def _pattern(template: str) -> re.Pattern[str]:
    return re.compile(_PLACE.sub(lambda place: "(.+)" if place[2] else "([^/]+)", template) + "/?")


def _split(path: str) -> tuple[str, str]:
    """The version's address and what follows it; raises OrgError NOT_FOUND for a version that is not served."""
    match = _VERSION.fullmatch(path)
    if match is None or not OLDEST <= int(match[1]) <= NEWEST:
        raise OrgError("NOT_FOUND", "The requested resource does not exist")
    return f"/services/data/v{match[1]}.0", match[2]


class Router:
    """Finds a route and runs its handler; whatever is refused becomes an answer."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._routes = [(_pattern(route.template), route) for route in routes]

    def operation(self, method: str, path: str) -> str:
        """The name of what a call asks for; the address itself where no route answers it."""
        try:
            return self.find(method, _split(path)[1])[0].operation
        except OrgError:
            return f"{method} {path}"

    def find(self, method: str, path: str) -> tuple[Route, tuple[str, ...]]:
        """The route of a path below a version; raises OrgError NOT_FOUND or METHOD_NOT_ALLOWED."""
        allowed = []
        for pattern, route in self._routes:
            match = pattern.fullmatch(path)
            if match and route.method == method:
                return route, match.groups()
            if match:
                allowed.append(route.method)
        if allowed:
            message = f"HTTP Method '{method}' not allowed. Allowed are {','.join(sorted(set(allowed)))}"
            raise OrgError("METHOD_NOT_ALLOWED", message)
        raise OrgError("NOT_FOUND", "The requested resource does not exist")

    def answer(self, org: Org, call: Call) -> Answer:
        """The answer to a call below a version, session and limits aside."""
        try:
            base, rest = _split(call.path)
            route, places = self.find(call.method, rest)
            return route.handler(org, replace(call, base=base), *places)
        except OrgError as error:
            return refusal(error, call)
