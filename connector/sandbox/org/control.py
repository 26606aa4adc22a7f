"""The control API on the org's port, under `/sandbox`: what no real org has. JSON in, JSON out."""

from collections.abc import Callable
from typing import Any, Protocol

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from connector.sandbox.faults import FaultRuleError, Faults
from connector.sandbox.org.errors import OrgError
from connector.sandbox.org.org import Org


class World(Protocol):
    """What the control API steers."""

    org: Org
    faults: Faults

    def seed(self, wishes: dict[str, Any]) -> dict[str, Any]:
        """Fill the org; raises ValueError with a sentence for a wish that cannot be read."""

    def reset(self) -> None:
        """Start from nothing."""


def _json(content: Any, status: int = 200) -> Response:
    return Response(orjson.dumps(content), status, media_type="application/json")


class Control:
    """The endpoints, over one world."""

    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> list[BaseRoute]:
        """The routes with their whole paths."""
        table: list[tuple[str, str, Callable[[Request], Any]]] = [
            ("GET", "/sandbox/health", self.health),
            ("GET", "/sandbox/faults", self.show_faults),
            ("POST", "/sandbox/faults", self.add_faults),
            ("DELETE", "/sandbox/faults", self.clear_faults),
            ("GET", "/sandbox/ledger/org", self.ledger),
            ("POST", "/sandbox/seed", self.seed),
            ("POST", "/sandbox/reset", self.reset),
            ("POST", "/sandbox/expire_tokens", self.expire_tokens),
            ("POST", "/sandbox/org", self.configure),
        ]
        return [Route(path, act, methods=[method]) for method, path, act in table]

    async def health(self, _request: Request) -> Response:
        """`{"status": "ok"}`."""
        return _json({"status": "ok"})

    async def show_faults(self, _request: Request) -> Response:
        """The rules in force and the log of what fired."""
        return _json(self._world.faults.as_json())

    async def add_faults(self, request: Request) -> Response:
        """Put one rule (an object) or several (an array) in force; 400 with a sentence for one that is wrong."""
        try:
            given = orjson.loads(await request.body())
            for rule in given if isinstance(given, list) else [given]:
                self._world.faults.add(rule)
        except (orjson.JSONDecodeError, FaultRuleError) as error:
            return _json({"error": str(error)}, 400)
        return _json(self._world.faults.as_json(), 201)

    async def clear_faults(self, _request: Request) -> Response:
        """Take all rules out of force; the log stays."""
        self._world.faults.clear()
        return _json(self._world.faults.as_json())

    async def ledger(self, _request: Request) -> Response:
        """What the org holds and was asked."""
        return _json(self._world.org.ledger())

    async def seed(self, request: Request) -> Response:
        """Fill the org, such as `{"messages": 500}`; 400 with a sentence for what cannot be read."""
        try:
            wishes = orjson.loads(await request.body() or b"{}")
            if not isinstance(wishes, dict):
                return _json({"error": "Send a JSON object of what to seed."}, 400)
            return _json(self._world.seed(wishes), 201)
        except (ValueError, TypeError, OrgError) as error:
            return _json({"error": str(error)}, 400)

    async def reset(self, _request: Request) -> Response:
        """Forget records, sessions, counts and fault rules."""
        self._world.reset()
        return _json({"status": "ok"})

    async def expire_tokens(self, _request: Request) -> Response:
        """End every session now."""
        with self._world.org.lock:
            self._world.org.tokens.expire_all()
        return _json({"status": "ok"})

    async def configure(self, request: Request) -> Response:
        """`{"daily_requests": 15000, "used_requests": 14990}`: set the day's limit and what of it is used."""
        given = orjson.loads(await request.body() or b"{}")
        known = {"daily_requests", "used_requests"}
        if not isinstance(given, dict) or set(given) - known or not all(isinstance(n, int) for n in given.values()):
            return _json({"error": f"Send an object of whole numbers with keys out of {sorted(known)}."}, 400)
        org = self._world.org
        with org.lock:
            org.daily_requests = given.get("daily_requests", org.daily_requests)
            org.used_requests = given.get("used_requests", org.used_requests)
        return _json({"daily_requests": org.daily_requests, "used_requests": org.used_requests})
