"""The control API of the pretend providers, under ``/sandbox``: not part of any guide."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Protocol

import orjson
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from connector.sandbox.faults import FaultRuleError
from connector.sandbox.ledger import serial_of
from connector.sandbox.providers.world import World


class Provider(Protocol):
    """What can be set and reset from outside."""

    def configure(self, given: dict[str, Any]) -> None:
        """Take settings over. Raises ValueError with what is wrong."""

    def reset(self) -> None:
        """Forget everything."""

    def fates(self) -> Iterator[tuple[str, str]]:
        """The text of every message accepted and the provider's own word for where it stands."""


def _json(content: Any, status: int = 200) -> Response:
    return Response(orjson.dumps(content), status, media_type="application/json")


class Control:
    """Faults, settings, ledger, reset and health."""

    def __init__(self, world: World, providers: Mapping[str, Provider]) -> None:
        self.world = world
        self.providers = providers

    def routes(self) -> list[BaseRoute]:
        """The routes, with their whole paths."""
        table: Iterable[tuple[str, str, Callable[[Request], Any]]] = (
            ("GET", "/sandbox/health", self.health),
            ("GET", "/sandbox/faults", self.show_faults),
            ("POST", "/sandbox/faults", self.add_faults),
            ("DELETE", "/sandbox/faults", self.clear_faults),
            ("POST", "/sandbox/providers", self.configure),
            ("POST", "/sandbox/providers/reset", self.reset),
            ("GET", "/sandbox/ledger/providers", self.ledger),
            ("GET", "/sandbox/ledger/serials", self.serials),
            ("GET", "/sandbox/ledger/fates", self.fates),
            ("GET", "/sandbox/ledger/told", self.told),
        )
        return [Route(path, act, methods=[method]) for method, path, act in table]

    async def health(self, request: Request) -> Response:
        """``{"status": "ok"}``."""
        return _json({"status": "ok"})

    async def show_faults(self, request: Request) -> Response:
        """The rules in force and the log of what fired."""
        return _json(self.world.faults.as_json())

    async def add_faults(self, request: Request) -> Response:
        """Put one rule (an object) or several (an array) in force; 400 with a sentence for one that is wrong."""
        try:
            given = orjson.loads(await request.body())
            for rule in given if isinstance(given, list) else [given]:
                self.world.faults.add(rule)
        except (orjson.JSONDecodeError, FaultRuleError) as error:
            return _json({"error": str(error)}, 400)
        return _json(self.world.faults.as_json(), 201)

    async def clear_faults(self, request: Request) -> Response:
        """Take all rules out of force; the log stays."""
        self.world.faults.clear()
        return _json(self.world.faults.as_json())

    async def configure(self, request: Request) -> Response:
        """``{"nrs360": {"events_url": …}, "smsclouds": {"responses_url": …}}``; null takes an address away."""
        try:
            given = self._settings(await request.body())
            for name, settings in given.items():
                self.providers[name].configure(settings)
        except ValueError as error:
            return _json({"error": str(error)}, 400)
        return _json({"configured": sorted(given)})

    def _settings(self, body: bytes) -> dict[str, dict[str, Any]]:
        given = orjson.loads(body)
        if (
            not isinstance(given, dict)
            or set(given) - set(self.providers)
            or not all(isinstance(settings, dict) for settings in given.values())
        ):
            raise ValueError(f"Settings are an object of objects with keys out of {sorted(self.providers)}.")
        return given

    async def reset(self, request: Request) -> Response:
        """Forget all messages, settings, rules and counts."""
        reset(self.world, self.providers)
        return _json({"status": "ok"})

    async def ledger(self, request: Request) -> Response:
        """The counts of everything the providers accepted, and how much (`to_come`) is still to happen or be told."""
        return _json(self.world.ledger.as_json() | {"to_come": self.world.timetable.pending()})

    async def serials(self, request: Request) -> Response:
        """``provider serial count`` for every serial, a line each; ``?provider=`` for one provider."""
        lines = self.world.ledger.lines(request.query_params.get("provider"))
        return StreamingResponse(lines, media_type="text/plain")

    async def fates(self, request: Request) -> Response:
        """``provider serial word`` for every message accepted, a line each: what the provider itself knows of it."""
        return StreamingResponse(self._fates(), media_type="text/plain")

    async def told(self, request: Request) -> Response:
        """``provider news serial id word word? …``, a line each: see `Ledger.told`."""
        return StreamingResponse(self.world.ledger.told(), media_type="text/plain")

    def _fates(self) -> Iterator[str]:
        for name, provider in self.providers.items():
            for text, word in provider.fates():
                serial = serial_of(text)
                if serial is not None:
                    yield f"{name} {serial:06d} {word.replace(' ', '_')}\n"


def reset(world: World, providers: Mapping[str, Provider]) -> None:
    """Forget what is planned and what was, in every provider, the ledger and the faults."""
    world.timetable.clear()
    for provider in providers.values():
        provider.reset()
    world.ledger.reset()
    world.faults.reset()
