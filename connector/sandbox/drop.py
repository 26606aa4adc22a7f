"""An answer that never comes: the connection is closed instead. For the org and the providers alike."""

import asyncio

from starlette.responses import Response
from starlette.types import Receive, Scope, Send


class DroppedConnection(Response):
    """Return it from an endpoint and the client's connection is cut with nothing sent (uvicorn, h11 or httptools).

    Return it before acting and nothing has happened; act, throw the real answer away and return it, and all has.
    """

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        # ASGI has no word for cutting the line. uvicorn's `receive` is a method of the object that holds the transport.
        transport = getattr(getattr(receive, "__self__", None), "transport", None)
        if not isinstance(transport, asyncio.Transport):
            raise TypeError("A connection can be dropped only under uvicorn, with `receive` not wrapped.")
        transport.abort()
        while (await receive())["type"] != "http.disconnect":
            pass
