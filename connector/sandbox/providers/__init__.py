"""The pretend providers, served together on one port, each under its name, and their control under ``/sandbox``.

The message centre of SMPP accounts (``smpp``) has a port of its own, and obeys the same control.
"""

from starlette.applications import Starlette
from starlette.routing import Mount

from connector.sandbox.faults import Faults
from connector.sandbox.ledger import Ledger
from connector.sandbox.providers.bulk360 import Bulk360
from connector.sandbox.providers.control import Control, Provider, reset
from connector.sandbox.providers.nrs360 import Nrs360
from connector.sandbox.providers.optimum import Optimum
from connector.sandbox.providers.smpp import Smsc
from connector.sandbox.providers.sms360app import Sms360app
from connector.sandbox.providers.smsclouds import Smsclouds
from connector.sandbox.providers.world import World


class ProvidersApp(Starlette):
    """The ASGI app with the pretend world behind it. Call `close` when the server has stopped."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.nrs360 = Nrs360(world)
        self.smsclouds = Smsclouds(world)
        self.bulk360 = Bulk360(world)
        self.sms360app = Sms360app(world)
        self.optimum = Optimum(world)
        self.smpp = Smsc(world)
        self._providers: dict[str, Provider] = {
            "nrs360": self.nrs360,
            "smsclouds": self.smsclouds,
            "bulk360": self.bulk360,
            "sms360app": self.sms360app,
            "optimum": self.optimum,
            "smpp": self.smpp,
        }
        super().__init__(
            routes=[
                *Control(world, self._providers).routes(),
                *self.smsclouds.control_routes(),
                *self.smpp.control_routes(),
                Mount("/nrs360/api/rest", routes=self.nrs360.routes()),
                Mount("/smsclouds", routes=self.smsclouds.routes()),
                Mount("/bulk360", routes=self.bulk360.routes()),
                Mount("/sms360app", routes=self.sms360app.routes()),
                Mount("/optimum", routes=self.optimum.routes()),
            ]
        )

    def reset(self) -> None:
        """Forget all messages, settings, fault rules and counts."""
        reset(self.world, self._providers)

    def close(self) -> None:
        """End the threads that wait and push."""
        self.world.close()


def app(faults: Faults, ledger: Ledger, *, speed: float = 1.0, seed: int) -> ProvidersApp:
    """The providers of one pretend world.

    `speed` 1.0 gives a message a life of tenths of a second; 2.0 is twice as fast. `seed` decides the fate of each
    number and text.
    """
    return ProvidersApp(World(faults, ledger, seed, speed))
