"""`make tapes-live ACCOUNT=nrs-main`: records a provider's tapes anew from the live service, and says how its answers
differ from the tapes that were transcribed from its guide.

Only what changes nothing is asked, unless ``--sending +34…`` names a number that one message may go to. Nothing is
written but what `tests.providers.live_scrub` lets through, to cassettes/<provider>/live/.
"""

import argparse
import re
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import orjson
import vcr  # type: ignore[import-untyped]  # it has no stubs
import yaml
from pydantic import SecretStr

from connector import log, settings
from connector.app import App, build
from connector.model.errors import ConnectorError, SettingsError
from connector.model.messages import Message, OpenBatch, OpenMessage
from connector.model.phone import read_phone
from connector.model.states import State
from connector.providers.account import AccountOptions
from connector.providers.base import Batch, Provider
from connector.providers.calling import asked_of
from connector.providers.operation import Operation
from connector.providers.registry import CLIENTS
from connector.store.db import new_id
from tests.providers.live_scenes import Ask, Found, scenes
from tests.providers.live_scrub import LiveScrubber, traces
from tests.providers.shapes import differences, shape_of
from tests.providers.tapes import CASSETTES


@dataclass(slots=True)
class Taken:
    """What came of one tape: where it is, what could not be asked, and how its answers differ from the guide's."""

    tape: Path
    left_out: list[str]
    differences: list[str]


class Recorder:
    """Records what is asked of one account."""

    def __init__(self, app: App, account: str, into: Path) -> None:
        if account not in app.providers:
            known = ", ".join(app.providers)
            raise SettingsError(f"the settings have no account {account!r}; there are: {known}.")
        self.provider: Provider[AccountOptions] = app.providers[account]
        self._line = app.lines(account)
        self._into = into / self.provider.name / "live"
        self._rows = CLIENTS[self.provider.name].operations()
        self._numbers: set[str] = set()
        scrubber = LiveScrubber(self.provider.name, self.provider.settings.base_url)
        self._known = scrubber.known
        self._vcr = vcr.VCR(
            record_mode="all",
            decode_compressed_response=True,
            before_record_request=scrubber.request,
            before_record_response=scrubber.response,
        )

    def scene(self, name: str, asks: Sequence[Ask]) -> Taken:
        """Records one tape of what changes nothing."""
        answers: dict[str, Any] = {}
        left_out: list[str] = []
        with self._recorded(name) as tape:
            for ask in asks:
                row = self._rows[ask.operation]
                fields = {
                    key: value.among(answers) if isinstance(value, Found) else value
                    for key, value in ask.fields.items()
                }
                if None in fields.values():
                    left_out.append(f"{row.name}: the account has nothing to ask it about")
                    continue
                answers[row.name] = self._asked(row, fields)
        return Taken(tape, left_out, self._compared(tape))

    def _asked(self, row: Operation[..., Any], fields: Mapping[str, Any]) -> Any:
        if row.sends or row.changes_everything:
            raise SettingsError(f"{row.name} is more than a look; it has no place in a scene.")
        asked = asked_of(row, fields, self.provider)
        path = self.provider.path_of(row.name)
        answer = self._line.ask(row.request(asked, path=path, headers=self.provider.authorization()))
        if answer.lines is not None:
            return list(answer.lines)
        try:
            return orjson.loads(answer.body)
        except orjson.JSONDecodeError:
            return None

    def sending(self, number: str) -> Taken:
        """Records one message to a number, and what is told of it right after, by the messaging adapter."""
        self._numbers = {number, read_phone(number, None).national}
        batch = Batch(new_id(), (Message("m1", number, read_phone(number, None).country, ("Test",), ()),))
        failure = self.provider.refuse(batch.messages[0])
        if failure:
            raise SettingsError(f"{self.provider.name} cannot send to that number: {failure}")
        with self._recorded("sending") as tape:
            (told,) = self.provider.read_send(batch, self._line.ask(self.provider.send(batch)))
            sent = OpenMessage("m1", number, State.ACCEPTED, told.provider_id)
            asked = OpenBatch(batch.reference, datetime.now(UTC), told.provider_batch, (sent,))
            for _ in self._line.converse(self.provider.statuses([asked])):
                pass
        return Taken(tape, [], self._compared(tape))

    @contextmanager
    def _recorded(self, name: str) -> Iterator[Path]:
        path = self._into / f"{name}.yaml"
        path.unlink(missing_ok=True)
        with self._vcr.use_cassette(str(path)):
            yield path
        self._kept_clean(path)

    def _kept_clean(self, tape: Path) -> None:
        """Takes a tape away again on which something of the account's settings stands after all."""
        if tape.exists() and (left := traces(tape.read_text("utf-8"), self.private)):
            tape.unlink()
            raise SettingsError(f"{tape.name} was not kept, for {len(left)} of the account's settings stood on it.")

    @property
    def private(self) -> Collection[str]:
        """The account's own values that no tape may show, but for words that the guide's tapes have too."""
        held = self.provider.settings.model_dump(exclude={"provider", "base_url"}, exclude_defaults=True)
        return {*_texts(held), *self._numbers} - self._known

    def _compared(self, tape: Path) -> list[str]:
        if not tape.exists():
            return []
        live, guide = self._answers([tape]), self._answers((CASSETTES / self.provider.name).glob("*.yaml"))
        told = []
        for row, bodies in live.items():
            if row not in guide:
                told.append(f"{row}: no tape has it")
                continue
            told += [f"{row}: {found}" for found in differences(shape_of(guide[row]), shape_of(bodies))]
        return told

    def _answers(self, tapes: Any) -> dict[str, list[str]]:
        """The bodies of answers that were a yes, by method and path of their operation."""
        found: dict[str, list[str]] = {}
        for tape in tapes:
            for taped in yaml.safe_load(tape.read_text("utf-8"))["interactions"]:
                row = self._row_of(taped["request"]["method"], urlsplit(taped["request"]["uri"]).path)
                if row and 200 <= taped["response"]["status"]["code"] < 300:
                    found.setdefault(row, []).append(taped["response"]["body"]["string"])
        return found

    def _row_of(self, method: str, path: str) -> str | None:
        """The operation's method and path that a request is of; of several the one with the fewest braces."""
        fitting = [
            row
            for row in self._rows.values()
            if row.method == method and re.search(f"/{_pattern(self.provider.path_of(row.name) or row.path)}$", path)
        ]
        best = min(fitting, key=lambda row: row.path.count("{"), default=None)
        return f"{best.method} {best.path}" if best else None


def _pattern(path: str) -> str:
    return re.sub(r"\\\{[^/]*\\\}", "[^/]+", re.escape(path.strip("/")))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, SecretStr):
        value = value.get_secret_value()
    if isinstance(value, Mapping):
        value = tuple(value.values())
    if isinstance(value, tuple | list):
        for held in value:
            yield from _texts(held)
    elif isinstance(value, str):
        yield value


def record(app: App, account: str, into: Path, number: str | None = None) -> Iterator[tuple[str, Taken | str]]:
    """Records the account's scenes, and a message where a number is named: (tape, what came of it or why nothing)."""
    recorder = Recorder(app, account, into)
    for name, asks in scenes()[recorder.provider.name].items():
        try:
            yield name, recorder.scene(name, asks)
        except ConnectorError as error:
            yield name, str(error)
    if number is not None:
        try:
            yield "sending", recorder.sending(number)
        except ConnectorError as error:
            yield "sending", str(error)


def main(arguments: Sequence[str] | None = None) -> int:
    """Records, and tells the differences; 1 when a tape could not be recorded."""
    parser = argparse.ArgumentParser(prog="tests.providers.live", description=__doc__)
    parser.add_argument("account", help="the account's name in the settings")
    parser.add_argument("--config", type=Path, help="the settings file; else connector.toml")
    parser.add_argument("--into", type=Path, default=CASSETTES)
    parser.add_argument("--sending", metavar="NUMBER", help="send one message to this number (E.164) too; it costs")
    wanted = parser.parse_args(arguments)
    log.set_up("console", "ERROR")
    failed = 0
    try:
        app = build(settings.read(wanted.config))
        for name, taken in record(app, wanted.account, wanted.into, wanted.sending):
            failed += isinstance(taken, str)
            sys.stdout.write("\n  ".join([name, *_told(taken)]) + "\n")
        app.close()
    except ConnectorError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 1 if failed else 0


def _told(taken: Taken | str) -> list[str]:
    if isinstance(taken, str):
        return [f"not recorded: {taken}"]
    if not taken.tape.exists():
        return ["nothing to record", *taken.left_out]
    return [
        str(taken.tape),
        *(taken.differences or ["as the guide has it"]),
        *(f"left out: {why}" for why in taken.left_out),
    ]


if __name__ == "__main__":
    sys.exit(main())
