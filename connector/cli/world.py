"""`connector demo` and `connector sandbox`: the pretend world."""

import tempfile
from pathlib import Path
from typing import Annotated

import typer

from connector.cli.opening import AsJson
from connector.cli.screen import say, show_json
from connector.demo import run as run_demo
from connector.model.errors import SettingsError
from connector.sandbox.certificate import self_signed
from connector.sandbox.server import Sandbox, serve

Seed = Annotated[int, typer.Option(min=0, help="The same seed makes the same records and the same chances.")]
Port = Annotated[int, typer.Option(min=0, max=65535, help="A port of the loopback; 0 takes any free one.")]


def add_to(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command()(demo)
    app.command()(sandbox)


def demo(
    once: Annotated[bool, typer.Option("--once", help="End when every message has its last word.")] = False,
    messages: Annotated[int, typer.Option(min=1, help="How many messages the pretend CRM has queued.")] = 500,
    as_json: AsJson = False,
    seed: Seed = 1,
    database: Annotated[str | None, typer.Option(help="A store's address; without it, a file that is removed.")] = None,
) -> None:
    """Show the main job against a pretend CRM and pretend providers; needs no settings and no credentials."""
    raise typer.Exit(run_demo(once=once, messages=messages, as_json=as_json, seed=seed, database=database))


def sandbox(
    org_port: Port = 8370,
    providers_port: Port = 8371,
    smsc_port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Serve a message centre (SMSC) for SMPP accounts here too.")
    ] = None,
    tls: Annotated[bool, typer.Option("--tls", help="Serve the org by https, with a certificate of its own.")] = False,
    seed: Seed = 1,
    messages: Annotated[int, typer.Option(min=0, help="Messages to queue at the start.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Serve a pretend Salesforce org and the pretend providers on the loopback, for anything to talk to.

    The client id and the secret are `sandbox`, and so are the message centre's User_ID and password; it takes the
    Sender_ID `Acme`. Ends at SIGTERM or Ctrl-C.
    """
    with tempfile.TemporaryDirectory(prefix="sandbox-") as directory:
        certificate = self_signed(Path(directory)) if tls else None

        def ready(world: Sandbox) -> None:
            if messages:
                world.seed({"messages": messages})
            addresses = {"org": world.org_url, "providers": world.providers_url}
            if world.smsc_port is not None:
                addresses["smsc"] = f"127.0.0.1:{world.smsc_port}"
            if certificate:
                addresses["certificate"] = str(certificate.certificate)
            if as_json:
                show_json({**addresses, "messages": messages})
            else:
                for name, address in addresses.items():
                    say(f"{name:>11}  {address}")
                say(f"{messages} messages are queued. Ctrl-C ends it.")

        try:
            serve(org_port, providers_port, smsc_port=smsc_port, seed=seed, tls=certificate, ready=ready)
        except OSError as error:
            smsc = "" if smsc_port is None else f" or {smsc_port}"
            raise SettingsError(
                f"port {org_port} or {providers_port}{smsc} of the loopback cannot be taken: "
                f"{error.strerror or error}. Choose others with --org-port, --providers-port and --smsc-port; 0 takes "
                "any free one."
            ) from None
