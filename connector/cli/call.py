"""`connector call`: any operation of any provider's guide, typed by hand."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, NoReturn

import orjson
import typer
from pydantic import ValidationError

from connector.app import App
from connector.cli.call_answers import ask_and_show, needs_a_file, show_told
from connector.cli.call_help import explain, show_list
from connector.cli.opening import SettingsFile, opened, require_tables
from connector.cli.screen import complain
from connector.cli.typed_history import show_sent
from connector.cli.typed_lookups import counted
from connector.cli.typed_sends import NotSent, recipients, send, shortened
from connector.log import masked
from connector.model.errors import MayHaveLeft, SettingsError, Unreadable
from connector.providers.calling import asked_of, call_of, operation_of, wrong_data
from connector.providers.operation import Asked, Call, Operation
from connector.providers.registry import CLIENTS
from connector.settings import Settings, read


def add_to(app: typer.Typer) -> None:
    """Adds the command."""
    app.command(add_help_option=False)(call)


def call(
    ctx: typer.Context,
    target: Annotated[
        str | None, typer.Argument(metavar="ACCOUNT|PROVIDER", help="An account, or a provider that has one account.")
    ] = None,
    operation: Annotated[str | None, typer.Argument(metavar="OPERATION", help="Such as contacts.create.")] = None,
    data: Annotated[
        str, typer.Option(metavar="JSON", help="What is asked: a JSON object, @FILE with one, or - for standard input.")
    ] = "{}",
    listed: Annotated[bool, typer.Option("--list", help="List the operations, of one provider or of all.")] = False,
    sent: Annotated[bool, typer.Option("--sent", help="Show the last sends by hand: who, when, to how many.")] = False,
    to: Annotated[
        str | None, typer.Option(metavar="NUMBER|EMAIL", help="With --sent: only sends to this recipient.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do what sends messages or can change everything.")] = False,
    output: Annotated[Path | None, typer.Option(help="Where a file or a text that is answered goes.")] = None,
    config: SettingsFile = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON in one line, whatever is answered; the list as JSON.")
    ] = False,
    help_: Annotated[
        bool, typer.Option("--help", help="Explain this command, or the operation that is named, and end.")
    ] = False,
) -> None:
    """Call one operation of a provider's guide, and print what it tells.

    --list shows what there is; `connector call nrs360 contacts.create --help` explains one: its fields, by their names
    in the guide and by ours, and an example. The answer is a JSON document; a list's pages are joined, a line of JSON a
    row, and so are reports.

    What sends messages needs --yes, and is held to pauses, consent, live fire and the caps for everything and its
    account as every message is, not to quiet hours, which are a mapping's. It has no record in the CRM; the store keeps
    who sent it, when, to whom and how it ended: --sent shows the last ones. Lookups count under their caps too. Exits
    with 1 when it is refused or fails, with 2 when what was typed is wrong.
    """
    if listed:
        show_list([_provider(target, config)] if target else list(CLIENTS), as_json=as_json)
    elif sent:
        show_sent(config, to, as_json=as_json)
    elif target is None or (operation is None and help_):
        typer.echo(ctx.get_help())
    elif operation is None:
        raise typer.BadParameter("name the operation too; `connector call --list` shows them.")
    elif help_:
        explain(_provider(target, config), operation)
    else:
        _call(target, operation, _read(data), config=config, yes=yes, output=output, compact=as_json)


def _call(
    target: str,
    name: str,
    data: Mapping[str, Any],
    *,
    config: Path | None,
    yes: bool,
    output: Path | None,
    compact: bool,
) -> None:
    with opened(config, store=False) as app:
        account = account_named(app, target)
        provider = app.providers[account]
        operation = operation_of(provider.name, name)
        try:
            asked = asked_of(operation, data, provider)
            operation.request(asked)
        except ValidationError as error:
            _end(2, wrong_data(operation, error))
        except ValueError as error:  # a part of the path is empty or dots
            _end(2, [str(error)])
        if needs_a_file(operation, output):
            _end(2, ["the answer is a file, which is none for a terminal: name one by --output, or pipe it."])
        if not yes and (operation.sends or operation.changes_everything):
            _end(1, [_what_would_happen(account, operation, asked)])
        line = call_of(provider, app.lines(account), name)
        if operation.sends:
            whole = show_told(operation, _sent(app, account, line, asked), output=output, compact=compact)
        elif operation.lookups:
            require_tables(app)
            with counted(app, account, operation.lookups(asked)):
                whole = ask_and_show(line, asked, output=output, compact=compact)
        else:
            whole = ask_and_show(line, asked, output=output, compact=compact)
    raise typer.Exit(0 if whole else 1)


def _end(code: int, sentences: Sequence[str]) -> NoReturn:
    for sentence in sentences:
        complain(sentence)
    raise typer.Exit(code)


def _sent(app: App, account: str, line: Call[..., Any], asked: Asked) -> Any:
    require_tables(app)
    try:
        return send(app, account, line, asked)
    except NotSent as refused:
        _end(1, [*refused.reasons, "Nothing was sent, to nobody."])
    except (MayHaveLeft, Unreadable) as error:
        sentence = str(error).rstrip(".")
        _end(1, [f"{sentence}; it may have been sent all the same: look there before typing this again."])


def _what_would_happen(account: str, operation: Operation[..., Any], asked: Asked) -> str:
    if operation.sends:
        to = recipients(operation, asked)
        numbers = shortened([masked(number) for number in to])
        return (
            f"{operation.name} would send to {len(to)} {'recipient' if len(to) == 1 else 'recipients'} ({numbers}) "
            f"through the account {account}, and nothing was sent: add --yes if that is meant."
        )
    return (
        f"{operation.name} ({operation.method} {operation.path}) can act on everything that the account {account} has, "
        "and nothing was done: add --yes if what you typed is meant."
    )


def account_named(app: App, target: str) -> str:
    """The account of that name, or the only one at the provider of that name.

    Raises:
        SettingsError: there is none, or the provider has several.
    """
    if target in app.providers:
        return target
    return _account_of(app.settings, target)


def _account_of(settings: Settings, target: str) -> str:
    accounts = settings.accounts
    if target not in CLIENTS:
        raise _unknown(target, accounts)
    at_it = sorted(name for name, given in accounts.items() if given.get("provider") == target)
    if len(at_it) == 1:
        return at_it[0]
    if at_it:
        raise SettingsError(f"{target} has several accounts; name the one that is meant: {', '.join(at_it)}.")
    raise SettingsError(
        f"the settings have no account at {target}; their accounts are: {', '.join(sorted(accounts)) or 'none'}."
    )


def _provider(target: str, config: Path | None) -> str:
    """The provider that is meant; the settings are read only for an account's name."""
    if target in CLIENTS:
        return target
    accounts = read(config).accounts
    if target in accounts and accounts[target].get("provider") in CLIENTS:
        return str(accounts[target]["provider"])
    raise _unknown(target, accounts)


def _unknown(target: str, accounts: Mapping[str, object]) -> SettingsError:
    return SettingsError(
        f"there is no account and no provider {target!r}; the providers are: {', '.join(CLIENTS)}; "
        f"the accounts: {', '.join(sorted(accounts)) or 'none'}."
    )


def _read(given: str) -> Mapping[str, Any]:
    """The JSON object that was typed, piped, or named.

    Raises:
        typer.BadParameter: it is none; the sentence says where it breaks and repeats nothing of it.
    """
    try:
        if given == "-":
            text: str | bytes = sys.stdin.read()
        else:
            text = Path(given[1:]).read_bytes() if given.startswith("@") else given
        value = orjson.loads(text)
    except OSError as error:
        raise typer.BadParameter(f"{given[1:]} cannot be read: {error.strerror or error}.") from None
    except orjson.JSONDecodeError as error:
        raise typer.BadParameter(f"this is no JSON: {error.msg} (line {error.lineno}, column {error.colno}).") from None
    if not isinstance(value, dict):
        raise typer.BadParameter('what is asked is a JSON object, such as {"id": 12}; this is JSON of another kind.')
    return value
