"""The floor: the same requests over the same sockets and the same rows into the same tables, with no logic between."""

import sqlite3
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from benchmarks.recording import Asked, Recording
from connector.demo.world import World
from connector.web.server import HookServer

_ORG_THREADS = 4
_PROVIDER_THREADS = 4


def floor(recording: Recording, world: World, store: Path, hook_port: int) -> float:
    """Seconds that the recorded requests and rows take by themselves, all at once as the daemon does them.

    `store` is a database with empty tables. Webhooks are answered at `hook_port` and thrown away.
    """
    bare = HookServer(
        Starlette(routes=[Route("/{rest:path}", _thank, methods=["GET", "POST"])]), "127.0.0.1", hook_port
    )
    bare.start()
    try:
        started = time.monotonic()
        jobs: list[Callable[[], None]] = [
            lambda: _ask_all(world.org_url, recording.org, _ORG_THREADS, _token(world)),
            lambda: _ask_all(world.providers_url, recording.providers, _PROVIDER_THREADS, None),
            lambda: write_all(recording, store),
        ]
        threads = [threading.Thread(target=job) for job in jobs]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return time.monotonic() - started
    finally:
        bare.stop()


async def _thank(request: Request) -> PlainTextResponse:
    await request.body()
    return PlainTextResponse("ok")


def _token(world: World) -> str:
    form = {"grant_type": "client_credentials", "client_id": "sandbox", "client_secret": "sandbox"}
    answer = httpx.post(f"{world.org_url}/services/oauth2/token", data=form, trust_env=False)
    return f"Bearer {answer.raise_for_status().json()['access_token']}"


def _ask_all(url: str, asked: list[Asked], threads: int, authorization: str | None) -> None:
    base = "{0.scheme}://{0.netloc}".format(urlsplit(url))
    mine = threading.local()

    def ask(one: Asked) -> None:
        if not hasattr(mine, "client"):
            mine.client = httpx.Client(timeout=120.0, trust_env=False)
        headers = one.headers | ({"authorization": authorization} if authorization else {})
        mine.client.request(one.method, base + one.path, headers=headers, content=one.body)

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(ask, asked))


def write_all(recording: Recording, store: Path) -> None:
    """The recorded statements that write, in their transactions, on the database file `store`."""
    database = sqlite3.connect(store, isolation_level=None)
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("PRAGMA synchronous=FULL")
    open_ = False
    for step in recording.statements:
        if step is None:
            database.execute("COMMIT")
            open_ = False
            continue
        if not open_:
            database.execute("BEGIN IMMEDIATE")
            open_ = True
        sql, parameters = step
        database.execute(sql, parameters)
    if open_:
        database.execute("COMMIT")
    database.close()
